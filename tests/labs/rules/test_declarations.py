from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.durations import Duration
from labs.rules.declarations import DeclarationKind, DeclarationState, nil_contradicted, standing

DUE = datetime(2026, 11, 22, 12, tzinfo=UTC)
OVERDUE, LONG = Duration.parse("5 d"), Duration.parse("30 d")
TICK = timedelta(microseconds=1)


def state(at, filed_at=None):
    return standing(DUE, filed_at, at, overdue_after=OVERDUE, long_overdue_after=LONG).state


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (DUE - TICK, DeclarationState.NOT_DUE),
        (DUE, DeclarationState.DUE),
        (DUE + timedelta(days=5) - TICK, DeclarationState.DUE),
        (DUE + timedelta(days=5), DeclarationState.OVERDUE),
        (DUE + timedelta(days=30) - TICK, DeclarationState.OVERDUE),
        (DUE + timedelta(days=30), DeclarationState.LONG_OVERDUE),
    ],
)
def test_lateness_escalates_at_the_texts_instants(at, expected):
    assert state(at) is expected


def test_what_is_filed_at_the_due_instant_is_late():
    assert state(DUE, filed_at=DUE - TICK) is DeclarationState.FILED
    assert state(DUE, filed_at=DUE) is DeclarationState.FILED_LATE


def test_a_later_filing_does_not_change_how_it_stood_before():
    assert state(DUE + timedelta(days=6), filed_at=DUE + timedelta(days=7)) is DeclarationState.OVERDUE


@given(st.timedeltas(timedelta(0), timedelta(days=60)), st.timedeltas(timedelta(0), timedelta(days=60)))
def test_an_unfiled_declaration_never_gets_better(first, second):
    order = list(DeclarationState)
    early, late = sorted([first, second])
    assert order.index(state(DUE - timedelta(days=20) + early)) <= order.index(state(DUE - timedelta(days=20) + late))


def test_the_standing_says_when_it_worsens():
    answer = standing(DUE, None, DUE, overdue_after=OVERDUE, long_overdue_after=LONG)
    assert answer.worsens_at == DUE + timedelta(days=5)
    assert "2026-11-22T12:00:00Z" in answer.words


def test_a_nil_return_cannot_hide_what_is_declared():
    assert nil_contradicted(DeclarationKind.INITIAL, [], []) == ""
    assert "North" in nil_contradicted(DeclarationKind.CHIP_REGISTER, ["North"], [])
    assert "big-run" in nil_contradicted(DeclarationKind.UPDATE, [], ["big-run"])
    assert nil_contradicted(DeclarationKind.CHIP_REGISTER, [], ["big-run"]) == ""
