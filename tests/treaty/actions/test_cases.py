from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from core.canonical import parse
from core.errors import Malformed, NotAllowed
from ledger.models import Entry
from tests import factories as make
from tests.factories import NOON
from treaty.actions.advance import advance_pause
from treaty.actions.cases import (
    CaseNotAdmissible,
    answer_case,
    close_case,
    determine_breach,
    open_case,
    open_missing_cases,
    report_remedy,
)
from treaty.actions.declarations import mark_late
from treaty.models import Case, Pause
from treaty.queries.standdowns import board
from treaty.rules.cases import TRANSITIONS, CaseEvent, CaseInAnotherState, CaseState, next_state
from treaty.rules.standing import Standing

pytestmark = pytest.mark.django_db


def hours(number):
    return NOON + timedelta(hours=number)


def entries(prefix="case."):
    return [parse(bytes(entry.data)) for entry in Entry.objects.filter(kind__startswith=prefix).order_by("pk")]


@pytest.fixture
def pause():
    make.accreditations()
    return make.pause_in_force(labs=("aster", "borealis"))


@pytest.fixture
def case(pause):
    make.stand_down(pause, "borealis", acknowledged_at=hours(1), halted_at=hours(1))
    advance_pause(pause=pause, at=hours(25))
    return Case.objects.get(organisation__key="aster", subject="acknowledge")


@pytest.fixture
def ada(case):
    return make.representative(case.organisation)


@pytest.fixture
def officer():
    return make.officer(make.body("ivb"))


def close(case, officer, at, body="ivb"):
    return close_case(case=case, body=make.body(body), words="Put right.", by=officer, at=at)


def test_an_answer_leaves_one_entry_that_does_not_hold_its_words(case, ada):
    for at in (hours(26), hours(27)):
        answer_case(case=case, words="Our pager failed.", by=ada, at=at)
    assert Case.objects.get(pk=case.pk).state == "answered"
    (entry,) = entries("case.answered")
    assert "pager" not in str(entry)
    assert case.steps.count() == 1


def test_a_rival_cannot_answer(case):
    with pytest.raises(NotAllowed):
        answer_case(case=case, words="Not us.", by=make.representative(make.laboratory("borealis")), at=hours(26))
    assert not entries("case.answered")


@pytest.mark.parametrize("words", ["", "   ", "x" * 10_001])
def test_empty_or_endless_words_are_refused(case, ada, words):
    with pytest.raises(Malformed):
        answer_case(case=case, words=words, by=ada, at=hours(26))


def test_an_unanswered_case_is_not_closed(case, officer):
    with pytest.raises(CaseInAnotherState):
        close(case, officer, hours(26))


def test_an_answered_case_is_closed_once_by_a_body(case, ada, officer):
    answer_case(case=case, words="Our pager failed.", by=ada, at=hours(26))
    for at in (hours(27), hours(28)):
        close(case, officer, at)
    assert Case.objects.get(pk=case.pk).closed_at == hours(27)
    assert len(entries("case.closed")) == 1


def test_neither_the_lab_nor_an_affiliated_body_closes_a_case(case, ada, officer):
    answer_case(case=case, words="Our pager failed.", by=ada, at=hours(26))
    with pytest.raises(NotAllowed):
        close(case, ada, hours(27))
    make.affiliation(make.body("ivb"), make.laboratory("aster"))
    with pytest.raises(CaseNotAdmissible):
        close(case, officer, hours(27))


def standing(pause, at):
    rows = board(Pause.objects.with_rows().get(pk=pause.pk), at).rows
    return next(row for row in rows if row.organisation.key == "aster").standing.standing


def test_only_a_vote_determines_a_breach_and_a_remedy_lets_a_body_close_it(pause, case, ada, officer):
    make.stand_down(pause, "aster", acknowledged_at=hours(30), halted_at=hours(30))
    vote = make.adopted_vote(
        "determine_non_compliance", subject={"case": case.key}, effective_at=hours(40), about=case.organisation
    )
    for at in (hours(41), hours(42)):
        determine_breach(vote=vote, at=at)
    assert standing(pause, hours(39)) is Standing.POTENTIAL_BREACH
    assert standing(pause, hours(40)) is Standing.BREACH
    case.refresh_from_db()
    with pytest.raises(CaseInAnotherState):
        close(case, officer, hours(43))
    report_remedy(case=case, words="Two pagers now.", by=ada, at=hours(44))
    close(case, officer, hours(45))
    assert standing(pause, hours(45)) is Standing.ONGOING
    assert [entry["kind"] for entry in entries()][-3:] == ["case.determined", "case.remedied", "case.closed"]


def test_a_bound_lab_or_a_body_refers_a_case_and_the_same_again_is_the_same(pause):
    borealis = make.laboratory("borealis")
    by = make.representative(borealis)
    fields = {"pause": pause, "lab": make.laboratory("aster"), "organisation": borealis, "reason": "A new hall."}
    one, two = (open_case(**fields, by=by, at=at) for at in (hours(1), hours(2)))
    assert one == two
    assert one.answer_by == hours(1) + timedelta(days=5)
    with pytest.raises(CaseNotAdmissible):
        open_case(**{**fields, "lab": borealis}, by=by, at=hours(3))
    with pytest.raises(NotAllowed):
        open_case(**fields, by=make.observer(), at=hours(3))
    assert len(entries("case.opened")) == 1


@pytest.mark.parametrize("state", list(CaseState))
@pytest.mark.parametrize("event", list(CaseEvent))
def test_what_the_table_does_not_hold_is_refused(state, event):
    if (state, event) not in TRANSITIONS:
        with pytest.raises(CaseInAnotherState):
            next_state(state, event)


@pytest.fixture
def late_declaration(db):
    """A declaration of a party's that was due at noon and is marked overdue."""
    lab = make.party(make.laboratory("aster")).organisation
    made = make.declaration(lab, due_at=NOON)
    mark_late(at=NOON)
    return made


def test_a_declaration_that_is_long_overdue_asks_the_party_for_clarification_once(late_declaration):
    long = NOON + timedelta(days=10)
    assert open_missing_cases(at=long - timedelta(microseconds=1)) == []
    [case] = open_missing_cases(at=long)
    assert open_missing_cases(at=long + timedelta(days=1)) == []
    assert (case.organisation.key, case.kind, case.pause) == ("aster", "missing", None)
    assert (case.acknowledge_by, case.answer_by) == (long + timedelta(hours=36), long + timedelta(days=5))
    [entry] = [parse(bytes(one.data)) for one in Entry.objects.filter(kind="case.opened")]
    assert entry["payload"]["subject"] == "initial:2026-11-22T12:00:00Z"
    assert entry["by"] is None


def test_a_declaration_that_was_filed_late_asks_nothing(late_declaration):
    late_declaration.filed_at, late_declaration.nil = NOON + timedelta(days=9), False
    late_declaration.save()
    assert open_missing_cases(at=NOON + timedelta(days=30)) == []
    assert not Entry.objects.filter(kind="case.opened").exists()


def test_the_case_says_which_declaration_is_missing(late_declaration, client):
    [case] = open_missing_cases(at=NOON + timedelta(days=10))
    with time_machine.travel(NOON + timedelta(days=10), tick=False):
        page = client.get(reverse("treaty:cases")).content.decode()
    assert case.key in page
    assert "Initial declaration, due 2026-11-22" in page
