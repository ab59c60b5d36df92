import os
from pathlib import Path

from playwright.sync_api import expect

from .steps import PHONE, assert_no_horizontal_scroll, go_to


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


def test_a_files_history_is_told_and_the_keyboard_comes_back(dashboard, user):
    original = user.upload("first.txt", b"the same words")
    user.wait_until_settled()
    file = user.upload("second.txt", b"the same words")
    user.wait_until_settled()
    assert user.request("DELETE", f"/files/{file['id']}").status_code == 200
    assert user.request("POST", f"/files/{file['id']}/restore").status_code == 200
    go_to(dashboard, "Files")
    button = dashboard.get_by_role("button", name="History of second.txt")
    button.focus()
    dashboard.keyboard.press("Enter")
    drawer = dashboard.get_by_role("dialog", name="History")
    entries = drawer.get_by_test_id("history-entry")
    expect(entries).to_have_count(5)
    for entry, words in zip(entries.all(), ["Uploaded", "Found to be a duplicate", "Settled", "Moved to the trash", "Restored"]):
        expect(entry).to_contain_text(words)
    expect(entries.nth(1)).to_contain_text(original["path"])

    # What happens meanwhile is told too.
    assert user.request("DELETE", f"/files/{file['id']}").status_code == 200
    expect(entries).to_have_count(6)
    dashboard.keyboard.press("Escape")
    expect(drawer).to_be_hidden()


def test_closing_a_history_gives_the_focus_back(dashboard, user):
    user.upload("only.txt", b"words")
    go_to(dashboard, "Files")
    button = dashboard.get_by_role("button", name="History of only.txt")
    button.click()
    drawer = dashboard.get_by_role("dialog", name="History")
    expect(drawer.get_by_role("button", name="Close")).to_be_focused()
    dashboard.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(button).to_be_focused()


def test_a_history_fits_a_phone(dashboard, user):
    user.upload("a/rather/long/path/to/a/file/with/a-long-name-that-does-not-break.txt", b"words")
    dashboard.set_viewport_size(PHONE)
    go_to(dashboard, "Files").get_by_role("button", name="History of").click()
    expect(dashboard.get_by_test_id("history-entry").first).to_contain_text("Uploaded")
    box = dashboard.get_by_role("dialog", name="History").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"]
    assert_no_horizontal_scroll(dashboard)


def test_arrow_keys_move_between_the_tabs(dashboard):
    go_to(dashboard, "Files").get_by_role("tab", name="Files").focus()
    dashboard.keyboard.press("ArrowRight")
    expect(dashboard.get_by_role("tab", name="Trash")).to_be_focused()
    expect(dashboard.get_by_role("tab", name="Trash")).to_have_attribute("aria-selected", "true")
    expect(dashboard.get_by_text("The trash is empty")).to_be_visible()
    dashboard.keyboard.press("Home")
    expect(dashboard.get_by_role("tab", name="Files")).to_be_focused()
