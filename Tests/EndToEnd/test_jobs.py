"""Jobs as people meet them: at the terminal, over HTTP, through a dead letter and back."""
import json
import shutil
import time
import uuid

import pytest

from support.client import Client
from support.program import Onefold


def jobs(program, *arguments, status=0):
    result = program.command("jobs", *arguments, "--data-dir", program.data_dir)
    assert result.returncode == status, result.stdout + result.stderr
    return result.stdout


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def until(condition, timeout=60):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def idle(workspace):
    """An installation that leaves bulk work to others."""
    program = Onefold(workspace / "data", environment={"ONEFOLD_CLASSES": "admin,interactive"}).start()
    yield program
    program.kill()


def restart_working(program):
    program.environment = {}
    program.restart()


def test_a_batch_dies_is_seen_requeued_and_done(idle):
    user = Client.registered(idle.url)
    batch = str(uuid.uuid4())
    for number in range(3):
        answer = user.request("PUT", "/files", params={"path": f"{number}.txt", "class": "bulk"}, data=f"content {number}",
                              headers={"Onefold-Batch": batch})
        assert answer.status_code == 201, answer.text
    status = user.get(f"/batches/{batch}")
    assert (status["files"], status["bytes"], status["endedFiles"], status["endedAt"]) == (3, 27, 0, None)
    waiting = user.get("/jobs", batch=batch)["items"]
    assert [job["state"] for job in waiting] == ["queued"] * 3
    assert [job["ahead"] for job in user.get("/jobs")["items"]] == [2, 1, 0]

    # The bytes go missing, as with a disk that was not mounted.
    idle.stop()
    blobs, away = idle.data_dir / "blobs", idle.data_dir / "away"
    blobs.rename(away)
    idle.environment = {}
    idle.start()
    until(lambda: user.get("/jobs")["counts"]["dead"] == 3)
    group, = lines(jobs(idle, "dead", "--json"))
    assert (group["fingerprint"], group["jobs"]) == ("analyze:blob.notFound", 3)
    dead = lines(jobs(idle, "list", "--state", "dead", "--json"))
    assert {job["id"] for job in dead} == {job["id"] for job in waiting}
    shown = json.loads(jobs(idle, "show", dead[0]["id"], "--json"))
    assert [failure["code"] for failure in shown["failures"]] == ["blob.notFound"]
    own = user.get(f"/jobs/{dead[0]['id']}")
    assert own["error"] == "The stored content is missing." and own["failures"][0]["code"] == "blob.notFound"
    assert user.get(f"/batches/{batch}")["counts"]["dead"] == 3

    idle.stop()
    shutil.rmtree(blobs)
    away.rename(blobs)
    idle.start()
    assert "3 jobs requeued" in jobs(idle, "requeue", "--fingerprint", "analyze:blob.notFound", "--reason", "mounted again")
    until(lambda: user.get(f"/batches/{batch}")["counts"]["succeeded"] == 3)
    assert user.get(f"/batches/{batch}")["endedAt"]
    assert "There are no dead letters" in jobs(idle, "dead")
    audit = idle.command("audit", "--data-dir", idle.data_dir, "--type", "job.requeued", "--format", "ndjson")
    events = lines(audit.stdout)[:-1]
    assert [event["payload"]["reason"] for event in events] == ["mounted again"] * 3
    table = jobs(idle)
    assert "bulk" in table and "analyze" in table


def test_an_owner_cancels_and_retries(idle):
    user, other = Client.registered(idle.url), Client.registered(idle.url)
    user.upload("a.txt", b"a", **{"class": "bulk"})
    job, = user.get("/jobs")["items"]
    assert other.request("POST", f"/jobs/{job['id']}/cancel").status_code == 404
    assert user.request("POST", f"/jobs/{job['id']}/cancel").status_code == 204
    assert user.get(f"/jobs/{job['id']}")["state"] == "cancelled"
    assert user.request("POST", f"/jobs/{job['id']}/cancel").json()["type"].endswith("job-has-ended")
    restart_working(idle)
    # It stays undone until somebody wants it again.
    user.upload("b.txt", b"b", **{"class": "bulk"})
    until(lambda: user.get("/jobs")["counts"]["succeeded"] == 1)
    assert user.get(f"/jobs/{job['id']}")["state"] == "cancelled"
    assert user.request("POST", f"/jobs/{job['id']}/retry").status_code == 204
    until(lambda: user.get(f"/jobs/{job['id']}")["state"] == "succeeded")


def test_a_cancel_at_the_terminal_names_what_cannot_be(idle):
    user = Client.registered(idle.url)
    user.upload("a.txt", b"a", **{"class": "bulk"})
    job, = user.get("/jobs")["items"]
    unknown = str(uuid.uuid4())
    result = idle.command("jobs", "cancel", job["id"], unknown, "--data-dir", idle.data_dir)
    assert result.returncode == 1
    assert f"{job['id']}: cancelled" in result.stdout
    assert f"{unknown}: There is no such job." in result.stderr


def test_a_class_is_drained_and_resumed(own_onefold):
    user = Client.registered(own_onefold.url)
    assert "nothing runs any more" in jobs(own_onefold, "drain", "--class", "bulk", "--reason", "backup")
    user.upload("bulk.txt", b"bulk", **{"class": "bulk"})
    user.upload("now.txt", b"now")
    # What is not paused overtakes what is.
    until(lambda: user.get("/jobs")["counts"]["succeeded"] == 1)
    assert {job["path"]: job["state"] for job in user.get("/jobs")["items"]} == {"bulk.txt": "queued", "now.txt": "succeeded"}
    assert "class bulk: PAUSED (backup)" in jobs(own_onefold)
    stats = json.loads(jobs(own_onefold, "stats", "--json"))
    assert [(queue["class"], queue["counts"]["queued"]) for queue in stats["queues"] if queue["kind"] == "analyze"] == [
        ("interactive", 0), ("bulk", 1)]
    jobs(own_onefold, "resume", "--class", "bulk")
    until(lambda: user.get("/jobs")["counts"]["succeeded"] == 2)
    assert "PAUSED" not in jobs(own_onefold)


def test_wrong_arguments_are_explained(idle):
    for arguments, text in [
        (("pause",), "Name one of --class, --kind and --tenant."),
        (("pause", "--class", "slow"), "admin, interactive, bulk"),
        (("limit", "--kind", "analyze", "--weight", "2"), "Only a tenant has a weight."),
        (("limit", "--kind", "analyze", "--concurrency", "0"), "1 to 10000"),
        (("pause", "--tenant", "nobody@example.org"), "There is no account"),
        (("requeue",), "Name jobs by id, or a --fingerprint."),
        (("show", str(uuid.uuid4())), "There is no such job."),
    ]:
        result = idle.command("jobs", *arguments, "--data-dir", idle.data_dir)
        assert result.returncode != 0 and text in result.stderr, f"{arguments}: {result.stderr}"


def test_every_command_has_examples(onefold):
    for name in ("stats", "list", "show", "dead", "cancel", "requeue", "discard", "pause", "resume", "drain", "limit"):
        result = onefold.command("jobs", name, "--help")
        assert result.returncode == 0 and "EXAMPLES" in result.stdout, name
