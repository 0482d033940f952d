from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.times import Period
from inspections.rules.plan import plan
from inspections.rules.schedules import Inspector, Rule
from inspections.rules.training import Validity, covers, missing, trained, validity
from inspections.scheduling.grid import Grid
from tests.inspections.rules.test_plan import candidate, site
from tests.inspections.schedules import ARRIVAL, BEGINS, DAY, YEARS, frame
from tests.inspections.values import monitoring
from treaty.rules.monitoring import Training

COURSES = {"methods": {"name": "Methods", "valid_for": "2 y"}, "safety": {"name": "Safety", "valid_for": "1 y"}}
TERMS = Training(courses=COURSES, renewed_before="60 d")
periods = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 20)).map(
        lambda one: Period(BEGINS + one[0] * DAY, BEGINS + (one[0] + one[1]) * DAY)
    ),
    max_size=4,
)


def days(first, last):
    return Period(BEGINS + first * DAY, BEGINS + last * DAY)


@given(periods, periods, st.integers(0, 60))
def test_somebody_is_trained_when_every_course_holds_and_only_then(methods, safety, day):
    at = BEGINS + day * DAY
    found = trained(TERMS, {"methods": methods, "safety": safety})
    assert any(at in one for one in found) == (any(at in one for one in methods) and any(at in one for one in safety))


@given(periods, periods, st.integers(0, 60), st.integers(1, 3))
def test_what_is_missing_for_a_visit_is_what_keeps_somebody_from_it(methods, safety, day, length):
    held, visit = {"methods": methods, "safety": safety}, days(day, day + length)
    assert covers(trained(TERMS, held), visit) == (missing(TERMS, held, visit) == [])


def test_a_text_without_training_asks_for_none():
    assert trained(None, {}) is None
    assert missing(None, {}, days(0, 1)) == []


def test_a_course_that_is_renewed_in_time_has_no_gap():
    held = {"methods": [days(0, 100)], "safety": [days(0, 30), days(30, 60)]}
    assert missing(TERMS, held, days(25, 35)) == []
    held["safety"][1] = days(31, 60)
    assert missing(TERMS, held, days(25, 35)) == ["safety"]


@pytest.mark.parametrize(
    ("held", "state"),
    [
        ([], Validity.MISSING),
        ([days(1, 9)], Validity.MISSING),
        ([days(-9, 0)], Validity.LAPSED),
        ([days(-9, 60)], Validity.RUNNING_OUT),
        ([days(-9, 61)], Validity.VALID),
        ([days(-9, 10), days(-1, 90)], Validity.VALID),
    ],
)
def test_a_course_that_runs_out_is_told_so_ahead(held, state):
    assert validity(TERMS, held, BEGINS)[0] == state


def untrained(world, until):
    people = {
        handle: Inspector(handle, one.body, YEARS, trained=(Period(BEGINS - DAY, until),))
        for handle, one in world.inspectors.items()
    }
    return frame(inspectors=people)


def test_the_scheduler_knows_when_training_runs_out():
    until = ARRIVAL + 20 * DAY + timedelta(hours=48)
    world = untrained(frame(), until)
    starts = Grid(world).starts(world.inspectors["i00"], world.places["s0"])
    assert max(starts) == 20
    assert len(Grid(world, [Rule.TRAINING]).starts(world.inspectors["i00"], world.places["s0"])) > 300


def test_the_planner_sends_nobody_whose_training_does_not_hold_and_says_so():
    able = [candidate(1, body=1), candidate(2, body=2, trained=())]
    found = plan([site("hall")], able, monitoring(), seed="0")
    assert found.placed == ()
    assert "monitoring.training" in dict(found.unplaced[0].reasons)
