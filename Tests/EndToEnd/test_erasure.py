"""Forgetting a person: after an erasure and its grace, nothing that the installation keeps or answers tells of them."""
import json
import os
import re
import subprocess
import time
import uuid
from collections import Counter
from pathlib import Path

import pytest
from support.canary import Canaries, Search
from support.client import Client, sha256
from support.program import BINARY, ROOT, Onefold
from websockets.sync.client import connect

GRACE = 1


@pytest.fixture
def program(workspace):
    program = Onefold(workspace / "data", flags=["--reclaim-grace", str(GRACE), "--log-level", "debug"]).start()
    yield program
    program.kill()


def canaries():
    mark = uuid.uuid4().hex[:10]
    return Canaries(email=f"kanarie-{mark}@canary.example", path=f"Geheim-{mark}/brief an müller.txt",
                    content=f"the content of {mark}, which nobody else has")


def live_events(client, until, count=1):
    """A WebSocket of the client that has received `count` events of a type."""
    socket = connect(client.url.replace("http", "ws") + "/api/v1/live", open_timeout=10, close_timeout=2)
    socket.send(json.dumps({"type": "authenticate", "token": client.token, "after": 0}))
    text = ""
    while count:
        message = socket.recv(timeout=30)
        text += message
        count -= json.loads(message)["type"] == until
    return socket, text


def live_to_the_end(socket):
    text = ""
    try:
        while True:
            text += socket.recv(timeout=30)
    except Exception as closed:  # Whatever the close is called.
        return text, closed


