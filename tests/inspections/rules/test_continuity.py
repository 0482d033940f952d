"""Readings that carry what a visit verified, until a gap or a broken seal."""

from datetime import UTC, datetime, timedelta

import pytest

from core.durations import Duration
from inspections.rules.evidence import EvidenceState, Observation, StreamValue, broken_at, cell, stream_obstacle
from inspections.rules.needs import Need, needed
from inspections.rules.reports import Answer
from treaty.rules.monitoring import Continuity

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TERMS = Continuity(longest_gap="48 h", carries="90 d")
VALID = Duration.parse("14 d")
VISIT = Observation(Answer.VERIFIED, NOON - 20 * DAY, "2026-0001/1")


def at(days, readings=(), broken=(), terms=TERMS):
    """The cell `days` after the visit, with readings so many days after it."""
    stream = [StreamValue(VISIT.collected_at + day * DAY, day not in broken) for day in readings]
    return cell([VISIT], VALID, VISIT.collected_at + days * DAY, stream=stream, continuity=terms)


def test_without_readings_the_evidence_expires_as_it_always_did():
    assert (at(13.9).state, at(14).state) == (EvidenceState.VERIFIED, EvidenceState.STALE)
    assert at(14, range(1, 14), terms=None).state is EvidenceState.STALE


def test_unbroken_readings_carry_it_on_to_the_end_of_the_next_gap():
    found = at(20, range(1, 21))
    assert (found.state, found.expires_at, found.report) == (
        EvidenceState.VERIFIED, VISIT.collected_at + 22 * DAY, "2026-0001/1",
    )  # fmt: skip


def test_it_is_carried_no_longer_than_the_text_says():
    assert at(89.9, range(1, 90)).state is EvidenceState.VERIFIED
    assert at(90, range(1, 91)).state is EvidenceState.STALE


@pytest.mark.parametrize("after", [5, 6, 13, 30])
def test_a_gap_loses_continuity_at_once_even_before_the_evidence_would_have_expired(after):
    found = at(after, [1, 2, 3])
    assert (found.state, found.expires_at) == (EvidenceState.CONTINUITY_LOST, VISIT.collected_at + 5 * DAY)
    # Readings that come after the gap mend nothing: a new visit does.
    assert at(30, [1, 2, 3, 20, 21]).state is EvidenceState.CONTINUITY_LOST


def test_a_gap_of_exactly_the_longest_is_none():
    assert at(4.9, [1, 3]).state is EvidenceState.VERIFIED


def test_a_broken_seal_loses_continuity_at_its_reading():
    found = at(4, [1, 2, 3], broken=[2])
    assert (found.state, found.expires_at) == (EvidenceState.CONTINUITY_LOST, VISIT.collected_at + 2 * DAY)


def test_a_new_visit_is_a_new_baseline():
    again = Observation(Answer.VERIFIED, NOON - DAY, "2026-0002/1")
    stream = [StreamValue(VISIT.collected_at + DAY, True)]
    found = cell([VISIT, again], VALID, NOON, stream=stream, continuity=TERMS)
    assert (found.state, found.report) == (EvidenceState.VERIFIED, "2026-0002/1")


def test_readings_that_begin_too_late_after_the_visit_carry_nothing():
    assert at(20, [10, 11, 12]).state is EvidenceState.STALE


def test_a_reading_is_of_a_known_stream_not_ahead_and_fills_no_gap_afterwards():
    assert stream_obstacle(TERMS, NOON - 2 * DAY, NOON) == ""
    assert "fills no gap" in stream_obstacle(TERMS, NOON - 2 * DAY - timedelta(seconds=1), NOON)
    assert "not what will be" in stream_obstacle(TERMS, NOON + timedelta(seconds=1), NOON)
    assert "no stream" in stream_obstacle(None, NOON, NOON)


def test_a_new_baseline_is_due_within_the_texts_time_of_the_break():
    broke = VISIT.collected_at + 5 * DAY
    lost = at(30, [1, 2, 3])
    found = needed(lost, broke + 59 * DAY, Duration.parse("60 d"))
    assert (found.need, found.by, found.overdue) == (Need.BASELINE, broke + 60 * DAY, False)
    assert needed(lost, broke + 60 * DAY, Duration.parse("60 d")).overdue


@pytest.mark.parametrize(
    ("readings", "broken", "after"),
    [([1, 2, 3], [], 5), ([1, 2, 9], [], 4), ([1, 2, 3], [2], 2), ([1, 3, 5], [], 7), ([], [], None)],
)
def test_the_first_break_of_a_stream_is_where_the_cell_loses_it(readings, broken, after):
    stream = [StreamValue(NOON + day * DAY, day not in broken) for day in readings]
    expected = None if after is None else NOON + after * DAY
    assert broken_at(stream, TERMS, NOON + 30 * DAY) == expected
    if expected:
        assert broken_at(stream, TERMS, expected - timedelta(seconds=1)) is None


def test_what_a_cell_needs_follows_from_what_it_is():
    lost = needed(at(30, [1, 2, 3]), VISIT.collected_at + 30 * DAY)
    assert (lost.need, lost.overdue) == (Need.BASELINE, True)
    stands = needed(at(1), VISIT.collected_at + DAY)
    assert (stands.need, stands.by, stands.overdue) == (Need.VISIT, VISIT.collected_at + 14 * DAY, False)
    assert needed(cell([], VALID, NOON), NOON).need is Need.FIRST_VISIT
