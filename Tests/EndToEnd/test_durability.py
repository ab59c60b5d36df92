"""Acknowledged means on disk, whatever the disk does."""
import random
import re
import subprocess
from pathlib import Path

import pytest
from support import syscalls
from support.client import Client, sha256
from support.cluster import is_ready
from support.program import free_port
from support.promise import seed, trials
from support.role import Role


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
        cluster.wait_for(lambda: is_ready(self.url), "the server to be traced")
        pid = self.role.process.pid
        self.strace = subprocess.Popen(["strace", "-f", "-ttt", "-y", "-s", "6000", "-o", self.trace, *flags, "-p", str(pid)],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        cluster.wait_for(lambda: all("TracerPid:\t0\n" not in status.read_text()
                                  for status in Path(f"/proc/{pid}/task").glob("*/status")), "strace to attach")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.role.stop()
        self.strace.wait(30)


def test_an_upload_is_answered_after_its_bytes_its_name_and_its_event_are_durable(cluster, promise):
    """One upload after another, so that each call in the trace belongs to the upload whose answer comes next."""
    count, number = trials(60), seed()
    with cluster.connect() as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert connection.execute(f"SHOW {setting}").fetchone() == ("on",)
    rng = random.Random(number)
    with TracedServer(cluster, "-e", "trace=link,linkat,fsync,fdatasync,sendto,recvfrom,write,writev,sendmsg") as server:
        client = Client.registered(server.url)
        digests = []
        for name in range(count):
            data = rng.randbytes(rng.randint(1, 60_000))
            client.upload(f"f{name}", data)
            digests.append(sha256(data).removeprefix("sha256:"))
    violations, rest = [], syscalls.parse(server.trace)
    for digest in digests:
        answer = next(i for i, call in enumerate(rest) if "HTTP/1.1 201" in call.arguments and "/files" in call.arguments)
        before, rest = rest[:answer + 1], rest[answer + 1:]
        if problem := durability_problem(digest, before):
            violations.append((digest, problem))
    promise.held(7, f"{count} uploads, traced", number, f"violations {len(violations)}")
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
def test_a_sync_that_fails_is_never_answered_as_success(cluster, promise, first, step):
    """Every few syncs of each thread of the server fail with EIO, for bytes and for directories alike."""
    count, number = trials(25), seed()
    rng = random.Random(f"{number}-{first}-{step}")
    outcomes = []
    with TracedServer(cluster, "-e", "trace=fsync,fdatasync",
                      "-e", f"inject=fsync,fdatasync:error=EIO:when={first}+{step}") as server:
        client = Client.registered(server.url)
        for name in range(count):
            data = rng.randbytes(rng.randint(1, 30_000))
            answer = client.put(f"f{name}", data)
            outcomes.append((f"f{name}", data, answer.status_code))
            if answer.status_code != 201:
                assert answer.status_code >= 500 and answer.headers["Content-Type"] == "application/problem+json"
    client.url = cluster.urls[0]
    listed = {file["path"]: file for file in client.pages("/files", state="all")}
    acked = [(path, data) for path, data, status in outcomes if status == 201]
    failed = [path for path, _, status in outcomes if status != 201]
    wrong = [path for path, data in acked
             if path not in listed or client.request("GET", f"/files/{listed[path]['id']}/content").content != data]
    promise.held(8, f"{count} uploads, syncs fail from {first} every {step}", number,
                 f"acknowledged {len(acked)}, refused {len(failed)}", f"wrong acknowledgements {len(wrong)}")
    assert acked and failed and not wrong
    assert sorted(listed) == sorted(path for path, _ in acked)
