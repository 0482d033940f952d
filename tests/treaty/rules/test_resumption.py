from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.truth import Truth
from treaty.rules.conditions import Determined
from treaty.rules.evaluation import DeterminationValue, Reason, World, evaluate
from treaty.rules.resumption import Move, criteria_standing, may_resume, next_move, stage_due_at, unmet
from treaty.rules.text import Resumption, ResumptionStage

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
STAGES = (
    ResumptionStage(title="Small runs", after="1 d", training_above_flop="1e25"),
    ResumptionStage(title="All runs", after="7 d", training_above_flop=None),
)
RESUMPTION = Resumption.model_validate(
    {
        "decision": "resume",
        "criteria": {
            key: {
                "title": key.capitalize(),
                "condition": {"kind": "determined", "criterion": key},
                "determination_validity": "30 d",
                "source": "this test",
            }
            for key in ("review", "safety")
        },
        "stages": STAGES,
    }
)
TRUTHS = st.sampled_from(list(Truth))


def days(number):
    return NOON + timedelta(days=number)


def says(criterion, *, met=True, body="ivb", at=NOON, until=None):
    return DeterminationValue(criterion, body, met, at, until or days(30))


def standing(*determinations, at=None):
    return criteria_standing(RESUMPTION, World((), {}, determinations=determinations), at or days(1))


def test_every_criterion_must_be_met():
    assert may_resume(standing(says("review"), says("safety"))) is Truth.TRUE
    assert may_resume(standing(says("review"), says("safety", met=False))) is Truth.FALSE


def test_what_nobody_has_determined_is_unknown_and_names_who_owes_it():
    found = standing(says("review"))
    assert may_resume(found) is Truth.UNKNOWN
    assert [one.key for one in unmet(found)] == ["safety"]
    assert unmet(found)[0].owed[0].by == "bodies"


def test_bodies_that_disagree_leave_the_conclusion_undrawn():
    found = standing(says("review"), says("review", body="nordic", met=False), says("safety"))
    assert may_resume(found) is Truth.UNKNOWN


def test_a_newer_determination_of_the_same_body_supersedes_the_older():
    found = standing(says("review", met=False), says("review", at=days(1)), says("safety"))
    assert may_resume(found) is Truth.TRUE


@pytest.mark.parametrize(("at", "truth"), [(days(30) - TICK, Truth.TRUE), (days(30), Truth.UNKNOWN)])
def test_a_determination_expires(at, truth):
    assert may_resume(standing(says("review"), says("safety"), at=at)) is truth


@given(st.booleans(), st.booleans(), st.sets(st.sampled_from(["aster", "borealis"])))
def test_a_dispute_over_a_bound_laboratory_leaves_unknown_what_the_text_asks_to_be_undisputed(met, asked, disputed):
    condition = Determined(criterion="review", undisputed=asked or None)
    world = World(
        (),
        {},
        frozenset({"aster"}),
        determinations=(says("review", met=met),),
        disputed=dict.fromkeys(disputed, days(1)),
    )
    found = evaluate(condition, world, days(2))
    if met and asked and "aster" in disputed:
        assert (found.truth, found.reason) == (Truth.UNKNOWN, Reason.DISPUTED)
        assert [(one.lab, one.by, one.due_at) for one in found.owed] == [("aster", "bodies", days(1))]
    else:
        assert (found.truth, found.reason) == (Truth.of(met), None)


def test_without_any_criterion_nothing_is_shown():
    assert may_resume(()) is Truth.UNKNOWN


@given(
    st.lists(
        st.builds(
            says,
            st.sampled_from(["review", "safety"]),
            met=st.booleans(),
            body=st.sampled_from(["ivb", "nordic", "pacific"]),
            at=st.integers(-40, 40).map(days),
            until=st.integers(41, 60).map(days),
        ),
        max_size=8,
    ),
    st.integers(-40, 70).map(days),
)
def test_nothing_unknown_or_unmet_ever_allows_resumption(determinations, at):
    found = standing(*determinations, at=at)
    if may_resume(found) is Truth.TRUE:
        for criterion in ("review", "safety"):
            standing_ones = [
                one for one in determinations if one.criterion == criterion and one.determined_at <= at < one.expires_at
            ]
            assert any(one.met for one in standing_ones)


def move(*, reached=0, following=Truth.TRUE, past=Truth.TRUE, at):
    return next_move(STAGES, begun_at=NOON, reached=reached, next_truth=following, reached_truth=past, at=at)


def test_stages_wait_for_their_time_counted_from_the_beginning():
    assert stage_due_at(STAGES, 1, NOON) == days(7)
    assert move(at=days(1) - TICK) is Move.WAIT
    assert move(at=days(1)) is Move.REACH
    assert move(reached=2, at=days(7)) is Move.END


def test_a_stage_whose_condition_fails_snaps_back():
    assert move(following=Truth.FALSE, at=days(1)) is Move.SNAP_BACK
    assert move(reached=1, past=Truth.FALSE, at=days(2)) is Move.SNAP_BACK


@given(st.integers(0, 2), TRUTHS, TRUTHS, st.integers(0, 20).map(days))
def test_nothing_unknown_ever_moves_a_resumption_forward(reached, following, past, at):
    if Truth.UNKNOWN in {past, following if reached < 2 else past}:
        assert move(reached=reached, following=following, past=past, at=at) not in {Move.REACH, Move.END}


def test_a_criterion_may_be_any_condition():
    assert RESUMPTION.criteria["review"].condition == Determined(criterion="review")
