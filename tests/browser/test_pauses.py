import os
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import sync_playwright

from tests import factories as make
from treaty.actions.advance import advance_pause
from treaty.actions.orders import issue_due

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        not Path(CHROMIUM).exists() and not os.environ.get("REQUIRE_BROWSER"), reason="no Chromium here"
    ),
]
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@pytest.fixture
def page(monkeypatch):
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.problems = []
        page.on("console", lambda message: page.problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        yield page
        browser.close()


@pytest.fixture
def pause(settings, tmp_path):
    settings.LEDGER = {**settings.LEDGER, "SIGNER_DIR": tmp_path / "signer"}
    make.accreditations()
    start = timezone.now() - timedelta(hours=30)
    pause = make.pause_in_force(effective_at=start)
    for key in ("aster", "borealis", "cobalt"):
        make.training_run(make.laboratory(key))
        make.stand_down(pause, key, acknowledged_at=start + timedelta(hours=1))
    advance_pause(pause=pause, at=timezone.now())
    issue_due(at=timezone.now())
    return pause


@pytest.mark.parametrize("width", [1280, 380])
@pytest.mark.parametrize("name", ["pauses", "pause", "stand_down", "cases", "case", "orders"])
def test_the_pages_of_a_pause_are_accessible_and_break_no_policy(page, live_server, pause, name, width):
    args = {"pause": [pause.key], "stand_down": [pause.key, "daxing"], "case": ["2026-001"], "orders": ["aster"]}.get(
        name, []
    )
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(live_server.url + reverse(f"treaty:{name}", args=args))
    found = Axe().run(page).response["violations"]
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True)
    assert [one["id"] for one in found if one["impact"] in {"serious", "critical"}] == []
    assert page.problems == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
