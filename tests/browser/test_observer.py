"""A member of the public looks the pause up, follows a vote, a laboratory and a report, and ends at an entry of the record."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.follow import follow

SCREENS = [(1280, 900, "dark"), (390, 844, "light")]  # each width and each scheme once


@pytest.fixture(params=SCREENS, ids=lambda screen: f"{screen[0]} px, {screen[2]}")
def screen(request):
    return request.param


@pytest.fixture
def look(axe):
    """`look(page, name)` checks what every page has to be, and keeps a picture where SCREENSHOTS names a folder."""

    def check(page, name, screen):
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{name} scrolls sideways"
        assert page.locator("h1").count() == 1, name
        if folder := os.environ.get("SCREENSHOTS"):
            page.screenshot(path=Path(folder) / f"{name}-{screen[0]}-{screen[2]}.png", full_page=True)

    return check


def test_an_observer_finds_out_whether_there_is_a_pause_and_checks_it(site, open_page, look, screen):
    page = open_page(*screen)
    page.goto(site.url)
    assert page.locator("h1").inner_text() == "A pause is in force."
    look(page, "home", screen)

    follow(page.locator("#way .sec a"))
    expect(page).to_have_url(re.compile(r"/pauses/[0-9-]+/$"))
    look(page, "pause", screen)

    page.goto(site.url)
    follow(page.locator("#votes .vote h3 a").first)
    expect(page).to_have_url(re.compile("/votes/"))
    look(page, "vote", screen)

    page.goto(site.url)
    follow(page.locator("#parties tbody th a").first)
    expect(page).to_have_url(re.compile("/labs/"))
    assert page.locator("#parity tbody tr").count() == 8
    look(page, "lab", screen)

    page.goto(site.url)
    follow(page.locator('#inspections a[href*="/reports/"]').first)
    expect(page).to_have_url(re.compile("/inspections/reports/"))
    look(page, "report", screen)

    page.goto(f"{site.url}/ledger/")
    look(page, "ledger", screen)
    follow(page.locator('main a[href^="/ledger/"]').filter(has_text=re.compile(r"^[0-9,]+$")).first)
    expect(page).to_have_url(re.compile(r"/ledger/[0-9]+/$"))
    look(page, "entry", screen)


@pytest.mark.parametrize("path", ["/labs/", "/about/", "/about/accessibility/", "/about/source/", "/api/"])
def test_the_other_public_pages_are_as_accessible(site, open_page, look, screen, path):
    page = open_page(*screen)
    page.goto(site.url + path)
    look(page, path.strip("/").replace("/", "-"), screen)


def test_the_first_screen_of_a_phone_answers_the_four_questions(site, open_page):
    page = open_page(390, 844)
    page.goto(site.url)
    questions = page.locator(".answers dt")
    assert questions.all_inner_texts() == [
        "Who is in it?",
        "How do we know?",
        "When can it end?",
        "What is not covered?",
    ]
    for place in range(4):
        box = questions.nth(place).bounding_box()
        answer = page.locator(".answers dd strong").nth(place).bounding_box()
        assert box["y"] >= 0
        assert max(box["y"] + box["height"], answer["y"] + answer["height"]) <= 844, place


def test_the_first_page_says_the_same_without_javascript(site, open_page):
    page = open_page(java_script_enabled=False)
    page.goto(site.url)
    assert page.locator("h1").inner_text() == "A pause is in force."
    assert page.locator("#parties tbody tr").count() == 8


def test_the_table_of_parties_can_be_scrolled_with_the_keyboard(site, open_page):
    page = open_page(800, 700)
    page.goto(site.url)
    region = page.locator("#parties [role=region]")
    region.focus()
    before = region.evaluate("region => region.scrollLeft")
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    wider = region.evaluate("region => region.scrollWidth > region.clientWidth")
    assert not wider or region.evaluate("region => region.scrollLeft") > before
