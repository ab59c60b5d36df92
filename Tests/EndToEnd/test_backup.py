"""`onefold backup`, `onefold restore` and its drill, as docs/operations.md says: under load, again and again, damaged, and into other places."""
import json
import os
import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from support.client import Client, sha256
from support.ledger import Ledger
from support.program import BINARY, Onefold
from support.promise import seed, trials
from support.traffic import ACCOUNTS, Traffic


@pytest.mark.timeout(300)
def test_a_backup_taken_under_load_is_a_whole_installation(cluster, workspace, promise):
    """Each round adds to the backup of the round before it."""
    rounds, number = trials(1), seed()
    owner = json.loads((cluster.data / "services.json").read_text())["databaseOwnerURL"]
    environment = dict(cluster.environment, DATABASE_OWNER_URL=owner)
    secret = {"ONEFOLD_KEY_SECRET": cluster.environment["ONEFOLD_KEY_SECRET"]}
    place = workspace / "backup"
    whole, later, broken, times, losses = 0, 0, [], [], []
    for turn in range(rounds):
        ledger = Ledger(workspace / f"ledger{turn}.jsonl")
        clients = [Client.registered(cluster.urls[0]) for _ in range(ACCOUNTS)]
        traffic = Traffic(cluster, ledger, clients, number + turn)
        time.sleep(3)
        for _ in range(2):  # The second one has what came meanwhile, and takes its bytes from under the uploads' hands too.
            began = time.time()
            summary = report(onefold("backup", place, "--json", environment=environment))
            losses.append(time.time() - began)
        time.sleep(1)
        traffic.stop()
        drill = onefold("restore", place, "--drill", "--json", environment=dict(os.environ, **secret))
        assert drill.returncode == 0, drill.stdout + drill.stderr
        assert report(drill)["contents"] > 0
        started = time.monotonic()
        restored = workspace / f"restored{turn}"
        report(onefold("restore", place, "--data-dir", restored, "--json", environment=dict(os.environ, **secret)))
        program = Onefold(restored, environment=secret).start()
        try:
            times.append(time.monotonic() - started)
            head = summary["position"]
            known = [entry for entry in ledger.acknowledged() if entry.position <= head and entry.removed is False]
            after = [entry for entry in ledger.acknowledged() if entry.position > head]
            assert known and after, "the backup must fall into the middle of the traffic"
            whole, later, broken = whole + len(known), later + len(after), broken + check(program, clients, known, head)
            replay = program.command("replay", "all", "--data-dir", program.data_dir, env=dict(os.environ, **secret))
            assert replay.returncode == 0, replay.stdout + replay.stderr
        finally:
            program.kill()
    promise.held(15, f"{2 * rounds} backups under load", number, f"uploads before them {whole}, broken {len(broken)}",
                 f"uploads after them {later}", f"RPO: the time from one backup to the next, and at most {max(losses):.1f} s for one",
                 f"RTO {max(times):.1f} s at most, the program's start included")
    assert not broken, broken[:5]


def onefold(*arguments, environment=None):
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=300, env=environment)


def report(result):
    assert result.returncode == 0, result.stdout + result.stderr
    return json.loads(result.stdout)


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


@pytest.fixture(scope="module")
def used(tmp_path_factory):
    """An installation with something of everything, and a backup of it."""
    directory = tmp_path_factory.mktemp("used")
    for parent in [directory, *directory.parents][:3]:
        parent.chmod(0o755)
    program = Onefold(directory / "data").start()
    user = Client.registered(program.url)
    fill(user, 0)
    program.backup = directory / "backup"
    program.user = user
    report(back_up(program, "--with-secrets", "--json"))
    yield program
    program.kill()


def fill(user, start):
    rng = random.Random(start)
    for number in range(start, start + 12):
        user.upload(f"{number}.bin", rng.randbytes(3000 + number))
    user.upload(f"large{start}.bin", rng.randbytes(2 << 20))
    user.upload(f"copy{start}.bin", b"kept once" * 1000)
    user.wait_until_settled()


def back_up(program, *flags):
    return onefold("backup", program.backup, "--data-dir", program.data_dir, *flags)


def drill(backup, *flags):
    return onefold("restore", backup, "--drill", "--json", *flags)


