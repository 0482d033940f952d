from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from core.errors import Malformed, NotAllowed
from inspections.actions.managed_access import SaidNothing, request_managed_access, settle_managed_access
from inspections.actions.reports import ReportIncomplete, submit_report
from inspections.models import ManagedAccess, ManagedAccessStep
from inspections.rules.managed_access import (
    Measure,
    NotTheTime,
    RequestEvent,
    RequestSettled,
    RequestState,
    claims_unseen,
    hidden_layers,
)
from inspections.rules.reports import Answer
from inspections.rules.visits import VisitState
from tests import factories as make
from tests.factories import NOON

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def visit():
    return make.visit(state=VisitState.IN_PROGRESS, team=make.inspectors(each=1)[:2])


@pytest.fixture
def lab(visit):
    return make.representative(visit.facility.organisation)


@pytest.fixture
def inspector(visit):
    return visit.team.first().designation.user


@pytest.fixture
def asked(visit, lab):
    return ask(visit, lab)


def ask(visit, by, *, layer="power", measure=Measure.SHROUD, at=NOON):
    return request_managed_access(visit=visit, layer=layer, measure=measure, reason="A customer's names.", by=by, at=at)


def settle(asked, event, by, words="Seen.", at=NOON):
    return settle_managed_access(request=asked, event=event, words=words, by=by, at=at)


def test_what_stays_hidden_is_not_verified_unless_something_in_its_place_was_enough():
    shroud, escort = ("power", Measure.SHROUD), ("chips", Measure.ESCORT)
    assert hidden_layers([(*shroud, RequestState.AGREED), (*escort, RequestState.AGREED)]) == {"power"}
    assert hidden_layers([(*shroud, RequestState.NOT_SATISFIED)]) == {"power"}
    for state in (RequestState.ASKED, RequestState.REFUSED, RequestState.SATISFIED):
        assert hidden_layers([(*shroud, state)]) == frozenset()
    assert [one.part for one in claims_unseen({"power": Answer.VERIFIED}, {"power"})] == ["power"]
    assert claims_unseen({"power": Answer.UNABLE, "chips": Answer.VERIFIED}, {"power"}) == ()


def test_the_party_asks_and_the_team_settles_with_an_entry_each(visit, lab, inspector, recorded):
    recorded()
    for _ in range(2):
        asked = ask(visit, lab)
    for event in (RequestEvent.AGREE, RequestEvent.SATISFY):
        for _ in range(2):
            settle(asked, event, inspector)
    entries = recorded()
    assert [kind for kind, _ in entries] == ["managed_access.requested", *["managed_access.settled"] * 2]
    assert entries[-1][1]["state"] == "satisfied"
    assert "customer" not in str(entries)
    with pytest.raises(RequestSettled):
        settle(asked, RequestEvent.FAIL, inspector, "Not seen.")


def test_a_report_that_calls_verified_what_stayed_hidden_is_neither_signed_nor_submitted(visit, asked, lab, inspector):
    settle(asked, RequestEvent.AGREE, inspector)
    with pytest.raises(ReportIncomplete, match="shrouded"):
        make.submitted_report(visit)
    settle(asked, RequestEvent.SATISFY, inspector, "The meters were read instead.")
    report = visit.reports.get()
    for one in visit.team.all():
        make.sign_report(report=report, revision=report.revision, by=one.designation.user, at=NOON)
    later = ask(visit, lab, layer="chips", measure=Measure.SUBSTITUTE)
    settle(later, RequestEvent.AGREE, inspector)
    with pytest.raises(ReportIncomplete):
        submit_report(report=report, submission_key="a" * 32, by=inspector, at=NOON)
    settle(later, RequestEvent.SATISFY, inspector, "Seen.")
    assert submit_report(report=report, submission_key="a" * 32, by=inspector, at=NOON).received_at == NOON


def test_nobody_asks_or_settles_for_the_other_side_or_out_of_time(visit, asked, lab, inspector, recorded):
    recorded()
    for refused, act in (
        (NotAllowed, lambda: ask(visit, inspector)),
        (NotAllowed, lambda: settle(asked, RequestEvent.AGREE, lab)),
        (Malformed, lambda: ask(visit, lab, layer="nowhere")),
        (SaidNothing, lambda: settle(asked, RequestEvent.AGREE, inspector, " ")),
    ):
        with pytest.raises(refused):
            act()
    make.submitted_report(visit)
    recorded()
    for act in (lambda: ask(visit, lab, layer="chips"), lambda: settle(asked, RequestEvent.REFUSE, inspector)):
        with pytest.raises(NotTheTime):
            act()
    assert (recorded(), ManagedAccess.objects.count(), ManagedAccessStep.objects.count()) == ([], 1, 0)
    with pytest.raises(DatabaseError), transaction.atomic():
        ManagedAccess.objects.update(reason="Other.")


def test_the_public_sees_that_it_was_asked_for_and_not_why(client, visit, asked):
    page = client.get(f"/inspections/visits/{visit.key}/").text
    assert "Managed access" in page
    assert "Asked for" in page
    assert "customer" not in page
