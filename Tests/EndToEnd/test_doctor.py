"""`onefold doctor` proves promises where it runs, and leaves nothing behind."""
import json
import os
import subprocess

from support.program import BINARY

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
