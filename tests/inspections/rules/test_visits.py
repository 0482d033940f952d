from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspections.rules.visits import (
    ENDED,
    TRANSITIONS,
    OutOfTurn,
    VisitEvent,
    VisitFacts,
    VisitKind,
    VisitState,
    comments_close,
    delay_of,
    next_state,
    notice_of,
    report_due,
    timers,
    total_delay,
)
from tests.inspections.values import monitoring

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FACTS = VisitFacts(NOON, NOON + timedelta(hours=10), NOON - timedelta(hours=24))


def test_a_visit_goes_its_whole_way():
    state = VisitState.PLANNED
    for event in ("notify", "acknowledge", "grant", "begin", "report", "comment", "finalise", "close"):
        state = next_state(state, VisitEvent(event))
    assert state is VisitState.CLOSED


def test_a_visit_may_end_with_nothing_concluded():
    state = VisitState.NOTIFIED
    for event in ("delay", "refuse", "leave_open"):
        state = next_state(state, VisitEvent(event))
    assert state is VisitState.INCONCLUSIVE


@given(st.sampled_from(sorted(ENDED)), st.sampled_from(VisitEvent))
def test_nothing_follows_an_ended_visit(state, event):
    with pytest.raises(OutOfTurn):
        next_state(state, event)


@given(st.sampled_from(VisitState), st.sampled_from(VisitEvent))
def test_every_step_is_in_the_table_or_refused(state, event):
    try:
        assert next_state(state, event) is TRANSITIONS[state, event]
    except OutOfTurn:
        assert (state, event) not in TRANSITIONS


def test_every_state_but_the_first_can_be_reached_and_every_open_one_left():
    assert {*TRANSITIONS.values()} == set(VisitState) - {VisitState.PLANNED}
    assert {state for state, _ in TRANSITIONS} == set(VisitState) - ENDED


def test_a_report_needs_the_team_to_have_been_there():
    with pytest.raises(OutOfTurn, match="acknowledged"):
        next_state(VisitState.ACKNOWLEDGED, VisitEvent.REPORT)


def test_notice_is_the_texts_for_each_kind():
    assert str(notice_of(VisitKind.ROUTINE, monitoring())) == "48 h"
    assert str(notice_of(VisitKind.PAUSE_VERIFICATION, monitoring())) == "24 h"
    assert str(notice_of(VisitKind.CHALLENGE, monitoring())) == "12 h"


def test_a_stage_is_late_after_its_due_instant_only():
    at_due = {timer.stage: timer for timer in timers(FACTS, monitoring(), NOON - timedelta(hours=24))}
    after = {timer.stage: timer for timer in timers(FACTS, monitoring(), NOON - timedelta(hours=23))}
    assert not at_due["notice"].is_late
    assert after["notice"].late == timedelta(hours=1)


def test_a_stage_that_was_done_late_stays_late():
    facts = replace(FACTS, notified_at=NOON - timedelta(hours=24), access_at=NOON + timedelta(hours=3))
    found = {timer.stage: timer for timer in timers(facts, monitoring(), NOON + timedelta(days=90))}
    assert found["access"].late == timedelta(hours=3)
    assert not found["notice"].is_late


def test_the_time_for_comments_fits_between_report_and_final_report():
    due = report_due(FACTS.planned_until, monitoring())
    assert comments_close(due, monitoring()) <= monitoring().final_report_within.after(FACTS.planned_until)


def test_waiting_at_the_gate_adds_up():
    assert delay_of(NOON, NOON - timedelta(hours=1), NOON) == timedelta(0)
    assert total_delay(
        [delay_of(NOON, NOON + timedelta(hours=2), NOON), delay_of(NOON, None, NOON + timedelta(hours=1))]
    ) == timedelta(hours=3)
