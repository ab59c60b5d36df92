import os

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from .steps import DESKTOP, PHONE, assert_no_horizontal_scroll, go_to, sign_in, sign_in_as_admin

PAGES = ("Overview", "Files", "Duplicates", "Jobs", "Account")


def violations(page):
    """What axe finds, of any impact, as text."""
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']} ({rule['impact']}): {node['html'][:200]}" for rule in found for node in rule["nodes"]]


def fill(user):
    data = os.urandom(40_000)
    for path in ("a very/long/path/that/goes/on/and/on/into/many/folders/" + "without-a-break" * 6 + ".jpg", "b.jpg"):
        user.upload(path, data)
    user.upload("notes.txt", b"words " * 1000)
    trashed = user.upload("old.txt", b"old")
    user.request("DELETE", f"/files/{trashed['id']}")
    user.wait_until_settled()


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_passes_axe_and_fits_the_window(open_page, onefold, user, viewport, scheme):
    fill(user)
    page = open_page(onefold.url, viewport, color_scheme=scheme)
    expect(page.get_by_label("Email")).to_be_visible()
    assert violations(page) == []
    sign_in(page, user)
    for name in PAGES:
        go_to(page, name)
        page.wait_for_load_state("networkidle")
        assert_no_horizontal_scroll(page)
        assert violations(page) == [], name
    go_to(page, "Duplicates").get_by_role("button", name="Keep one copy").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    go_to(page, "Files").get_by_role("button", name="History of notes.txt").click()
    expect(page.get_by_test_id("history-entry").first).to_be_visible()
    assert_no_horizontal_scroll(page)
    assert violations(page) == []


def test_the_admin_page_passes_axe_at_both_widths(open_page, onefold):
    for viewport in (DESKTOP, PHONE):
        page = sign_in_as_admin(open_page(onefold.url, viewport), onefold)
        expect(go_to(page, "Admin").get_by_role("table", name="Projections")).to_be_visible()
        assert_no_horizontal_scroll(page)
        assert violations(page) == []


def test_a_phone_has_the_pages_under_the_thumb(open_page, onefold, user):
    page = sign_in(open_page(onefold.url, PHONE, has_touch=True), user)
    for name in PAGES:
        box = page.get_by_role("navigation", name="Pages").get_by_role("link", name=name, exact=True).bounding_box()
        assert box["y"] + box["height"] >= PHONE["height"] - 5, f"{name} is not at the bottom"
        assert box["width"] >= 44 and box["height"] >= 44, f"{name} is too small to touch: {box}"


def test_less_motion_is_respected(open_page, onefold, user):
    page = sign_in(open_page(onefold.url, reduced_motion="reduce"), user)
    moving = page.evaluate("""() => [...document.querySelectorAll("*")].filter((element) => {
        const style = getComputedStyle(element);
        return style.animationName !== "none" || parseFloat(style.transitionDuration) > 0;
    }).map((element) => element.className)""")
    assert moving == []


def test_errors_are_announced_with_a_way_on(open_page, onefold, user):
    page = sign_in(open_page(onefold.url), user)
    problem = '{"type":"urn:onefold:problem:internal","title":"Something broke","status":400,"detail":"Say this to the person."}'
    page.route("**/api/v1/jobs?*", lambda route: route.fulfill(status=400, content_type="application/problem+json", body=problem))
    go_to(page, "Jobs")
    expect(page.get_by_role("alert")).to_contain_text("Say this to the person.")
    page.unroute("**/api/v1/jobs?*")
    page.get_by_role("alert").get_by_role("button", name="Try again").click()
    expect(page.get_by_text("No jobs yet")).to_be_visible()
