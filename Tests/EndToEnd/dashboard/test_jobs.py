"""Jobs in the dashboard: what can be done in each state, how far batches are, and what administrators see of all queues."""
import json

from playwright.sync_api import expect

from .steps import go_to, send_files, sign_in, sign_in_as_admin

COUNTS = {"queued": 1, "scheduled": 0, "retrying": 0, "succeeded": 1, "dead": 1, "cancelled": 0, "discarded": 0}


def job(path, state, **members):
    return {"id": f"0193497e-5f00-7a3c-9c1b-{path:0>12}", "kind": "analyze", "class": "bulk", "state": state, "fileId": None,
            "path": path, "batchId": None, "attempts": 1, "queuedAt": "2026-01-31T12:00:00.000Z", "runAt": None, "retryAt": None,
            "finishedAt": None, "error": None, "ahead": None, "secondsLeft": None, **members}


def answer(page, path, body):
    page.route(path, lambda route: route.fulfill(status=200, content_type="application/json", body=json.dumps(body)))


def test_each_state_offers_what_can_be_done(open_page, onefold, user):
    page = sign_in(open_page(onefold.url), user)
    answer(page, "**/api/v1/jobs?*", {"next": None, "counts": COUNTS, "items": [
        job("1", "queued", ahead=41, secondsLeft=90), job("2", "dead", error="The stored content is missing."), job("3", "succeeded")]})
    answer(page, "**/api/v1/batches?*", {"next": None, "items": [
        {"id": "b", "files": 100, "bytes": 5_000_000, "endedFiles": 40, "endedBytes": 2_000_000, "counts": {**COUNTS, "queued": 60},
         "firstAt": "2026-01-31T12:00:00.000Z", "lastAt": "2026-01-31T12:00:00.000Z", "endedAt": None, "secondsLeft": 120}]})
    asked = []

    def act(route):
        asked.append(route.request.url.rsplit("/api/v1", 1)[1])
        route.fulfill(status=204, headers={"Onefold-Position": "1"})

    page.route("**/api/v1/jobs/*/*", act)
    go_to(page, "Jobs")
    expect(page.get_by_text("after 41 others · about 2\u00a0min left")).to_be_visible()
    expect(page.get_by_test_id("batch")).to_contain_text("40 done, 2\u00a0MB of 5\u00a0MB · about 2\u00a0min left")
    expect(page.get_by_role("progressbar", name="Batch of 100 files")).to_have_attribute("aria-valuenow", "40")
    expect(page.get_by_role("button", name="Retry the job of 1")).to_have_count(0)
    expect(page.get_by_role("button", name="Cancel the job of 2")).to_have_count(0)
    expect(page.get_by_role("row").filter(has_text="succeeded").get_by_role("button")).to_have_count(0)
    page.get_by_role("button", name="Cancel the job of 1").click()
    expect(page.get_by_text("The job of 1 is cancelled")).to_be_visible()
    page.get_by_role("button", name="Retry the job of 2").click()
    expect(page.get_by_text("2 will be tried again")).to_be_visible()
    assert asked == ["/jobs/0193497e-5f00-7a3c-9c1b-000000000001/cancel", "/jobs/0193497e-5f00-7a3c-9c1b-000000000002/retry"]


def test_files_that_are_sent_together_are_a_batch(dashboard, user):
    send_files(dashboard, *[(f"{number}.txt", f"content {number}".encode()) for number in range(5)])
    expect(dashboard.get_by_test_id("jobs-open")).to_contain_text("All settled · 5 of 5 succeeded")
    batch, = user.get("/batches")["items"]
    assert (batch["files"], batch["endedFiles"]) == (5, 5)


def test_an_admin_pauses_and_requeues(open_page, own_onefold):
    page = sign_in_as_admin(open_page(own_onefold.url), own_onefold)
    send_files(page, ("a.txt", b"a"))
    expect(page.get_by_test_id("jobs-open")).to_contain_text("All settled")
    answer(page, "**/api/v1/admin/dead*", {"items": [
        {"fingerprint": "analyze:blob.system", "kind": "analyze", "jobs": 3, "firstAt": None, "lastAt": None, "reason": "The stored content could not be worked on."}]})
    asked = []

    def act(route):
        asked.append(route.request.url.rsplit("/api/v1", 1)[1])
        body = {"jobs": 2, "next": "more"} if "after" not in route.request.url else {"jobs": 1, "next": None}
        route.fulfill(status=200, content_type="application/json", body=json.dumps(body))

    page.route("**/api/v1/admin/dead/*/*", act)
    go_to(page, "Admin")
    queues = page.get_by_role("table", name="Queues")
    expect(queues).to_contain_text("interactive · analyze")
    page.get_by_role("button", name="Pause interactive").click()
    expect(queues).to_contain_text("paused")
    page.get_by_role("button", name="Resume interactive").click()
    expect(queues).not_to_contain_text("paused")
    types = own_onefold.sql("SELECT type FROM log.event WHERE stream = 'queue-class-interactive' ORDER BY position")
    assert types == [("queue.paused",), ("queue.resumed",)]
    page.get_by_role("button", name="Requeue analyze:blob.system").click()
    expect(page.get_by_text("3 jobs requeued")).to_be_visible()
    assert asked == ["/admin/dead/analyze%3Ablob.system/requeue", "/admin/dead/analyze%3Ablob.system/requeue?after=more"]
