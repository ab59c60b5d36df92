"""`onefold doctor` says what is wrong and what to do, and proves promises where it runs; it leaves nothing behind."""
import json
import os
import shutil
import signal
import subprocess

import requests
from support.client import Client
from support.cluster import is_ready
from support.program import BINARY, ROOT, free_port
from support.role import Role

HOLDS = "skipped 0, reordered 0, duplicated 0, lost 0"


def feed(workspace, *arguments, **environment):
    place = workspace / "tmp"
    place.mkdir(exist_ok=True)
    place.chmod(0o755)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_")}
    result = subprocess.run([BINARY, "doctor", "feed", *map(str, arguments)], capture_output=True, text=True, timeout=300,
                            env=dict(clean, TMPDIR=str(place), **environment))
    assert list(place.iterdir()) == []
    return result


def test_feed_holds_on_a_private_server_that_is_killed_and_restarted(workspace):
    result = feed(workspace, "--events", 5000, "--writers", 12, "--seed", 7)
    assert result.returncode == 0, result.stdout + result.stderr
    assert HOLDS in result.stdout and "seed 7" in result.stdout and "3 restarts" in result.stdout
    for reader in ("all", "category", "owner", "types"):
        assert f"read {reader}: " in result.stdout


def test_feed_on_a_server_of_ones_own_touches_nothing_there(own_onefold, workspace):
    url = json.loads((own_onefold.data_dir / "services.json").read_text())["databaseOwnerURL"]
    # An installation that has just begun sweeps by itself, as a job: that is not the trial's.
    others = "SELECT position FROM log.event WHERE type !~ '^(job|unique)\\.' ORDER BY position"
    before = own_onefold.sql(others)
    result = feed(workspace, "--events", 2000, "--writers", 8, DATABASE_OWNER_URL=url)
    assert result.returncode == 0, result.stdout + result.stderr
    assert HOLDS in result.stdout and "restarts" not in result.stdout
    assert own_onefold.sql(others) == before
    assert own_onefold.sql("SELECT 1 FROM pg_database WHERE datname LIKE 'onefold_doctor%%'") == []


def test_feed_says_what_to_do_when_it_may_not_make_a_database(own_onefold, workspace):
    services = json.loads((own_onefold.data_dir / "services.json").read_text())
    result = feed(workspace, "--events", 10, DATABASE_URL=services["databaseURL"])
    assert result.returncode != 0
    assert "CREATEDB" in result.stderr and "DATABASE_OWNER_URL" in result.stderr


def look(program, **environment):
    """What the doctor finds, by area and verdict."""
    result = subprocess.run([BINARY, "doctor", "--data-dir", program.data_dir, "--json"], capture_output=True, text=True,
                            timeout=60, env={**os.environ, **environment})
    findings = json.loads(result.stdout)
    assert result.returncode == (1 if any(finding["verdict"] == "fail" for finding in findings) else 0), result.stderr
    assert all(finding["verdict"] == "ok" or finding["advice"] for finding in findings)
    return findings


def failures(findings, area):
    return [finding["text"] for finding in findings if finding["area"] == area and finding["verdict"] == "fail"]


def test_doctor_finds_nothing_wrong_with_an_installation_that_is_well(onefold):
    findings = look(onefold)
    assert {finding["verdict"] for finding in findings} <= {"ok", "note"}
    assert {finding["area"] for finding in findings} == {"settings", "postgres", "log", "redis", "clocks", "blobs", "parser"}
    text = subprocess.run([BINARY, "doctor", "--data-dir", onefold.data_dir], capture_output=True, text=True, timeout=60)
    assert text.returncode == 0 and text.stdout.count("ok  ") > 10


def test_doctor_sees_what_would_lose_something_and_says_what_to_do(own_onefold, workspace):
    redis = own_onefold.redis()
    redis.config_set("maxmemory", 100 << 20)
    redis.config_set("maxmemory-policy", "allkeys-lru")
    own_onefold.sql("ALTER DATABASE onefold SET synchronous_commit = off")
    findings = look(own_onefold)
    assert any("allkeys-lru" in text for text in failures(findings, "redis"))
    assert any("synchronous_commit is off" in text for text in failures(findings, "postgres"))
    redis.config_set("maxmemory-policy", "noeviction")
    own_onefold.sql("ALTER DATABASE onefold RESET synchronous_commit")
    assert not [finding for finding in look(own_onefold) if finding["verdict"] == "fail"]

    # Migrations that this program has and the database does not, a store that is not there, a secret that is another's.
    migrations = workspace / "migrations"
    shutil.copytree(ROOT / "migrations", migrations)
    (migrations / "9999_of_tomorrow.sql").write_text("SELECT 1;\n")
    findings = look(own_onefold, ONEFOLD_MIGRATIONS_DIR=str(migrations), ONEFOLD_BLOBS_DIR=str(workspace / "nowhere"),
                    ONEFOLD_KEY_SECRET="another secret than the one that wrapped the keys")
    assert any("9999_of_tomorrow" in text for text in failures(findings, "postgres"))
    assert failures(findings, "blobs") and failures(findings, "log")

    # A projection that has stopped, and a log whose end was cut off.
    own_onefold.sql("UPDATE projection.checkpoint SET error = 'an event that nobody can read' WHERE name = 'savings'")
    assert any("savings" in text for text in failures(look(own_onefold), "log"))


def test_doctor_says_so_when_something_does_not_answer(own_onefold):
    findings = look(own_onefold, DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=2", REDIS_URL="redis://127.0.0.1:1",
                    ONEFOLD_KEY_SECRET="x" * 32, ONEFOLD_BLOBS_DIR=str(own_onefold.data_dir / "blobs"))
    assert failures(findings, "postgres") and failures(findings, "redis") and not failures(findings, "blobs")


def test_doctor_on_a_directory_where_nothing_runs_says_what_to_start(workspace):
    result = subprocess.run([BINARY, "doctor", "--data-dir", workspace / "none"], capture_output=True, text=True, timeout=60)
    assert result.returncode == 1 and "onefold up" in result.stdout


def test_a_server_is_not_ready_while_read_tables_are_far_behind(cluster):
    """Without a process that projects, the age of the oldest event that is not folded grows past the limit that the server was given."""
    port = free_port()
    role = Role("strict", ["serve", "--port", str(port), "--ready-lag", "2s"], cluster.environment, cluster.directory / "strict.log")
    try:
        url = f"http://127.0.0.1:{port}"
        cluster.wait_for(lambda: is_ready(url), url)
        project, = cluster.role("project")
        project.wanted = False
        project.signal(signal.SIGKILL)
        project.process.wait(30)
        Client.registered(cluster.urls[0]).upload("a.txt", b"nobody folds this")
        cluster.wait_for(lambda: not is_ready(url), "not ready")
        answer = requests.get(url + "/readyz", timeout=5)
        assert answer.status_code == 503 and answer.json()["checks"]["read tables"] == "failed"
        assert is_ready(cluster.urls[0]), "the other server has five minutes"
        project.wanted = True
        cluster.wait_for(lambda: is_ready(url), "ready again")
    finally:
        role.stop()
