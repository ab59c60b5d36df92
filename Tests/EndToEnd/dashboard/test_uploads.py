import os

from playwright.sync_api import expect

from .steps import send_files


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


def test_dropped_files_are_sent_from_any_page(dashboard):
    dashboard.goto(dashboard.url.split("#")[0] + "#/files")
    expect(dashboard.get_by_text("No files yet")).to_be_visible()
    dashboard.evaluate("""() => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File(["dropped"], "dropped.txt"));
        for (const type of ["dragenter", "dragover", "drop"])
            document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
    }""")
    expect(dashboard.get_by_test_id("file")).to_contain_text("dropped.txt")


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
