"""A backup that is taken under load is a whole installation: step by step what docs/operations.md says."""
import json
import os
import subprocess
import time

import psycopg
import pytest
from support.client import Client, sha256
from support.role import Role
from support.ledger import Ledger
from support.program import Onefold
from support.promise import seed, trials
from support.traffic import ACCOUNTS, Traffic


@pytest.mark.timeout(300)
def test_a_backup_taken_under_load_is_a_whole_installation(cluster, workspace, promise):
    rounds, number = trials(1), seed()
    whole, later, broken, times = 0, 0, [], []
    for turn in range(rounds):
        place = workspace / f"backup{turn}"
        place.mkdir()
        ledger = Ledger(place / "ledger.jsonl")
        clients = [Client.registered(cluster.urls[0]) for _ in range(ACCOUNTS)]
        traffic = Traffic(cluster, ledger, clients, number + turn)
        time.sleep(4)
        back_up(cluster, place)
        time.sleep(1)
        traffic.stop()
        started = time.monotonic()
        head = restore(cluster, place)
        # The roles apart have the secret by the environment; with `up` it would come with the copy of `secrets`.
        secret = {"ONEFOLD_KEY_SECRET": cluster.environment["ONEFOLD_KEY_SECRET"]}
        program = Onefold(place / "restored", environment=secret).start()
        try:
            times.append(time.monotonic() - started)
            known = [entry for entry in ledger.acknowledged() if entry.position <= head and entry.removed is False]
            after = [entry for entry in ledger.acknowledged() if entry.position > head]
            assert known and after, "the backup must fall into the middle of the traffic"
            whole, later, broken = whole + len(known), later + len(after), broken + check(program, clients, known, head)
            replay = program.command("replay", "all", "--data-dir", program.data_dir, env=dict(os.environ, **secret))
            assert replay.returncode == 0, replay.stdout + replay.stderr
        finally:
            program.kill()
    promise.held(15, f"{rounds} backups under load", number, f"uploads before them {whole}, broken {len(broken)}",
                 f"uploads after them {later}", f"restored in {max(times):.1f} s at most")
    assert not broken, broken[:5]


def back_up(cluster, place):
    subprocess.run(["pg_dump", "-Fc", "-h", cluster.sockets, "-U", "onefold", "-f", place / "onefold.dump", "onefold"],
                   check=True)
    # Twice: blobs that are settled while cp is under way move from under it, and cp then says that something is missing.
    for flags in ("-a", "-an"):
        subprocess.run(["cp", flags, f"{cluster.data}/blobs", place], stderr=subprocess.DEVNULL)


def restore(cluster, place):
    """Into servers of its own. Returns the position of the dump."""
    data = place / "restored"
    services = Role("restore", ["services", "--data-dir", str(data)], dict(os.environ), place / "restore.log")
    try:
        cluster.wait_for(lambda: (data / "services.json").exists(), "the servers to restore into")
        owner = json.loads((data / "services.json").read_text())["databaseOwnerURL"]
        restored = subprocess.run(["pg_restore", "--clean", "--if-exists", "--dbname", owner, place / "onefold.dump"],
                                  capture_output=True, text=True)
        assert restored.returncode == 0, restored.stderr
        # Read now: what the restored installation does with its open jobs are events of its own.
        with psycopg.connect(owner) as connection:
            head, = connection.execute("SELECT position FROM log.head").fetchone()
    finally:
        services.stop()
    subprocess.run(["cp", "-a", f"{place}/blobs/.", data / "blobs"], check=True)
    return head


def check(program, clients, entries, head):
    """The uploads that are not there byte for byte."""
    for client in clients:
        client.url, client.position = program.url, head
        client.sign_in(client.email, client.password)
        client.wait_until_settled()
        client.get("/files", limit=1)
    broken = []
    for entry in entries:
        answer = clients[entry.user].request("GET", f"/files/{entry.file_id}/content")
        if sha256(answer.content) != entry.digest:
            broken.append((entry.path, entry.position, entry.trashed, answer.status_code, answer.text[:200]))
    return broken
