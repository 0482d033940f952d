import os
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from tests import factories as make
from treaty.actions.drills import pass_stage
from treaty.rules.drills import DrillStage

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)


@pytest.fixture
def drill():
    make.accreditations()
    drill = make.drill(effective_at=timezone.now() - timedelta(days=14, hours=30))
    for number, lab in enumerate(("aster", "borealis", "cobalt", "daxing"), start=2):
        by = make.representative(make.laboratory(lab))
        for stage in list(DrillStage)[:number]:
            at = drill.starts_at + 6 * number * HOUR
            pass_stage(drill=drill, lab=make.laboratory(lab), stage=stage, by=by, at=at)
    return drill


@pytest.mark.parametrize("width", [1280, 390])
def test_the_pages_of_a_drill_are_accessible_and_marked(page, axe, live_server, drill, width):
    page.set_viewport_size({"width": width, "height": 900})
    for name, args in {"drills": [], "drill": [drill.key], "drill_lab": [drill.key, "borealis"]}.items():
        page.goto(live_server.url + reverse(f"treaty:{name}", args=args))
        axe(page)
        expect(page.locator(".badge.drill").first).to_be_visible()
        if folder := os.environ.get("SCREENSHOTS"):
            page.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
