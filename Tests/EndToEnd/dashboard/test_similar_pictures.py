import random

from playwright.sync_api import expect
from support import pictures

from .steps import go_to


def test_versions_of_a_picture_are_seen_and_laid_over_each_other(dashboard, user):
    picture = pictures.scene(random.Random(1))
    user.upload("photos/beach.jpg", pictures.jpeg(picture))
    user.upload("photos/beach (stamped).jpg", pictures.jpeg(pictures.stamped(picture).resize((400, 300))))
    user.wait_until_settled()
    go_to(dashboard, "Duplicates")
    dashboard.get_by_role("tab", name="Similar").click()
    group = dashboard.get_by_test_id("similar-group")
    expect(group).to_contain_text("photos/beach (stamped).jpg")
    assert shown(group.locator("img.preview"))

    group.get_by_role("button", name="Compare").click()
    drawer = dashboard.get_by_role("dialog", name="Compare")
    expect(drawer).to_contain_text("The same picture, but smaller (50")
    expect(drawer.get_by_test_id("region").first).to_be_visible()
    first, compared = (drawer.get_by_role("img", name=name) for name in ("First: photos/beach.jpg", "Compared: photos/beach (stamped).jpg"))
    assert shown(first) and shown(compared)
    slider = drawer.get_by_role("slider")
    slider.focus()
    for _ in range(3):
        slider.press("PageDown")
    assert float(compared.locator("..").evaluate("element => getComputedStyle(element).opacity")) < 1


def shown(image):
    """Whether a picture has come, and has points."""
    expect(image).to_be_visible()
    return image.evaluate("image => image.decode().then(() => image.naturalWidth > 0)")
