"""`make pictures`: take the documentation's pictures from a running demonstration."""

import argparse
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

PICTURES = Path(__file__).parent / "pictures"
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
COLOURS = 128  # what a page of text and few hues needs; a third of the bytes


@dataclass(frozen=True)
class Shot:
    """One picture: where it begins, who looks, and which links lead on from there."""

    name: str
    address: str
    person: str = ""
    follow: tuple[str, ...] = ()
    size: tuple[int, int] = (1280, 900)


PHONE = (390, 844)
SHOTS = (
    Shot("dashboard", "/"),
    Shot("phone", "/", size=PHONE),
    Shot("vote", "/", follow=("#votes .vote h3 a",)),
    Shot("entry", "/ledger/", follow=('main a[href^="/ledger/"]:text-matches("^[0-9,]+$")',)),
    Shot("asked", "/me/", person="Luc Tremblay"),
    Shot("stand-down", "/", person="Luc Tremblay", follow=("#way .sec a", 'a[href$="/aster/"][href^="/pauses/"]')),
    Shot("orders", "/labs/aster/orders/"),
    Shot("inspections", "/inspections/"),
    Shot("report", "/", follow=('#inspections a[href*="/reports/"]',)),
    Shot("asked-phone", "/me/", person="Esther Mwangi", size=PHONE),
    Shot("treaty", "/treaty/articles/6/"),
    Shot("try-out", "/votes/try/"),
    Shot("status", "/status/", person="Depositary"),
)


def main() -> None:
    """Open each page and keep its first screen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://localhost:8000")
    parser.add_argument("names", nargs="*", help="only these")
    asked = parser.parse_args()
    with sync_playwright() as playwright:
        chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        for shot in SHOTS:
            if not asked.names or shot.name in asked.names:
                with opened(browser, asked.url, shot) as page:
                    keep(page, PICTURES / f"{shot.name}.png")
        browser.close()


@contextmanager
def opened(browser: Browser, site: str, shot: Shot) -> Iterator[Page]:
    """The page of a picture, as its person sees it."""
    width, height = shot.size
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme="light")
    page = context.new_page()
    if shot.person:
        page.goto(site + "/demo/people/")
        page.get_by_role("button", name=re.compile(f"^Become .*{re.escape(shot.person)}")).first.click()
        page.wait_for_load_state()
    page.goto(site + shot.address)
    for link in shot.follow:
        page.goto(site + str(page.locator(link).first.get_attribute("href")))
    page.wait_for_load_state("networkidle")
    yield page
    context.close()


def keep(page: Page, path: Path) -> None:
    """Write what the window shows, in few colours."""
    page.screenshot(path=path)
    with Image.open(path) as taken:
        taken.convert("RGB").quantize(COLOURS).save(path, optimize=True)


if __name__ == "__main__":
    main()
