from datetime import timedelta

import pytest

from core.canonical import parse
from core.errors import Malformed, NotAllowed
from ledger.models import Entry
from tests import factories as make
from tests.factories import NOON
from treaty.actions.advance import advance_due, advance_pause
from treaty.actions.pauses import (
    NotOnTheRoll,
    VoteNotAdopted,
    confirm_commitment,
    ratify_pause,
    start_pause,
    withdraw_commitment,
)
from treaty.models import Commitment, Pause, StandDown, Vote
from treaty.queries.pauses import current, in_force, state
from treaty.rules.pauses import PauseInAnotherState, PauseState
from treaty.rules.votes import Outcome

pytestmark = pytest.mark.django_db
ALWAYS = {"kind": "unconditional"}


def hours(number):
    return NOON + timedelta(hours=number)


def entries(kind=None):
    found = Entry.objects.order_by("pk")
    return [parse(bytes(entry.data)) for entry in (found.filter(kind=kind) if kind else found)]


def confirm(pause, lab, at, condition=None):
    organisation = make.laboratory(lab)
    return confirm_commitment(
        pause=pause,
        organisation=organisation,
        condition=condition or ALWAYS,
        by=make.representative(organisation),
        at=at,
    )


def fresh(pause):
    return Pause.objects.with_rows().get(pk=pause.pk)


def test_an_adopted_vote_opens_activation_for_every_bound_lab_with_one_entry():
    make.parties()
    lab = make.laboratory("aster")
    make.inventory(make.facility(lab))
    pause = start_pause(vote=make.adopted_vote(), at=hours(1))
    assert state(pause, NOON) is PauseState.ACTIVATING
    assert pause.commitments.count() == 8
    (entry,) = entries("pause.adopted")
    assert entry["payload"]["effective_at"] == "2026-11-22T12:00:00Z"
    assert {row["lab"]: row["compute"] for row in entry["payload"]["roll"]}["aster"] == "1024"
    assert {row["lab"]: row["compute"] for row in entry["payload"]["roll"]}["elbe"] is None


def test_starting_twice_starts_one_pause():
    make.parties("aster")
    vote = make.adopted_vote()
    assert start_pause(vote=vote, at=NOON) == start_pause(vote=vote, at=hours(1))
    assert len(entries()) == 1


def test_a_vote_that_was_not_adopted_starts_nothing():
    make.parties("aster")
    vote = make.adopted_vote(outcome=Outcome.REJECTED)
    with pytest.raises(VoteNotAdopted):
        start_pause(vote=vote, at=NOON)
    assert not Pause.objects.exists()
    assert not entries()


def test_a_confirmation_leaves_one_entry_and_the_same_again_leaves_none():
    pause = make.activating_pause(labs=("aster", "borealis"))
    condition = {"kind": "named", "labs": ["borealis"]}
    representative = make.representative(make.laboratory("aster"))
    for at in (hours(1), hours(2)):
        confirm_commitment(
            pause=pause, organisation=make.laboratory("aster"), condition=condition, by=representative, at=at
        )
    (entry,) = entries("commitment.confirmed")
    assert entry["payload"] == {"pause": "2026-01", "lab": "aster", "condition": condition}
    assert Commitment.objects.get(organisation__key="aster").confirmed_at == hours(1)


@pytest.mark.parametrize(
    ("condition", "error"),
    [({"kind": "named", "labs": ["nobody"]}, NotOnTheRoll), ({"kind": "at_least", "n": -1}, Malformed)],
)
def test_a_condition_that_cannot_hold_a_meaning_is_refused(condition, error):
    pause = make.activating_pause(labs=("aster", "borealis"))
    with pytest.raises(error):
        confirm(pause, "aster", hours(1), condition)
    assert not entries("commitment.confirmed")


def test_nobody_confirms_for_a_rival():
    pause = make.activating_pause(labs=("aster", "borealis"))
    with pytest.raises(NotAllowed):
        confirm_commitment(
            pause=pause,
            organisation=make.laboratory("aster"),
            condition=ALWAYS,
            by=make.representative(make.laboratory("borealis")),
            at=hours(1),
        )
    assert not entries("commitment.confirmed")


def test_a_confirmation_at_the_deadline_is_refused():
    pause = make.activating_pause(labs=("aster", "borealis"))
    with pytest.raises(PauseInAnotherState):
        confirm(pause, "aster", hours(24))


def test_the_last_confirmation_brings_the_pause_into_force_however_late_the_sweep_is():
    pause = make.activating_pause(labs=("aster", "borealis"))
    confirm(pause, "aster", hours(1), {"kind": "at_least", "n": 1})
    confirm(pause, "borealis", hours(2))
    assert state(fresh(pause), hours(2)) is PauseState.IN_FORCE
    advance_pause(pause=pause, at=hours(5))
    assert fresh(pause).in_force_at == hours(2)
    assert set(StandDown.objects.values_list("starts_at", flat=True)) == {hours(2)}
    (entry,) = entries("pause.entered_into_force")
    assert entry["payload"]["bound"] == ["aster", "borealis"]


