"""The pages of inspections that a visitor rarely reaches: accessible, within the screen, in the dark and on a phone."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

SCREENS = [(1280, 900, "dark"), (390, 844, "light")]  # each width and each scheme once
PUBLIC = {
    "balances": "/inspections/balances/",
    "grades": "/inspections/grades/",
    "schedule": "/inspections/schedule/",
    "draws": "/inspections/draws/",
}


@pytest.fixture
def look(site, axe):
    """`look(page, name, path)` opens a page and checks what every page has to be; SCREENSHOTS names a folder for pictures."""

    def check(page, name, path=""):
        if path:
            assert page.goto(site.url + path).status == 200, path
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{name} scrolls sideways"
        assert page.locator("h1").count() == 1, name
        if folder := os.environ.get("SCREENSHOTS"):
            size = page.viewport_size
            page.screenshot(path=Path(folder) / f"{name}-{size['width']}.png", full_page=True)

    return check


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: f"{screen[0]} px, {screen[2]}")
def test_everybody_reads_the_pages_of_inspections_on_any_screen(site, open_page, look, screen):
    page = open_page(*screen)
    for name, path in PUBLIC.items():
        look(page, name, path)
    page.goto(f"{site.url}/inspections/balances/")
    page.locator('main a[href^="/inspections/balances/labs/"]').first.click()
    expect(page).to_have_url(re.compile("/balances/labs/"))
    look(page, "balance-party")
    page.locator('main tbody a[href^="/inspections/balances/"]').first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    look(page, "balance-site")
    page.goto(f"{site.url}/inspections/grades/")
    page.locator("#bodies tbody a").first.click()
    expect(page).to_have_url(re.compile("/grades/[a-z]+/"))
    look(page, "graded")


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: f"{screen[0]} px, {screen[2]}")
def test_a_body_checks_a_file_of_observations_and_puts_it_right_in_place(become, open_page, look, screen):
    page = open_page(*screen)
    become(page, "Amara Diallo")
    look(page, "observations", "/inspections/balances/observations/")
    page.get_by_label("Or its rows").fill(
        "facility,from_at,until_at,measurement,hours\nnowhere,2026-10-01,2026-11-01,power,7\n"
    )
    page.get_by_role("button", name="Check the rows").click()
    expect(page.get_by_text("There is no site 'nowhere'.")).to_be_visible()
    expect(page.get_by_label("Or its rows")).to_have_value(re.compile("nowhere,2026-10-01"))
    expect(page.get_by_role("button", name="File all rows")).to_have_count(0)
    look(page, "observations-refused")
