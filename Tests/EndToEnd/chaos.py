#!/usr/bin/env python3
"""Breaks a running Onefold on purpose, then holds it to every promise. Exit status 0 only if all held.

  chaos.py --seconds 600 --seed 7
  chaos.py --seconds 60 --seed 1 --faults kill-worker,flush-redis

Roles run as processes of their own (two servers, two workers, projections, relay) over a private Postgres and Redis.
Clients upload, trash, restore and remove, and write down what they sent and what was acknowledged.
"""
import argparse
import hashlib
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

import requests

sys.path.insert(0, str(Path(__file__).parent))
from support.client import Client, content_digest  # noqa: E402
from support.cluster import Cluster  # noqa: E402
from support.faults import ALL  # noqa: E402
from support.ledger import Entry, Ledger  # noqa: E402
from support.subscriber import Subscriber  # noqa: E402
from support.verifier import Verifier  # noqa: E402

ACCOUNTS, THREADS = 3, 6
TIGHT_QUOTA = 1_500_000  # Of the last account, so that refusals happen.


class Traffic:
    """Clients that go on whatever the answer is, and remember all of it."""

    def __init__(self, cluster, ledger, clients, seed):
        self.cluster, self.ledger, self.clients, self.seed = cluster, ledger, clients, seed
        rng = random.Random(seed)
        # A pool of contents, so that many files are equal, across accounts too.
        self.pool = [rng.randbytes(int(rng.lognormvariate(8.5, 1.5))) for _ in range(200)]
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(n,), daemon=True) for n in range(THREADS)]
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(120)

    def _run(self, number):
        rng = random.Random(f"{self.seed}-{number}")
        user = number % ACCOUNTS
        account = self.clients[user]
        # A session of its own: requests' sessions are not made for several threads.
        client = Client(rng.choice(self.cluster.urls))
        client.email, client.password = account.email, account.password
        count = 0
        mine = []
        while not self.stopping.is_set():
            count += 1
            client.url = rng.choice(self.cluster.urls)
            data = rng.choice(self.pool) if rng.random() < 0.5 else rng.randbytes(int(rng.lognormvariate(9, 1.5)))
            entry = Entry(f"{self.seed}-{number}-{count}", user, f"t{number}/{count:06}.bin",
                          "sha256:" + hashlib.sha256(data).hexdigest(), len(data))
            self.ledger.sent(entry)
            self._upload(client, entry, data)
            if entry.state == "acked":
                mine.append(entry)
            if mine and rng.random() < 0.1:
                self._discard(client, mine.pop(rng.randrange(len(mine))), rng)

    def _attempt(self, client, call):
        """The answer, or None when there was none or it was no final one. Signs in again where that is asked for."""
        try:
            if client.token is None:
                client.sign_in(client.email, client.password)
            answer = call()
            if answer.status_code == 401:
                client.token = None
                return None
            return answer if answer.status_code < 500 and answer.status_code != 429 else None
        except (requests.RequestException, AssertionError):
            return None

    def _upload(self, client, entry, data):
        """Sends until it has an answer: the same key, so a lost answer doubles nothing."""
        while True:
            answer = self._attempt(client, lambda: client.put(
                entry.path, data, key=entry.key, digest=content_digest(data), **{"class": "bulk"}))
            if answer is not None and answer.status_code in (200, 201):
                return self.ledger.acked(entry, answer.json()["id"], int(answer.headers["Onefold-Position"]))
            if answer is not None and answer.status_code in (413, 507):
                return self.ledger.refused(entry, answer.status_code)
            if answer is not None:
                raise AssertionError(f"unexpected answer to an upload: {answer.status_code} {answer.text}")
            if self.stopping.wait(0.1):
                return  # Unknown, and it stays so: that, too, is a case.

    def _discard(self, client, entry, rng):
        remove = rng.random() < 0.5
        what = "removed" if remove else "trashed"
        self.ledger.changing(entry, what)
        target = f"/files/{entry.file_id}" + ("?permanent=true" if remove else "")
        # Wait for the read side to know the file: these requests look it up.
        for _ in range(300):
            answer = self._attempt(client, lambda: client.request("DELETE", f"{target}{'&' if remove else '?'}wait={entry.position}"))
            if answer is not None and answer.status_code in (200, 204, 404):
                # 404 after an unanswered try means that the try had worked.
                return self.ledger.changed(entry, what, True)
            if self.stopping.wait(0.1):
                return


