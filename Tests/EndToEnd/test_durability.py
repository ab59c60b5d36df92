"""Acknowledged means on disk, whatever the disk does; stopping is graceful; a backup is a whole installation.

Each prints what it looked at. ONEFOLD_TRIALS multiplies the number of trials (default 1).
"""
import json
import os
import random
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import chaos
import psycopg
import pytest
import requests
from support import syscalls
from support.client import Client, sha256
from support.cluster import Cluster, Role
from support.ledger import Ledger
from support.program import BINARY, Onefold, free_port

TRIALS = int(os.environ.get("ONEFOLD_TRIALS", "1"))


@pytest.fixture
def cluster(workspace):
    cluster = Cluster(workspace, servers=1, workers=1)
    yield cluster
    cluster.stop()


@pytest.fixture
def report(capsys):
    def show(text):
        with capsys.disabled():
            print("\n" + text)
    return show


class TracedServer:
    """`onefold serve`, with strace looking on from the moment it is ready."""

    def __init__(self, cluster, *flags):
        if reason := syscalls.unavailable():
            pytest.skip(reason)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.trace = cluster.directory / f"trace{self.port}.txt"
        self.role = Role("traced", ["serve", "--port", str(self.port)], cluster.environment,
                         cluster.directory / "traced.log")
        cluster._wait(lambda: is_ready(self.url), "the server to be traced")
        pid = self.role.process.pid
        self.strace = subprocess.Popen(["strace", "-f", "-ttt", "-y", "-s", "6000", "-o", self.trace, *flags, "-p", str(pid)],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        cluster._wait(lambda: all("TracerPid:\t0\n" not in status.read_text()
                                  for status in Path(f"/proc/{pid}/task").glob("*/status")), "strace to attach")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.role.stop()
        self.strace.wait(30)


def test_an_upload_is_answered_after_its_bytes_its_name_and_its_event_are_durable(cluster, report):
    """One upload after another, so that each call in the trace belongs to the upload whose answer comes next."""
    count = 60 * TRIALS
    with cluster.connect() as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert connection.execute(f"SHOW {setting}").fetchone() == ("on",)
    rng = random.Random(7)
    with TracedServer(cluster, "-e", "trace=link,linkat,fsync,fdatasync,sendto,recvfrom,write,writev,sendmsg") as server:
        client = Client.registered(server.url)
        digests = []
        for number in range(count):
            data = rng.randbytes(rng.randint(1, 60_000))
            client.upload(f"f{number}", data)
            digests.append(sha256(data).removeprefix("sha256:"))
    violations, rest = [], syscalls.parse(server.trace)
    for digest in digests:
        answer = next(i for i, call in enumerate(rest) if "HTTP/1.1 201" in call.arguments and "/files" in call.arguments)
        before, rest = rest[:answer + 1], rest[answer + 1:]
        if problem := durability_problem(digest, before):
            violations.append((digest, problem))
    report(f"uploads traced {count}, violations {len(violations)}")
    assert not violations


def durability_problem(digest, calls):
    """What was out of order on the way to the answer that is the last of the calls; None when nothing was."""
    answer = calls[-1]
    named = next((c for c in calls if c.name.startswith("link") and digest in c.arguments and c.result == 0), None)
    if named is None:
        return "the blob got no name"
    staged = re.search(r'"([^"]*/staged/[^"]*)"', named.arguments)[1]
    directory = re.search(r'"([^"]*)/[^"/]*' + digest, named.arguments)[1]
    synced = [c for c in calls if c.name in ("fdatasync", "fsync") and f"<{staged}" in c.arguments and c.result == 0]
    if not synced or synced[0].end > named.begin:
        return "the bytes were not synced before the blob got its name"
    listed = [c for c in calls if c.name == "fsync" and f"<{directory}>" in c.arguments and c.result == 0
              and c.begin >= named.end]
    if not listed:
        return "the directory was not synced after the blob got its name"
    appended = [c for c in calls if c.name == "sendto" and "file.uploaded" in c.arguments]
    if not appended or appended[-1].begin < listed[0].end:
        return "the event was sent before the blob was durable"
    socket = appended[-1].arguments.split(",")[0]
    if not any(c.name == "recvfrom" and c.arguments.startswith(socket) and appended[-1].begin < c.end <= answer.begin
               for c in calls):
        return "the answer did not wait for the commit"
    return None


@pytest.mark.parametrize("first, step", [(1, 2), (2, 2), (1, 3)])
def test_a_sync_that_fails_is_never_answered_as_success(cluster, report, first, step):
    """Every few syncs of each thread of the server fail with EIO, for bytes and for directories alike."""
    rng = random.Random(first)
    outcomes = []
    with TracedServer(cluster, "-e", "trace=fsync,fdatasync",
                      "-e", f"inject=fsync,fdatasync:error=EIO:when={first}+{step}") as server:
        client = Client.registered(server.url)
        for number in range(25 * TRIALS):
            data = rng.randbytes(rng.randint(1, 30_000))
            answer = client.put(f"f{number}", data)
            outcomes.append((f"f{number}", data, answer.status_code))
            if answer.status_code != 201:
                assert answer.status_code >= 500 and answer.headers["Content-Type"] == "application/problem+json"
    client.url = cluster.urls[0]
    listed = {file["path"]: file for file in client.pages("/files", state="all")}
    acked = [(path, data) for path, data, status in outcomes if status == 201]
    failed = [path for path, _, status in outcomes if status != 201]
    report(f"syncs fail from {first} every {step}: {len(acked)} uploads acknowledged, {len(failed)} refused, "
           f"wrong acknowledgements 0")
    assert acked and failed
    assert sorted(listed) == sorted(path for path, _ in acked)
    for path, data in acked:
        assert client.request("GET", f"/files/{listed[path]['id']}/content").content == data


def test_a_server_that_is_asked_to_stop_finishes_what_it_has_begun(cluster, report):
    rounds, seed = 4 * TRIALS, random.SystemRandom().randrange(1_000_000)
    rng = random.Random(seed)
    acked, lost, times = [], [], []
    account = Client.registered(cluster.urls[0])
    for number in range(rounds):
        port = free_port()
        role = Role("stopped", ["serve", "--port", str(port)], cluster.environment, cluster.directory / "stopped.log")
        url = f"http://127.0.0.1:{port}"
        cluster._wait(lambda: is_ready(url), url)
        stopping = threading.Event()
        threads = [threading.Thread(target=upload_until, args=(stopping, url, account, f"{number}-{n}", acked, seed))
                   for n in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(rng.uniform(0.3, 1))
        started = time.monotonic()
        role.process.send_signal(signal.SIGTERM)
        status = role.process.wait(60)
        times.append(time.monotonic() - started)
        stopping.set()
        for thread in threads:
            thread.join(60)
        assert status == 0
    listed = {file["path"]: file for file in account.pages("/files")}
    for path, digest in acked:
        if listed.get(path, {}).get("digest") != digest:
            lost.append(path)
    report(f"seed {seed} · stopped {rounds} times under load, {len(acked)} uploads acknowledged, lost {len(lost)}, "
           f"longest stop {max(times):.1f} s")
    assert acked and not lost


def is_ready(url):
    try:
        return requests.get(url + "/readyz", timeout=2).status_code == 200
    except requests.RequestException:
        return False


def upload_until(stopping, url, account, name, acked, seed):
    client = Client(url, account.token)
    rng = random.Random(f"{seed}-{name}")
    count = 0
    while not stopping.is_set():
        count += 1
        data = rng.randbytes(rng.randint(1, 200_000))
        try:
            answer = client.put(f"{name}-{count}", data)
        except requests.RequestException:
            continue
        if answer.status_code == 201:
            acked.append((f"{name}-{count}", sha256(data)))
            # So that the list which is looked at in the end waits for this upload.
            account.position = max(account.position, client.position)
        else:
            assert answer.status_code in (429, 503), answer.text


@pytest.mark.timeout(300)
def test_a_backup_taken_under_load_is_a_whole_installation(cluster, workspace, report):
    """Step by step what docs/operations.md says: dump, copy the bytes, restore elsewhere."""
    seed = random.SystemRandom().randrange(1_000_000)
    ledger = Ledger(workspace / "ledger.jsonl")
    clients = [Client.registered(cluster.urls[0]) for _ in range(chaos.ACCOUNTS)]
    traffic = chaos.Traffic(cluster, ledger, clients, seed)
    time.sleep(4)
    dump, copy = workspace / "onefold.dump", workspace / "blobs"
    subprocess.run(["pg_dump", "-Fc", "-h", cluster.sockets(), "-U", "onefold", "-f", dump, "onefold"], check=True)
    # Twice: blobs that are settled while cp is under way move from under it, and cp then says that something is missing.
    for flags in ("-a", "-an"):
        subprocess.run(["cp", flags, f"{cluster.data}/blobs", workspace], stderr=subprocess.DEVNULL)
    time.sleep(1)
    traffic.stop()

    started = time.monotonic()
    data = workspace / "restored"
    services = Role("restore", ["services", "--data-dir", str(data)], dict(os.environ), workspace / "restore.log")
    try:
        cluster._wait(lambda: (data / "services.json").exists(), "the servers to restore into")
        owner = json.loads((data / "services.json").read_text())["databaseOwnerURL"]
        restored = subprocess.run(["pg_restore", "--clean", "--if-exists", "--dbname", owner, dump],
                                  capture_output=True, text=True)
        assert restored.returncode == 0, restored.stderr
        # Read now: what the restored installation does with its open jobs are events of its own.
        with psycopg.connect(owner) as connection:
            head, = connection.execute("SELECT position FROM log.head").fetchone()
    finally:
        services.stop()
    subprocess.run(["cp", "-a", f"{copy}/.", data / "blobs"], check=True)
    # The roles apart have the secret by the environment; with `up` it would come with the copy of `secrets`.
    secret = {"ONEFOLD_KEY_SECRET": cluster.environment["ONEFOLD_KEY_SECRET"]}
    program = Onefold(data, environment=secret).start()
    try:
        took = time.monotonic() - started
        known = [entry for entry in ledger.entries
                 if entry.state == "acked" and entry.position <= head and entry.removed is False]
        later = [entry for entry in ledger.entries if entry.state == "acked" and entry.position > head]
        assert known and later, "the backup must fall into the middle of the traffic"
        for client in clients:
            client.url, client.position = program.url, head
            client.sign_in(client.email, client.password)
            client.wait_until_settled()
            client.get("/files", limit=1)
        broken = []
        for entry in known:
            answer = clients[entry.user].request("GET", f"/files/{entry.file_id}/content")
            if sha256(answer.content) != entry.digest:
                broken.append((entry.path, entry.position, entry.trashed, answer.status_code, answer.text[:200]))
        replay = program.command("replay", "all", "--data-dir", data, env=dict(os.environ, **secret))
        assert replay.returncode == 0, replay.stdout + replay.stderr
        report(f"seed {seed} · backup at position {head}: {len(known)} uploads before it are whole, broken {len(broken)}; "
               f"{len(later)} uploads after it are not in it; restored in {took:.1f} s")
        assert not broken, broken[:5]
    finally:
        program.kill()