@pytest.fixture
def copy(used, workspace):
    """The backup, to be damaged."""
    target = workspace / "backup"
    shutil.copytree(used.backup, target)
    return target


def test_a_second_backup_writes_what_is_new_and_removes_what_is_gone(used):
    first = report(back_up(used, "--json"))
    fill(used.user, 100)
    second = report(back_up(used, "--json"))
    assert first["copiedFiles"] <= 3, "nothing was uploaded"  # but contents may have moved into a pack
    assert second["newEvents"] > 28 and second["position"] == first["position"] + second["newEvents"]
    assert 0 < second["copiedFiles"] <= 20 and second["bytes"] < first["bytes"] + (4 << 20)
    third = report(back_up(used, "--json"))
    assert third["newEvents"] == 0 and third["copiedFiles"] <= 3
    manifest = json.loads((used.backup / "backup.json").read_text())
    named = {part["file"]["path"] for part in manifest["segments"] + manifest["tables"]}
    found = {str(path.relative_to(used.backup)) for part in ("log", "tables") for path in (used.backup / part).iterdir()}
    assert found == named, "something is left of an earlier backup"
    assert [part["first"] for part in manifest["segments"][1:]] == [part["last"] + 1 for part in manifest["segments"][:-1]]
    result = report(drill(used.backup))
    assert all(table["isAsItWas"] for table in result["tables"]) and len(result["tables"]) == 7
    assert result["contents"] >= 26 and not result["damaged"]


def test_a_blob_that_was_replaced_in_the_store_is_replaced_in_the_backup(used):
    """As when a damaged one was mended: it keeps its name."""
    blob = next(path for path in (used.data_dir / "blobs/settled").rglob("*") if path.is_file())
    kept = used.backup / "blobs" / blob.relative_to(used.data_dir / "blobs")
    report(back_up(used, "--json"))
    good = blob.read_bytes()
    kept.write_bytes(b"damaged in the backup" + good[21:])
    assert report(back_up(used, "--json"))["copiedFiles"] >= 1
    assert kept.read_bytes() == good and not (used.backup / "blobs/.drafts").exists()


def test_a_drill_leaves_nothing_behind_and_does_not_touch_the_backup(used):
    def state():
        return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in used.backup.rglob("*") if path.is_file()}

    before, beside = state(), set(used.backup.parent.iterdir())
    report(drill(used.backup))
    assert state() == before and set(used.backup.parent.iterdir()) == beside


@pytest.mark.parametrize("damage", ["segment", "table", "missing segment", "hole", "no description"])
def test_a_backup_with_a_damaged_part_is_refused_before_anything_is_restored(copy, workspace, damage):
    manifest = json.loads((copy / "backup.json").read_text())
    segment, table = copy / manifest["segments"][0]["file"]["path"], copy / manifest["tables"][1]["file"]["path"]
    if damage in ("segment", "table"):
        path = segment if damage == "segment" else table
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    elif damage == "missing segment":
        segment.unlink()
    elif damage == "hole":
        manifest["segments"][0]["first"] = 3
        (copy / "backup.json").write_text(json.dumps(manifest))
    else:
        (copy / "backup.json").unlink()
    result = onefold("restore", copy, "--data-dir", workspace / "new")
    assert result.returncode == 1 and str(copy) in result.stderr or "position" in result.stderr, result.stderr
    assert not (workspace / "new").exists()


