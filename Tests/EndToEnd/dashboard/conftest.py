"""A headless browser on the dashboard of a running installation."""
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from .steps import DESKTOP, sign_in

expect.set_options(timeout=15_000)


def pytest_addoption(parser):
    parser.addoption("--screenshots", metavar="DIR", type=Path, help="also save the README's pictures there")


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser):
    """Opens pages, each like a browser of its own; at the end none of them may have broken."""
    contexts, faults = [], []

    def listen(page):
        page.on("pageerror", lambda error: faults.append(f"uncaught: {error}"))
        page.on("console", lambda message: faults.append(message.text) if "Content Security Policy" in message.text else None)

    def open_page(url, viewport=DESKTOP, **options):
        context = browser.new_context(viewport=viewport, locale="en-GB", **options)
        contexts.append(context)
        context.on("page", listen)
        page = context.new_page()
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not faults, faults


@pytest.fixture
def dashboard(open_page, onefold, user):
    """The overview of a fresh account, live."""
    return sign_in(open_page(onefold.url), user)
