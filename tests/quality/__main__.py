"""What tools that are run by hand say of a running demonstration: docs/quality.md."""

import argparse
import gzip
import json
import os
import re
import statistics
import subprocess
import tempfile
from collections import Counter
from functools import partial
from pathlib import Path

import django
import httpx
from playwright.sync_api import Page as PlaywrightPage
from playwright.sync_api import sync_playwright

from tests.follow import follow
from tests.quality.accessible import states, violations
from tests.quality.crawl import Page, pages

# The pages that most people see, on which Lighthouse is run.
MAIN = (
    "/",
    "/pauses/",
    "/votes/",
    "/labs/",
    "/labs/aster/",
    "/inspections/",
    "/ledger/",
    "/treaty/",
    "/treaty/articles/6/",
    "/indicators/",
    "/api/",
)
NEWEST = {
    "/pauses/": r"/pauses/[\w-]+/",
    "/votes/": r"/votes/[\d-]+/",
    "/inspections/": r"/inspections/reports/[\w/-]+/",
}
VISITORS = ("", "Katrin Vogel", "Priya Natarajan", "Helene Marchand")
SIZES = {390: "dark", 1280: "light"}  # a phone and a desktop, and what each is seen in
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"


def main() -> None:
    """Run one tool, and print what it says."""
    parser = argparse.ArgumentParser(prog="python -m tests.quality", description=__doc__)
    parser.add_argument("tool", choices=["axe", "lighthouse", "nu", "weight"])
    parser.add_argument("--url", default="http://localhost:8000", help="where a demonstration runs")
    parser.add_argument("--npm", type=Path, help="a folder in which npm installed vnu-jar and lighthouse")
    parser.add_argument("--runs", type=int, default=3, help="of Lighthouse for each page; the median counts")
    parser.add_argument(
        "--visitor", choices=VISITORS, help="of axe: only as this person, or as the public with an empty name"
    )
    parser.add_argument("--width", type=int, choices=SIZES, help="of axe: only on a window so wide")
    parser.add_argument("--language", default="en", help="of axe: the browser's language")
    given = parser.parse_args()
    if given.tool in {"lighthouse", "nu"} and given.npm is None:
        parser.error(f"{given.tool} is not Python: say with --npm where it is installed")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    {"axe": axe, "lighthouse": lighthouse, "nu": nu, "weight": weight}[given.tool](given)


def axe(given: argparse.Namespace) -> None:
    """Print all that axe-core finds, however slight, on every kind of page in each state that a visitor can bring it into.

    Forms are sent as they are empty: what they do, if anything, they do to the demonstration.
    """
    seen, found = Counter(), 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        for width, scheme in SIZES.items() if given.width is None else [(given.width, SIZES[given.width])]:
            for name in VISITORS if given.visitor is None else [given.visitor]:
                context = browser.new_context(
                    viewport={"width": width, "height": 900},
                    color_scheme=scheme,
                    reduced_motion="reduce",
                    locale=given.language,
                )
                tab = context.new_page()
                if name:
                    tab.goto(given.url + "/demo/people/")
                    follow(tab.get_by_role("button", name=re.compile(name)))
                for page in pages(partial(_opened, tab, given.url), "/me/" if name else "/", Counter(), of_a_kind=1):
                    seen[width] += 1
                    for state in states(tab):
                        seen["states"] += 1
                        for one in violations(tab):
                            found += 1
                            print(f"{name or 'the public'} {page.path} {state}, {width} {scheme}: {one}", flush=True)
                context.close()
        browser.close()
    print(f"{dict(seen)}, {found} violations")


def _opened(tab: PlaywrightPage, url: str, path: str) -> Page | None:
    answer = tab.goto(url + path)
    if answer is None or not answer.headers.get("content-type", "").startswith("text/html"):
        return None
    return Page(answer.url, answer.status, answer.text())


def nu(given: argparse.Namespace) -> None:
    """Check every kind of page, of the public and of three people, with the Nu HTML checker."""
    with tempfile.TemporaryDirectory() as folder:
        names = {}
        for name in VISITORS:
            for page in _pages(given.url, name):
                file = Path(folder) / f"{len(names)}.html"
                file.write_text(page.html)
                names[file.name] = f"{name or 'the public'} {page.path}"
        jar = given.npm / "node_modules/vnu-jar/build/dist/vnu.jar"
        done = subprocess.run(
            ["java", "-jar", jar, "--format", "json", "--exit-zero-always", *sorted(Path(folder).iterdir())],
            capture_output=True,
            check=True,
        )
    found = [one for one in json.loads(done.stderr)["messages"] if one["type"] == "error"]
    for message, number in Counter(one["message"] for one in found).most_common():
        first = next(one for one in found if one["message"] == message)
        print(f"{number} × {message}\n    {names[first['url'].rsplit('/', 1)[-1]]}: {first.get('extract', '').strip()}")
    print(f"{len(names)} pages, {len(found)} errors")


def _pages(url: str, name: str) -> list:
    from tests.forms import forms_of

    with httpx.Client(base_url=url, follow_redirects=True, timeout=60, headers={"Referer": url + "/"}) as http:
        if name:
            form = next(one for one in forms_of(http.get("/demo/people/").text) if name in one.text)
            http.post(form.action, data=form.filled())

        def get(path: str) -> Page | None:
            try:
                answer = http.get(path)
            except httpx.ConnectError:  # sent on to the ballot host, whose name browsers alone know
                return None
            is_page = answer.headers.get("Content-Type", "").startswith("text/html")
            return Page(str(answer.url), answer.status_code, answer.text) if is_page else None

        return list(pages(get, "/me/" if name else "/", Counter(), of_a_kind=2))


def weight(given: argparse.Namespace) -> None:
    """Print the heaviest of the public's pages, unpacked, two of each kind."""
    found = sorted(_pages(given.url, ""), key=lambda page: -page.weight)
    for page in found[:25]:
        print(f"{page.weight:>8} {len(gzip.compress(page.html.encode())):>7} {page.path}")
    print(f"{len(found)} pages")


def lighthouse(given: argparse.Namespace) -> None:
    """Print Lighthouse's four scores of each main page as a phone sees it."""
    print(f"{'page':<40} performance accessibility best-practices seo")
    for path in _main_pages(given.url):
        runs = [_scores(given.npm, given.url + path) for _ in range(given.runs)]
        middle = [round(100 * statistics.median(one[name] for one in runs)) for name in runs[0]]
        print(f"{path:<40} {middle[0]:>11} {middle[1]:>13} {middle[2]:>14} {middle[3]:>3}", flush=True)


def _main_pages(url: str) -> list[str]:
    """Return the main pages, each list followed by the first page that it links to."""
    found = []
    for path in MAIN:
        found.append(path)
        if path in NEWEST:
            html = httpx.get(url + path, timeout=60).text
            found += re.findall(rf'href="({NEWEST[path]})"', html)[:1]
    return found


def _scores(npm: Path, address: str) -> dict[str, float]:
    command = [npm / "node_modules/.bin/lighthouse", address, "--quiet", "--output", "json", f"--chrome-flags={FLAGS}"]
    environment = os.environ | {"CHROME_PATH": CHROMIUM}
    done = subprocess.run(command, capture_output=True, check=True, env=environment)
    return {name: one["score"] or 0 for name, one in json.loads(done.stdout)["categories"].items()}


if __name__ == "__main__":
    main()
