"""The pages by which a vote is asked for and a text is published, in a real Chromium."""

import pytest
from playwright.sync_api import expect

from tests.follow import follow
from tests.texts import model_text

pytestmark = pytest.mark.browser
BROKEN = model_text().replace(b"  initial_due: 45 d", b"  inital_due: 45 d", 1)


def test_a_representative_sees_the_rule_before_asking_and_keeps_what_was_typed(page, become, look):
    become(page, "Katrin Vogel")
    look("/votes/new/", "vote-new")
    follow(page.locator("#advisory").get_by_role("link", name="Choose"))
    page.get_by_label("Title").fill("Publish compute by site")
    follow(page.get_by_role("button", name="Notice the vote"))
    look.check("vote-new-refused")
    assert page.get_by_label("Title").input_value() == "Publish compute by site"
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("heading", name="The rule, in words")).to_be_visible()


def test_the_depositary_sees_where_a_text_is_wrong(page, become, look):
    become(page, "Helene Marchand")
    look("/secretariat/", "secretariat")
    look("/secretariat/organisations/new/", "organisation-new")
    look("/secretariat/texts/new/", "text-new")
    page.get_by_label("The text, as a YAML file").set_input_files(
        {"name": "treaty.yaml", "mimeType": "application/yaml", "buffer": BROKEN}
    )
    page.get_by_role("button", name="Only check it").click()
    page.get_by_role("cell", name="declarations.inital_due").wait_for()
    look.check("text-refused")