def does_everything(program, search, other):
    """A person who leaves traces wherever the program keeps any."""
    texts = search.canaries.texts
    person = Client.registered(program.url, email=texts["email"])
    path, content = texts["path"], texts["content"].encode()
    first = person.upload(path, content)
    person.upload(path + ".copy", content)
    person.upload(path, content * 2)  # The first goes to the trash.
    key = str(uuid.uuid4())
    again = [person.put(path + ".once", content * 3, key=key) for _ in range(2)]
    assert [answer.status_code for answer in again] == [201, 201] and again[0].json()["id"] == again[1].json()["id"]
    for _ in range(2):
        person.request("DELETE", f"/files/{first['id']}", headers={"Idempotency-Key": key + "-trash"})
    removed = person.upload(path + ".removed", content * 4)
    assert person.request("DELETE", f"/files/{removed['id']}", params={"permanent": "true"}).status_code == 204
    restored = person.upload(path + ".restored", content * 5)
    assert person.request("DELETE", f"/files/{restored['id']}").status_code == 200
    assert person.request("POST", f"/files/{restored['id']}/restore", headers={"Idempotency-Key": key + "-restore"}).status_code == 200
    # A job that fails: a directory stands where its blob is to go.
    damaged = (texts["content"] * 9000).encode()
    name = sha256(damaged)[7:]
    obstacle = program.data_dir / "blobs/settled" / name[:2] / f"{name}.lz4"
    obstacle.mkdir()
    person.upload(path + ".damaged", damaged)
    deadline = time.monotonic() + 60
    while not person.get("/jobs", limit=1)["counts"]["dead"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    obstacle.rmdir()
    # What others have, too, and mistakes with the person's name in them.
    person.upload(path + ".shared", b"everybody has this")
    other.upload("shared.txt", b"everybody has this")
    assert person.request("POST", "/auth/register", json={"email": texts["email"], "password": "another password"}).status_code == 409
    assert Client(program.url).request("POST", "/auth/login", json={"email": texts["email"], "password": "wrong"}).status_code == 401
    for target in ("/files/", "/admin/users/", "/nothing/"):
        person.request("GET", target + texts["email"])
        person.request("GET", target + path)
    person.put("../" + path, content)
    person.request("GET", "/files", params={"prefix": path, "after": path})
    admin = Client.admin(program)
    for query in ("/admin/audit", "/admin/audit/events", "/admin/events"):
        admin.request("GET", query, params={"text": texts["email"]})
        admin.request("GET", query, params={"text": path})
    counts = person.wait_until_settled()
    assert counts["succeeded"] >= 6
    person.get("/duplicates"), person.get("/savings"), person.get("/me")
    return person


def what_it_sees(client):
    answers = [client.get("/files", state="all"), client.get("/duplicates"), client.get("/savings"), client.get("/me")]
    for answer in answers:
        answer.pop("position", None)  # How far the tables have followed the log.
    return answers


def wait_until_reclaimed(program, search, timeout=60):
    deadline = time.monotonic() + timeout
    while program.sql("SELECT 1 FROM reclaim.candidate"):
        assert time.monotonic() < deadline, program.sql("SELECT * FROM reclaim.candidate")
        time.sleep(0.1)


def commands_that_clear():
    """The block of docs/operations.md."""
    text = (ROOT / "docs/operations.md").read_text()
    return re.search(r"<!-- clears -->\n```sql\n(.*?)```", text, re.S).group(1)


def test_nothing_is_left_of_a_person_who_was_erased(program):
    search = Search(program, canaries())
    other = Client.registered(program.url)
    other.upload("mine.txt", b"somebody else's")
    person = does_everything(program, search, other)
    socket, seen = live_events(person, until="job.deadLettered")
    assert search.canaries.found(seen) == {"path", "email"}

    # What holds before, so that the search is known to find what is there.
    before = search.everywhere({"the person": person, "another": other, "an administrator": Client.admin(program)})
    assert before == {"tables": {"email", "path"}, "files": {"content"}, "answers to the person": {"email", "path", "content"},
                      "answers to an administrator": before["answers to an administrator"]}, before
    assert "email" in before["answers to an administrator"]
    assert search.in_postgres_files()
    assert program.command("replay", "files", "--data-dir", program.data_dir).returncode == 0  # Leaves what it replaced.
    history = program.sql("SELECT position, id, type, payload::text FROM log.event ORDER BY position")
    assert program.command("seal", "--data-dir", program.data_dir).returncode == 0
    others = what_it_sees(other)

    result = program.command("erase", search.canaries.texts["email"].upper(), "--yes", "--data-dir", program.data_dir)
    assert result.returncode == 0, result.stderr
    assert "Erased account" in result.stdout and "go after" in result.stdout
    text, closed = live_to_the_end(socket)
    assert not search.canaries.found(text) - {"path"} and "4401" in str(closed), (text, closed)
    wait_until_reclaimed(program, search)
    time.sleep(5)  # The time after which every process has forgotten the key: docs/operations.md.

    after = search.everywhere({"the person": person, "another": other, "an administrator": Client.admin(program)})
    assert after == {}, after
    socket, text = live_events(person, until="account.disabled")
    assert not search.canaries.found(text)

    # The rest of it stands.
    now = program.sql("SELECT position, id, type, payload::text FROM log.event ORDER BY position")
    assert now[:len(history)] == history, "the past was not touched"
    assert [row[0] for row in now] == list(range(1, len(now) + 1))
    kinds = Counter(row[2] for row in now[len(history):])
    assert kinds["account.erased"] == 1 and kinds["file.removed"] == 7 and kinds["content.reclaimed"] >= 5
    assert what_it_sees(other) == others
    shared = next(file for file in other.pages("/files") if file["path"] == "shared.txt")
    assert other.request("GET", f"/files/{shared['id']}/content").content == b"everybody has this"
    replay = program.command("replay", "all", "--data-dir", program.data_dir)
    assert replay.returncode == 0, replay.stdout
    # The seals from before still fit: what they were made over is what is stored.
    assert program.command("seal", "--data-dir", program.data_dir).returncode == 0
    verified = program.command("verify", "--data-dir", program.data_dir)
    (sealed,), = program.sql("SELECT position FROM log.head")
    assert verified.returncode == 0 and f"{sealed} events under" in verified.stdout, verified.stdout + verified.stderr
    assert search.everywhere({"another": other, "an administrator": Client.admin(program)}) == {}

    # What Postgres still holds in dead rows and write-ahead log, until it is told.
    assert search.in_postgres_files()
    for statement in commands_that_clear().split(";"):
        if statement.strip():
            program.sql(statement)
    assert search.in_postgres_files() == {}


def test_an_erasure_that_was_killed_is_finished_by_the_next_start(program):
    person = Client.registered(program.url)
    for number in range(300):
        person.upload(f"{number}.txt", f"content {number}".encode())
    account = person.account["id"]
    process = subprocess.Popen([BINARY, "erase", account, "--yes", "--data-dir", program.data_dir],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not program.sql("SELECT 1 FROM log.event WHERE type = 'file.removed'"):
        assert time.monotonic() < deadline
    process.kill()
    program.kill()
    process.wait(30)
    program.start()
    while not program.sql("SELECT 1 FROM log.event WHERE type = 'account.erased'"):
        assert time.monotonic() < deadline + 60
        time.sleep(0.1)
    wait_until_reclaimed(program, None)
    assert program.sql("SELECT count(*) FROM log.event WHERE type = 'file.removed'") == [(300,)]
    assert not [path for path in Path(program.data_dir / "blobs").rglob("*")
                if path.is_file() and path.name != "chunking.secret"]
    assert program.command("replay", "all", "--data-dir", program.data_dir).returncode == 0


def test_a_dump_without_the_secret_reveals_nothing(program):
    search = Search(program, canaries())
    Client.registered(program.url, email=search.canaries.texts["email"]).upload(search.canaries.texts["path"], b"x")
    rows = program.sql("SELECT payload::text FROM log.event") + program.sql("SELECT * FROM personal.key")
    assert not search.canaries.found(str(rows))


def test_without_the_right_secret_the_program_does_not_start(program):
    Client.registered(program.url).upload("a", b"a")
    program.stop()
    secret = program.data_dir / "secrets/keys"
    right = secret.read_text()
    secret.write_text("x" * 43)
    program.environment = {}
    with pytest.raises(AssertionError, match="ONEFOLD_KEY_SECRET is not the secret"):
        program.start()
    secret.write_text(right)
    program.start()


def test_erase_asks_first_and_names_what_is_not_there(program):
    person = Client.registered(program.url)
    result = program.command("erase", person.email, "--data-dir", program.data_dir, stdin=subprocess.DEVNULL)
    assert result.returncode != 0 and "--yes" in result.stderr
    result = program.command("erase", "nobody@example.org", "--yes", "--data-dir", program.data_dir)
    assert result.returncode != 0 and "There is no account" in result.stderr
    assert person.get("/me")["email"] == person.email
