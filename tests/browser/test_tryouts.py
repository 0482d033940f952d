"""Anybody tries what ballots would come to; nothing is cast."""

import re

from playwright.sync_api import expect

from tests.follow import follow


def test_a_try_out_answers_at_once_and_keeps_everything_in_the_address(page, site, axe):
    page.goto(f"{site.url}/votes/try/?profile=security-council-substantive")
    axe(page)
    assert "Adopted: every threshold is met." in page.locator("#result").inner_text()
    page.get_by_label("France").select_option("Object")
    page.locator("#result").get_by_text("there is a veto").wait_for()
    assert "b1=object" in page.url
    axe(page)
    page.reload()
    assert "there is a veto" in page.locator("#result").inner_text()
    assert page.get_by_label("France").input_value() == "object"


def test_a_try_out_works_without_scripts_on_a_phone(open_page, site):
    page = open_page(width=390, height=800, java_script_enabled=False)
    page.goto(f"{site.url}/votes/try/?profile=simple-majority")
    for name in ("Member 1", "Member 2"):
        page.get_by_label(name, exact=True).select_option("Object")
    follow(page.get_by_role("button", name="Count these ballots"))
    expect(page).to_have_url(re.compile("b0=object"))
    assert "Rejected" in page.locator("#result").inner_text()
    page.get_by_text("Other members, weights or classes").click()
    page.get_by_label("The list").fill("member,choice\na,yes\na,no\n")
    follow(page.get_by_role("button", name="Use this list"))
    expect(page.get_by_role("alert")).to_contain_text("line 3: a stands on line 2 already")
