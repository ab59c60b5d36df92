"""Everything is broken for a while, one thing after another and several at once; then every promise is checked by brute force."""
import os

import pytest
from support import trial
from support.client import Client, sha256
from support.cluster import Cluster
from support.faults import ALL
from support.ledger import Entry, Ledger
from support.promise import seed
from support.transport import jobs_left
from support.verifier import Verifier


@pytest.mark.timeout(600)
def test_every_promise_holds_through_kills_flushes_and_cuts(workspace, promise):
    """SECONDS of faults, and FAULTS to choose from. By default two minutes of all."""
    number = seed()
    faults = os.environ["FAULTS"].split(",") if os.environ.get("FAULTS") else list(ALL)
    outcome = trial.run(int(os.environ.get("SECONDS") or 120), number, faults, workspace)
    promise.held("1 2 3 4 5 6 9", f"{outcome.faults.total()} faults", number, *outcome.figures)
    promise.show(outcome.verdict.text())
    assert outcome.verdict.held


def test_the_verifier_sees_what_is_broken(workspace):
    """An oracle that cannot say no proves nothing: here each kind of damage must be found."""
    cluster = Cluster(workspace)
    try:
        ledger = Ledger(workspace / "ledger.jsonl")
        clients = [Client.registered(cluster.urls[0])]
        for number, data in enumerate([b"the same bytes" * 500, b"the same bytes" * 500, os.urandom(9000)]):
            entry = Entry(f"k{number}", 0, f"f{number}", sha256(data), len(data))
            ledger.sent(entry)
            file = clients[0].upload(entry.path, data, key=entry.key)
            ledger.acked(entry, file["id"], file["position"])
        trial.drain(cluster, clients)
        with cluster.connect() as connection:
            def broken():
                verdict = Verifier(connection, cluster.data / "blobs", ledger, clients).run()
                return {promise for promise, _, faults in verdict.lines if faults}
            assert broken() == set()
            connection.execute("UPDATE quota.account SET used_bytes = used_bytes + 1")
            connection.execute("UPDATE savings.owner_savings SET logical_bytes = logical_bytes + 1")
            connection.execute("DELETE FROM duplicates.duplicate_group")
            assert broken() == {"used quota is the sum of the account's files", "savings are those of a SHA-256 map",
                                "duplicate groups are those of a SHA-256 map"}
            blob = next(path for path in (cluster.data / "blobs").rglob("*")
                        if path.is_file() and entry.digest.removeprefix("sha256:") in path.name)
            blob.write_bytes(blob.read_bytes()[:-1])
            found = broken()
            assert {"every blob has the bytes that its name says",
                    "every acknowledged upload downloads byte for byte"} <= found
            assert jobs_left(cluster.redis()) == {}
            cluster.redis().xadd("jobs:left", {"id": "of nothing"})
            assert jobs_left(cluster.redis()) == {"jobs:left": 1}
            ledger.entries.append(entry := Entry("never", 0, "never there", sha256(b"x"), 1))
            entry.state, entry.file_id, entry.position = "acked", "01920000-0000-7000-8000-000000000000", 1
            assert "every acknowledged upload is one event" in broken()
    finally:
        cluster.stop()