def test_sweeping_twice_or_with_the_clock_turned_back_changes_nothing():
    pause = make.pause_in_force(labs=("aster", "borealis"))
    before = len(entries())
    for at in (hours(1), hours(1), NOON - timedelta(hours=1), hours(2)):
        advance_due(at=at)
    assert len(entries()) == before
    assert state(fresh(pause), hours(2)) is PauseState.IN_FORCE


def test_at_the_deadline_the_fallback_binds_the_largest_set_and_says_why_others_are_out():
    pause = make.activating_pause()
    for lab in ("aster", "borealis", "cobalt", "daxing", "elbe"):
        confirm(pause, lab, hours(1))
    confirm(pause, "fjord", hours(1), {"kind": "named", "labs": ["ganges"]})
    advance_pause(pause=pause, at=hours(24))
    assert state(fresh(pause), hours(24)) is PauseState.IN_FORCE
    assert StandDown.objects.count() == 5
    (entry,) = entries("pause.entered_into_force")
    assert entry["payload"]["out"] == [
        {"lab": "fjord", "code": "not_met", "round": 1},
        {"lab": "ganges", "code": "not_confirmed", "round": 0},
        {"lab": "hanbit", "code": "not_confirmed", "round": 0},
    ]


def test_too_few_confirmations_make_it_lapse():
    pause = make.activating_pause()
    confirm(pause, "aster", hours(1))
    advance_pause(pause=pause, at=hours(30))
    assert fresh(pause).lapsed_at == hours(24)
    assert not StandDown.objects.exists()
    assert len(entries("pause.lapsed")) == 1


def test_a_withdrawn_confirmation_counts_as_none():
    pause = make.activating_pause(labs=("aster", "borealis"))
    lab = make.laboratory("aster")
    confirm(pause, "aster", hours(1))
    for at in (hours(2), hours(3)):
        withdraw_commitment(pause=pause, organisation=lab, by=make.representative(lab), at=at)
    confirm(pause, "borealis", hours(4))
    assert state(fresh(pause), hours(4)) is PauseState.ACTIVATING
    assert len(entries("commitment.withdrawn")) == 1


def test_a_confirmation_cannot_be_withdrawn_once_the_pause_is_in_force():
    pause = make.activating_pause(labs=("aster",))
    lab = make.laboratory("aster")
    confirm(pause, "aster", hours(1))
    with pytest.raises(PauseInAnotherState):
        withdraw_commitment(pause=pause, organisation=lab, by=make.representative(lab), at=hours(1))


def emergency(at=NOON):
    make.parties("aster", "borealis")
    make.accreditations()
    return start_pause(vote=make.adopted_vote("start_pause_emergency", effective_at=at), at=at)


def test_an_emergency_pause_binds_everybody_at_once_and_asks_for_its_ratification_once():
    pause = emergency()
    for at in (hours(1), hours(2)):
        advance_pause(pause=pause, at=at)
    assert state(fresh(pause), NOON) is PauseState.IN_FORCE
    assert StandDown.objects.count() == 2
    assert Vote.objects.filter(decision="ratify_emergency", pause=pause).count() == 1


def test_an_emergency_pause_that_nobody_ratifies_lapses_after_the_texts_time():
    pause = emergency()
    advance_pause(pause=pause, at=hours(24 * 14 + 5))
    assert fresh(pause).lapsed_at == hours(24 * 14)
    assert in_force(at=hours(24 * 14)) == []
    assert len(entries("pause.lapsed")) == 1


def test_a_ratified_emergency_pause_stays():
    pause = emergency()
    vote = make.adopted_vote("ratify_emergency", subject={"pause": pause.key}, effective_at=hours(100), pause=pause)
    for at in (hours(101), hours(102)):
        ratify_pause(vote=vote, at=at)
    advance_pause(pause=pause, at=hours(24 * 15))
    assert state(fresh(pause), hours(24 * 15)) is PauseState.IN_FORCE
    assert len(entries("pause.ratified")) == 1


def test_a_ratification_that_takes_effect_at_the_lapse_comes_too_late():
    pause = emergency()
    vote = make.adopted_vote("ratify_emergency", subject={"pause": pause.key}, effective_at=hours(24 * 14), pause=pause)
    with pytest.raises(PauseInAnotherState):
        ratify_pause(vote=vote, at=hours(24 * 14))


def test_a_lab_that_accedes_while_a_pause_is_in_force_is_bound_from_then_on():
    pause = make.pause_in_force(labs=("aster", "borealis"))
    make.party(make.laboratory("cobalt"), bound_at=hours(50))
    for at in (hours(60), hours(61)):
        advance_pause(pause=pause, at=at)
    assert StandDown.objects.get(organisation__key="cobalt").starts_at == hours(50)
    assert len(entries("pause.joined")) == 1


def test_the_current_pause_is_the_one_that_binds():
    assert current(NOON) is None
    pause = make.pause_in_force(labs=("aster",))
    make.activating_pause(labs=("aster",), effective_at=hours(1))
    assert current(hours(2)) == pause
    assert in_force(at=hours(2)) == [pause]
    assert in_force(at=NOON - timedelta(seconds=1)) == []