def test_a_drill_names_every_content_that_is_not_whole(copy):
    packs = sorted((copy / "blobs/packs").rglob("*.pack"), key=lambda path: path.stat().st_size)
    settled = [path for path in (copy / "blobs/settled").rglob("*") if path.is_file()]
    assert packs and settled
    data = bytearray(packs[-1].read_bytes())
    data[len(data) // 3] ^= 0xFF
    packs[-1].write_bytes(data)
    settled[0].unlink()
    result = drill(copy)
    assert result.returncode == 2, result.stdout + result.stderr
    lost = {damage["digest"] for damage in json.loads(result.stdout)["damaged"]}
    assert "sha256:" + settled[0].name.split(".")[0] in lost and len(lost) == 2


def test_a_drill_sees_a_read_table_that_is_not_what_it_was(copy):
    manifest = json.loads((copy / "backup.json").read_text())
    noted = next(note for note in manifest["projections"] if note["name"] == "savings")
    noted["digest"] = "sha256:" + "0" * 64
    (copy / "backup.json").write_text(json.dumps(manifest))
    result = drill(copy)
    assert result.returncode == 2
    assert [table["projection"] for table in json.loads(result.stdout)["tables"] if not table["isAsItWas"]] == ["savings"]


def test_the_backup_of_another_installation_is_not_overwritten(used, own_onefold):
    before = (used.backup / "backup.json").read_bytes()
    result = onefold("backup", used.backup, "--data-dir", own_onefold.data_dir)
    assert result.returncode == 1 and "another installation" in result.stderr
    assert (used.backup / "backup.json").read_bytes() == before


def test_nothing_is_restored_over_an_installation(used, own_onefold, workspace):
    before = own_onefold.sql("SELECT id FROM log.event WHERE position = 1")
    urls = json.loads((own_onefold.data_dir / "services.json").read_text())
    environment = dict(os.environ, DATABASE_URL=urls["databaseURL"], DATABASE_OWNER_URL=urls["databaseOwnerURL"],
                       REDIS_URL=urls["redisURL"], ONEFOLD_BLOBS_DIR=str(workspace / "blobs"),
                       ONEFOLD_KEY_SECRET=(used.data_dir / "secrets/keys").read_text())
    result = onefold("restore", used.backup, environment=environment)
    assert result.returncode == 1 and "already" in result.stderr, result.stderr
    assert own_onefold.sql("SELECT id FROM log.event WHERE position = 1") == before
    assert own_onefold.sql("SELECT count(*) FROM account.credential") == [(1,)]


def test_without_the_secret_it_says_which_is_missing_and_leaves_nothing(used, copy, workspace):
    shutil.rmtree(copy / "secrets")
    result = onefold("restore", copy, "--data-dir", workspace / "new")
    assert result.returncode == 1 and "ONEFOLD_KEY_SECRET" in result.stderr
    assert not (workspace / "new").exists(), "half an installation was left behind"
    elsewhere = workspace / "kept elsewhere"
    shutil.copytree(used.data_dir / "secrets", elsewhere)
    report(onefold("restore", copy, "--drill", "--secrets", elsewhere, "--json"))
    wrong = onefold("restore", copy, "--drill", environment=dict(os.environ, ONEFOLD_KEY_SECRET="another secret than the right one, 32"))
    assert wrong.returncode == 1 and wrong.stderr


def test_events_of_a_backup_can_be_read_without_onefold(used):
    """By `lz4` and Postgres' own COPY, into a table of one's own."""
    manifest = json.loads((used.backup / "backup.json").read_text())
    used.sql("CREATE TABLE public.restored_event (LIKE log.event)")
    try:
        for segment in manifest["segments"]:
            rows = subprocess.run(["lz4", "-dc", used.backup / segment["file"]["path"]], capture_output=True, check=True).stdout
            columns = ", ".join(segment["file"]["columns"])
            subprocess.run(["psql", "-h", used.sockets, "-U", "onefold", "-d", "onefold", "-v", "ON_ERROR_STOP=1", "-c",
                            f"COPY public.restored_event ({columns}) FROM STDIN (FORMAT binary)"], input=rows, check=True, capture_output=True)
        same = used.sql("SELECT count(*) FROM public.restored_event r JOIN log.event e USING (position) WHERE r::text = e::text")
        assert same == [(manifest["position"],)]
    finally:
        used.sql("DROP TABLE public.restored_event")


def test_a_forgotten_person_is_gone_from_the_next_backup(own_onefold, workspace):
    own_onefold.backup = workspace / "backup"
    user = Client.registered(own_onefold.url)
    user.upload("secret-canary-name.txt", b"a canary in a file of its own, 7719 " * 40)
    user.wait_until_settled()
    report(back_up(own_onefold, "--json"))
    own_onefold.command("erase", user.email, "--yes", "--data-dir", own_onefold.data_dir).check_returncode()
    report(back_up(own_onefold, "--json"))
    for path in (own_onefold.backup / "tables").iterdir():
        rows = subprocess.run(["lz4", "-dc", path], capture_output=True, check=True).stdout
        assert user.email.encode() not in rows, path
