"""The same load for a long time: what was level after the first third is so at the end."""
import os
import time

import pytest
from support import trial
from support.client import Client
from support.cluster import Cluster
from support.gauges import Gauges, drift, slope
from support.ledger import Ledger
from support.promise import seed
from support.subscriber import Subscriber
from support.traffic import ACCOUNTS, Traffic

# What the last third may have more than the middle one: noise of an allocator, a connection that a pool opened late.
ROOM = {"MiB": lambda middle: max(24, 0.1 * middle), "descriptors": lambda middle: 12, "threads": lambda middle: 12,
        "lag": lambda middle: max(500, middle)}
ROUNDS = 6  # Of a rebuild and a backup, spread over the time.


@pytest.mark.timeout(300)
def test_memory_descriptors_and_lag_stay_where_they_are(workspace, promise):
    """SECONDS of uploads, removals, reads, rebuilds and backups; 20 by default, hours with `make soak`."""
    seconds, number = float(os.environ.get("SECONDS") or 20), seed()
    cluster = Cluster(workspace, environment={"ONEFOLD_RECLAIM_GRACE": "5"})
    try:
        clients = [Client.registered(cluster.urls[0]) for _ in range(ACCOUNTS)]
        ledger = Ledger(workspace / "ledger.jsonl")
        subscriber = Subscriber(cluster.urls, Client.registered_as(clients[0]))
        # Some twenty uploads a second: hours of it are not to end on a full disk.
        traffic = Traffic(cluster, ledger, clients, number, pause=0.25)
        gauges = Gauges(cluster, period=max(0.2, seconds / 2000))
        started, commands = time.monotonic(), 0
        while time.monotonic() < started + seconds:
            rebuilt = cluster.command("replay", "all")
            assert rebuilt.returncode == 0, rebuilt.stdout[-4000:] + rebuilt.stderr
            backup = cluster.command("backup", str(workspace / "backup"))
            assert backup.returncode == 0, backup.stderr
            commands += 2
            traffic.stopping.wait(max(0.0, min(seconds / ROUNDS, started + seconds - time.monotonic())))
        gauges.stop()
        traffic.stop()
        drained = trial.drain(cluster, clients)
        verdict = trial.judge(cluster, ledger, clients, subscriber, traffic).verdict
        series = gauges.series()
        grown = [(*key, *drift(values)) for key, values in series.items()
                 if drift(values)[1] > drift(values)[0] + ROOM[key[1]](drift(values)[0])]
        verdict.check("nothing grew from the middle third to the last", len(series), grown)
        memory = {role: f"{drift(values)[1]:.0f} ({slope(values):+.1f} an hour)"
                  for (role, gauge), values in series.items() if gauge == "MiB"}
        descriptors = {role: round(drift(values)[1]) for (role, gauge), values in series.items() if gauge == "descriptors"}
        lag = sorted(value for _, value in series[("log", "lag")])
        promise.held("62", f"{seconds:.0f} s, {len(gauges.samples)} samples", number, f"MiB {memory}",
                     f"descriptors {descriptors}", f"lag p50 {lag[len(lag) // 2]}, p99 {lag[int(0.99 * len(lag))]} events",
                     f"rebuilds and backups {commands}", *traffic.figures(), f"drained in {drained:.1f} s")
        promise.show(verdict.text())
        assert verdict.held
    finally:
        cluster.stop()
