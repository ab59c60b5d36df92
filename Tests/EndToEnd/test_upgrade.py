"""An upgrade and the way back, while people upload: `make upgrade OLD=<commit>` with another version, here with the same one."""
import json
import os
import subprocess
import time
from pathlib import Path

import pytest
import requests
from support.client import Client
from support.cluster import Cluster
from support.ledger import Ledger
from support.program import BINARY, ROOT
from support.promise import seed
from support.traffic import ACCOUNTS, Traffic
from support.trial import drain
from support.verifier import Verifier

OLD = Path(os.environ.get("ONEFOLD_OLD_BINARY", BINARY))
# The binary lies in .build/debug of its tree.
OLD_MIGRATIONS = OLD.parents[2] / "migrations" if OLD != BINARY else ROOT / "migrations"
SECONDS = int(os.environ.get("SECONDS") or 3)


@pytest.mark.timeout(600)
def test_versions_run_side_by_side_and_the_way_back_is_open(workspace, promise):
    """Migrations first, then one process after another; back to the old one, and forward again: every upload that was acknowledged is there."""
    number = seed()
    cluster = Cluster(workspace, binary=OLD, environment={"ONEFOLD_MIGRATIONS_DIR": str(OLD_MIGRATIONS)})
    try:
        clients = [Client.registered(cluster.urls[0]) for _ in range(ACCOUNTS)]
        ledger = Ledger(workspace / "ledger.jsonl")
        traffic = Traffic(cluster, ledger, clients, number)
        time.sleep(SECONDS)
        assert migrate(cluster) >= 0
        steps = []
        for binary in (BINARY, OLD, BINARY):
            for prefix in ("relay", "project", "work", "serve"):
                for role in cluster.role(prefix):
                    replace(cluster, role, binary)
            time.sleep(SECONDS)
            steps.append(len(ledger.acknowledged()))
        traffic.stop()
        drained = drain(cluster, clients)
        cluster.environment["ONEFOLD_MIGRATIONS_DIR"] = str(ROOT / "migrations")
        with cluster.connect() as connection:
            verifier = Verifier(connection, cluster.data / "blobs", ledger, clients)
            verdict = verifier.run()
            verdict.check("no client got an answer that none should get", len(traffic.threads), traffic.surprises)
            verifier.rebuilt_equals_live(cluster.command)
            verifier.seals_hold(cluster.command, cluster.seals)
        assert steps[0] < steps[1] < steps[2], "people upload all the time"
        lost = [line for line in verdict.lines if line[2]]
        promise.held(61, f"{len(ledger.acknowledged())} uploads over {'two versions' if OLD != BINARY else 'one version'}", number,
                     f"lost or wrong {len(lost)}", f"answers 5xx, tried again {traffic.failures.total()}", f"drained in {drained:.1f} s")
        assert verdict.held, verdict.text()
    finally:
        cluster.stop()


def migrate(cluster):
    """With the new program. Returns how many migrations were new."""
    owner = json.loads((cluster.data / "services.json").read_text())["databaseOwnerURL"]
    environment = dict(cluster.environment, DATABASE_OWNER_URL=owner, ONEFOLD_MIGRATIONS_DIR=str(ROOT / "migrations"))
    with cluster.connect() as connection:
        before, = connection.execute("SELECT count(*) FROM public.migration").fetchone()
        answer = subprocess.run([BINARY, "migrate"], capture_output=True, text=True, env=environment, timeout=120)
        assert answer.returncode == 0, answer.stderr
        after, = connection.execute("SELECT count(*) FROM public.migration").fetchone()
    return after - before


def replace(cluster, role, binary):
    """Stops it as systemd would, and starts the other version in its place."""
    role.binary = binary
    role.environment = dict(role.environment, ONEFOLD_MIGRATIONS_DIR=str(ROOT / "migrations" if binary == BINARY else OLD_MIGRATIONS))
    starts = role.starts
    role.signal(15)
    cluster.wait_for(lambda: role.starts > starts, f"{role.name} is started again")
    if role.name.startswith("serve"):
        port = role.arguments[role.arguments.index("--port") + 1]
        # Versions before this test answer, but say that they are not ready, while migrations are there that they do not know.
        path = "/healthz" if binary == OLD != BINARY else "/readyz"
        cluster.wait_for(lambda: answers(f"http://127.0.0.1:{port}{path}"), f"{role.name} answers at {path}")


def answers(url):
    try:
        return requests.get(url, timeout=2).status_code == 200
    except requests.RequestException:
        return False
