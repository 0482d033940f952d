from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.durations import Duration
from tests.conftest import NOON
from tests.texts import model_text
from treaty.rules.drills import (
    OVER,
    TRANSITIONS,
    DrillEvent,
    DrillFacts,
    DrillStage,
    DrillState,
    dates,
    ended,
    missing_before,
    next_due,
    stages_of,
    standings,
    state_at,
)
from treaty.rules.reading import read_text
from treaty.rules.standdowns import StageState

TEXT = read_text(model_text())
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START, END = dates(TEXT.drills, NOON)
HALT = stages_of(TEXT.levels["halt"], TEXT.drills.longest)

hours = st.integers(0, 24 * 30).map(lambda count: NOON + count * HOUR)
inside = st.integers(0, 24 * 7 - 1).map(lambda count: START + count * HOUR)
labs = st.dictionaries(
    st.sampled_from(["aster", "borealis", "cobalt"]), st.dictionaries(st.sampled_from(DrillStage), inside), max_size=3
)
drills = st.builds(DrillFacts, st.just(NOON), st.just(START), st.just(END), labs, st.none() | hours)


def test_a_drill_starts_a_fortnight_after_its_vote_and_lasts_a_week_at_the_most():
    assert (START, END) == (NOON + 14 * DAY, NOON + 21 * DAY)
    assert next_due(TEXT.drills, NOON) == NOON.replace(year=2027, month=5)


def test_its_stages_are_the_levels_own_without_verification_and_standing_up_again():
    assert list(HALT) == list(DrillStage)
    assert DrillStage.ROLL_BACK not in stages_of(TEXT.levels["pause"], TEXT.drills.longest)
    assert HALT[DrillStage.HALT] == Duration.parse("72 h")


@given(drills, hours)
def test_no_sequence_of_rows_reaches_a_state_outside_the_table(facts, at):
    assert state_at(facts, at) in {DrillState.ANNOUNCED, DrillState.RUNNING, *OVER}


@given(drills, hours, hours)
def test_what_is_over_stays_over(facts, one, other):
    first, second = sorted((one, other))
    if state_at(facts, first) in OVER:
        assert state_at(facts, second) is state_at(facts, first)


@given(drills, hours)
def test_a_drill_is_over_from_its_computed_instant_and_not_before(facts, at):
    assert (state_at(facts, at) in OVER) == (at >= ended(facts)[0])
    assert ended(facts)[0] <= END


@given(drills.filter(lambda facts: facts.paused_at is not None), st.integers(0, 3).map(lambda hour: hour * HOUR))
def test_from_the_instant_of_a_real_pause_no_drill_runs(facts, later):
    at = facts.paused_at + later
    assert state_at(facts, at) not in {DrillState.RUNNING, DrillState.ANNOUNCED}


@pytest.mark.parametrize(
    ("stood_up", "paused_at", "event", "at"),
    [
        ({"aster": START + DAY, "cobalt": START + 2 * DAY}, None, DrillEvent.COMPLETE, START + 2 * DAY),
        ({"aster": START + DAY, "cobalt": None}, None, DrillEvent.TIME_OUT, END),
        ({}, None, DrillEvent.TIME_OUT, END),
        ({"aster": START + DAY}, START + DAY, DrillEvent.CALL_OFF, START + DAY),
        ({"aster": START + DAY}, NOON - DAY, DrillEvent.CALL_OFF, NOON),
    ],
)
def test_a_drill_ends_with_the_last_to_stand_up_or_its_time_or_a_real_pause(stood_up, paused_at, event, at):
    done = {lab: {DrillStage.STAND_UP: instant} if instant else {} for lab, instant in stood_up.items()}
    assert ended(DrillFacts(NOON, START, END, done, paused_at)) == (at, event)


@pytest.mark.parametrize(
    ("at", "state"),
    [
        (NOON, DrillState.ANNOUNCED),
        (START - timedelta(microseconds=1), DrillState.ANNOUNCED),
        (START, DrillState.RUNNING),
        (END - timedelta(microseconds=1), DrillState.RUNNING),
        (END, DrillState.TIMED_OUT),
    ],
)
def test_both_boundaries_of_a_drill_belong_to_what_begins(at, state):
    assert state_at(DrillFacts(NOON, START, END, {"aster": {}}), at) is state


def test_nothing_leads_out_of_a_state_that_is_over():
    assert [key for key in TRANSITIONS if key[0] in OVER] == []


@given(st.frozensets(st.sampled_from(DrillStage)))
def test_a_declaration_waits_for_what_the_level_asks_and_standing_up_for_the_declaration(done):
    missing = missing_before(DrillStage.DECLARE, HALT, done)
    assert set(missing) == {DrillStage.ACKNOWLEDGE, DrillStage.HALT, DrillStage.ROLL_BACK} - done
    assert bool(missing_before(DrillStage.STAND_UP, HALT, done)) == (DrillStage.DECLARE not in done)


def test_a_stage_done_at_its_deadline_is_late_and_lateness_stops_with_the_drill():
    facts = DrillFacts(NOON, START, END, {"aster": {}})
    done = {DrillStage.ACKNOWLEDGE: START + 12 * HOUR, DrillStage.HALT: START + 71 * HOUR}
    found = {one.stage: one for one in standings(facts, HALT, done, END + 30 * DAY)}
    assert found[DrillStage.ACKNOWLEDGE].state is StageState.DONE_LATE
    assert (found[DrillStage.HALT].state, found[DrillStage.HALT].took) == (StageState.DONE, 71 * HOUR)
    assert (found[DrillStage.DECLARE].state, found[DrillStage.DECLARE].late_by) == (StageState.LATE, 2 * DAY)
