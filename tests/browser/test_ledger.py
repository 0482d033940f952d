"""An observer checks an entry in the browser, and finds out when the site tells something else."""

import re
from zipfile import ZipFile

import pytest
from playwright.sync_api import expect

from tests.follow import follow
from verifier.cli import main


def published(site):
    """Wait until a checkpoint covers the whole record; return its size."""

    def covered():
        log = site.observer.json("/api/v1/ledger/")
        return log["published_size"] if log["published_size"] == log["size"] else 0

    return site.until(covered, 60, "the record is published")


def check(page):
    page.get_by_role("button", name="Check this entry").click()
    expect(page.get_by_role("button", name="Check this entry")).to_be_enabled(timeout=15_000)
    return page.locator("[data-check-steps] li").all_inner_texts()


def test_an_observer_finds_an_entry_and_checks_it(site, page, axe):
    published(site)
    page.goto(f"{site.url}/ledger/")
    axe(page)
    page.get_by_label("Kind").select_option("log.opened")
    follow(page.get_by_role("button", name="Search"))
    follow(page.get_by_role("link", name="0", exact=True))
    axe(page)
    steps = check(page)
    assert any("Ed25519 signature on it is right" in step for step in steps)
    assert any("The root is the one that the log signed" in step for step in steps)
    axe(page)


def test_the_browser_remembers_what_it_saw_signed(site, page):
    published(site)
    page.goto(f"{site.url}/ledger/3/")
    assert "keeps the checkpoint" in check(page)[-1]
    page.goto(f"{site.url}/ledger/5/")
    assert "extends the" in check(page)[-1]


@pytest.mark.parametrize(
    ("path", "change", "words"),
    [
        ("**/tlog/checkpoint", lambda body: re.sub(rb"\n(\d)", rb"\n1\1", body, count=1), "signature does not fit"),
        (
            "**/tlog/tile/entries/**",
            lambda body: body.replace(b"log.opened", b"log.closed"),
            "not what this page shows",
        ),
        ("**/tlog/tile/0/**", lambda body: body[:-1] + bytes([body[-1] ^ 1]), "do not lead to the root"),
        ("**/tlog/tile/0/**", lambda body: body[:-1], "wrong length"),
    ],
)
def test_a_site_that_shows_something_else_is_found_out(site, page, path, change, words):
    published(site)

    def tamper(route):
        answer = route.fetch()
        route.fulfill(response=answer, body=change(answer.body()))

    page.route(path, tamper)
    page.goto(f"{site.url}/ledger/0/")
    assert words in check(page)[-1]


def test_a_history_that_was_changed_is_found_out(site, page):
    published(site)
    page.goto(f"{site.url}/ledger/0/")
    check(page)
    page.evaluate("""() => { for (const name of Object.keys(localStorage)) {
      const kept = JSON.parse(localStorage.getItem(name));
      if (kept.root) localStorage.setItem(name, JSON.stringify({ ...kept, root: "00".repeat(32) }));
    } }""")
    assert "history was changed" in check(page)[-1]


def test_the_verifier_accepts_the_site_and_its_bundle(site, tmp_path, capsys):
    published(site)
    assert main(["verify", site.url, "--quiet", "--no-replay"]) == 0
    bundle = tmp_path / "record.zip"
    bundle.write_bytes(site.observer.http.get("/ledger/bundle").content)
    assert ZipFile(bundle).testzip() is None
    assert main(["verify", str(bundle), "--quiet", "--no-replay"]) == 0
