import pytest
from playwright.sync_api import expect

from .steps import DESKTOP, PHONE, assert_no_horizontal_scroll, go_to, sign_in_as_admin
from support.client import Client, sha256
from support.poison import poison


def projection(page, name):
    """The row of a projection."""
    table = page.get_by_role("table", name="Projections")
    return table.get_by_role("row").filter(has=page.get_by_role("button", name=f"Rebuild {name}"))


def test_an_admin_sets_a_quota_in_the_words_of_people(open_page, onefold, user):
    page = sign_in_as_admin(open_page(onefold.url), onefold)
    go_to(page, "Admin")
    for _ in range(50):  # other tests leave accounts, listed by email in pages
        if page.get_by_label(f"Quota of {user.email}").count() or page.get_by_role("button", name="Next").count() == 0:
            break
        number = page.get_by_text("Page ").inner_text()
        page.get_by_role("button", name="Next").click()
        expect(page.get_by_text("Page ")).not_to_have_text(number)
        page.wait_for_load_state("networkidle")
    field = page.get_by_label(f"Quota of {user.email}")
    row = page.get_by_role("row").filter(has=field)
    field.fill("two apples")
    expect(row.get_by_role("alert")).to_contain_text("200 GB")
    expect(row.get_by_role("button", name="Save")).to_be_disabled()
    field.fill("1.5 GB")
    row.get_by_role("button", name="Save").click()
    expect(page.get_by_text(f"{user.email} may use 1.5\u00a0GB")).to_be_visible()
    assert user.request("GET", "/me").json()["quotaBytes"] == 1_500_000_000


def test_projections_are_listed_with_their_positions(open_page, onefold):
    page = sign_in_as_admin(open_page(onefold.url), onefold)
    go_to(page, "Admin")
    for name in ("files", "duplicates", "savings", "jobs", "quota", "similarity", "unrecognised"):
        expect(projection(page, name)).to_be_visible()


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_projection_is_rebuilt_and_rolled_back_with_the_keyboard_alone(open_page, own_onefold, viewport):
    user = Client.registered(own_onefold.url)
    user.upload("a.txt", b"a")
    page = go_to(sign_in_as_admin(open_page(own_onefold.url, viewport), own_onefold), "Admin")
    row = projection(page, "files")
    page.get_by_role("button", name="Rebuild files").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("files will be rebuilt")).to_be_visible()
    expect(row.get_by_text("equal to what was live")).to_be_visible()
    expect(page.get_by_role("button", name="Rebuild files")).to_be_enabled()
    page.get_by_role("button", name="Roll back files").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("catch up first")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="Roll back files")).to_be_focused()
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Roll back").press("Enter")
    expect(page.get_by_text("files was rolled back")).to_be_visible()
    assert_no_horizontal_scroll(page)
    assert [file["path"] for file in user.get("/files")["items"]] == ["a.txt"]


def test_a_rebuild_shows_how_far_it_is(open_page, own_onefold):
    # A rebuild of somebody else's, as its process reports it: here the test is that process.
    page = go_to(sign_in_as_admin(open_page(own_onefold.url), own_onefold), "Admin")
    expect(projection(page, "jobs")).to_be_visible()
    own_onefold.sql("""
        INSERT INTO projection.rebuild (name, state, started_at, position, target, events_per_second)
        VALUES ('jobs', 'folding', now(), 25000, 100000, 5000)""")
    bar = page.get_by_role("progressbar", name="Rebuild of jobs")
    expect(bar).to_have_attribute("aria-valuenow", "25")
    expect(projection(page, "jobs")).to_contain_text("25\u00a0% · 5,000 events/s · 15\u00a0s left")
    expect(page.get_by_role("button", name="Rebuild jobs")).to_be_disabled()
    own_onefold.sql("UPDATE projection.rebuild SET position = 90000, updated_at = now()")
    expect(bar).to_have_attribute("aria-valuenow", "90")
    own_onefold.sql("UPDATE projection.rebuild SET state = 'failed', error = 'cut off', updated_at = now()")
    expect(projection(page, "jobs")).to_contain_text("The last rebuild failed: cut off")
    expect(page.get_by_role("button", name="Rebuild jobs")).to_be_enabled()


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_parked_events_are_listed_with_their_reason_and_retried(open_page, own_onefold, viewport):
    poison(own_onefold)
    page = go_to(sign_in_as_admin(open_page(own_onefold.url, viewport), own_onefold), "Admin")
    parked = page.get_by_role("table", name="Parked events")
    expect(parked.get_by_role("row").filter(has_text="file.trashed").first).to_contain_text('the member "fileId" is missing')
    expect(parked.get_by_role("row").filter(has_text="file.dreamt")).to_contain_text("this program does not know the type")
    expect(projection(page, "files")).to_contain_text("1 event parked")
    assert_no_horizontal_scroll(page)
    page.get_by_role("button", name="Try again what files could not take").click()
    expect(projection(page, "files")).to_contain_text("equal to what was live")
    expect(parked.get_by_role("row").filter(has_text="files")).to_contain_text("2 times")


def test_a_user_is_shown_no_admin_page_and_refused_its_content(dashboard):
    expect(dashboard.get_by_role("link", name="Admin")).to_have_count(0)
    dashboard.goto(dashboard.url.split("#")[0] + "#/admin")
    expect(dashboard.get_by_role("alert").first).to_be_visible()
    expect(dashboard.get_by_role("table", name="Users")).to_have_count(0)


def test_what_is_damaged_is_named_and_goes_when_it_is_mended(open_page, own_onefold):
    user = Client.registered(own_onefold.url)
    content = bytes(range(256)) * 400
    user.upload("contracts/lease.pdf", content)
    user.wait_until_settled()
    page = go_to(sign_in_as_admin(open_page(own_onefold.url), own_onefold), "Admin")
    card = page.get_by_role("region", name="Kept bytes")
    expect(card).to_contain_text("No damage is known.")
    # As a scrub would have found it.
    own_onefold.sql("INSERT INTO blob.damage (size, digest, reason) VALUES (102400, %s, 'its bytes have another digest')", [sha256(content)])
    own_onefold.sql("UPDATE blob.scrub SET cursor = '', bytes = 51200, started_at = now(), finished_at = now() - interval '3 days'")
    expect(card).to_contain_text("1 content damaged.")
    expect(card.get_by_role("table", name="Damaged contents")).to_contain_text("contracts/lease.pdf")
    expect(card.get_by_role("progressbar", name="Reading everything again")).to_have_attribute("aria-valuenow", "50")
    assert_no_horizontal_scroll(page)
    own_onefold.sql("DELETE FROM blob.damage")
    expect(card).to_contain_text("No damage is known.")
