"""Jobs that do nothing, from the log through Redis into the log again, against what Redis and Postgres do by themselves in the same run.

Both durable as under `onefold up`: fsync on, AOF every second. Two worker processes, and the relay in a third.
"""
import os
import subprocess
import time
from pathlib import Path

from .append import INSERT, SECONDS, TABLE
from .cluster import postgres, psql, redis
from .harness import BENCH, ROOT, bench, figure, interleaved, workspace
from .pgbench import Pgbench

JOBS = 60_000
ROUNDS = 3
# How long a job takes while the wait of a tenant is measured, in milliseconds.
LENGTH = 20
IDLE_SECONDS = 20


def measure():
    with workspace() as directory, postgres(directory / "data") as url, redis(directory / "data") as redis_url:
        places = ("--url", url, "--redis-url", redis_url)
        psql(url, TABLE)
        peer = Pgbench(url, directory, "insert", INSERT, SECONDS)
        drained, through, stream, insert = interleaved(
            lambda: bench("jobs", *places, "--jobs", JOBS), lambda: bench("jobs", *places, "--jobs", JOBS, "--through"),
            lambda: bench("stream", "--redis-url", redis_url), lambda: peer.rate(32), rounds=ROUNDS)
        yield figure("jobs.drain", drained, "jobs/s", stream, "XADD, XREADGROUP, XACK, XDEL in batches of 128, one connection")
        yield figure("jobs.through", through, "jobs/s", insert, "pgbench -c 32 INSERT of one event; a job is two")

        waits = [percentiles("jobs-wait", *places) for _ in range(ROUNDS)]
        floors = [percentiles("jobs-wait", *places, "--floor") for _ in range(ROUNDS)]
        for index, name in enumerate(("p50", "p99")):
            ours, floor = middle(waits, index), middle(floors, index)
            yield figure(f"jobs.wait.{name}", ours, "ms", floor, f"{name} of one INSERT and one hand-over by a stream",
                         lower_is_better=True)

        busy = percentiles("jobs-wait", *places, "--others", 100_000, "--length", LENGTH, "--jobs", 150)
        yield figure("jobs.wait.busy", busy[1], "ms", 3 * middle(waits, 1) + LENGTH,
                     f"p99 while another tenant has 100,000 jobs of {LENGTH} ms: three times the idle p99 and a job's length",
                     lower_is_better=True)
    yield figure("jobs.idle", idle(), "% CPU", 1, "all roles with nothing to do, of one core", lower_is_better=True)


def percentiles(*arguments):
    out = subprocess.run([BENCH, *map(str, arguments)], capture_output=True, text=True, timeout=600, cwd=ROOT)
    if out.returncode != 0:
        raise RuntimeError(f"onefold-bench {arguments}: {out.stderr[-2000:]}")
    return [float(word) for word in out.stdout.split()]


def middle(rounds, index):
    return sorted(each[index] for each in rounds)[len(rounds) // 2]


def idle():
    """Processor time of `onefold up` with its Postgres and Redis, in percent of one core, once it has come to rest."""
    from support.program import Onefold
    with workspace() as directory:
        program = Onefold(directory / "data").start()
        try:
            time.sleep(10)
            before = processor_seconds(program.process.pid)
            time.sleep(IDLE_SECONDS)
            return 100 * (processor_seconds(program.process.pid) - before) / IDLE_SECONDS
        finally:
            program.stop()


def processor_seconds(root):
    """Of a process and all below it."""
    parents, ticks = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # It has ended.
        pid = int(stat.parent.name)
        parents[pid], ticks[pid] = int(fields[1]), int(fields[11]) + int(fields[12])
    family = {root}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(ticks[pid] for pid in family) / os.sysconf("SC_CLK_TCK")
