"""The smallest change of a result against every possible change of a small vote."""

import time
from fractions import Fraction
from itertools import combinations, product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from treaty.rules.changes import Change, smallest_change
from treaty.rules.covers import Need, fewest
from treaty.rules.profiles import VoteProfile
from treaty.rules.votes import BallotValue, Choice, Counting, Outcome, Recusal, Roll, RollMember, tally

YES, NO, ABSTAIN = Choice.CONSENT, Choice.OBJECT, Choice.ABSTAIN
MEMBERS = 5
GROUND = "safety"


def electorate(name="a", **fields):
    majority = {"share": "1/2", "strict": True, "base": "valid"}
    return {"name": name, "members": "roll", "weight": "roll", "threshold": majority} | fields


def profile(*electorates, **fields):
    shape = {"title": "A rule for tests", "notice": "0 h", "period": "48 h", "timelock": "0 h", "source": "this test"}
    return VoteProfile.model_validate(shape | {"electorates": electorates or (electorate(),)} | fields)


def count(rule, roll, chosen, present=()):
    counting = Counting(rule, roll, present)
    for n, choice in enumerate(chosen):
        if choice:
            counting.put(BallotValue(f"m{n}", choice))
    return counting


def changed(counting, moves):
    """The outcome with `moves`, an objection among them on the ground of a veto."""
    kept = [ballot for key, ballot in counting.standing.items() if key not in moves]
    new = [BallotValue(key, choice, ground=GROUND) for key, choice in moves.items()]
    return tally(counting.profile, counting.roll, [*kept, *new], present=counting.present).outcome


def fewest_by_trying(counting, *, silent_only):
    now = tally(counting.profile, counting.roll, counting.standing.values(), present=counting.present).outcome
    movable = sorted(key for key in counting.entitled() if not (silent_only and key in counting.standing))
    for size in range(1, len(movable) + 1):
        for members in combinations(movable, size):
            for choices in product(Choice, repeat=size):
                if changed(counting, dict(zip(members, choices, strict=True))) is not now:
                    return size
    return 0


shares = st.sampled_from(["1/2", "2/3", "1/3", "3/4"])
thresholds = st.one_of(
    st.builds(
        lambda share, strict, base: {"share": share, "strict": strict, "base": base},
        shares,
        st.booleans(),
        st.sampled_from(["cast", "valid", "entitled", "present"]),
    ),
    st.builds(lambda number: {"absolute": number}, st.integers(1, 7)),
)
quorums = st.one_of(
    st.just({}),
    st.builds(lambda share, strict: {"quorum": share, "quorum_strict": strict}, shares, st.booleans()),
    st.builds(lambda number: {"quorum_absolute": number}, st.integers(1, 7)),
)
vetoes = st.sampled_from(
    [[], [], [{"members": ["m0", "m1"]}], [{"members": ["m1"], "grounds": {GROUND: "Harm."}}], [{"electorate": "a", "share": "1/3"}]]
)  # fmt: skip


@st.composite
def rules(draw):
    default = draw(st.sampled_from(["rejected", "rejected", "adopted"]))
    flags = {"abstention_counts_for_quorum": draw(st.booleans())}
    if default == "rejected":
        flags["objection_counts_for_quorum"] = draw(st.booleans())
    classes = [
        electorate(name, threshold=draw(thresholds), **draw(quorums), **flags)
        for name in ("a", "b")[: draw(st.integers(1, 2))]
    ]
    return profile(
        *classes,
        default=default,
        tie=draw(st.sampled_from(["adopted", "rejected"])),
        vetoes=draw(vetoes),
        blocking_minority=draw(st.sampled_from([None, None, 2, 3])),
    )


@st.composite
def countings(draw):
    rule = draw(rules())
    weight = st.fractions(Fraction(1, 2), 6, max_denominator=2)
    lines = [
        RollMember(f"m{n}", one.name, draw(weight), draw(st.sampled_from([None, None, None, Recusal.SUBJECT])))
        for one in rule.electorates
        for n in range(MEMBERS)
        if len(rule.electorates) == 1 or draw(st.booleans())
    ]
    chosen = draw(st.lists(st.sampled_from([YES, YES, NO, ABSTAIN, None]), min_size=MEMBERS, max_size=MEMBERS))
    return count(rule, Roll(tuple(lines)), chosen, draw(st.sets(st.sampled_from(["m0", "m1", "m2"]))))


@settings(deadline=None)  # every change of a small vote is tried
@given(countings(), st.booleans())
def test_the_smallest_change_turns_the_result_and_no_smaller_one_does(counting, silent_only):
    change = smallest_change(counting, silent_only=silent_only)
    assert change.exact
    assert len(change.moves) == fewest_by_trying(counting, silent_only=silent_only)
    if change.possible:
        assert changed(counting, dict(change.moves)) is change.to


gains = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=9)


@given(gains, st.tuples(st.integers(-1, 25), st.integers(-1, 25), st.integers(0, 25)))
@example([(3, 0, 0), (0, 3, 0), (2, 2, 0)], (2, 2, 0))
def test_sums_are_reached_by_the_fewest(vectors, missing):
    needs = [
        Need(whole, {f"m{n}": vector[index] for n, vector in enumerate(vectors)}) for index, whole in enumerate(missing)
    ]
    found = fewest(needs)
    reaching = (
        size
        for size in range(len(vectors) + 1)
        for chosen in combinations(vectors, size)
        if all(sum(vector[index] for vector in chosen) >= whole for index, whole in enumerate(missing))
    )
    least = next(reaching, None)
    assert (None if found is None else len(found.members)) == least


def test_in_a_class_of_equals_one_more_than_half_has_to_consent():
    entitled = Roll(tuple(RollMember(f"m{n}", "a") for n in range(8)))
    rule = profile(electorate(threshold={"share": "1/2", "strict": True, "base": "entitled"}))
    change = smallest_change(count(rule, entitled, [YES, YES, NO, None]), silent_only=True)
    assert change == Change(Outcome.ADOPTED, (("m3", YES), ("m4", YES), ("m5", YES)))


def test_where_one_member_may_veto_its_objection_is_enough():
    entitled = Roll(tuple(RollMember(f"m{n}", "a") for n in range(5)))
    change = smallest_change(count(profile(vetoes=[{"members": ["m3"]}]), entitled, [YES] * 5))
    assert change == Change(Outcome.REJECTED, (("m3", NO),))


def test_nothing_adopts_where_nobody_is_entitled():
    assert not smallest_change(count(profile(), Roll(()), [])).possible


@pytest.mark.parametrize("size", [200, 2000])
def test_many_members_with_weights_of_their_own_take_no_long_search(size):
    entitled = Roll(tuple(RollMember(f"m{n}", "a", Fraction(n * n % 997 + 1)) for n in range(size)))
    rule = profile(electorate(quorum="2/3", threshold={"share": "3/5", "base": "cast"}))
    counting = count(rule, entitled, [(NO, ABSTAIN, NO, None, YES)[n % 5] for n in range(size)])
    start = time.process_time()
    change = smallest_change(counting)
    assert time.process_time() - start < 5
    assert changed(counting, dict(change.moves)) is Outcome.ADOPTED
