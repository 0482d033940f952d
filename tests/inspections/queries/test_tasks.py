from datetime import timedelta

import pytest

from inspections.actions.redactions import ask_redaction, decide_redaction
from inspections.actions.visits import acknowledge_visit
from inspections.queries.tasks import tasks_for
from inspections.rules.redactions import RedactionState
from inspections.rules.visits import VisitState
from tests import factories as make
from tests.factories import LONG_AGO, NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    return make.inspectors(each=1, bodies=("ivb", "nordic"))


def titles(user, at=NOON):
    return [task.title.split()[0] for task in tasks_for(user, at)]


def test_a_representative_is_asked_to_acknowledge_and_then_no_more(people):
    visit = make.visit(state=VisitState.NOTIFIED, team=people, planned_from=NOON + timedelta(hours=20))
    ada = make.representative(visit.facility.organisation)
    assert titles(ada) == ["Acknowledge"]
    acknowledge_visit(visit=visit, by=ada, at=NOON)
    assert titles(ada) == []


def test_an_inspector_sees_their_own_visits_before_anybody_else(people):
    make.visit(team=people, planned_from=NOON + timedelta(days=9))
    assert titles(people[0].user) == ["Visit"]
    assert titles(make.inspector(make.body("ivb"))) == []


def test_an_inspector_is_asked_to_write_finish_and_sign_the_report(people):
    visit = make.visit(state=VisitState.IN_PROGRESS, team=people)
    first, second = (one.user for one in people)
    assert titles(first) == ["Write"]
    report = make.draft(visit)
    assert titles(first) == ["Finish"]
    make.sign_report(report=report, revision=1, by=first, at=NOON)
    assert (titles(first), titles(second)) == (["Finish"], ["Sign"])
    make.sign_report(report=report, revision=1, by=second, at=NOON)
    make.submit_report(report=report, submission_key="k", by=first, at=NOON)
    assert titles(first) == []


def test_what_is_overdue_says_so(people):
    make.visit(state=VisitState.IN_PROGRESS, team=people)
    [task] = tasks_for(people[0].user, NOON + timedelta(days=40))
    assert task.late


def test_the_party_may_comment_for_the_texts_days_only(people):
    visit = make.visit(state=VisitState.IN_PROGRESS, team=people)
    make.submitted_report(visit)
    ada = make.representative(visit.facility.organisation)
    assert titles(ada, NOON + timedelta(days=5) - timedelta(seconds=1)) == ["You"]
    assert titles(ada, NOON + timedelta(days=5)) == []


def test_a_representative_is_asked_to_declare_the_work_of_each_site_and_it_is_late_once_it_is_due():
    lab = make.party(make.laboratory()).organisation
    make.facility(lab)
    [task] = tasks_for(make.representative(lab), NOON)
    assert (task.title.split()[:2], task.late) == (["Declare", "the"], True)
    assert [task.late for task in tasks_for(make.representative(lab), LONG_AGO + timedelta(days=35))] == [False]
    assert titles(make.representative(make.party(make.laboratory("elbe")).organisation)) == []


def test_an_officer_of_a_body_that_did_not_ask_is_asked_to_decide_a_redaction_until_it_is_decided(people):
    visit = make.visit(state=VisitState.IN_PROGRESS, team=people)
    report = make.submitted_report(visit)
    ivb, nordic = (make.officer(make.body(key)) for key in ("ivb", "nordic"))
    asked = ask_redaction(report=report, place="layers.power", ground="security", reason="A key.", by=ivb, at=NOON)
    due = NOON + timedelta(days=5)
    for at, is_late in ((due - timedelta(seconds=1), False), (due, True)):
        [task] = tasks_for(nordic, at)
        assert (task.title.split()[0], task.due, task.late) == ("Decide", due, is_late)
    assert titles(ivb) == []
    decide_redaction(redaction=asked, state=RedactionState.REFUSED, basis="It is none.", by=nordic, at=due)
    assert titles(nordic) == []
