from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Malformed
from treaty.rules.commitments import (
    AllOf,
    AnyOf,
    AtLeastOthers,
    ComputeShare,
    Named,
    Pledge,
    Unconditional,
    largest_set,
    meets,
    read_condition,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LABS = ("aster", "borealis", "cobalt", "daxing", "elbe", "fjord")

simple = st.one_of(
    st.just(Unconditional()),
    st.sets(st.sampled_from(LABS), min_size=1).map(lambda labs: Named(labs=tuple(sorted(labs)))),
    st.integers(1, 6).map(lambda n: AtLeastOthers(n=n)),
    st.fractions(0, 1, max_denominator=6).map(lambda share: ComputeShare(share=share)),
)
conditions = st.recursive(
    simple,
    lambda inner: st.lists(inner, min_size=1, max_size=3).flatmap(
        lambda parts: st.sampled_from([AllOf(of=tuple(parts)), AnyOf(of=tuple(parts))])
    ),
    max_leaves=4,
)


@st.composite
def rolls(draw):
    return tuple(
        Pledge(
            lab,
            draw(conditions),
            confirmed_at=draw(st.sampled_from([NOON, None])),
            compute=draw(
                st.one_of(st.none(), st.integers(0, 50).map(Fraction)) if draw(st.booleans()) else st.just(Fraction(7))
            ),
        )
        for lab in LABS
    )


def subsets(labs):
    return (
        frozenset(some) for some in chain.from_iterable(combinations(sorted(labs), n) for n in range(len(labs) + 1))
    )


def holds_for(pledges, members):
    compute = {pledge.lab: pledge.compute for pledge in pledges}
    return all(
        pledge.is_confirmed and meets(pledge.lab, pledge.condition, members, compute).holds
        for pledge in pledges
        if pledge.lab in members
    )


@given(rolls())
def test_every_member_has_its_condition_met_by_the_set_itself(pledges):
    assert holds_for(pledges, largest_set(pledges).members)


@given(rolls())
def test_no_larger_set_holds(pledges):
    found = largest_set(pledges).members
    for other in subsets(LABS):
        if holds_for(pledges, other):
            assert other <= found


@given(rolls(), st.randoms(use_true_random=False))
def test_the_order_of_pledges_never_matters(pledges, random):
    shuffled = list(pledges)
    random.shuffle(shuffled)
    assert largest_set(shuffled) == largest_set(pledges)


@given(rolls(), st.sampled_from(LABS))
def test_one_more_confirmation_never_frees_anybody(pledges, lab):
    before = largest_set(pledges).members
    more = tuple(
        Pledge(one.lab, one.condition, confirmed_at=NOON, compute=one.compute) if one.lab == lab else one
        for one in pledges
    )
    assert before <= largest_set(more).members


@given(rolls())
def test_every_lab_of_the_roll_gets_a_reason(pledges):
    found = largest_set(pledges)
    assert set(found.reasons) == set(LABS)
    assert {lab for lab, reason in found.reasons.items() if reason.bound} == found.members


def confirmed(lab, condition=None, compute=10):
    return Pledge(
        lab, condition or Unconditional(), confirmed_at=NOON, compute=None if compute is None else Fraction(compute)
    )


def test_two_labs_that_wait_for_each_other_both_enter():
    found = largest_set([confirmed("aster", Named(labs=("borealis",))), confirmed("borealis", Named(labs=("aster",)))])
    assert found.members == {"aster", "borealis"}


def test_one_unconfirmed_lab_takes_its_whole_chain_with_it_and_the_rounds_say_in_which_order():
    found = largest_set(
        [
            Pledge("aster"),
            confirmed("borealis", Named(labs=("aster",))),
            confirmed("cobalt", Named(labs=("borealis",))),
            confirmed("daxing"),
        ]
    )
    assert found.members == {"daxing"}
    assert [found.reasons[lab].round for lab in ("aster", "borealis", "cobalt")] == [0, 1, 2]
    assert found.reasons["borealis"].met.lacking == ("aster",)


@pytest.mark.parametrize(("n", "bound"), [(2, True), (3, False)])
def test_at_least_n_others_does_not_count_the_lab_itself(n, bound):
    found = largest_set([confirmed("aster", AtLeastOthers(n=n)), confirmed("borealis"), confirmed("cobalt")])
    assert ("aster" in found.members) is bound


@pytest.mark.parametrize(("share", "bound"), [("1/2", True), ("501/1000", False)])
def test_a_share_of_compute_is_met_exactly_and_counts_the_lab_itself(share, bound):
    condition = ComputeShare(share=share)
    found = largest_set(
        [confirmed("aster", condition, 5), confirmed("borealis", None, 5), Pledge("cobalt", compute=Fraction(10))]
    )
    assert ("aster" in found.members) is bound


def test_a_share_over_undeclared_compute_is_not_met_and_names_who_has_not_declared():
    found = largest_set([confirmed("aster", ComputeShare(share="1/10")), confirmed("borealis", None, None)])
    assert found.members == {"borealis"}
    assert found.reasons["aster"].met.code == "share_unknown"
    assert found.reasons["aster"].met.lacking == ("borealis",)


def test_a_pledge_given_at_the_deadline_comes_too_late():
    pledge = confirmed("aster")
    assert not pledge.as_of(NOON).is_confirmed
    assert pledge.as_of(NOON + timedelta(microseconds=1)).is_confirmed


@pytest.mark.parametrize(
    "data",
    [
        {"kind": "at_least", "n": 0},
        {"kind": "at_least", "n": True},
        {"kind": "share", "share": "3/2"},
        {"kind": "share", "share": 0.5},
        {"kind": "named", "labs": []},
        {"kind": "named", "labs": ["<script>"]},
        {"kind": "unless", "of": []},
        {"kind": "unconditional", "note": "x"},
        [],
        None,
    ],
)
def test_a_condition_that_cannot_be_read_is_refused(data):
    with pytest.raises(Malformed):
        read_condition(data)


def test_a_condition_nested_too_deep_is_refused():
    data = {"kind": "unconditional"}
    for _ in range(5000):
        data = {"kind": "all_of", "of": [data]}
    with pytest.raises(Malformed, match="nested"):
        read_condition(data)
