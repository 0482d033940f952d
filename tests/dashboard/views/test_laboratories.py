from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inspections.rules.visits import VisitState
from tests import factories as make

pytestmark = pytest.mark.django_db
NOON = make.NOON
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def clock(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    with time_machine.travel(NOON, tick=False) as moving:
        yield moving


def page(client, path="/labs/aster/"):
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_laboratory_that_has_not_signed_says_so(client):
    make.laboratory("aster")
    make.text()
    assert "Not signed" in page(client)


def test_a_laboratory_is_there_before_any_treaty_is(client):
    make.laboratory("aster")
    assert "Not signed" in page(client)
    assert "Not signed" in page(client, "/labs/")


def test_obligations_have_their_deadlines_and_say_how_late_they_are(client, clock):
    pause = make.pause_in_force()
    make.stand_down(pause, "aster", acknowledged_at=NOON + timedelta(hours=1))
    clock.shift(4 * DAY)
    found = page(client)
    assert f"Stand-down under pause {pause.key}" in found
    assert "late by" in found
    assert "Potential breach, under review" in found
    assert "data-relative" in found, "what is ahead counts down in the browser"


def test_a_laboratory_outside_the_pause_is_not_called_late(client, clock):
    make.pause_in_force(labs=("borealis", "cobalt", "daxing", "elbe", "fjord"))
    make.laboratory("aster")
    clock.shift(9 * DAY)
    found = page(client)
    assert "This laboratory is not bound by the pause that is in force." in found
    assert "late by" not in found[found.index('id="stand-down"') : found.index('id="facilities"')]


def test_every_rival_has_the_same_figures(client, clock):
    make.pause_in_force()
    make.visit(make.facility(make.laboratory("borealis")), state=VisitState.NOTIFIED, planned_from=NOON + DAY)
    clock.shift(timedelta(hours=1))
    found = page(client)
    parity = found[found.index('id="parity"') : found.index('id="evidence"')]
    assert all(name in parity for name, _ in make.LABS.values())
    assert parity.count("<tr") == 9
    assert parity.count('data-label="Refusals"') == 8


def test_a_sealed_visit_is_not_told(client):
    make.parties()
    make.visit(make.facility(make.laboratory("aster")), state=VisitState.PLANNED, planned_from=NOON + DAY)
    assert "No visit has been announced." in page(client)


def test_the_list_shows_status_and_standing(client, clock):
    make.pause_in_force()
    clock.shift(timedelta(hours=1))
    found = page(client, "/labs/")
    assert found.count("Evaluation ongoing") == 8
    assert found.count('class="st ok">Party') == 8


def test_the_list_takes_as_many_queries_for_many_as_for_few(client, clock):
    make.pause_in_force(labs=("aster", "borealis", "cobalt", "daxing", "elbe"))
    clock.shift(timedelta(hours=1))
    page(client, "/labs/")
    with CaptureQueriesContext(connection) as few:
        page(client, "/labs/")
    for number in range(30):
        make.party(make.laboratory(f"lab-{number}"))
    with CaptureQueriesContext(connection) as many:
        page(client, "/labs/")
    assert len(many) == len(few)


def test_no_laboratory_has_no_page(client):
    assert client.get("/labs/nobody/").status_code == 404
