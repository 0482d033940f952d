from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treaty.rules.commitments import Named, Pledge
from treaty.rules.pauses import (
    BINDING,
    OVER,
    TRANSITIONS,
    PauseEvent,
    PauseFacts,
    PauseInAnotherState,
    PauseState,
    PauseTerms,
    activation_outcome,
    is_provisional,
    next_state,
    state_at,
    steps,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
LABS = ("aster", "borealis", "cobalt")


def terms(fallback="in_force_for_confirmed", minimum=2, sunset=None):
    level = {
        "title": "Pause",
        "rank": 2,
        "training_above_flop": "1e24",
        "stages": ({"key": "acknowledge", "within": "24 h"},),
        "site_modes": ("powered_off",),
        "source": "this test",
    }
    criterion = {
        "title": "Reviewed",
        "condition": {"kind": "determined", "criterion": "review"},
        "determination_validity": "30 d",
        "source": "this test",
    }
    return PauseTerms.model_validate(
        {
            "text": "0" * 64,
            "level_key": "pause",
            "level": level,
            "activation": {"confirm_within": "48 h", "fallback": fallback, "minimum_parties": minimum},
            "resumption": {
                "decision": "resume",
                "criteria": {"review": criterion},
                "stages": ({"title": "All", "after": "7 d", "training_above_flop": None},),
                "sunset": sunset,
            },
            "emergency_lapses": "14 d",
            "ratified_by": "ratify_emergency",
            "answer_within": "5 d",
            "acknowledge_within": "36 h",
        }
    )


def hours(number):
    return NOON + timedelta(hours=number)


def pledges(**confirmed):
    return tuple(
        Pledge(lab, confirmed_at=None if lab not in confirmed else hours(confirmed[lab]), compute=Fraction(1))
        for lab in LABS
    )


def facts(**fields):
    return PauseFacts(**{"adopted_at": hours(-1), "activating_at": NOON, "pledges": pledges(), **fields})


ALL = pledges(aster=1, borealis=2, cobalt=3)


def test_a_pause_is_in_force_from_the_instant_of_the_last_pledge_that_completes_the_roll():
    found = facts(pledges=ALL)
    assert state_at(found, terms(), hours(3) - TICK) is PauseState.ACTIVATING
    assert state_at(found, terms(), hours(3)) is PauseState.IN_FORCE


def test_an_adopted_pause_waits_for_its_vote_to_take_effect():
    assert state_at(facts(), terms(), hours(-2)) is PauseState.PROPOSED
    assert state_at(facts(), terms(), hours(-1)) is PauseState.ADOPTED
    assert state_at(facts(), terms(), NOON) is PauseState.ACTIVATING


def test_at_the_deadline_the_text_lets_it_come_into_force_for_those_who_confirmed():
    found = facts(pledges=pledges(aster=1, borealis=2))
    assert state_at(found, terms(), hours(48) - TICK) is PauseState.ACTIVATING
    assert state_at(found, terms(), hours(48)) is PauseState.IN_FORCE
    assert activation_outcome(found, terms()).bound.members == {"aster", "borealis"}


def test_at_the_deadline_too_few_make_it_lapse():
    assert state_at(facts(pledges=pledges(aster=1)), terms(), hours(48)) is PauseState.LAPSED


def test_at_the_deadline_the_text_may_say_that_it_lapses():
    found = facts(pledges=pledges(aster=1, borealis=2))
    assert state_at(found, terms(fallback="lapses"), hours(48)) is PauseState.LAPSED


def test_a_pledge_at_the_deadline_does_not_save_it():
    late = facts(pledges=pledges(aster=1, borealis=48))
    assert state_at(late, terms(), hours(48)) is PauseState.LAPSED


def test_a_pledge_taken_back_counts_as_none():
    taken = (
        *ALL[:2],
        Pledge("cobalt", confirmed_at=hours(3), withdrawn_at=hours(5)),
    )
    assert activation_outcome(facts(pledges=taken), terms()).bound.members == {"aster", "borealis"}


def test_nobody_enters_alone_on_a_pledge_that_names_a_lab_that_stays_out():
    conditional = (
        Pledge("aster", Named(labs=("cobalt",)), hours(1)),
        Pledge("borealis", confirmed_at=hours(1)),
        Pledge("cobalt"),
    )
    outcome = activation_outcome(facts(pledges=conditional), terms())
    assert not outcome.in_force
    assert outcome.reason == "too_few"


def test_an_emergency_pause_is_in_force_at_once_and_lapses_unless_ratified():
    found = facts(emergency=True)
    lapses = NOON + timedelta(days=14)
    assert state_at(found, terms(), NOON) is PauseState.IN_FORCE
    assert is_provisional(found, terms(), NOON)
    assert state_at(found, terms(), lapses - TICK) is PauseState.IN_FORCE
    assert state_at(found, terms(), lapses) is PauseState.LAPSED


def test_ratification_before_the_lapse_keeps_it_and_at_the_lapse_comes_too_late():
    lapses = NOON + timedelta(days=14)
    assert state_at(facts(emergency=True, ratified_at=lapses - TICK), terms(), lapses) is PauseState.IN_FORCE
    assert state_at(facts(emergency=True, ratified_at=lapses), terms(), lapses) is PauseState.LAPSED


def test_an_unratified_emergency_pause_lapses_while_it_is_resuming_too():
    found = facts(emergency=True, resumptions=((hours(24), None),))
    assert state_at(found, terms(), hours(24)) is PauseState.RESUMING
    assert state_at(found, terms(), NOON + timedelta(days=14)) is PauseState.LAPSED


def test_a_resumption_that_snaps_back_leaves_the_pause_in_force_and_can_be_followed_by_another():
    found = facts(pledges=ALL, in_force_at=hours(3), resumptions=((hours(100), hours(110)), (hours(200), None)))
    states = [state_at(found, terms(), hours(at)) for at in (99, 100, 110, 200)]
    assert states == [PauseState.IN_FORCE, PauseState.RESUMING, PauseState.IN_FORCE, PauseState.RESUMING]


def test_a_sunset_ends_the_pause_but_waits_for_a_resumption_under_way():
    found = facts(pledges=ALL, in_force_at=hours(3))
    assert state_at(found, terms(sunset="10 d"), hours(3 + 240)) is PauseState.ENDED
    resuming = replace(found, resumptions=((hours(200), None),))
    assert state_at(resuming, terms(sunset="10 d"), hours(3 + 240)) is PauseState.RESUMING


instants = st.integers(0, 1000).map(hours)


@st.composite
def histories(draw):
    """Any rows that the actions and the database's constraints allow."""
    in_force = draw(st.one_of(st.none(), instants))
    emergency = draw(st.booleans())
    resumptions, clock = [], NOON if emergency else in_force or hours(1000)
    for _ in range(draw(st.integers(0, 3)) if emergency or in_force else 0):
        begun = clock + timedelta(hours=draw(st.integers(0, 90)))
        clock = begun + timedelta(hours=draw(st.integers(0, 90)))
        resumptions.append((begun, clock))
    if resumptions and draw(st.booleans()):
        resumptions[-1] = (resumptions[-1][0], None)
    resuming = bool(resumptions) and resumptions[-1][1] is None
    return facts(
        pledges=tuple(
            Pledge(lab, confirmed_at=draw(st.one_of(st.none(), instants)), compute=Fraction(1)) for lab in LABS
        ),
        emergency=emergency,
        in_force_at=None if emergency else in_force,
        ratified_at=draw(st.one_of(st.none(), instants)) if emergency else None,
        resumptions=tuple(resumptions),
        ended_at=clock + timedelta(hours=draw(st.integers(0, 50))) if resuming and draw(st.booleans()) else None,
    )


@given(histories(), st.sampled_from(["lapses", "in_force_for_confirmed"]), st.sampled_from([None, "10 d", "1 y"]))
def test_no_history_leaves_the_table(found, fallback, sunset):
    state = PauseState.PROPOSED
    instant = found.adopted_at
    for step in steps(found, terms(fallback, sunset=sunset)):
        assert step.at >= instant
        state, instant = next_state(state, step.event), step.at
    assert state in BINDING | OVER


@given(histories(), instants, instants)
def test_what_is_over_stays_over(found, one, other):
    earlier, later = sorted((one, other))
    if state_at(found, terms(), earlier) in OVER:
        assert state_at(found, terms(), later) is state_at(found, terms(), earlier)


@pytest.mark.parametrize("state", list(PauseState))
@pytest.mark.parametrize("event", list(PauseEvent))
def test_what_the_table_does_not_hold_is_refused(state, event):
    if (state, event) not in TRANSITIONS:
        with pytest.raises(PauseInAnotherState):
            next_state(state, event)


def test_nothing_leads_out_of_a_pause_that_is_over():
    assert not [event for (state, event) in TRANSITIONS if state in OVER]
