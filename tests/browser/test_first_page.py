"""The first page in the states that the demonstration is not in: nothing published, nothing in force, no pause, activation, an end."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from tests import factories as make
from treaty.models import Pause

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def nothing_kept(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}


def no_text(_now):
    pass


def not_in_force(_now):
    make.text(in_force_at=None)
    make.party(make.laboratory("aster"), bound_at=None)


def never(now):
    make.parties()
    make.inventory(make.facility(make.laboratory("aster")))
    make.declaration(make.laboratory("borealis"), due_at=now - HOUR)


def activating(now):
    pause = make.activating_pause(effective_at=now - HOUR)
    pause.commitments.filter(organisation__key="aster").update(
        condition={"kind": "unconditional"}, confirmed_at=now - HOUR
    )


def halt(now):
    make.pause_in_force(level="halt", effective_at=now - 30 * HOUR)


def ended(now):
    pause = make.pause_in_force(effective_at=now - 50 * HOUR)
    Pause.objects.filter(pk=pause.pk).update(ended_at=now - HOUR)


STATES = {
    no_text: "No treaty has been published yet.",
    not_in_force: "The treaty is not in force yet.",
    never: "No pause is in force.",
    activating: "A pause is being activated.",
    halt: "A pause is in force.",
    ended: "No pause is in force.",
}


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_the_first_page_is_designed_for_every_state(live_server, open_page, axe, state, width):
    state(timezone.now())
    page = open_page(width, 844)
    page.goto(live_server.url)
    assert page.locator("h1").inner_text() == STATES[state]
    assert page.locator(".answers dt").count() == 4
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"first-{state.__name__}-{width}.png", full_page=True)
