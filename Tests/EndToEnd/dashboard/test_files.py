import os
from pathlib import Path

from playwright.sync_api import expect

from .steps import go_to


def test_a_prefix_narrows_the_list(dashboard, user):
    for path in ("photos/a.jpg", "photos/b.jpg", "notes/c.txt"):
        user.upload(path, path.encode())
    files = go_to(dashboard, "Files").get_by_test_id("file")
    expect(files).to_have_count(3)
    dashboard.get_by_label("Path starts with").fill("photos/")
    expect(files).to_have_count(2)
    dashboard.reload()  # the address keeps the question
    expect(files).to_have_count(2)
    dashboard.get_by_label("Path starts with").fill("nowhere")
    expect(dashboard.get_by_text("No path starts with “nowhere”")).to_be_visible()


def test_a_file_goes_to_the_trash_and_back_and_away(dashboard, user):
    user.upload("letter.txt", b"dear reader")
    go_to(dashboard, "Files").get_by_role("button", name="Trash letter.txt").click()
    expect(dashboard.get_by_text("No files yet")).to_be_visible()

    dashboard.get_by_role("tab", name="Trash").click()
    dashboard.get_by_role("button", name="Restore letter.txt").click()
    expect(dashboard.get_by_text("The trash is empty")).to_be_visible()
    assert [file["state"] for file in user.pages("/files", state="all")] == ["live"]

    dashboard.get_by_role("tab", name="Files").click()
    dashboard.get_by_role("button", name="Trash letter.txt").click()
    dashboard.get_by_role("tab", name="Trash").click()
    dashboard.get_by_role("button", name="Remove letter.txt for good").click()
    dashboard.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(dashboard.get_by_text("The trash is empty")).to_be_visible()
    assert list(user.pages("/files", state="all")) == []


def test_a_refused_restore_says_why(dashboard, user):
    old = user.upload("report.txt", b"first")
    user.upload("report.txt", b"second")  # the first goes to the trash
    go_to(dashboard, "Files").get_by_role("tab", name="Trash").click()
    dashboard.get_by_role("button", name="Restore report.txt").click()
    refusal = user.request("POST", f"/files/{old['id']}/restore")
    assert refusal.status_code == 409
    expect(dashboard.get_by_text(refusal.json()["detail"])).to_be_visible()


def test_a_download_has_the_name_and_every_byte(dashboard, user):
    data = os.urandom(700_000)
    user.upload("deep/in/folders/photo (1).jpg", data)
    button = go_to(dashboard, "Files").get_by_role("button", name="Download deep/in/folders/photo (1).jpg")
    with dashboard.expect_download() as download:
        button.click()
    assert download.value.suggested_filename == "photo (1).jpg"
    assert Path(download.value.path()).read_bytes() == data


def test_arrow_keys_move_between_the_tabs(dashboard):
    go_to(dashboard, "Files").get_by_role("tab", name="Files").focus()
    dashboard.keyboard.press("ArrowRight")
    expect(dashboard.get_by_role("tab", name="Trash")).to_be_focused()
    expect(dashboard.get_by_role("tab", name="Trash")).to_have_attribute("aria-selected", "true")
    expect(dashboard.get_by_text("The trash is empty")).to_be_visible()
    dashboard.keyboard.press("Home")
    expect(dashboard.get_by_role("tab", name="Files")).to_be_focused()
