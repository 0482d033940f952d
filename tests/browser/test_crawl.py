"""Every kind of page, found by its links and opened in a browser: what holds of all of them.

The content policy and the console are watched by `open_page`: one refusal anywhere fails the crawl.
"""

import gzip
from collections import Counter

from tests.browser.conftest import REPORT_VIOLATIONS
from tests.quality.crawl import Page, pages
from tests.quality.marks import read

HEAVIEST = 100_000
WHOLE = "/whole/"  # the treaty's whole text, to print: as it travels, compressed
SCRIPTED = ("/tips/", "/key/", "/ballot/")  # sealing and signing are a script's work; the pages say how to do without
# What the page says as it stands, without what a script refines and without white space.
WORDS = """() => {
  const main = document.querySelector("main").cloneNode(true);
  for (const one of main.querySelectorAll(".refined, script")) one.remove();
  return main.textContent.replace(/\\s+/g, "");
}"""
VISITORS = {"": "/", "Katrin Vogel": "/me/", "Helene Marchand": "/me/", "Priya Natarajan": "/me/"}


def wrong_with(page, found):
    """What no page may be."""
    if found.status != 200:
        yield f"answers {found.status}"
    reader = read(found.html)
    yield from reader.found()
    travels = len(gzip.compress(found.html.encode())) if found.path.endswith(WHOLE) else found.weight
    if travels > HEAVIEST:
        yield f"weighs {travels} bytes"
    came, stands = reader.words, page.evaluate(WORDS)
    if came != stands and not found.path.startswith(SCRIPTED):
        at = next((at for at, (one, other) in enumerate(zip(came, stands, strict=False)) if one != other), 0)
        yield f"reads otherwise without a script: {came[max(at - 40, 0) : at + 60]} is {stands[max(at - 40, 0) : at + 60]}"


def test_every_page_is_well_formed_and_light_and_reads_the_same_without_a_script(site, open_page, become):
    wrong, kinds = {}, Counter()
    for name, start in VISITORS.items():
        page = open_page(390, 844)
        if name:
            become(page, name)
        before = len(wrong)
        for found in pages(lambda path, page=page: opened(page, site.url + path), start, kinds, of_a_kind=1):
            wrong[name, found.path] = list(wrong_with(page, found))
        assert len(wrong) > before, name
    assert {where: told for where, told in wrong.items() if told} == {}


def opened(page, address):
    """The page as it came; None where it is no page."""
    answer = page.goto(address)
    is_page = answer.headers.get("content-type", "").startswith("text/html")
    return Page(answer.url, answer.status, answer.text()) if is_page else None


def test_what_the_content_policy_refuses_is_heard(site, chromium):
    page, heard = chromium.new_page(), []
    page.on("console", lambda message: heard.append(message.text))
    page.add_init_script(REPORT_VIOLATIONS)
    page.goto(f"{site.url}/about/")
    assert heard == []
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=color:red onclick=alert()>x</p>')")
    page.wait_for_function("() => true")
    page.close()
    assert {one.split()[2] for one in heard if one.startswith("content policy:")} == {
        "script-src-attr",
        "style-src-attr",
    }
