from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.urls import reverse

from inspections.actions.inspectors import end_designation
from inspections.actions.schedules import begin_run, run_scheduler
from inspections.models import Refusal, ScheduleRun, Visit
from inspections.scheduling.solver import Effort
from tests import factories as make
from tests.factories import NOON

pytestmark = pytest.mark.django_db
QUICK = Effort(seconds=20, workers=1, work=1)


@pytest.fixture
def people():
    for lab in ("aster", "borealis"):
        make.party(make.laboratory(lab))
        make.facility(make.laboratory(lab), key=f"{lab}-1", name=f"{lab} hall", jurisdiction="DE")
    return make.inspectors(each=3)


def sign_in(client, person):
    Authenticator.objects.get_or_create(user=person, type=Authenticator.Type.TOTP, defaults={"data": {"secret": "x"}})
    client.force_login(person)


def page(client, at=NOON):
    with time_machine.travel(at, tick=False):
        answer = client.get(reverse("inspections:schedule"))
    assert answer.status_code == 200
    return answer.content.decode()


def test_before_there_is_a_text_or_a_run_the_page_says_so(client, people):
    assert "has not looked yet" in page(client)


def test_the_page_shows_how_many_are_sealed_and_nothing_of_them(client, people):
    run_scheduler(clock=lambda: NOON, effort=QUICK)
    shown = page(client)
    assert "2 visits are sealed." in shown
    assert "scheduler is alive" in shown
    assert "A schedule was sealed" in shown
    assert "aster hall" not in shown
    for visit in Visit.objects.all():
        assert visit.key not in shown


def test_what_is_left_out_is_shown_with_the_provisions_that_clash(client, people):
    for one in people:
        if one.body.key != "ivb":
            end_designation(designation=one, by=make.officer(one.body), at=NOON)
    run_scheduler(clock=lambda: NOON, effort=QUICK)
    shown = page(client)
    assert "aster hall" in shown
    assert "inspectors from different bodies" in shown


def test_a_run_under_way_and_a_scheduler_that_is_silent_are_said(client, people):
    begin_run(at=NOON)
    assert "Planning" in page(client, NOON + timedelta(minutes=1))
    assert "scheduler is silent" in page(client, NOON + timedelta(days=9))
    ScheduleRun.objects.update(outcome="unchanged", ended_at=NOON)
    begin_run(at=NOON + timedelta(days=9))
    assert "Missed" in page(client, NOON + timedelta(days=9, minutes=1))


def test_a_representative_refuses_an_inspector_and_others_see_no_name(client, people):
    aster, who = make.laboratory("aster"), people[0].user
    here = reverse("inspections:lab_inspectors", args=["aster"])
    with time_machine.travel(NOON, tick=False):
        assert who.name not in client.get(here).content.decode()
        sign_in(client, make.representative(aster))
        assert who.name in client.get(here).content.decode()
        refuse = reverse("inspections:refuse", args=["aster", who.handle])
        assert "30 d" in client.get(refuse).content.decode()
        assert client.post(refuse).status_code == 302
        assert Refusal.objects.get().designation == people[0]
        assert client.post(reverse("inspections:withdraw_refusal", args=["aster", who.handle])).status_code == 302
        assert not Refusal.objects.standing(NOON).exists()
        sign_in(client, make.representative(make.laboratory("borealis")))
        assert client.post(refuse).status_code == 403
