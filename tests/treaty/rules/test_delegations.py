from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import NOON
from tests.texts import model_text
from tests.treaty.rules.test_changes import changed, fewest_by_trying
from tests.treaty.rules.test_votes import ABSTAIN, NO, YES, ballots, electorate, profile
from treaty.rules.changes import smallest_change
from treaty.rules.courses import Facts, Repudiated, course
from treaty.rules.delegations import DelegationRefused, DelegationValue, check, delegates
from treaty.rules.reading import read_text
from treaty.rules.rolls import Roll, draw_up
from treaty.rules.votes import BallotValue, Counting, RollMember, can_still_change, tally

DAY = timedelta(days=1)
MEMBERS = [f"m{n}" for n in range(5)]
TEXT = read_text(model_text())
HALF_OF_ENTITLED = {"share": "1/2", "base": "entitled"}

maps = st.dictionaries(st.sampled_from(MEMBERS), st.sampled_from(MEMBERS)).map(
    lambda held: {key: delegate for key, delegate in held.items() if key != delegate}
)
choices = st.lists(st.sampled_from([YES, NO, ABSTAIN, None]), min_size=5, max_size=5)
rules = st.sampled_from(
    [
        profile(electorate(quorum="1/2")),
        profile(electorate(threshold=HALF_OF_ENTITLED)),
        profile(electorate(), vetoes=[{"members": ["m1"]}]),
        profile(electorate(), vetoes=[{"electorate": "labs", "share": "1/3"}]),
        profile(electorate(threshold={"share": "2/3", "base": "valid"}), blocking_minority=2),
        profile(electorate(quorum="1/2"), default="adopted"),
    ]
)


def roll(delegates=None, count=5):
    held = delegates or {}
    return Roll(tuple(RollMember(f"m{n}", "labs", delegate=held.get(f"m{n}")) for n in range(count)))


def heads(rule, held, cast):
    count = tally(rule, roll(held), cast).counts[0]
    return count.consents, count.objections, count.abstentions


# --- counting


@given(rules, maps, choices, st.randoms())
def test_the_order_of_ballots_never_matters(rule, held, chosen, random):
    cast = ballots(*chosen)
    shuffled = random.sample(cast, len(cast))
    one_by_one = Counting(rule, roll(held))
    for ballot in shuffled:
        one_by_one.put(ballot)
    assert one_by_one.figures() == tally(rule, roll(held), cast).figures


@given(rules, maps, choices)
def test_a_vote_with_delegates_is_the_vote_in_which_whoever_kept_silent_voted_as_its_delegate_did(rule, held, chosen):
    own = dict(zip(MEMBERS, chosen, strict=True))
    spelt_out = [own[key] or own.get(held.get(key)) for key in MEMBERS]
    found, expected = tally(rule, roll(held), ballots(*chosen)), tally(rule, roll(), ballots(*spelt_out))
    assert found.decision == expected.decision
    assert [replace(one, delegated=0) for one in found.counts] == list(expected.counts)
    assert found.counts[0].delegated == sum(a is not b for a, b in zip(chosen, spelt_out, strict=True))


@given(rules, maps, choices, st.sampled_from(MEMBERS))
def test_a_further_consent_never_defeats_whomever_it_counts_for(rule, held, chosen, member):
    place = MEMBERS.index(member)
    before = tally(rule, roll(held), ballots(*chosen)).outcome
    after = tally(rule, roll(held), ballots(*(YES if n == place else one for n, one in enumerate(chosen)))).outcome
    silent = chosen[place] is None and not (held.get(member) and chosen[MEMBERS.index(held[member])])
    assert not (silent or chosen[place] is NO) or (before, after) != ("adopted", "rejected")


@given(rules, maps, choices, choices)
def test_what_can_no_longer_change_does_not_change(rule, held, chosen, later):
    counting = Counting(rule, roll(held))
    counting.put_all(ballots(*chosen))
    more = [one for one in ballots(*later) if one.member not in counting.standing]
    if not can_still_change(counting):
        before = tally(rule, roll(held), ballots(*chosen)).outcome
        assert tally(rule, roll(held), [*ballots(*chosen), *more]).outcome is before


@given(rules, maps, choices, st.booleans())
def test_the_smallest_change_counts_a_delegate_s_ballot_for_all_whom_it_moves(rule, held, chosen, silent_only):
    counting = Counting(rule, roll(held))
    counting.put_all(ballots(*chosen))
    change = smallest_change(counting, silent_only=silent_only)
    size = fewest_by_trying(counting, silent_only=silent_only)
    assert change.possible == (size > 0)
    assert size <= len(change.moves)
    assert not change.exact or len(change.moves) == size
    if change.possible:
        assert changed(counting, dict(change.moves)) is change.to


def test_a_ballot_of_one_s_own_wins_whenever_it_comes():
    held = {"m0": "m1"}
    own, delegate = BallotValue("m0", NO), BallotValue("m1", YES)
    assert heads(profile(), held, [delegate]) == (2, 0, 0)
    assert heads(profile(), held, [own, delegate]) == heads(profile(), held, [delegate, own]) == (1, 1, 0)


def test_there_are_no_chains():
    assert heads(profile(), {"m0": "m1", "m1": "m2"}, [BallotValue("m2", YES)]) == (2, 0, 0)


