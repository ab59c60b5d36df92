"""The networks to Postgres and to Redis are bad for a while, and then away: nothing is lost, and no connection stays behind."""
import os
import time
from pathlib import Path

import pytest
from support import trial
from support.client import Client
from support.cluster import Cluster
from support.ledger import Ledger
from support.promise import seed
from support.storm import Recovery
from support.subscriber import Subscriber
from support.traffic import ACCOUNTS, Traffic
from support.wire import Wire

POOL = 12  # DATABASE_POOL_SIZE, if nobody says otherwise. Those who listen have a connection of their own beside it.
DELAY, LOSS = 0.1, 0.05  # Each way: two tenths of a second for an answer.


@pytest.fixture
def wires():
    if not Wire.is_possible():
        pytest.skip("no network of our own can be laid here: it takes root, iproute2 and /dev/net/tun")
    wires = {name: Wire(number) for number, name in enumerate(["postgres", "redis"], 1)}
    yield wires
    for wire in wires.values():
        wire.close()


def connections(wire):
    """Those that our side believes to have over a wire."""
    address = "".join(f"{int(part):02X}" for part in reversed(wire.far.split(".")))
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return sum(1 for line in lines if line.split()[2].startswith(address) and line.split()[3] == "01")


@pytest.mark.timeout(400)
def test_nothing_is_lost_on_slow_links_or_while_they_are_down(workspace, promise, wires):
    """SECONDS of delay and loss, and of each cut; 5 by default."""
    seconds, number = float(os.environ.get("SECONDS") or 5), seed()
    cluster = Cluster(workspace, wires=wires)
    try:
        clients = [Client.registered(cluster.urls[0]) for _ in range(ACCOUNTS)]
        before = {name: connections(wire) for name, wire in wires.items()}
        ledger = Ledger(workspace / "ledger.jsonl")
        subscriber = Subscriber(cluster.urls, Client.registered_as(clients[0]))
        recovery = Recovery(cluster)
        traffic = Traffic(cluster, ledger, clients, number)
        time.sleep(2)
        for wire in wires.values():
            wire.set(delay=DELAY, loss=LOSS)
        acknowledged = sum(entry.state == "acked" for entry in ledger.entries)
        time.sleep(2 * seconds)
        slow = sum(entry.state == "acked" for entry in ledger.entries) - acknowledged
        for wire in wires.values():
            wire.set()
        for name, wire in wires.items():
            wire.set(is_up=False)
            time.sleep(seconds)
            wire.set()
            recovery.begin(f"{name} away")
            time.sleep(seconds)
        recovery.stop()
        traffic.stop()
        drained = trial.drain(cluster, clients)
        verdict = trial.judge(cluster, ledger, clients, subscriber, traffic).verdict
        verdict.check("uploads were accepted over slow links", 1, [] if slow else ["none"])
        verdict.check("all servers accepted and the work was done again", len(recovery.threads), recovery.missing())
        # A pool keeps what it has opened, up to its size; what a cut left behind would come on top of that.
        left = {name: connections(wire) for name, wire in wires.items()}
        most = {"postgres": len(cluster.roles) * (POOL + 2), "redis": before["redis"] + len(cluster.roles)}
        verdict.check("no connection stayed behind", 2, [(name, left[name]) for name in left if left[name] > most[name]])
        lost = sum(wire.carried()[1] for wire in wires.values())
        carried = sum(wire.carried()[0] for wire in wires.values())
        promise.held("28", f"{len(ledger.entries)} uploads", number, f"{slow} of them acknowledged over {2 * seconds:.0f} s of "
                     f"{2 * DELAY * 1000:.0f} ms and {LOSS:.0%} loss", f"packets {carried}, lost {lost}", *recovery.figures(),
                     *traffic.figures(), f"drained in {drained:.1f} s", f"connections before {before}, after {left}")
        promise.show(verdict.text())
        assert verdict.held
    finally:
        cluster.stop()
