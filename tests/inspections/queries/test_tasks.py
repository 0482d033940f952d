from datetime import timedelta

import pytest

from inspections.actions.visits import acknowledge_visit
from inspections.queries.tasks import tasks_for
from inspections.rules.visits import VisitState
from tests import factories as make
from tests.factories import NOON

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
