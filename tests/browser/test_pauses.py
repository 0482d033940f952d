import os
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests import factories as make
from treaty.actions.advance import advance_pause
from treaty.actions.orders import issue_due

pytestmark = pytest.mark.django_db(transaction=True)
PAGES = {
    "pauses": [],
    "pause": ["2026-01"],
    "stand_down": ["2026-01", "daxing"],
    "cases": [],
    "case": ["2026-001"],
    "orders": ["aster"],
}


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
@pytest.mark.usefixtures("pause")
def test_the_pages_of_a_pause_are_accessible_and_break_no_policy(page, axe, live_server, width):
    page.set_viewport_size({"width": width, "height": 900})
    for name, args in PAGES.items():
        page.goto(live_server.url + reverse(f"treaty:{name}", args=args))
        axe(page)
        if folder := os.environ.get("SCREENSHOTS"):
            page.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
