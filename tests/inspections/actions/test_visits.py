from datetime import timedelta

import pytest

from core.errors import NotAllowed
from inspections.actions.visits import (
    CommentsStillOpen,
    ReasonNeeded,
    acknowledge_visit,
    begin_visit,
    delay_access,
    end_visit,
    finalise_visit,
    grant_access,
    move_on,
    refuse_access,
)
from inspections.models import AccessRecord
from inspections.queries.grades import grades
from inspections.rules.visits import Cause, OutOfTurn, VisitState
from tests import factories as make
from tests.factories import NOON

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=3)


@pytest.fixture
def people():
    return make.inspectors(each=2)


@pytest.fixture
def notified(people):
    return make.visit(state=VisitState.NOTIFIED, team=people[:1] + people[2:3])


@pytest.fixture
def inspector(notified):
    return notified.team.first().designation.user


def test_the_laboratory_acknowledges_once(notified, recorded):
    ada = make.representative(notified.facility.organisation)
    for _ in range(2):
        acknowledge_visit(visit=notified, by=ada, at=NOON)
    assert notified.state == VisitState.ACKNOWLEDGED
    assert [kind for kind, _ in recorded()] == ["visit.acknowledged"]


def test_nobody_else_acknowledges(notified, inspector, recorded):
    for stranger in (inspector, make.representative(make.laboratory("borealis"))):
        with pytest.raises(NotAllowed):
            acknowledge_visit(visit=notified, by=stranger, at=NOON)
    assert recorded() == []


def test_a_visit_that_is_still_sealed_cannot_be_acknowledged():
    planned = make.visit()
    with pytest.raises(OutOfTurn):
        acknowledge_visit(visit=planned, by=make.representative(planned.facility.organisation), at=NOON)


def test_a_delay_and_then_access_make_a_delay_account(notified, inspector, recorded):
    delay_access(visit=notified, reason="The escort is late.", by=inspector, at=NOON)
    assert (notified.state, notified.access_at) == (VisitState.ACCESS_DELAYED, None)
    grant_access(visit=notified, by=inspector, at=LATER)
    assert (notified.state, notified.access_at) == (VisitState.ACCESS_GRANTED, LATER)
    found = recorded()
    assert [kind for kind, _ in found] == ["access.delayed", "access.granted"]
    assert "The escort is late." not in str(found)


def test_only_what_is_the_partys_doing_is_on_its_delay_account_and_among_its_refusals(notified, inspector, recorded):
    make.party(notified.facility.organisation)
    [row] = grades(NOON).labs
    assert (row.delay, row.refusals) == (timedelta(0), 0)
    delay_access(visit=notified, reason="A storm.", cause=Cause.FORCE_MAJEURE, by=inspector, at=NOON)
    refuse_access(visit=notified, reason="The road is closed.", cause=Cause.FORCE_MAJEURE, by=inspector, at=NOON)
    grant_access(visit=notified, by=inspector, at=LATER)
    [row] = grades(LATER).labs
    assert (row.delay, row.refusals) == (timedelta(0), 0)
    assert [payload.get("cause") for _, payload in recorded()] == ["force_majeure", "force_majeure", None]
    AccessRecord.objects.create(
        visit=notified, outcome="delay", cause=Cause.PARTY, salt="0", recorded_at=NOON, by=inspector
    )
    [row] = grades(LATER).labs
    assert row.delay == LATER - notified.planned_from


def test_saying_the_same_at_the_gate_twice_is_one_record(notified, inspector, recorded):
    for _ in range(2):
        refuse_access(visit=notified, reason="No.", by=inspector, at=NOON)
    assert (AccessRecord.objects.count(), len(recorded())) == (1, 1)


def test_a_refusal_says_what_was_said(notified, inspector, recorded):
    with pytest.raises(ReasonNeeded):
        refuse_access(visit=notified, reason="  ", by=inspector, at=NOON)
    assert recorded() == []


def test_only_the_visits_team_records_what_happens_at_the_gate(notified, people, recorded):
    for stranger in (people[1].user, make.representative(notified.facility.organisation)):
        with pytest.raises(NotAllowed):
            grant_access(visit=notified, by=stranger, at=NOON)
    assert recorded() == []


def test_an_inspector_whose_membership_has_ended_is_no_longer_on_the_team(notified, inspector):
    inspector.memberships.update(until_at=NOON)
    with pytest.raises(NotAllowed):
        grant_access(visit=notified, by=inspector, at=NOON)


def test_an_inspection_begins_once_access_is_granted(notified, inspector, recorded):
    with pytest.raises(OutOfTurn):
        begin_visit(visit=notified, by=inspector, at=NOON)
    grant_access(visit=notified, by=inspector, at=NOON)
    for _ in range(2):
        begin_visit(visit=notified, by=inspector, at=LATER)
    assert (notified.state, notified.began_at) == (VisitState.IN_PROGRESS, LATER)
    assert [kind for kind, _ in recorded()] == ["access.granted", "visit.begun"]


def reported(people, conclusion="consistent", **changes):
    visit = make.visit(state=VisitState.IN_PROGRESS, team=people[:1] + people[2:3])
    make.submitted_report(visit, conclusion=make.Conclusion(conclusion), **changes)
    visit.refresh_from_db()
    return visit


def test_a_report_becomes_final_when_the_time_for_comments_is_over(people, recorded):
    visit = reported(people)
    recorded()
    move_on(visit=visit, at=NOON + timedelta(days=5) - timedelta(seconds=1))
    assert (visit.state, recorded()) == (VisitState.PRELIMINARY, [])
    move_on(visit=visit, at=NOON + timedelta(days=5))
    assert visit.state == VisitState.CLOSED
    assert [kind for kind, _ in recorded()] == ["visit.finalised", "visit.closed"]
    move_on(visit=visit, at=NOON + timedelta(days=6))
    assert recorded() == []


def test_the_team_cannot_cut_the_partys_time_for_comments_short(people):
    visit = reported(people)
    with pytest.raises(CommentsStillOpen):
        finalise_visit(visit=visit, by=people[0].user, at=NOON + timedelta(days=1))


def test_a_visit_with_an_open_finding_stays_open(people):
    visit = reported(people, "discrepancy", findings=(make.finding_value(),))
    move_on(visit=visit, at=NOON + timedelta(days=5))
    assert visit.state == VisitState.FINAL
    end_visit(visit=visit, at=NOON + timedelta(days=50))
    assert visit.state == VisitState.FINAL


def test_a_report_that_could_not_conclude_leaves_the_visit_inconclusive(people):
    visit = reported(people, "inconclusive")
    move_on(visit=visit, at=NOON + timedelta(days=5))
    assert visit.state == VisitState.INCONCLUSIVE


def test_a_team_that_was_never_let_in_leaves_the_visit_inconclusive_at_its_planned_end(notified, inspector, recorded):
    refuse_access(visit=notified, reason="No.", by=inspector, at=NOON)
    recorded()
    end_visit(visit=notified, at=notified.planned_until - timedelta(seconds=1))
    assert notified.state == VisitState.ACCESS_REFUSED
    end_visit(visit=notified, at=notified.planned_until)
    assert notified.state == VisitState.INCONCLUSIVE
    assert [kind for kind, _ in recorded()] == ["visit.left_open"]
