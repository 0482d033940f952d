"""A real Chromium against a real site. Without a Chromium these tests are skipped and say so; REQUIRE_BROWSER=1 makes that a failure."""

import os
import re
import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.follow import follow
from tests.groups import until_the_end_of
from tests.quality.accessible import violations
from tests.site import Site
from tests.site import site as running_site

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
LATENCY = int(os.environ.get("BROWSER_LATENCY", "0"))
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Each window would load the address bar's suggestions as pages of their own, which costs more than a page of this site.
    # This list stands in place of Playwright's: what of it matters here is repeated.
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,OptimizationHints,PaintHolding,MediaRouter,HttpsUpgrades",
]
REPORT_VIOLATIONS = """document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`content policy: ${event.violatedDirective} refused ${event.blockedURI}`));"""


def pytest_itemcollected(item):
    """Tests that look at the demonstration share one, so they run in one process."""
    item.add_marker(pytest.mark.browser)
    if "site" in item.fixturenames:
        item.add_marker(pytest.mark.xdist_group("demonstration"))


def slow_down(browser):
    """Each answer begins LATENCY ms later, in each window: a test that does not wait for what a click leads to fails."""
    conditions = {"offline": False, "latency": LATENCY, "downloadThroughput": -1, "uploadThroughput": -1}
    new_context = browser.new_context

    def slowed(**options):
        context = new_context(**options)
        new_page = context.new_page

        def slow_page():
            page = new_page()
            context.new_cdp_session(page).send("Network.emulateNetworkConditions", conditions)
            return page

        context.new_page = slow_page
        return context

    browser.new_context = slowed


@pytest.fixture(scope="session")
def chromium_path():
    """Where the browser is; a skip that says so where there is none."""
    found = shutil.which(CHROMIUM)
    if found is None:
        words = f"no Chromium at {CHROMIUM} (name one with CHROMIUM)"
        (pytest.fail if os.environ.get("REQUIRE_BROWSER") == "1" else pytest.skip)(words)
    return found


@pytest.fixture(scope="module")
def chromium(chromium_path):
    """The browser, for one module: Playwright's loop, which Django would take for asynchronous code, ends with it."""
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=chromium_path, args=OPTIONS)
        if LATENCY:
            slow_down(browser)
            expect.set_options(timeout=5_000 + 4 * LATENCY)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(chromium_path, tmp_path_factory):
    """The demonstration, told to its present, in real processes. Whoever changes its story uses a vote or a visit of their own.

    BROWSER_SITE=http://localhost:8000 looks at a demonstration that runs already: quick, while pages are being made.
    """
    if address := os.environ.get("BROWSER_SITE"):
        yield Site(address, {}, tmp_path_factory.mktemp("none"))
        return
    state = tmp_path_factory.mktemp("browser")
    name = f"browser_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    demonstration = running_site(state, name=name, prepare=(("load_demonstration",),))
    with until_the_end_of("demonstration", demonstration) as running:
        yield running


def is_a_problem(message):
    """Whether the console says that something is wrong. Of what was refused, or could not be sent, Chromium tells by itself."""
    expected = r"Failed to load resource: (.* status of (400|403|409|422) |net::ERR_INTERNET_DISCONNECTED)"
    return message.type == "error" and not re.search(expected, message.text)


@pytest.fixture
def open_page(chromium):
    """`open_page(width, height, scheme)` gives a fresh page. Console errors and refusals of the content policy fail the test."""
    contexts, problems = [], []

    def open_one(width=1280, height=900, scheme="light", **options):
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce", **options
        )
        contexts.append(context)
        context.add_init_script(REPORT_VIOLATIONS)
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text) if is_a_problem(message) else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def page(open_page):
    """A desktop's page in light."""
    return open_page()


@pytest.fixture
def axe():
    """`axe(page)` asserts that axe-core finds nothing, however slight, on the page as it stands, in light and in dark; or `within` a selector."""

    def check(page, within=None):
        assert violations(page, within) == [], page.url

    return check


@pytest.fixture
def look(page, axe, site):
    """`look(path)` opens a page, wide and narrow, and asserts that it is accessible and fits."""

    def at(path, name=""):
        page.goto(site.url + path)
        return check(name)

    def check(name=""):
        for width in (1280, 380):
            page.set_viewport_size({"width": width, "height": 900})
            axe(page)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (page.url, width)
            if name and (folder := os.environ.get("SCREENSHOTS")):
                page.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True)
        page.set_viewport_size({"width": 1280, "height": 900})
        return page

    at.check = check
    return at


@pytest.fixture
def become(site):
    """`become(page, "Luc Tremblay")` signs in as one of the demonstration's people, as a visitor does."""

    def sign_in(page, name):
        page.goto(f"{site.url}/demo/people/")
        follow(page.get_by_role("button", name=re.compile(f"^Become {re.escape(name)}\\b")))

    return sign_in
