"""The README's pictures, of an account with a plausible life in it. `--screenshots docs/images` saves them."""
import os
import random

import pytest
from playwright.sync_api import expect

from support import pictures
from support.client import Client

from .steps import DESKTOP, PHONE, assert_no_horizontal_scroll, go_to, sign_in

CONTENTS = {
    ("photos/2024/lisbon/IMG_0412.jpg", "backup/phone/IMG_0412.jpg", "old laptop/Pictures/IMG_0412 (1).jpg"): 8_400_000,
    ("video/holiday-raw.mov", "old laptop/Videos/holiday-raw.mov"): 21_300_000,
    ("music/live/encore.flac", "backup/phone/Music/encore.flac"): 6_200_000,
    ("contracts/lease-final.docx", "contracts/lease-final (1).docx", "mail/attachments/lease-final.docx"): 1_250_000,
    ("photos/2023/winter/IMG_0107.jpg", "photos/2023/best of/IMG_0107.jpg"): 3_100_000,
    ("photos/2024/lisbon/IMG_0413.jpg",): 7_900_000,
    ("photos/2024/lisbon/IMG_0414.jpg",): 8_100_000,
}


@pytest.fixture(scope="module")
def lived_in(onefold):
    client = Client.registered(onefold.url)
    noise = random.Random(7)
    for paths, size in CONTENTS.items():
        data = noise.randbytes(size)
        if paths[0].endswith(".jpg"):  # A picture, as large as it should be.
            data = pictures.jpeg(pictures.scene(noise), quality=95) + data
        for path in paths:
            client.upload(path, data)
    for year in range(2015, 2025):  # text folds by compression
        lines = (f"{year}-{noise.randrange(1, 13):02}, {noise.randrange(100_000)}, paid\n" for _ in range(60_000))
        client.upload(f"accounts/{year}.csv", "".join(lines).encode())
    client.wait_until_settled()
    return client


@pytest.mark.parametrize("name, viewport", [("dashboard", DESKTOP), ("dashboard-phone", PHONE)])
def test_the_overview_is_a_picture(open_page, onefold, lived_in, request, name, viewport):
    page = sign_in(open_page(onefold.url, viewport, color_scheme="light"), lived_in)
    expect(page.get_by_test_id("duplicate-group")).to_have_count(5)
    expect(page.get_by_test_id("jobs-open")).to_contain_text("All settled")
    page.wait_for_load_state("networkidle")
    assert_no_horizontal_scroll(page)
    page.mouse.move(0, 0)  # away from where it clicked, so that nothing looks pointed at
    directory = request.config.getoption("screenshots", default=None)
    if directory:
        os.makedirs(directory, exist_ok=True)
        page.screenshot(path=directory / f"{name}.png")


LEASE = """This lease is made between the landlord and the tenant. The landlord lets the flat on the second floor, with the cellar and the
place for one car in the yard, from the first of April on and for no fixed time. The rent is 1,250 a month, due on the third working day, and
heating and water are paid apart, by what the meters say. The tenant has left a deposit of three months' rent, which the landlord keeps in an account
of its own and pays back with its interest within six months of the end of the lease. Small repairs, up to eighty each and three hundred a year, are the
tenant's; all others are the landlord's, who is told of damage at once. The tenant may keep a cat. Either may end the lease with three
months' notice, in writing. When it ends the flat is given back clean, with all keys, and painted white if it was painted otherwise."""

VERSIONS = {
    "contracts/lease.txt": {},
    "contracts/lease-final.txt": {"1,250": "1,350", "a cat": "two cats and a dog"},
    "contracts/lease-final-v2.txt": {"1,250": "1,350", "a cat": "two cats", "three\nmonths' notice": "six\nmonths' notice",
                                     "the cellar": "a cellar"},
    "mail/attachments/lease (1).txt": {"of April": "of May", "eighty": "a hundred"},
}


@pytest.fixture(scope="module")
def with_versions(onefold):
    client = Client.registered(onefold.url)
    for path, changes in VERSIONS.items():
        text = LEASE
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new)
        client.upload(path, text.encode())
    client.wait_until_settled()
    return client


@pytest.mark.parametrize("name, viewport", [("similar", DESKTOP), ("similar-phone", PHONE)])
def test_versions_of_a_text_are_a_picture(open_page, onefold, with_versions, request, name, viewport):
    page = sign_in(open_page(onefold.url, viewport, color_scheme="light"), with_versions)
    go_to(page, "Duplicates")
    page.get_by_role("tab", name="Similar").click()
    expect(page.get_by_test_id("similar-group")).to_have_count(1)
    assert_no_horizontal_scroll(page)
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_test_id("difference").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert_no_horizontal_scroll(page)
    directory = request.config.getoption("screenshots", default=None)
    if directory:
        os.makedirs(directory, exist_ok=True)
        page.screenshot(path=directory / f"{name}.png")


@pytest.fixture(scope="module")
def with_pictures(onefold):
    client = Client.registered(onefold.url)
    for number, name in enumerate(("beach", "harbour", "market")):
        picture = pictures.scene(random.Random(number), (1600, 1200))
        client.upload(f"photos/2024/{name}.jpg", pictures.jpeg(picture, quality=95))
        client.upload(f"phone/WhatsApp/{name}.jpg", pictures.jpeg(picture.resize((800, 600)), quality=60))
        client.upload(f"website/{name}-stamped.webp", pictures.encoded(pictures.stamped(picture), "WEBP", quality=75))
    client.wait_until_settled()
    return client


@pytest.mark.parametrize("name, viewport", [("similar-pictures", DESKTOP), ("similar-pictures-phone", PHONE)])
def test_the_comparison_of_pictures_is_a_picture(open_page, onefold, with_pictures, request, name, viewport):
    page = sign_in(open_page(onefold.url, viewport, color_scheme="light"), with_pictures)
    go_to(page, "Duplicates")
    page.get_by_role("tab", name="Similar").click()
    group = page.get_by_test_id("similar-group").filter(has_text="harbour")
    group.get_by_role("button", name="Compare").click()
    drawer = page.get_by_role("dialog")
    drawer.get_by_role("combobox").select_option(label=drawer.get_by_role("option", name="stamped").text_content())
    expect(drawer.get_by_test_id("region").first).to_be_visible()
    expect(drawer.locator("img")).to_have_count(2)
    page.wait_for_load_state("networkidle")
    assert_no_horizontal_scroll(page)
    page.mouse.move(0, 0)
    directory = request.config.getoption("screenshots", default=None)
    if directory:
        os.makedirs(directory, exist_ok=True)
        page.screenshot(path=directory / f"{name}.png")
