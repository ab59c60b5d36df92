"""Read tables are rebuilt while people go on writing and reading: the new ones are equal, and nobody notices the switch."""
import random
import threading
from collections import Counter

import pytest
import requests
from support.client import Client
from support.cluster import Cluster
from support.history import busy_life, seed_log, tables_digest
from support.promise import seed, trials

WRITERS, READERS = 3, 2


@pytest.fixture
def cluster(workspace):
    # No relay, so no jobs: the workers' events of a history of this size would take minutes of their own.
    cluster = Cluster(workspace, servers=2, workers=0, relay=False)
    yield cluster
    cluster.stop()


@pytest.mark.timeout(300)
def test_rebuilt_equals_live_while_writes_go_on(cluster, promise):
    size, number = trials(10_000), seed()
    with cluster.connect() as connection:
        seed_log(connection, size, busy_life(number))
    cluster.wait_until_folded(timeout=3600)
    crowd = Crowd(cluster, number)
    admin = cluster.admin()
    rates, differing = [], 0
    names = [item["name"] for item in admin.get("/admin/projections")["items"]]
    for name in names:
        answer = admin.request("POST", f"/admin/projections/{name}/rebuild")
        assert answer.status_code == 202, answer.text
    for name in names:
        rebuild = cluster.wait_for(lambda: done(admin, name), f"the rebuild of {name}", timeout=3600)
        assert rebuild["state"] == "done" and rebuild["differing"] is not None, rebuild
        differing += rebuild["differing"]
        rates.append(rebuild["eventsPerSecond"])
    crowd.stop()
    cluster.wait_until_folded()
    with cluster.connect() as connection:
        before = tables_digest(connection, names)
        result = cluster.command("replay", "all", timeout=3600)
        assert result.returncode == 0, result.stdout + result.stderr
        after = tables_digest(connection, names)
        head, = connection.execute("SELECT position FROM log.head").fetchone()
    failed = {status: count for status, count in crowd.statuses.items() if status == "no answer" or status >= 500}
    promise.held(19, f"{head} events, {len(names)} projections", number,
                 f"rows that differ {differing}", f"digests {'equal' if before == after else 'DIFFER'}",
                 f"requests meanwhile {crowd.statuses.total()}, of which 5xx {sum(failed.values())}",
                 f"events/s {min(rates):.0f} to {max(rates):.0f}")
    assert differing == 0 and before == after and not failed and crowd.statuses.total() > 0


def done(admin, name):
    rebuild = admin.get(f"/admin/projections/{name}")["rebuild"]
    return rebuild if rebuild["state"] in ("done", "failed") else None


class Crowd:
    """People who upload, trash, restore and look, on all servers, and count the statuses they see."""

    def __init__(self, cluster, number):
        self.statuses, self.lock, self.stopping = Counter(), threading.Lock(), threading.Event()
        clients = [Client.registered(cluster.urls[n % len(cluster.urls)]) for n in range(WRITERS + READERS)]
        self.threads = [threading.Thread(target=self._run, args=(self._write if n < WRITERS else self._read, client,
                                                                 random.Random(f"{number}-{n}")))
                        for n, client in enumerate(clients)]
        for thread in self.threads:
            thread.start()

    def _run(self, act, client, rng):
        while not self.stopping.is_set():
            try:
                statuses = act(client, rng)
            except requests.RequestException:
                statuses = ["no answer"]
            with self.lock:
                self.statuses.update(statuses)

    def _write(self, client, rng):
        file = client.put(f"f{rng.randrange(50)}", rng.randbytes(rng.randint(1, 2000)))
        target, wait = f"/files/{file.json()['id']}", {"wait": client.position}
        trash = client.request("DELETE", target, params=wait)
        restore = client.request("POST", f"{target}/restore", params={"wait": client.position})
        return [answer.status_code for answer in (file, trash, restore)]

    def _read(self, client, rng):
        return [client.request("GET", path).status_code for path in ("/files", "/duplicates", "/savings", "/jobs", "/me")]

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)
