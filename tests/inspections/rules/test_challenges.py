from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.times import Period
from inspections.rules.challenges import OPEN, Standing, needs_visit, obstacle, standing
from inspections.rules.conflicts import Ties
from inspections.rules.plan import Candidate, Placement, Site, days, plan
from inspections.rules.visits import (
    VisitFacts,
    VisitKind,
    VisitState,
    access_due,
    first_arrival,
    leave_by,
    notice_due,
    notice_suffices,
    planned_end,
    timers,
)
from tests.inspections.values import monitoring
from treaty.rules.vote_states import State

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CHALLENGE = VisitKind.CHALLENGE
VISITS = st.lists(st.sampled_from(VisitState))
INSTANTS = st.integers(0, 10**8).map(lambda seconds: NOON + timedelta(seconds=seconds))


def clock(arrival=12, on_site=36, longest=84):
    return monitoring(
        challenge={
            "decision": "stop", "stop_within": "12 h", "arrival_after_notice": f"{arrival} h",
            "on_site_within": f"{on_site} h", "longest": f"{longest} h",
        }
    )  # fmt: skip


# --- where it is


@given(st.sampled_from(State), VISITS)
def test_only_a_vote_that_has_its_effect_stops_a_challenge(vote, visits):
    stopped = vote in {State.IN_EFFECT, State.PROVISIONAL, State.RATIFIED}
    assert (standing(vote, visits) is Standing.STOPPED) is stopped


@given(st.sampled_from(State), VISITS)
def test_a_visit_is_called_for_exactly_where_it_proceeds_and_none_is_going_or_over(vote, visits):
    going = any(one is not VisitState.CANCELLED for one in visits)
    assert needs_visit(vote, visits) is (standing(vote, []) is Standing.PROCEEDS and not going)


@pytest.mark.parametrize("vote", [State.REJECTED, State.REFERRED, State.EXPIRED])
def test_article_16_the_default_lets_it_proceed(vote):
    assert standing(vote, []) is Standing.PROCEEDS
    assert standing(vote, [VisitState.CANCELLED, VisitState.INCONCLUSIVE]) is Standing.INSPECTED


@pytest.mark.parametrize("vote", [State.NOTICED, State.OPEN, State.ADOPTED, State.WAITING, State.READY])
def test_until_the_vote_is_settled_nothing_is_planned(vote):
    assert standing(vote, []) is Standing.ASKED
    assert Standing.ASKED in OPEN


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"requester": "fjord"}, "of its own"),
        ({"lab": "kestrel"}, "not bound"),
        ({"in_use": False}, "not in use"),
        ({"under_challenge": True}, "under way"),
    ],
)
def test_what_stands_in_the_way_is_said(changes, words):
    case = {"requester": "aster", "lab": "fjord", "bound": {"aster", "fjord"}, "in_use": True, "under_challenge": False}
    said = obstacle(**(case | changes))
    assert words in said
    assert bool(said) is bool(changes)


# --- its clock


@given(INSTANTS, st.integers(0, 100), st.integers(0, 100), st.integers(1, 200))
def test_every_number_of_the_clock_is_the_texts(at, arrival, on_site, longest):
    text = clock(arrival, on_site, longest)
    starts = first_arrival(CHALLENGE, text, at)
    assert notice_suffices(CHALLENGE, text, at, starts)
    assert notice_suffices(CHALLENGE, text, notice_due(CHALLENGE, text, starts), starts)
    assert not notice_suffices(CHALLENGE, text, starts - arrival * HOUR + timedelta(seconds=1), starts)
    assert access_due(CHALLENGE, starts, text) == starts + on_site * HOUR
    assert leave_by(CHALLENGE, starts, text) == starts + longest * HOUR
    assert planned_end(CHALLENGE, starts, text) == starts + (on_site + longest) * HOUR


@given(INSTANTS, st.sampled_from([kind for kind in VisitKind if kind is not CHALLENGE]))
def test_other_visits_are_on_site_as_they_arrive_and_stay_for_the_visits_length(at, kind):
    assert access_due(kind, at, monitoring()) == at
    assert planned_end(kind, at, monitoring()) == at + 10 * HOUR


def test_article_16_access_is_late_after_36_hours_and_not_before():
    facts = VisitFacts(NOON, NOON + 120 * HOUR, NOON - 12 * HOUR, kind=CHALLENGE)
    late = {hours: dict_of(facts, NOON + hours * HOUR)["access"].is_late for hours in (0, 36, 37)}
    assert late == {0: False, 36: False, 37: True}


def dict_of(facts, at):
    return {timer.stage: timer for timer in timers(facts, monitoring(), at)}


def test_its_clock_runs_on_holidays_too():
    text = monitoring(holidays=(NOON.date(),))
    assert next(days(NOON, text, CHALLENGE)) == Period(NOON, NOON + 120 * HOUR)
    assert next(days(NOON, text)).start == NOON + 24 * HOUR


# --- its team


LAB, ASKER, BODIES = 1, 2, (10, 11, 12)


def inspector(key, body, *, affiliated=()):
    return Candidate(
        key, body, Ties(frozenset({body}), frozenset(affiliated)), Period(NOON - 999 * HOUR, NOON + 9999 * HOUR)
    )


def placed(candidates, **changes):
    site = replace(Site("hall", LAB, NOON, kind=CHALLENGE, requester=ASKER), **changes)
    [found, *_] = [*plan([site], candidates, monitoring(), seed="s").placed, None]
    return found


@given(st.sets(st.sampled_from(BODIES)), st.sets(st.sampled_from(BODIES)))
def test_nobody_near_the_laboratory_or_whoever_asked_is_sent(near_lab, near_asker):
    people = [
        inspector(number * 10 + body, body, affiliated={LAB} & ({LAB} if body in near_lab else set()))
        for body in BODIES
        for number in range(2)
    ]
    found = placed(people, requester_affiliates=frozenset(near_asker))
    free = set(BODIES) - near_lab - near_asker
    assert isinstance(found, Placement) is (len(free) >= 2)
    assert found is None or {one.body for one in found.team} <= free


def test_a_body_that_asked_sends_nobody():
    people = [inspector(body, body) for body in BODIES]
    assert {one.body for one in placed(people, requester=10).team} == {11, 12}
