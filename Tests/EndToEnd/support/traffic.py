"""What clients do while the system breaks under them."""
import random
import threading
from collections import Counter

import requests

from .client import Client, content_digest, sha256
from .ledger import Entry

ACCOUNTS, THREADS = 3, 6


class Traffic:
    """Clients that go on whatever the answer is, and remember all of it."""

    def __init__(self, cluster, ledger, clients, seed, pause=0):
        """`pause`: seconds that each client waits between two uploads."""
        self.cluster, self.ledger, self.clients, self.seed, self.pause = cluster, ledger, clients, seed, pause
        rng = random.Random(seed)
        # A pool of contents, so that many files are equal, across accounts too.
        self.pool = [rng.randbytes(int(rng.lognormvariate(8.5, 1.5))) for _ in range(200)]
        self.stopping = threading.Event()
        self.surprises = []  # What ended a client: an answer that no client should get.
        self.failures = Counter()  # By status: 500 and above, and why.
        self.threads = [threading.Thread(target=self._run, args=(n,), daemon=True) for n in range(THREADS)]
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(120)

    def figures(self):
        states = Counter(entry.state for entry in self.ledger.entries)
        failures = ", ".join(f"{count} of {kind}" for kind, count in sorted(self.failures.items()))
        return [f"uploads acknowledged {states['acked']}, refused {states['refused']}, without an answer {states['sent']}",
                f"5xx {failures or 0}"]

    def _run(self, number):
        try:
            self._go_on(number)
        except Exception as surprise:
            self.surprises.append(f"client {number}: {surprise!r}")

    def _go_on(self, number):
        rng = random.Random(f"{self.seed}-{number}")
        user = number % ACCOUNTS
        account = self.clients[user]
        # A session of its own: requests' sessions are not made for several threads.
        client = Client(rng.choice(self.cluster.urls))
        client.email, client.password = account.email, account.password
        count = 0
        mine = []
        while not self.stopping.wait(self.pause):
            count += 1
            client.url = rng.choice(self.cluster.urls)
            data = rng.choice(self.pool) if rng.random() < 0.5 else rng.randbytes(self._size(rng))
            entry = Entry(f"{self.seed}-{number}-{count}", user, f"t{number}/{count:06}.bin",
                          sha256(data), len(data))
            self.ledger.sent(entry)
            self._upload(client, entry, data)
            if entry.state == "acked":
                mine.append(entry)
            if mine and rng.random() < 0.1:
                self._discard(client, mine.pop(rng.randrange(len(mine))), rng)

    @staticmethod
    def _size(rng):
        """8 KB in the middle; one in a hundred has up to 8 MB."""
        return rng.randrange(1 << 20, 8 << 20) if rng.random() < 0.01 else int(rng.lognormvariate(9, 1.5))

    def _attempt(self, client, call):
        """The answer, or None when there was none or it was no final one. Signs in again where that is asked for."""
        try:
            if client.token is None:
                client.sign_in(client.email, client.password)
            answer = call()
            if answer.status_code == 401:
                client.token = None
            if answer.status_code >= 500 and not self._is_final(answer):
                self.failures[f"{answer.status_code} {answer.json()['type'].split(':')[-1]}"] += 1
            return answer if self._is_final(answer) else None
        except (requests.RequestException, AssertionError):
            return None

    @staticmethod
    def _is_final(answer):
        """Whether to send it again is pointless: it was done, or refused for a reason that lasts."""
        if answer.status_code == 507:
            return "quota-exceeded" in answer.text  # A full disk gets room again.
        return answer.status_code < 500 and answer.status_code not in (401, 408, 409, 429)

    def _upload(self, client, entry, data):
        """Sends until it has an answer: the same key, so a lost answer doubles nothing."""
        while True:
            answer = self._attempt(client, lambda: client.put(
                entry.path, data, key=entry.key, digest=content_digest(data), **{"class": "bulk"}))
            if answer is not None and answer.status_code in (200, 201):
                return self.ledger.acked(entry, answer.json()["id"], int(answer.headers["Onefold-Position"]))
            if answer is not None and answer.status_code == 507:
                self.stopping.wait(0.1)  # An account that is full would fill the ledger with refusals.
                return self.ledger.refused(entry, answer.status_code)
            if answer is not None:
                raise AssertionError(f"unexpected answer to an upload: {answer.status_code} {answer.text}")
            if self.stopping.wait(0.1):
                return  # Unknown, and it stays so: that, too, is a case.

    def _discard(self, client, entry, rng):
        remove = rng.random() < 0.5
        what = "removed" if remove else "trashed"
        self.ledger.changing(entry, what)
        target = f"/files/{entry.file_id}"
        # Wait for the read side to know the file: these requests look it up.
        query = {"wait": entry.position, **({"permanent": "true"} if remove else {})}
        for _ in range(300):
            answer = self._attempt(client, lambda: client.request("DELETE", target, params=query))
            if answer is not None and answer.status_code in (200, 204, 404):
                # 404 after an unanswered try means that the try had worked.
                return self.ledger.changed(entry, what, True)
            if self.stopping.wait(0.1):
                return
