"""A value for a draw made in the browser: it leaves as a file, its commitment is sent, and the one opens the other."""

import json

import pytest
from playwright.sync_api import expect

from inspections.rules.seeds import opens
from tests.follow import follow


@pytest.mark.parametrize("width", [1280, 390])
def test_the_pages_of_draws_are_accessible_and_fit(page, axe, site, width):
    page.set_viewport_size({"width": width, "height": 900})
    for path in ("", "2026-01/"):
        page.goto(f"{site.url}/inspections/draws/{path}")
        if path and page.locator("h1", has_text="2026-01").count() == 0:
            continue  # the story began last year
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_representative_commits_to_a_value_that_only_their_own_file_holds(page, axe, site, become):
    become(page, "Katrin Vogel")
    page.goto(f"{site.url}/inspections/draws/")
    follow(page.locator("#draws .list a").first)
    follow(page.get_by_role("link", name="Commit to a value"))
    page.get_by_role("button", name="Make a value here").click()
    axe(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Save the file with the value").click()
    kept = json.loads(download.value.path().read_text())
    assert opens(kept["draw"], "elbe", kept["value"], kept["commitment"])
    assert page.get_by_label("Commitment").input_value() == kept["commitment"]
    with page.expect_request(lambda request: request.method == "POST") as sent:
        page.get_by_role("button", name="Commit to it, for good").click()
    assert kept["commitment"] in sent.value.post_data
    assert kept["value"] not in sent.value.post_data
    page.get_by_text("The commitment is on record").wait_for()
    expect(page.locator("#values tr", has_text="Elbe Computing").get_by_text("Committed to")).to_be_visible()
