from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from core.canonical import commitment
from core.errors import NotAllowed
from inspections.actions.plan import cancel_visit, give_notice, plan_visits
from inspections.models import Plan, Visit, VisitInspector
from inspections.queries.visits import seal, sealed_value
from inspections.rules.visits import OutOfTurn, VisitState
from tests import factories as make
from tests.factories import NOON

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def pause():
    paused = make.pause_in_force(labs=("aster", "borealis"))
    for lab in ("aster", "borealis"):
        make.facility(make.laboratory(lab))
    return paused


@pytest.fixture
def people(pause):
    return make.inspectors(each=2)


def test_every_facility_of_every_bound_lab_gets_a_visit_by_two_inspectors_of_different_bodies(pause, people, recorded):
    made = plan_visits(pause=pause, at=NOON)
    visits = list(Visit.objects.with_names())
    assert {visit.facility.organisation.key for visit in visits} == {"aster", "borealis"}
    assert all(len({one.designation.body_id for one in visit.team.all()}) == 2 for visit in visits)
    assert (made.placed, made.unplaced) == (2, [])
    [(kind, payload)] = recorded()
    assert (kind, payload["pause"], len(payload["visits"])) == ("plan.made", pause.key, 2)


def test_the_record_holds_commitments_and_neither_place_nor_day_nor_team(pause, people, recorded):
    plan_visits(pause=pause, at=NOON)
    [(_, payload)] = recorded()
    visit = Visit.objects.with_names().get(key=payload["visits"][0]["visit"])
    assert set(payload["visits"][0]) == {"visit", "commitment"}
    handles = [one.designation.user.handle for one in visit.team.all()]
    assert payload["visits"][0]["commitment"] == commitment(visit.salt, sealed_value(visit, handles))


def test_planning_again_changes_nothing(pause, people, recorded):
    plan_visits(pause=pause, at=NOON)
    recorded()
    assert plan_visits(pause=pause, at=NOON + timedelta(minutes=1)) is None
    assert (Visit.objects.count(), Plan.objects.count(), recorded()) == (2, 1, [])


def test_nobody_arrives_before_the_declaration_is_due(pause, people):
    plan_visits(pause=pause, at=NOON)
    assert all(
        visit.planned_from >= NOON + 5 * DAY and visit.planned_until <= NOON + 14 * DAY for visit in Visit.objects.all()
    )


def test_a_sealed_visit_comes_sooner_once_the_lab_has_declared(pause, people, recorded):
    plan_visits(pause=pause, at=NOON)
    later = NOON + timedelta(hours=30)
    make.stand_down(pause, "aster", declared_at=later, site_mode="powered_off", acknowledged_at=later, halted_at=later)
    recorded()
    plan_visits(pause=pause, at=later + timedelta(minutes=1))
    moved = Visit.objects.get(facility__organisation__key="aster", state=VisitState.PLANNED)
    assert later + DAY <= moved.planned_from < later + 2 * DAY
    [(kind, payload)] = recorded()
    old = Visit.objects.get(facility__organisation__key="aster", state=VisitState.CANCELLED)
    assert (kind, payload["cancelled"]) == ("plan.made", [old.key])
    assert not old.team.filter(released_at=None).exists()
    assert plan_visits(pause=pause, at=later + timedelta(minutes=2)) is None


def test_an_affiliated_bodys_inspectors_are_not_sent(pause, people):
    make.affiliation(make.body("nordic"), make.laboratory("aster"))
    plan_visits(pause=pause, at=NOON)
    visit = Visit.objects.get(facility__organisation__key="aster")
    assert {one.designation.body.key for one in visit.team.all()} == {"ivb", "pacific"}


def test_what_cannot_be_placed_is_recorded_once_with_the_provision_in_the_way(pause, recorded):
    make.inspectors(each=2, bodies=("ivb",))
    made = plan_visits(pause=pause, at=NOON)
    assert made.placed == 0
    assert {reason[0] for missed in made.unplaced for reason in missed["reasons"]} == {
        "monitoring.from_different_bodies"
    }
    assert [kind for kind, _ in recorded()] == ["plan.made"]
    assert plan_visits(pause=pause, at=NOON + DAY) is None
    assert recorded() == []
    make.inspectors(each=1, bodies=("nordic",))
    assert plan_visits(pause=pause, at=NOON + DAY).placed == 2


