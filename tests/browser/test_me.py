"""What is asked of somebody who acts for a laboratory, an inspector, and somebody of whom nothing is asked."""

import pytest


@pytest.mark.parametrize("name", ["Priya Natarajan", "Amara Diallo", "Sanne de Vries"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_of_a_person_is_accessible_and_says_what_comes_next(site, open_page, axe, become, name, width):
    page = open_page(width, 844)
    become(page, name)
    page.goto(f"{site.url}/me/")
    assert page.locator("h1").inner_text() == "What is asked of me"
    assert page.locator(".tasks li, .empty").count() >= 1
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
