"""What happened can be asked: over HTTP, at the terminal, in SQL, and as of a moment."""
import csv
import io
import json
import signal
import subprocess
import time

import psycopg
import pytest

from support.client import Client
from support.program import BINARY, resident_megabytes


def export(admin, format, **filters):
    answer = admin.request("GET", "/admin/audit/export", params={"format": format, **filters})
    assert answer.status_code == 200, answer.text
    return answer


def audit(program, *arguments):
    result = program.command("audit", "--data-dir", program.data_dir, *arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_an_export_has_what_pages_have_and_says_that_it_is_whole(onefold, admin):
    user = Client.registered(onefold.url)
    for number in range(12):
        user.upload(f"=folder,\"{number}\"/ü.txt", f"content {number % 3}".encode())
    user.wait_until_settled()
    owner = user.account["id"]
    pages = list(admin.pages("/admin/audit/events", owner=owner, to=user.position + 50, order="oldest"))
    assert len(pages) > 40

    lines = [json.loads(line) for line in export(admin, "ndjson", owner=owner, order="oldest", to=pages[-1]["position"]).text.splitlines()]
    assert lines[-1] == {"end": True, "given": len(pages), "through": pages[-1]["position"]}
    assert lines[:-1] == pages

    answer = export(admin, "csv", owner=user.email.upper(), order="oldest", to=pages[-1]["position"])
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert "attachment" in answer.headers["Content-Disposition"]
    answer.encoding = "utf-8"
    head, *rows, end = csv.reader(io.StringIO(answer.text, newline=""))
    assert end[:2] == ["end", str(len(pages))] and len(end) == len(head)
    assert [dict(zip(head, row))["position"] for row in rows] == [str(event["position"]) for event in pages]
    assert [json.loads(dict(zip(head, row))["payload"]) for row in rows] == [event["payload"] for event in pages]


@pytest.fixture
def long_log(own_onefold):
    """200 MB of events, put in by the owner of the schema."""
    own_onefold.sql(
        """
        WITH head AS (UPDATE log.head SET position = position + 100000 RETURNING position - 100000 AS position)
        INSERT INTO log.event (position, version, recorded_at, id, schema_version, stream, type, payload)
        SELECT head.position + n, n, clock_timestamp(), gen_random_uuid(), 1, 'test-1', 'test.happened',
            json_build_object('text', repeat('x', 2000))
        FROM head, generate_series(1, 100000) AS n
        """)
    return own_onefold


def test_a_long_export_is_streamed_and_a_cut_one_is_recognised(long_log):
    admin = Client.admin(long_log)
    server = long_log.process.pid
    before = resident_megabytes(server)
    with admin.http.get(long_log.url + "/api/v1/admin/audit/export", params={"format": "ndjson", "type": "test.happened"},
                        headers={"Authorization": f"Bearer {admin.token}"}, stream=True, timeout=60) as answer:
        read = sum(len(chunk) for chunk in answer.iter_content(1 << 20))
    assert read > 200_000_000
    assert resident_megabytes(server) - before < 80, "the export is not held in memory"

    with admin.http.get(long_log.url + "/api/v1/admin/audit/export", params={"format": "ndjson", "type": "test.happened"},
                        headers={"Authorization": f"Bearer {admin.token}"}, stream=True, timeout=60) as answer:
        part = next(answer.iter_content(1 << 20))
    assert b'"end":true' not in part
    # Closing in the middle is noticed, and told. Nothing was read far ahead of what was taken.
    deadline = time.monotonic() + 30
    while True:
        ends = long_log.sql("SELECT payload FROM log.event WHERE type = 'system.auditExported' ORDER BY position")
        if len(ends) == 2:
            break
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert ends[0][0] == {"complete": True, "given": 100_000, "through": ends[0][0]["through"]}
    assert ends[1][0]["complete"] is False
    assert ends[1][0]["given"] < 20_000


def test_the_terminal_asks_the_same_questions(onefold, user):
    user.upload("holiday.txt", b"sun")
    user.upload("work.txt", b"rain")
    user.wait_until_settled()
    lines = audit(onefold, "--owner", user.email, "--type", "file.uploaded", "--format", "ndjson", "--order", "oldest").splitlines()
    events = [json.loads(line) for line in lines]
    assert [event["payload"]["path"] for event in events[:-1]] == ["holiday.txt", "work.txt"]
    assert events[-1]["end"] is True and events[-1]["given"] == 2

    table = audit(onefold, "--owner", user.email, "--text", "HOLIDAY")
    assert "file.uploaded" in table and user.email in table and "work.txt" not in table
    rows = list(csv.reader(io.StringIO(audit(onefold, "--actor", user.account["id"], "--limit", "3", "--format", "csv"), newline="")))
    assert len(rows) == 5 and rows[-1][:2] == ["end", "3"]

    recorded = [json.loads(line) for line in audit(onefold, "--stream", "system-audit", "--format", "ndjson").splitlines()]
    assert {"system.auditQueried", "system.auditExported"} == {event["type"] for event in recorded[:-1]}

    refused = onefold.command("audit", "--data-dir", onefold.data_dir, "--owner", "nobody@example.org")
    assert refused.returncode != 0 and "nobody@example.org" in refused.stderr
    assert "EXAMPLES" in onefold.command("audit", "--help").stdout


def test_following_shows_what_comes_until_it_is_stopped(onefold, user):
    user.upload("before.txt", b"1")
    follower = subprocess.Popen(
        [BINARY, "audit", "--data-dir", onefold.data_dir, "--follow", "--owner", user.email, "--type", "file.uploaded", "--format", "ndjson"],
        stdout=subprocess.PIPE, text=True)
    try:
        assert json.loads(follower.stdout.readline())["payload"]["path"] == "before.txt"
        for number in range(3):
            user.upload(f"{number}.txt", b"1")
            assert json.loads(follower.stdout.readline())["payload"]["path"] == f"{number}.txt"
        follower.send_signal(signal.SIGINT)
        assert follower.wait(30) == 0
    finally:
        follower.kill()
    ended = onefold.sql("SELECT payload FROM log.event WHERE type = 'system.auditExported' ORDER BY position DESC LIMIT 1")
    assert ended[0][0]["given"] == 3


def test_the_role_for_sql_signs_in_once_it_is_allowed_to(own_onefold):
    user = Client.registered(own_onefold.url)
    user.upload("a.txt", b"x")
    user.get("/files")

    def connect():
        return psycopg.connect(host=str(own_onefold.sockets), port=5432, user="onefold_audit", dbname="onefold", autocommit=True)

    with pytest.raises(psycopg.OperationalError):
        connect()
    own_onefold.sql("ALTER ROLE onefold_audit LOGIN")
    with connect() as audit:
        assert audit.execute("SELECT path FROM audit.files WHERE owner_email = %s", [user.email]).fetchall() == [("a.txt",)]
        assert audit.execute("SHOW statement_timeout").fetchone() == ("30s",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            audit.execute("SELECT * FROM account.credential")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            audit.execute("CREATE TEMPORARY TABLE mine (id int)")


def test_the_past_of_a_real_account_stays_as_it_was(onefold, user):
    """Records answers while an account lives, and asks for each of them again in the end."""
    paths = ["/files", "/duplicates", "/savings", "/me"]
    seen = []

    def look():
        user.wait_until_settled()
        position = max(user.position, onefold.sql("SELECT max(position) FROM log.event")[0][0])
        seen.append((position, {path: user.request("GET", path, params={"wait": position}).json() for path in paths}))

    first = user.upload("a.txt", b"one" * 1000)
    look()
    user.upload("b.txt", b"one" * 1000)
    look()
    user.upload("a.txt", b"two" * 1000)  # the first goes to the trash
    look()
    assert user.request("DELETE", f"/files/{first['id']}", params={"permanent": "true"}).status_code == 204
    look()
    for position, answers in seen:
        for path in paths:
            then = user.request("GET", path, params={"at": position}).json()
            if path == "/savings":  # tells how far it is folded: at least so far
                assert answers[path].pop("position") >= then.pop("position") == position
            assert then == answers[path], (position, path)
    assert user.request("GET", f"/files/{first['id']}", params={"at": seen[0][0]}).json()["state"] == "live"

    history = user.get(f"/files/{first['id']}/history")["items"]
    assert [entry["type"] for entry in history] == ["file.uploaded", "job.queued", "job.succeeded", "file.trashed", "file.removed"]
    copy = next(file for file in user.get("/files")["items"] if file["path"] == "b.txt")
    matched = [entry for entry in user.get(f"/files/{copy['id']}/history")["items"] if entry["type"] == "duplicates.exactMatched"]
    assert matched[0]["other"] == {"id": first["id"], "path": "a.txt"}