def test_inspectors_of_a_body_that_does_not_participate_are_not_sent(pause, people):
    make.body("nordic").accreditation.__class__.objects.exclude(organisation__key="ivb").update(ended_at=NOON)
    assert plan_visits(pause=pause, at=NOON).placed == 0


def test_article_15_a_visit_that_verifies_a_pause_is_in_no_quota(pause, people):
    facility = make.laboratory("aster").facilities.get()
    for days in (30, 60):
        make.visit(facility, state=VisitState.CLOSED, planned_from=NOON - days * DAY)
    made = plan_visits(pause=pause, at=NOON)
    assert (made.placed, made.unplaced) == (2, [])


def test_a_pause_that_is_not_in_force_plans_nothing(people, recorded):
    waiting = make.activating_pause(labs=("cobalt",), effective_at=NOON + DAY)
    make.facility(make.laboratory("cobalt"))
    recorded()
    assert plan_visits(pause=waiting, at=NOON + DAY) is None
    assert recorded() == []


def test_the_database_refuses_to_book_an_inspector_twice(people):
    first = make.visit(make.facility(key="one"), team=people[:2])
    second = make.visit(make.facility(key="two"), planned_from=NOON + timedelta(hours=9))
    with pytest.raises(IntegrityError, match="inspector_not_booked_twice"), transaction.atomic():
        VisitInspector.objects.create(
            visit=second, designation=people[0], period=(second.planned_from, second.planned_until)
        )
    third = make.visit(make.facility(key="three"), planned_from=first.planned_until)
    VisitInspector.objects.create(visit=third, designation=people[0], period=(third.planned_from, third.planned_until))


def test_an_inspector_of_a_visit_that_was_called_off_is_free_again(people):
    called_off = make.visit(make.facility(key="one"), state=VisitState.NOTIFIED, team=people[:2])
    cancel_visit(visit=called_off, by=make.officer(people[0].body), at=NOON)
    make.visit(make.facility(key="two"), team=people[:2])


# --- notice


@pytest.fixture
def planned(people):
    visit = make.visit(
        make.facility(make.laboratory("aster"), key="sealed"),
        team=people[:2],
        notice_due_at=NOON - timedelta(hours=48, minutes=15),
    )
    visit.commitment = seal(visit, [one.designation.user.handle for one in visit.team.all()])
    visit.save()
    return visit


def test_notice_opens_the_visit_so_that_its_commitment_can_be_checked(planned, recorded):
    give_notice(visit=planned, at=planned.notice_due_at)
    [(kind, payload)] = recorded()
    opened = {key: payload[key] for key in ("visit", "facility", "from", "until", "inspectors")}
    assert kind == "visit.notified"
    assert commitment(payload["salt"], opened) == payload["commitment"] == planned.commitment


def test_notice_is_given_once_and_not_before_its_time(planned, recorded):
    give_notice(visit=planned, at=planned.notice_due_at - timedelta(seconds=1))
    assert (planned.state, recorded()) == (VisitState.PLANNED, [])
    for _ in range(2):
        give_notice(visit=planned, at=planned.notice_due_at)
    assert (planned.state, len(recorded())) == (VisitState.NOTIFIED, 1)


def test_a_late_sweep_never_shortens_the_notice(planned, recorded):
    exactly = NOON - timedelta(hours=48)
    give_notice(visit=planned, at=exactly + timedelta(seconds=1))
    assert planned.state == VisitState.CANCELLED
    assert [(kind, payload["reason"]) for kind, payload in recorded()] == [("visit.cancelled", "notice_missed")]


def test_notice_at_the_texts_last_instant_still_counts(planned):
    assert give_notice(visit=planned, at=NOON - timedelta(hours=48)).state == VisitState.NOTIFIED


def test_only_an_officer_of_a_sending_body_cancels(planned, recorded):
    for stranger in (make.officer(make.body("pacific")), make.representative(make.laboratory("aster")), None):
        with pytest.raises(NotAllowed):
            cancel_visit(visit=planned, by=stranger, at=NOON)
    assert recorded() == []
    assert cancel_visit(visit=planned, by=make.officer(make.body("ivb")), at=NOON).state == VisitState.CANCELLED
    assert len(recorded()) == 1


def test_a_visit_that_has_begun_is_not_called_off(people):
    begun = make.visit(make.facility(key="begun"), state=VisitState.IN_PROGRESS, team=people[:2])
    with pytest.raises(OutOfTurn):
        cancel_visit(visit=begun, by=make.officer(people[0].body), at=NOON)
