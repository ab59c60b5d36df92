from playwright.sync_api import expect

from .steps import go_to, sign_in


def test_a_wrong_password_is_answered_in_the_servers_words(open_page, onefold, user):
    page = open_page(onefold.url)
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    answer = user.request("POST", "/auth/login", json={"email": user.email, "password": "not the password"})
    expect(page.get_by_role("alert")).to_contain_text(answer.json()["title"])


def test_a_new_account_is_signed_in_at_once(open_page, onefold):
    page = open_page(onefold.url)
    page.get_by_role("button", name="Create an account").click()
    page.get_by_label("Email").fill("newcomer@example.org")
    page.get_by_label("Password").fill("a long enough password")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_text("No duplicates")).to_be_visible()


def test_the_keyboard_alone_signs_in_and_skips_to_the_content(open_page, onefold, user):
    page = open_page(onefold.url)
    expect(page.get_by_label("Email")).to_be_focused()
    page.keyboard.type(user.email)
    page.keyboard.press("Tab")
    expect(page.get_by_label("Password")).to_be_focused()
    page.keyboard.type(user.password)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("saved")).to_be_visible()

    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Send files")).to_be_focused()


def test_a_reload_keeps_the_session_and_scripts_can_read_no_token(dashboard):
    stored = "[localStorage.length, sessionStorage.length, document.cookie]"
    assert dashboard.evaluate(stored) == [0, 0, ""]
    dashboard.reload()
    expect(dashboard.get_by_test_id("saved")).to_be_visible()
    assert dashboard.evaluate(stored) == [0, 0, ""]


def test_two_pages_of_one_browser_share_the_session(dashboard, onefold):
    other = dashboard.context.new_page()
    other.goto(onefold.url)
    expect(other.get_by_test_id("saved")).to_be_visible()
    for page in (dashboard, other, dashboard):
        page.reload()
        expect(page.get_by_test_id("saved")).to_be_visible()


def test_signing_out_ends_the_session_and_forgets_what_was_shown(dashboard, user):
    user.upload("private.txt", b"private")
    go_to(dashboard, "Files")
    expect(dashboard.get_by_text("private.txt")).to_be_visible()
    go_to(dashboard, "Account").get_by_role("button", name="Sign out").click()
    expect(dashboard.get_by_role("heading", name="Sign in")).to_be_visible()
    dashboard.reload()
    expect(dashboard.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(dashboard.get_by_text("private.txt")).to_have_count(0)


def test_the_next_person_in_the_same_browser_sees_only_their_own(dashboard, onefold, user):
    user.upload("mine.txt", b"mine")
    expect(go_to(dashboard, "Files").get_by_text("mine.txt")).to_be_visible()
    go_to(dashboard, "Account").get_by_role("button", name="Sign out").click()
    sign_in(dashboard, type(user).registered(onefold.url))
    expect(go_to(dashboard, "Files").get_by_text("No files yet")).to_be_visible()
