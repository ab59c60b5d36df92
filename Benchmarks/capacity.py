#!/usr/bin/env python3
"""What one file costs, by measurement: events, bytes in each table, write-ahead log, processor time of each role. `make capacity` prints it.

The roles run apart over one Postgres and one Redis. Two sizes tell whether a figure depends on how much there is already.
"""
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))
os.environ.setdefault("ONEFOLD_BINARY", str(ROOT / ".build/release/onefold"))
from support.client import Client  # noqa: E402
from support.cluster import Cluster  # noqa: E402
from support.program import BINARY  # noqa: E402
from support.trees import generate  # noqa: E402

SIZES = [int(size) for size in os.environ.get("FILES", "10000,40000").split(",")]


def seconds_of(pid):
    """User and system time of a process, and of its children that have ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def processor_time(cluster):
    times = {}
    for role in cluster.roles:
        name = role.name.rstrip("0123456789")
        times[name] = times.get(name, 0) + seconds_of(role.process.pid)
    postmaster = cluster.postgres_pid()
    children = subprocess.run(["pgrep", "-P", str(postmaster)], capture_output=True, text=True).stdout.split()
    times["postgres"] = sum(seconds_of(pid) for pid in [postmaster, *children])
    times["redis"] = seconds_of(cluster.redis_server.process.pid)
    return times


def state(cluster):
    with cluster.connect() as connection:
        tables = dict(connection.execute(
            """SELECT n.nspname || '.' || c.relname, pg_total_relation_size(c.oid)
               FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE c.relkind = 'r' AND n.nspname !~ '^(pg_|information_schema|blueprint_|public|audit)'""").fetchall())
        position, wal = connection.execute("SELECT position, pg_current_wal_lsn() - '0/0'::pg_lsn FROM log.head").fetchone()
    blobs = sum(path.stat().st_blocks * 512 for path in (cluster.data / "blobs").rglob("*") if path.is_file())
    return {"events": position, "wal": int(wal), "tables": tables, "blobs": blobs, "cpu": processor_time(cluster)}


def push(cluster, client, tree):
    start = time.monotonic()
    done = subprocess.run([BINARY, "push", tree, "--server", cluster.urls[0], "--email", client.email, "--no-wait"],
                          env=dict(os.environ, ONEFOLD_PASSWORD=client.password), stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=1200)
    assert done.returncode == 0, done.stderr
    deepest = 0
    while True:
        counts = client.get("/jobs", limit=1)["counts"]
        left = counts["queued"] + counts["retrying"] + counts.get("running", 0)
        memory = cluster.redis().info("memory")["used_memory"]
        deepest = max(deepest, memory)
        if not left:
            break
        time.sleep(0.2)
    client.position = cluster.wait_until_folded(600)
    return time.monotonic() - start, deepest


def measure(files):
    with tempfile.TemporaryDirectory(prefix="onefold-capacity-", dir="/tmp") as place:
        os.chmod(place, 0o755)
        directory = Path(place)
        tree = generate(directory / "tree", files, seed=7)
        given = sum(path.stat().st_size for path in tree.rglob("*") if path.is_file())
        cluster = Cluster(directory / "cluster", servers=1, workers=1)
        try:
            client = Client.registered(cluster.urls[0])
            with cluster.connect() as connection:
                connection.execute("CHECKPOINT")
            before = state(cluster)
            seconds, redis = push(cluster, client, tree)
            after = state(cluster)
        finally:
            cluster.stop()

    def each(name):
        return (after[name] - before[name]) / files

    tables = {name: (size - before["tables"].get(name, 0)) / files for name, size in after["tables"].items()}
    return {"files": files, "seconds": seconds, "bytesGiven": given / files, "events": each("events"), "wal": each("wal"), "blobs": each("blobs"),
            "redisPeak": redis, "tables": {name: size for name, size in tables.items() if size >= 1},
            "cpu": {name: 1000 * (time_ - before["cpu"].get(name, 0)) / files for name, time_ in after["cpu"].items()}}


def main():
    results = [measure(files) for files in SIZES]
    head = "".join(f"{result['files']:>12,}" for result in results)
    print(f"{'per file, of a tree of':44}{head} files")
    rows = [("events", "events"), ("bytes given", "bytesGiven"), ("bytes of blobs on disk", "blobs"), ("bytes of write-ahead log", "wal")]
    for title, name in rows:
        print(f"{title:44}" + "".join(f"{result[name]:>12,.1f}" for result in results))
    for name in sorted(results[-1]["tables"], key=lambda name: -results[-1]["tables"][name]):
        print(f"bytes in {name:35}" + "".join(f"{result['tables'].get(name, 0):>12,.1f}" for result in results))
    print(f"{'bytes in Postgres, all':44}" + "".join(f"{sum(result['tables'].values()):>12,.1f}" for result in results))
    for name in results[-1]["cpu"]:
        print(f"ms of processor, {name:27}" + "".join(f"{result['cpu'][name]:>12.3f}" for result in results))
    print(f"{'ms of processor, all':44}" + "".join(f"{sum(result['cpu'].values()):>12.3f}" for result in results))
    print(f"{'files a second, all told':44}" + "".join(f"{result['files'] / result['seconds']:>12,.0f}" for result in results))
    print(f"{'MB in Redis, at most':44}" + "".join(f"{result['redisPeak'] / 1e6:>12.1f}" for result in results))
    (ROOT / ".build/capacity.json").write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
