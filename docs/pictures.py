"""`make pictures`: take the documentation's pictures from a running demonstration."""

import argparse
import os
from pathlib import Path

from playwright.sync_api import sync_playwright

PICTURES = Path(__file__).parent / "pictures"
# name, address, width, height
SHOTS = (("dashboard", "/", 1280, 900),)
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")


def main() -> None:
    """Open each page and keep its first screen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://localhost:8000")
    site = parser.parse_args().url
    with sync_playwright() as playwright:
        chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        for name, address, width, height in SHOTS:
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
            page.goto(site + address)
            page.screenshot(path=PICTURES / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
