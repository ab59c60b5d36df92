"""One trial: faults for a while, then quiet, then every promise is checked by brute force."""
import random
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from .client import Client
from .cluster import Cluster
from .ledger import Ledger
from .storm import Storm
from .subscriber import Subscriber
from .traffic import ACCOUNTS, Traffic
from .transport import held_by, jobs_left
from .verifier import Verdict, Verifier
from .worker_counters import WorkerCounters

TIGHT_QUOTA = 1_500_000  # Of the last account, so that refusals happen.


@dataclass
class Outcome:
    faults: Counter
    figures: list
    verdict: Verdict


def run(seconds, seed, faults, directory):
    """Breaks a cluster in this directory for so long, with faults of these names."""
    cluster = Cluster(directory, breakable=True)
    try:
        clients = [Client.registered(cluster.urls[0]) for _ in range(ACCOUNTS)]
        answer = cluster.admin().request("PUT", f"/admin/users/{clients[-1].account['id']}/quota",
                                         json={"quotaBytes": TIGHT_QUOTA})
        assert answer.ok, f"{answer.status_code} {answer.text}"
        ledger = Ledger(Path(directory) / "ledger.jsonl")
        subscriber = Subscriber(cluster.urls, Client.registered_as(clients[0]))
        counters = WorkerCounters(cluster.worker_ports)
        storm = Storm(cluster, random.Random(seed), faults)
        traffic = Traffic(cluster, ledger, clients, seed)
        storm.rage(seconds)
        # Clients give up in the midst of a fault: what became of their last request they never learn.
        storm.strike("kill-all" if "kill-all" in faults else faults[0])
        traffic.stop()
        storm.recovery.stop()
        drained = drain(cluster, clients)
        counters.stop()
        verifier = judge(cluster, ledger, clients, subscriber, traffic)
        verifier.verdict.check("after every fault all servers accepted and the work was done again",
                               len(storm.recovery.threads), storm.recovery.missing())
        figures = [f"kills {cluster.kills}", *storm.figures(), *traffic.figures(), f"drained in {drained:.1f} s",
                   f"jobs rescued {counters.totals['jobs rescued']}",
                   f"blobs of no upload, to be collected {verifier.orphans}"]
        if "fill-disk" in faults and not cluster.disk.is_there:
            figures.append("full disk NOT TESTED: mounting is not allowed here")
        return Outcome(storm.done, figures, verifier.verdict)
    finally:
        cluster.stop()


def drain(cluster, clients, timeout=180):
    """Waits until every role is back, the read tables have reached the head, and no job is open. Returns the seconds it took."""
    started = time.monotonic()
    cluster.wait_until_ready()
    with cluster.connect() as connection:
        cluster.wait_for(lambda: connection.execute(
            "SELECT NOT EXISTS (SELECT FROM jobs.job WHERE state IN ('queued', 'retrying'))"
            " AND (SELECT min(position) FROM projection.checkpoint) >= (SELECT position FROM log.head)").fetchone()[0],
            "no job is open and every table at the head", timeout)
        head, = connection.execute("SELECT position FROM log.head").fetchone()
    for client in clients:
        client.url = cluster.urls[0]
        client.sign_in(client.email, client.password)
        client.position = head
    return time.monotonic() - started


def judge(cluster, ledger, clients, subscriber, traffic):
    """Checks everything; returns the verifier, with its verdict."""
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
        verdict.check("no client got an answer that none should get", len(traffic.threads), traffic.surprises)
        # The log says that a job is done a moment before Redis is told.
        deadline = time.monotonic() + 60
        while (left := jobs_left(cluster.redis())) and time.monotonic() < deadline:
            time.sleep(0.1)
        verdict.check("Redis has no entry left, and none is pending", 1,
                      [*left.items(), *held_by(cluster.redis())] if left else [])
        verdict.check("what failed said that it may be tried again", traffic.failures.total(),
                      [failure for failure in traffic.failures.items() if failure[0][:3] not in ("503", "507")])
        missed = sorted(set(expected) - set(subscriber.positions))
        verdict.check(f"a WebSocket over {subscriber.sessions} connections saw each event once, in order",
                      len(expected), subscriber.faults + [("missed", p) for p in missed])
        verifier.rebuilt_equals_live(cluster.command)
        verifier.seals_hold(cluster.command, cluster.seals)
        verifier.files_of_postgres_are_whole(cluster.sockets)
        return verifier
