"""A click that leads to another page, or to the same one anew."""

from playwright.sync_api import Locator


def follow(locator: Locator) -> None:
    """Click, and return when the page that it leads to has come: a click by itself does not wait for it."""
    with locator.page.expect_navigation():
        locator.click()
