import os
import re

from playwright.sync_api import expect

from support.client import Client

from .steps import go_to, send_files, sign_in


def shown_bytes(page, test_id):
    """The amount that an element shows, in bytes."""
    text = page.get_by_test_id(test_id).inner_text().replace("\u00a0", " ")
    number, unit = re.search(r"([\d,.]+) (B|kB|MB|GB)", text).groups()
    return float(number.replace(",", "")) * {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}[unit]


def test_a_group_and_the_saved_bytes_appear_without_reloading(dashboard, user):
    same, other = os.urandom(300_000), os.urandom(200_000)
    expect(dashboard.get_by_text("No duplicates")).to_be_visible()
    dashboard.evaluate("window.neverReloaded = true")
    send_files(dashboard, ("holiday.jpg", same), ("holiday (1).jpg", same), ("other.jpg", other))

    group = dashboard.get_by_test_id("duplicate-group")
    expect(group).to_have_count(1)
    expect(group).to_contain_text("holiday.jpg")
    expect(group).to_contain_text("holiday (1).jpg")
    expect(group).to_contain_text("2 copies")
    expect(group.get_by_role("button")).to_contain_text("300\u00a0kB")
    expect(dashboard.get_by_test_id("saved-identical")).to_contain_text("300\u00a0kB")
    expect(dashboard.get_by_test_id("jobs-open")).to_contain_text("All settled")

    user.wait_until_settled()
    savings = user.get("/savings")
    assert (savings["files"], savings["logicalBytes"], savings["savedByDuplicates"]) == (3, 800_000, 300_000)
    saved = savings["savedByDuplicates"] + savings["savedByCompression"]
    assert abs(shown_bytes(dashboard, "saved") - saved) <= 100
    assert dashboard.evaluate("window.neverReloaded") is True


def test_what_another_program_sends_appears_too(dashboard, user):
    go_to(dashboard, "Files")
    expect(dashboard.get_by_text("No files yet")).to_be_visible()
    user.upload("from elsewhere.txt", b"sent by a program")
    expect(dashboard.get_by_text("from elsewhere.txt")).to_be_visible()


def test_another_accounts_files_never_appear(dashboard, onefold, user):
    stranger = Client.registered(onefold.url)
    stranger.upload("strange.txt", b"not yours")
    user.upload("own.txt", b"not yours")
    go_to(dashboard, "Files")
    expect(dashboard.get_by_text("own.txt")).to_be_visible()
    expect(dashboard.get_by_text("strange.txt")).to_have_count(0)
    expect(go_to(dashboard, "Duplicates").get_by_text("No duplicates")).to_be_visible()


def test_the_position_shown_follows_the_log(dashboard, user):
    user.upload("one.txt", b"1")
    user.wait_until_settled()
    position = user.get("/savings")["position"]

    def shown():
        return int(re.search(r"position ([\d,]+)", dashboard.get_by_test_id("live").inner_text()).group(1).replace(",", ""))

    dashboard.wait_for_function(
        "wanted => Number(document.querySelector('[data-testid=live]').innerText.replace(/\\D/g, '')) >= wanted", arg=position)
    assert shown() >= position


def test_a_restarted_server_is_met_again_and_nothing_is_missed(open_page, own_onefold):
    client = Client.registered(own_onefold.url)
    page = sign_in(open_page(own_onefold.url), client)
    go_to(page, "Files")
    expect(page.get_by_text("No files yet")).to_be_visible()
    own_onefold.stop()
    expect(page.get_by_test_id("live")).to_contain_text("offline")
    own_onefold.start()
    client.upload("after the restart.txt", b"still here")
    expect(page.get_by_test_id("live")).to_contain_text(re.compile("^live"), timeout=40_000)
    expect(page.get_by_text("after the restart.txt")).to_be_visible()
