"""Every kind of page, found by its links and opened in a browser: what holds of all of them.

The content policy and the console are watched by `open_page`: one refusal anywhere fails the crawl.
"""

import pytest

from tests.quality.crawl import Page, pages
from tests.quality.marks import problems

HEAVIEST = 100_000
WHOLE_TEXT = ("/treaty/",)  # the treaty's own words, and its bytes: as long as they are
# The words of the page as it came, without a script having run, and as it stands; what is only refined is left out.
WORDS = """(html) => {
  const words = (main) => {
    for (const one of main.querySelectorAll(".refined, [data-put], script")) one.remove();
    return main.textContent.replace(/\\s+/g, " ").trim();
  };
  const came = new DOMParser().parseFromString(html, "text/html").querySelector("main");
  return [words(came), words(document.querySelector("main").cloneNode(true))];
}"""


@pytest.fixture
def crawl(site, open_page):
    """`crawl(page, start)` opens one page of each kind and yields it as it came."""

    def opened(page, path):
        answer = page.goto(site.url + path)
        is_page = answer.headers.get("content-type", "").startswith("text/html")
        return Page(answer.url, answer.status, answer.text()) if is_page else None

    return lambda page, *start: pages(lambda path: opened(page, path), start=start, of_a_kind=1)


def wrong_with(page, found):
    """What no page may be."""
    if found.status != 200:
        yield f"answers {found.status}"
    yield from problems(found.html)
    if found.weight > HEAVIEST and not found.path.startswith(WHOLE_TEXT):
        yield f"weighs {found.weight} bytes"
    came, stands = page.evaluate(WORDS, found.html)
    if came != stands:
        yield f"reads otherwise without a script: {came[:200]} … {stands[:200]}"


def test_every_public_page_is_well_formed_light_and_reads_the_same_without_a_script(open_page, crawl):
    page, wrong, seen = open_page(390, 844), {}, 0
    for found in crawl(page, "/"):
        seen += 1
        wrong[found.path] = list(wrong_with(page, found))
        if 'name="og:' in found.html:
            assert 'rel="canonical"' in found.html
    assert seen > 50
    assert {path: told for path, told in wrong.items() if told} == {}
