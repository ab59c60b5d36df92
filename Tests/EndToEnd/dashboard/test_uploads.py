import os

from playwright.sync_api import expect

from .steps import go_to, send_files


def test_a_folder_is_sent_with_its_paths(dashboard, user, workspace):
    folder = workspace / "old laptop"
    contents = {"Pictures/a.jpg": os.urandom(1000), "Pictures/2024/b.jpg": os.urandom(1000), "notes ü.txt": b"caf\xc3\xa9"}
    for path, data in contents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    dashboard.get_by_test_id("folder-input").set_input_files(folder)
    expect(dashboard.get_by_role("region", name="Sent")).to_contain_text("3 files")
    stored = {file["path"]: file["size"] for file in user.pages("/files")}
    assert stored == {f"old laptop/{path}": len(data) for path, data in contents.items()}


def test_many_files_arrive_each_once(dashboard, user):
    send_files(dashboard, *((f"many/{n:03}.txt", f"number {n}".encode()) for n in range(120)))
    expect(dashboard.get_by_role("region", name="Sent")).to_contain_text("120 files", timeout=60_000)
    assert len(list(user.pages("/files"))) == 120


def test_a_file_sent_again_is_already_here(dashboard, user):
    send_files(dashboard, ("a.txt", b"the same bytes"))
    expect(dashboard.get_by_role("list", name="Uploads", exact=True)).to_contain_text("settled")
    send_files(dashboard, ("a.txt", b"the same bytes"))
    expect(dashboard.get_by_role("list", name="Uploads", exact=True)).to_contain_text("already here")
    assert len(list(user.pages("/files", state="all"))) == 1


def test_a_dropped_folder_is_walked_to_its_last_file_from_any_page(dashboard, user, workspace):
    folder = workspace / "dropped"
    for number in range(130):  # browsers hand a folder out in pieces of 100
        path = folder / "wide" / f"{number:03}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"number {number}".encode())
    (folder / "deep/er/still").mkdir(parents=True)
    (folder / "deep/er/still/there.txt").write_bytes(b"found")
    (folder / "empty").mkdir()
    go_to(dashboard, "Files")

    # A drag from outside, as the desktop would send it; the page's scripts cannot make one that holds a folder.
    drag = {"x": 300, "y": 300, "data": {"items": [], "files": [str(folder)], "dragOperationsMask": 1}}
    devtools = dashboard.context.new_cdp_session(dashboard)
    for kind in ("dragEnter", "dragOver"):
        devtools.send("Input.dispatchDragEvent", {"type": kind, **drag})
    expect(dashboard.get_by_text("Drop to send")).to_be_visible()
    # What lies under the pointer may have been drawn anew since: the last word before a drop is that it may fall here.
    for kind in ("dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": kind, **drag})
    expect(dashboard.get_by_text("Drop to send")).to_have_count(0)

    sent = go_to(dashboard, "Overview").get_by_role("region", name="Sent")
    expect(sent).to_contain_text("131 files", timeout=60_000)
    paths = {file["path"] for file in user.pages("/files")}
    assert paths == {f"dropped/wide/{number:03}.txt" for number in range(130)} | {"dropped/deep/er/still/there.txt"}


def test_an_upload_over_quota_says_so_and_is_sent_again_after_a_raise(dashboard, user, admin):
    quota = f"/admin/users/{user.account['id']}/quota"
    assert admin.request("PUT", quota, json={"quotaBytes": 1000}).status_code == 204
    send_files(dashboard, ("large.bin", os.urandom(5000)))
    failed = dashboard.get_by_role("list", name="Failed uploads")
    expect(failed).to_contain_text("large.bin")
    refusal = user.put("other.bin", os.urandom(5000))
    assert refusal.status_code == 507
    expect(failed).to_contain_text("quota")

    assert admin.request("PUT", quota, json={"quotaBytes": 1_000_000}).status_code == 204
    dashboard.get_by_role("button", name="Send large.bin again").click()
    expect(dashboard.get_by_role("list", name="Uploads", exact=True)).to_contain_text("settled")
    expect(failed).to_have_count(0)
    assert [file["size"] for file in user.pages("/files")] == [5000]


def test_a_lost_connection_is_tried_again_by_itself(dashboard, user):
    refused = []

    def refuse_twice(route):
        if route.request.method == "PUT" and len(refused) < 2:
            refused.append(route.request.headers["idempotency-key"])
            route.abort("connectionreset")
        else:
            route.continue_()

    dashboard.route("**/api/v1/files?*", refuse_twice)
    send_files(dashboard, ("stubborn.txt", b"arrives in the end"))
    expect(dashboard.get_by_role("list", name="Uploads", exact=True)).to_contain_text("settled", timeout=30_000)
    assert len(refused) == 2 and len(set(refused)) == 1, "the same attempt keeps its key"
    assert [file["path"] for file in user.pages("/files")] == ["stubborn.txt"]