def test_two_may_stand_in_for_each_other():
    held = {"m0": "m1", "m1": "m0"}
    assert (
        heads(profile(), held, [BallotValue("m0", YES)])
        == heads(profile(), held, [BallotValue("m1", YES)])
        == (2, 0, 0)
    )


def test_a_changed_ballot_changes_what_it_counts_for():
    cast = [BallotValue("m1", YES), BallotValue("m1", NO, sequence=2)]
    assert heads(profile(), {"m0": "m1"}, cast) == (0, 2, 0)


def test_the_quorum_counts_whom_a_delegate_votes_for():
    rule = profile(electorate(quorum="1/2"))
    cast = [BallotValue("m1", YES), BallotValue("m2", YES)]
    assert tally(rule, roll(), cast).outcome == "rejected"
    assert tally(rule, roll({"m0": "m1"}), cast).outcome == "adopted"


def test_who_leaves_votes_for_nobody():
    left = roll({"m0": "m1"}).without("m1")
    assert left.delegates == {}
    assert tally(profile(), left, [BallotValue("m1", YES)]).counts[0].consents == 0


@pytest.mark.parametrize(("repudiates", "expected"), [("m0", (2, 0, 0)), ("m1", (0, 1, 0))])
def test_a_repudiated_ballot_of_the_member_leaves_its_delegates_and_one_of_the_delegate_nobody_s(repudiates, expected):
    cast = [BallotValue("m0", NO, NOON), BallotValue("m1", YES, NOON)]
    closed = profile().period.after(NOON)
    facts = Facts(NOON, NOON, repudiated=(Repudiated(repudiates, 1, closed),))
    count = course(profile(), roll({"m0": "m1"}), cast, facts, closed).tally.counts[0]
    assert (count.consents, count.objections, count.abstentions) == expected


# --- the roll


def drawn(held, labs=("a", "b", "c"), **fields):
    labs_only = electorate(members="labs")
    return draw_up(profile(labs_only, **fields.pop("rule", {})), labs=labs, bodies=("x",), delegates=held, **fields)


def test_the_roll_names_delegates_and_its_hash_binds_them():
    named = drawn({"a": "b"})
    assert named.as_json() == [["a", "labs", "1", None, "b"], ["b", "labs", "1", None], ["c", "labs", "1", None]]
    assert Roll.from_json(named.as_json()) == named
    assert named.hash != drawn({}).hash


@pytest.mark.parametrize(
    ("held", "fields"),
    [
        ({"a": "x"}, {}),  # of another class
        ({"a": "z"}, {}),  # not entitled
        ({"a": "b"}, {"subject": "b", "rule": {"recuse": ["subject"]}}),
        ({"a": "b"}, {"subject": "a", "rule": {"recuse": ["subject"]}}),
        ({"a": "b"}, {"rule": {"keys": ["passkey"]}}),  # a sign-in cannot stand in for a signature
    ],
)
def test_the_roll_names_no_delegate_who_could_not_vote_for_the_member(held, fields):
    assert drawn(held, **fields).delegates == {}


# --- what holds


def delegation(delegate="b", *, decision=None, given=0, expires=30, revoked=None):
    return DelegationValue(
        "a",
        delegate,
        decision,
        NOON + given * DAY,
        NOON + expires * DAY,
        None if revoked is None else NOON + revoked * DAY,
    )


@pytest.mark.parametrize(("day", "expected"), [(-1, {}), (0, {"a": "b"}), (29, {"a": "b"}), (30, {})])
def test_it_holds_from_when_it_is_given_until_it_expires(day, expected):
    assert delegates([delegation()], TEXT, "amend", NOON + day * DAY) == expected


def test_it_holds_no_longer_once_it_is_revoked():
    assert delegates([delegation(revoked=3)], TEXT, "amend", NOON + 3 * DAY) == {}


def test_one_for_a_decision_goes_before_one_for_all():
    both = [delegation("c", decision="amend"), delegation("b", given=1)]
    assert delegates(both, TEXT, "amend", NOON + 2 * DAY) == {"a": "c"}
    assert delegates(both, TEXT, "resume", NOON + 2 * DAY) == {"a": "b"}


def test_a_later_one_replaces_the_earlier_for_good():
    both = [delegation("b"), delegation("c", given=1, expires=2)]
    assert delegates(both, TEXT, "amend", NOON + DAY) == {"a": "c"}
    assert delegates(both, TEXT, "amend", NOON + 2 * DAY) == {}


@pytest.mark.parametrize("one", [delegation(), delegation(decision="amend"), delegation(expires=365)])
def test_the_text_allows_one_of_a_year(one):
    check(one, TEXT, labs=["a", "b"], bodies=["x"])


@pytest.mark.parametrize(
    "one", [delegation("a"), delegation("x"), delegation("z"), delegation(decision="nothing"), delegation(expires=367),
            delegation(expires=0), delegation(given=2, expires=1)],
)  # fmt: skip
def test_the_text_refuses_another_class_strangers_oneself_unknown_decisions_and_too_long_a_time(one):
    with pytest.raises(DelegationRefused):
        check(one, TEXT, labs=["a", "b"], bodies=["x"])


def test_a_text_that_says_nothing_of_it_knows_no_delegation():
    silent = TEXT.model_copy(update={"delegation": None})
    assert delegates([delegation()], silent, "amend", NOON) == {}
    with pytest.raises(DelegationRefused):
        check(delegation(), silent, labs=["a", "b"], bodies=[])
