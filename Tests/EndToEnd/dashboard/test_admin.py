from playwright.sync_api import expect

from .steps import go_to, sign_in_as_admin


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
    table = go_to(page, "Admin").get_by_role("table", name="Projections")
    for name in ("files", "duplicates", "savings", "jobs", "quota"):
        expect(table.get_by_role("row").filter(has=page.get_by_role("cell", name=name, exact=True))).to_be_visible()


def test_a_user_is_shown_no_admin_page_and_refused_its_content(dashboard):
    expect(dashboard.get_by_role("link", name="Admin")).to_have_count(0)
    dashboard.goto(dashboard.url.split("#")[0] + "#/admin")
    expect(dashboard.get_by_role("alert").first).to_be_visible()
    expect(dashboard.get_by_role("table", name="Users")).to_have_count(0)
