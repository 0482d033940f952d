"""What parties put to the others (amendments, challenge inspections), the keys they sign with, and the try-out of a vote, in a real Chromium."""

import os

import pytest
from playwright.sync_api import expect

from tests.follow import follow
from tests.texts import model_text

NEXT = model_text().replace(b"\nversion: 1\n", b"\nversion: 2\n").replace(b"answer_within: 5 d", b"answer_within: 7 d")


@pytest.fixture
def look(page, axe):
    """`look(name)` asserts that the page as it stands fits, wide in light and on a phone in dark, and is accessible there."""

    def check(name):
        for width, scheme in ((1280, "light"), (390, "dark")):
            page.set_viewport_size({"width": width, "height": 844})
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (page.url, width)
            assert page.locator("h1").count() == 1, page.url
            if folder := os.environ.get("SCREENSHOTS"):
                page.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True)
        axe(page)

    return check


def test_the_public_pages_of_rules_and_keys(page, site, look):
    for name, path in (("keys", "/keys/"), ("tryouts", "/votes/try/")):
        page.goto(site.url + path)
        look(name)
    page.goto(f"{site.url}/votes/")
    follow(page.locator('main a[href^="/votes/2"]').first)
    follow(page.locator('main a[href$="/try/"]').first)
    look("tryout-vote")


def test_an_amendment_is_checked_proposed_and_read(page, site, become, look):
    become(page, "Priya Natarajan")
    page.goto(f"{site.url}/treaty/amendments/new/")
    follow(page.get_by_role("button", name="Propose it"))
    look("amendment-refused")
    page.get_by_label("The text, as a YAML file").set_input_files(file(NEXT))
    page.get_by_label("Title").fill("A week to answer a request for clarification")
    page.get_by_label("Question").fill("Shall a laboratory have seven days to answer, in place of five?")
    page.get_by_role("button", name="Only show what it changes").click()
    page.locator("#provisions").get_by_text("7 d").wait_for()
    look("amendment-checked")
    page.get_by_label("The text, as a YAML file").set_input_files(file(NEXT))
    follow(page.get_by_role("button", name="Propose it"))
    page.wait_for_url("**/treaty/amendments/2*/")
    look("amendment")
    page.goto(f"{site.url}/treaty/amendments/")
    look("amendments")


def file(source):
    return {"name": "next.yaml", "mimeType": "application/yaml", "buffer": source}


def test_a_challenge_is_asked_for_and_followed(page, site, become, look):
    become(page, "Priya Natarajan")
    page.goto(f"{site.url}/inspections/challenges/new/")
    follow(page.get_by_role("button", name="Ask for the inspection"))
    expect(page.get_by_role("alert")).to_be_visible()
    look("challenge-refused")
    page.get_by_label("Facility").select_option(index=1)
    page.get_by_label("Reasons").fill("Its power draw rose by a third while its declaration says that nothing runs.")
    follow(page.get_by_role("button", name="Ask for the inspection"))
    page.wait_for_url("**/inspections/challenges/2*/")
    look("challenge")
    asked = page.url.removeprefix(site.url)
    page.goto(f"{site.url}/inspections/")
    assert page.locator(f'#challenges li a[href="{asked}"]').count() == 1


def test_an_organisation_sees_its_keys_and_exactly_what_it_signs(page, site, become, look):
    become(page, "Priya Natarajan")
    page.goto(f"{site.url}/keys/mine/")
    look("keys-mine")
    follow(page.get_by_role("link", name="Register a key").first)
    look("key-register")
    page.goto(f"{site.url}/keys/mine/")
    follow(page.get_by_role("link", name="Ask for more").first)
    page.get_by_label("Keys that sign each ballot").fill("2")
    follow(page.get_by_role("button", name="Show what to sign"))
    page.get_by_role("heading", name="Exactly this is signed").wait_for()
    look("key-signers")
