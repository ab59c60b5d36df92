from playwright.sync_api import expect

from .steps import go_to


def a_group_of(user, copies):
    for number in range(copies):
        user.upload(f"copies/{number:02}.txt", b"the same in every copy" * 100)
    user.wait_until_settled()


def see_what_the_dashboard_wrote(user, onefold):
    """The browser waits for its own writes; so does this client, from now on."""
    (user.position,), = onefold.sql("SELECT position FROM log.head")


def test_keep_one_trashes_the_others_and_undo_brings_them_back(dashboard, user, onefold):
    a_group_of(user, 3)
    go_to(dashboard, "Duplicates")
    group = dashboard.get_by_test_id("duplicate-group")
    group.get_by_role("button", name="Keep one copy").click()
    dialog = dashboard.get_by_role("dialog", name="Keep one copy")
    expect(dialog).to_contain_text("Your quota counts each copy; on disk all of them take 2.2\u00a0kB, once.")
    dialog.get_by_label("copies/01.txt").check()
    dialog.get_by_role("button", name="Trash 2 copies").click()
    expect(dashboard.get_by_role("status").filter(has_text="Trashed 2 copies")).to_be_visible()
    expect(group).to_have_count(0)
    see_what_the_dashboard_wrote(user, onefold)
    assert [file["path"] for file in user.pages("/files")] == ["copies/01.txt"]

    dashboard.get_by_role("button", name="Undo").click()
    expect(group).to_contain_text("3 copies")
    see_what_the_dashboard_wrote(user, onefold)
    assert len(list(user.pages("/files"))) == 3


def test_keep_one_reaches_the_copies_that_are_not_shown(dashboard, user, onefold):
    a_group_of(user, 43)
    go_to(dashboard, "Duplicates")
    dashboard.get_by_role("button", name="Keep one copy").click()
    dashboard.get_by_role("button", name="Trash 42 copies").click()
    expect(dashboard.get_by_text("Trashed 42 copies")).to_be_visible(timeout=30_000)
    see_what_the_dashboard_wrote(user, onefold)
    assert [file["path"] for file in user.pages("/files")] == ["copies/00.txt"]


def test_the_largest_gain_stands_first_and_further_groups_are_pages_away(dashboard, user):
    for size in range(1, 28):
        for name in ("a", "b"):
            user.upload(f"{size:02}/{name}.bin", bytes([size]) * size * 1000)
    user.wait_until_settled()
    go_to(dashboard, "Duplicates")
    groups = dashboard.get_by_test_id("duplicate-group")
    expect(groups).to_have_count(25)
    expect(groups.first).to_contain_text("27/a.bin")
    dashboard.get_by_role("button", name="Next").click()
    expect(groups).to_have_count(2)
    expect(groups.last).to_contain_text("01/a.bin")
    dashboard.get_by_role("button", name="Previous").click()
    expect(groups.first).to_contain_text("27/a.bin")


def test_the_dialog_keeps_the_focus_and_gives_it_back(dashboard, user):
    a_group_of(user, 2)
    go_to(dashboard, "Duplicates")
    opener = dashboard.get_by_role("button", name="Keep one copy")
    opener.focus()
    dashboard.keyboard.press("Enter")
    expect(dashboard.get_by_role("dialog")).to_be_visible()
    for _ in range(8):
        dashboard.keyboard.press("Tab")
        # Past its last control the browser's own window has the focus for a moment; the page behind never has.
        assert dashboard.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    dashboard.keyboard.press("Escape")
    expect(dashboard.get_by_role("dialog")).to_have_count(0)
    expect(opener).to_be_focused()
    assert len(list(user.pages("/files"))) == 2
