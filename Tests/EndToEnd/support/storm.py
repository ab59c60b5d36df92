"""Faults, one after another and several at once, and how long the system needs to be itself again after each."""
import threading
import time
from collections import Counter

import psycopg
import redis
import requests

from .client import Client
from .faults import ALL

# Faults that last: others go on meanwhile.
LASTING = {"stop-worker", "cut-postgres", "cut-redis", "stall-postgres", "stall-redis", "lose-answers", "fill-disk"}


class Storm:
    def __init__(self, cluster, rng, faults):
        self.cluster, self.rng, self.faults = cluster, rng, faults
        self.done = Counter()
        self.lasting = {}
        self.recovery = Recovery(cluster)

    def rage(self, seconds):
        """Returns when no fault goes on."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            time.sleep(self.rng.uniform(1, 4))
            name = self.rng.choice(self.faults)
            if name not in LASTING:
                self.strike(name)
            elif name not in self.lasting or not self.lasting[name].is_alive():
                self.lasting[name] = threading.Thread(target=self.strike, args=(name,))
                self.lasting[name].start()
        for thread in self.lasting.values():
            thread.join()

    def strike(self, name):
        try:
            ALL[name](self.cluster, self.rng)
            self.done[name] += 1
        except (OSError, psycopg.Error, redis.RedisError):
            self.done[f"{name} (found it down)"] += 1
        self.recovery.begin(name)

    def figures(self):
        return [", ".join(f"{name} {count}" for name, count in sorted(self.done.items())), *self.recovery.figures()]


class Recovery:
    """After each fault: seconds until an upload is accepted again, and until the work it gives is done again."""

    def __init__(self, cluster):
        self.urls = cluster.urls
        self.account, self.signed_in = Client.registered(self.urls[0]), time.monotonic()
        self.accepted, self.worked, self.lock = [], [], threading.Lock()
        self.threads = []

    def begin(self, fault):
        thread = threading.Thread(target=self._measure, args=(len(self.threads), fault, time.monotonic()), daemon=True,
                                  name=f"after {fault}")
        self.threads.append(thread)
        thread.start()

    def stop(self, timeout=180):
        deadline = time.monotonic() + timeout
        for thread in self.threads:
            thread.join(max(0, deadline - time.monotonic()))

    def figures(self):
        return ["s to accept again " + percentiles(self.accepted), "s to work again " + percentiles(self.worked)]

    def missing(self):
        """Probes that never ended."""
        return [thread.name for thread in self.threads if thread.is_alive()]

    def _measure(self, number, fault, since):
        # By every server: one that is down for good must not hide behind the others.
        for url in self.urls:
            client, name = Client(url), f"probe-{number}-{url[-5:]}"
            client.token = self._until(lambda: self._token(client))
            upload = self._until(lambda: client.upload(name, name.encode(), key=name))
        with self.lock:
            self.accepted.append((time.monotonic() - since, fault))
        self._until(lambda: self._is_idle(client, upload["position"]))
        with self.lock:
            self.worked.append((time.monotonic() - since, fault))

    def _token(self, client):
        """One for many probes: sign-ins are throttled, and tokens live for ten minutes."""
        with self.lock:
            if time.monotonic() - self.signed_in > 300:
                self.account.token = client.sign_in(self.account.email, self.account.password).token
                self.signed_in = time.monotonic()
            return self.account.token

    def _is_idle(self, client, position):
        counts = client.get("/jobs", limit=1, wait=position)["counts"]
        return counts["queued"] + counts["retrying"] == 0

    @staticmethod
    def _until(call):
        while True:
            try:
                if value := call():
                    return value
            except (requests.RequestException, AssertionError):
                pass
            time.sleep(0.05)


def percentiles(values):
    if not values:
        return "-"
    values = sorted(values)
    at = lambda share: values[min(len(values) - 1, int(share * len(values)))]
    return f"p50 {at(0.5)[0]:.1f}, p99 {at(0.99)[0]:.1f}, most {values[-1][0]:.1f} (after {values[-1][1]})"
