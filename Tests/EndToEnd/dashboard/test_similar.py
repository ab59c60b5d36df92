import random

from playwright.sync_api import expect

from .steps import go_to

WORDS = [f"word{n}" for n in range(300)]


def versions_of(user, *changes):
    """A text, and a version of it for each place that changes."""
    user.upload("notes/plan.txt", " ".join(WORDS).encode())
    for number, place in enumerate(changes, 2):
        words = list(WORDS)
        words[place] = "another"
        user.upload(f"notes/plan v{number}.txt", " ".join(words).encode())
    user.wait_until_settled()


def similar(dashboard):
    go_to(dashboard, "Duplicates")
    dashboard.get_by_role("tab", name="Similar").click()
    return dashboard.get_by_test_id("similar-group")


def test_versions_of_a_text_are_shown_with_what_they_have_in_common(dashboard, user):
    versions_of(user, 10, 200)
    user.upload("notes/other.txt", " ".join(random.Random(1).sample(range(10**6), 300).__str__().split()).encode())
    user.wait_until_settled()
    group = similar(dashboard)
    expect(dashboard.get_by_role("tab", name="Similar 1")).to_have_attribute("aria-selected", "true")
    expect(group).to_have_count(1)
    for text in ("notes/plan.txt", "notes/plan v2.txt", "notes/plan v3.txt", "3 versions"):
        expect(group).to_contain_text(text)
    expect(group.get_by_role("img", name="alike").first).to_be_visible()


def test_the_differing_words_can_be_looked_at(dashboard, user):
    versions_of(user, 10, 200)
    similar(dashboard).get_by_role("button", name="Compare").click()
    drawer = dashboard.get_by_role("dialog", name="Compare")
    drawer.get_by_role("combobox").select_option(label=drawer.get_by_role("option", name="plan v3").text_content())
    place = drawer.get_by_test_id("difference")
    expect(place).to_have_count(1)
    expect(place.locator("del")).to_have_text("word200")
    expect(place.locator("ins")).to_have_text("another")
    expect(drawer).to_contain_text("299 words in common")


def test_not_a_duplicate_is_a_decision_that_can_be_taken_back(dashboard, user):
    versions_of(user, 10)
    group = similar(dashboard)
    group.get_by_role("button", name="Compare").click()
    dashboard.get_by_role("button", name="Not a duplicate").click()
    expect(dashboard.get_by_text("Nothing similar")).to_be_visible()
    expect(dashboard.get_by_role("dialog")).to_have_count(0)
    decision = dashboard.get_by_test_id("decision")
    expect(decision).to_contain_text("notes/plan v2.txt")
    decision.get_by_role("button", name="Undo").click()
    expect(group).to_have_count(1)
    expect(decision).to_have_count(0)


def test_a_version_is_trashed_from_the_comparison_and_comes_back(dashboard, user):
    versions_of(user, 10)
    group = similar(dashboard)
    group.get_by_role("button", name="Compare").click()
    dashboard.get_by_role("button", name="Trash this one").click()
    expect(dashboard.get_by_text("Nothing similar")).to_be_visible()
    assert [file["path"] for file in user.pages("/files")] == ["notes/plan.txt"]
    dashboard.get_by_role("button", name="Undo").click()
    expect(group).to_have_count(1)


def test_how_alike_files_have_to_be_is_chosen_with_what_it_would_come_to(dashboard, user):
    versions_of(user, 10, 200)
    group = similar(dashboard)
    expect(group).to_have_count(1)
    dashboard.get_by_text("How alike they have to be").click()
    slider = dashboard.get_by_role("slider", name="Texts and documents")
    slider.press("End")
    preview = dashboard.get_by_test_id("threshold-preview")
    expect(preview).to_contain_text("0 groups")
    expect(preview).to_contain_text("now 1 group of 3")
    expect(preview).to_contain_text("notes/plan v3.txt")
    expect(group).to_have_count(1)
    dashboard.get_by_role("button", name="Save").click()
    expect(dashboard.get_by_text("Nothing similar")).to_be_visible()
    expect(slider).to_have_attribute("aria-valuetext", "never")
    slider.press("Home")
    expect(preview).to_contain_text("1 group of 3 versions")
    dashboard.get_by_role("button", name="Save").click()
    expect(group).to_have_count(1)


def test_common_bytes_are_shown_as_strips(dashboard, user):
    rng = random.Random(9)
    data = b"\x7fELF\0" + rng.randbytes(200_000)
    user.upload("disk.img", data)
    user.upload("disk v2.img", data[:80_000] + rng.randbytes(30_000) + data[80_000:])
    user.wait_until_settled()
    group = similar(dashboard)
    expect(group).to_contain_text("disk v2.img")
    group.get_by_role("button", name="Compare").click()
    drawer = dashboard.get_by_role("dialog")
    expect(drawer).to_contain_text("are in both")
    expect(drawer.get_by_role("img", name="stretches are in this one alone")).to_have_count(2)
