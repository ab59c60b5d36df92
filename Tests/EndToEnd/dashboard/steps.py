"""What people do in the dashboard, as functions of a page."""
import re

from playwright.sync_api import expect

from support.client import Client

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


def sign_in(page, client):
    page.get_by_label("Email").fill(client.email)
    page.get_by_label("Password").fill(client.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_test_id("live")).to_contain_text(re.compile("^live"))
    return page


def sign_in_as_admin(page, program):
    client = Client.admin(program)
    client.email, client.password = program.admin_email, program.admin_password
    return sign_in(page, client)


def go_to(page, name):
    page.get_by_role("navigation", name="Pages").get_by_role("link", name=name, exact=True).click()
    expect(page).to_have_title(f"{name} · Onefold")
    return page


def send_files(page, *files):
    """Chooses files in the page: pairs of name and bytes."""
    page.get_by_test_id("files-input").set_input_files(
        [{"name": name, "mimeType": "application/octet-stream", "buffer": data} for name, data in files])


def assert_no_horizontal_scroll(page):
    wide, seen = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= seen, f"the page is {wide} px wide in a window of {seen} px"