def run(seconds, seed, faults, directory, keep_alive_log=print):
    started = time.monotonic()
    rng = random.Random(seed)
    cluster = Cluster(directory)
    ledger = Ledger(Path(directory) / "ledger.jsonl")
    try:
        clients = [Client.registered(cluster.urls[0]) for _ in range(ACCOUNTS)]
        admin = Client(cluster.urls[0]).sign_in("admin@onefold.local", "correct horse battery")
        answer = admin.request("PUT", f"/admin/users/{clients[-1].account['id']}/quota?wait={clients[-1].position}",
                               json={"quotaBytes": TIGHT_QUOTA})
        assert answer.ok, f"{answer.status_code} {answer.text}"
        subscriber = Subscriber(cluster.urls, Client.registered_as(clients[0]))
        traffic = Traffic(cluster, ledger, clients, seed)
        counts = dict.fromkeys(faults, 0)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            time.sleep(rng.uniform(1, 5))
            name = rng.choice(faults)
            counts[name] += 1
            try:
                ALL[name](cluster, rng)
            except Exception as error:  # A fault that hits a process which is down already is no failure.
                keep_alive_log(f"  {name}: {type(error).__name__}: {error}")
        traffic.stop()
        drained = drain(cluster, clients)
        verdict = judge(cluster, ledger, clients, subscriber)
        states = [entry.state for entry in ledger.entries]
        keep_alive_log(f"seed {seed} · {seconds} s of faults, {time.monotonic() - started:.0f} s in all · "
                       f"{states.count('acked')} uploads acknowledged, {states.count('refused')} refused, "
                       f"{states.count('sent')} without an answer · drained in {drained:.1f} s")
        keep_alive_log("faults: " + ", ".join(f"{name} {count}" for name, count in counts.items() if count))
        keep_alive_log(verdict.text())
        return verdict.held
    finally:
        cluster.stop()


def drain(cluster, clients, timeout=180):
    """Waits until every role is back, the read tables have reached the head, and no job is open."""
    started = time.monotonic()
    cluster.wait_until_ready()
    while True:
        with cluster.connect() as connection:
            head, = connection.execute("SELECT position FROM log.head").fetchone()
            behind, = connection.execute("SELECT count(*) FROM projection.checkpoint WHERE position < %s", [head]).fetchone()
            open_jobs, = connection.execute("SELECT count(*) FROM jobs.job WHERE state IN ('queued', 'retrying')").fetchone()
        if behind == 0 and open_jobs == 0:
            break
        assert time.monotonic() - started < timeout, f"not drained: {behind} projections behind, {open_jobs} jobs open"
        time.sleep(0.2)
    for client in clients:
        client.url = cluster.urls[0]
        client.sign_in(client.email, client.password)
        client.position = head
    return time.monotonic() - started


def judge(cluster, ledger, clients, subscriber):
    with cluster.connect() as connection:
        owner = clients[0].account["id"]
        expected = [position for position, in connection.execute(
            "SELECT position FROM log.event WHERE owner = %s ORDER BY position", [owner]).fetchall()]
        deadline = time.monotonic() + 60
        while subscriber.last < expected[-1] and time.monotonic() < deadline:
            time.sleep(0.1)
        subscriber.stop()
        verifier = Verifier(connection, cluster.data / "blobs", ledger, clients)
        verdict = verifier.run()
        missed = sorted(set(expected) - set(subscriber.positions))
        verdict.check(f"a WebSocket over {subscriber.sessions} connections saw each event once, in order",
                      len(expected), subscriber.faults + [("missed", p) for p in missed])
        verifier.rebuilt_equals_live(cluster.command)
        verifier.seals_hold(cluster.command, cluster.seals)
        return verdict


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", default=",".join(ALL), help="names, separated by commas (default: all)")
    parser.add_argument("--keep", action="store_true", help="keep the directory with data and logs")
    arguments = parser.parse_args()
    faults = arguments.faults.split(",")
    unknown = set(faults) - set(ALL)
    if unknown:
        parser.error(f"no such fault: {', '.join(unknown)}; there are {', '.join(ALL)}")
    directory = tempfile.mkdtemp(prefix="onefold-chaos-", dir="/tmp")
    os.chmod(directory, 0o755)
    held = False
    try:
        held = run(arguments.seconds, arguments.seed, faults, directory)
    finally:
        if held and not arguments.keep:
            shutil.rmtree(directory, ignore_errors=True)
        else:
            print(f"kept: {directory}")
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
