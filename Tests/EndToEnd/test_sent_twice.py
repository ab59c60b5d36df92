"""Every kind of write, sent again under its `Idempotency-Key`: after its answer, and after its answer was lost on the way."""
import random
from collections import Counter

import pytest
import requests
from support.archives import archive
from support.client import Client
from support.promise import seed, trials
from support.proxy import Proxy

KEPT = ("Content-Type", "Location", "Onefold-Position")
PASSWORD = "a long enough password"


class Sender:
    """Sends each request until it was answered twice, and counts what it did to the log."""

    def __init__(self, program, proxy):
        self.program, self.proxy = program, proxy
        self.lose = False
        self.sent, self.lost, self.unequal, self.doubled = Counter(), 0, [], []

    def twice(self, client, kind, method, path, *, status, **options):
        """The answer of that status; None if another rebuild was in the way, which was said twice as well."""
        answer = self._twice(client, kind, method, path, **options)
        if "already-rebuilding" in answer.text:
            return None
        assert answer.status_code == status, f"{kind}: {answer.status_code} {answer.text}"
        return answer

    def _twice(self, client, kind, method, path, *, effect=None, **options):
        number = self.sent[kind] = self.sent[kind] + 1
        options["headers"] = {**options.get("headers", {}), "Idempotency-Key": f"{kind}-{number}"}
        before = self.events(effect)
        if self.lose:
            self.proxy.set("lose")
            with pytest.raises(requests.ConnectionError):
                client.request(method, path, **options)
            self.proxy.set("pass")
            self.lost += 1
        first, second = client.request(method, path, **options), client.request(method, path, **options)
        if self.told(first) != self.told(second):
            self.unequal.append((kind, number, self.told(first), self.told(second)))
        if effect and self.events(effect) != before + 1:
            self.doubled.append((kind, number, self.events(effect) - before))
        return first

    @staticmethod
    def told(answer):
        return answer.status_code, answer.content, [answer.headers.get(name) for name in KEPT]

    def events(self, type):
        return type and self.program.sql("SELECT count(*) FROM log.event WHERE type = %s", [type])[0][0]


@pytest.fixture
def proxy(own_onefold):
    proxy = Proxy(f"127.0.0.1:{own_onefold.port}")
    yield proxy
    proxy.close()


def test_each_kind_of_write_happens_once_and_is_answered_alike(own_onefold, proxy, promise):
    rounds, number = trials(2), seed()
    rng = random.Random(number)
    url = f"http://127.0.0.1:{proxy.port}"
    admin = Client(url).sign_in(own_onefold.admin_email, own_onefold.admin_password)
    sender = Sender(own_onefold, proxy)
    for turn in range(2 * rounds):
        sender.lose = turn % 2 == 1
        if turn % 20 == 19:
            admin.sign_in(own_onefold.admin_email, own_onefold.admin_password)
        writes_of_a_person(sender, url, admin, f"{number}.{turn}", rng)
        writes_on_a_projection(sender, admin)
    rebuilt = own_onefold.sql("SELECT count(*) FROM log.event WHERE type = 'system.projectionRebuilt'")[0][0]
    in_the_way = sender.sent.pop("in the way", 0)
    assert rebuilt == 4 * rounds
    promise.held(22, f"{sender.sent.total()} writes of {len(sender.sent)} kinds", number, f"answers lost {sender.lost}",
                 f"refused for another rebuild {in_the_way}",
                 f"duplicates {len(sender.doubled)}", f"answers unlike the first {len(sender.unequal)}")
    assert sender.doubled == [] and sender.unequal == []


def writes_of_a_person(sender, url, admin, name, rng):
    account = {"email": f"person{name}@example.org", "password": PASSWORD}
    answer = sender.twice(Client(url), "register", "POST", "/auth/register", json=account, status=201,
                          effect="account.registered")
    client = Client(url).sign_in(**account)
    for kind in ("upload", "replace"):
        file = sender.twice(client, kind, "PUT", "/files", params={"path": "a"}, status=201, effect="file.uploaded",
                            data=rng.randbytes(rng.randint(1, 50_000))).json()
    sender.twice(client, "archive", "POST", "/files", data=archive([("b/c", rng.randbytes(rng.randint(1, 50_000)))]),
                 headers={"Content-Type": "application/x-tar"}, status=200, effect="file.uploaded")
    client.get("/files")
    target = f"/files/{file['id']}"
    sender.twice(client, "trash", "DELETE", target, status=200, effect="file.trashed")
    client.get("/files")
    sender.twice(client, "restore", "POST", f"{target}/restore", status=200, effect="file.restored")
    client.get("/files")
    sender.twice(client, "remove", "DELETE", f"{target}?permanent=true", status=204, effect="file.removed")
    wanted = {"text": rng.randrange(400, 1000) / 1000, "picture": None, "sameContent": True}
    sender.twice(client, "thresholds", "PUT", "/me/thresholds", json=wanted, status=200, effect="duplicates.thresholdsSet")
    person = f"/admin/users/{answer.json()['id']}"
    sender.twice(admin, "quota", "PUT", f"{person}/quota", json={"quotaBytes": rng.randrange(1 << 40)}, status=204,
                 effect="account.quotaSet")
    sender.twice(admin, "erase", "DELETE", person, status=200, effect="account.erased")


def writes_on_a_projection(sender, admin):
    # Each of them only when the last rebuild is done, as a person would.
    for kind, status in (("rebuild", 202), ("rollback", 200), ("retry", 202)):
        while not sender.twice(admin, kind, "POST", f"/admin/projections/quota/{kind}", status=status):
            sender.sent["in the way"] += 1
        while admin.get("/admin/projections/quota")["rebuild"]["state"] not in ("done", "failed"):
            pass
