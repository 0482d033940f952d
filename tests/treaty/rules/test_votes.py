from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treaty.rules.profiles import VoteProfile
from treaty.rules.votes import (
    BallotValue,
    Choice,
    Counting,
    Outcome,
    Reason,
    Recusal,
    Roll,
    RollMember,
    StepKind,
    can_still_change,
    tally,
)

YES, NO, ABSTAIN = Choice.CONSENT, Choice.OBJECT, Choice.ABSTAIN
MORE_THAN_HALF_OF_VALID = {"share": "1/2", "strict": True, "base": "valid"}


def electorate(name="labs", threshold=None, **fields):
    return {"name": name, "members": "roll", "threshold": threshold or MORE_THAN_HALF_OF_VALID, **fields}


def profile(*electorates, **fields):
    return VoteProfile.model_validate(
        {
            "title": "A rule for tests",
            "electorates": electorates or (electorate(),),
            "notice": "0 h",
            "period": "48 h",
            "timelock": "0 h",
            "source": "this test",
        }
        | fields
    )


def roll(count=5, *, name="labs", recused=(), weights=()):
    weight = dict(enumerate(weights))
    return Roll(
        tuple(
            RollMember(f"m{n}", name, Fraction(weight.get(n, 1)), Recusal.SUBJECT if n in recused else None)
            for n in range(count)
        )
    )


def ballots(*choices):
    return [BallotValue(f"m{n}", choice) for n, choice in enumerate(choices) if choice]


rules = st.builds(
    lambda share, strict, base, quorum, counted, tie, default: profile(
        electorate(
            threshold={"share": share, "strict": strict, "base": base},
            quorum=quorum,
            abstention_counts_for_quorum=counted,
        ),
        tie=tie,
        default=default,
    ),
    st.sampled_from(["1/2", "2/3", "3/4", "1/3"]),
    st.booleans(),
    st.sampled_from(["cast", "valid", "entitled", "present"]),
    st.sampled_from([None, "1/3", "1/2", "1"]),
    st.booleans(),
    st.sampled_from(["adopted", "rejected"]),
    st.sampled_from(["adopted", "rejected"]),
)
absolute_rules = st.builds(
    lambda number, default: profile(electorate(threshold={"absolute": number}), default=default),
    st.integers(1, 9),
    st.sampled_from(["adopted", "rejected"]),
)
thresholds = st.one_of(
    st.builds(
        lambda share, strict, base: {"share": share, "strict": strict, "base": base},
        st.sampled_from(["1/2", "2/3", "55/100"]),
        st.booleans(),
        st.sampled_from(["cast", "valid", "entitled"]),
    ),
    st.integers(1, 9).map(lambda number: {"absolute": number}),
)
vetoes = st.sampled_from([[], [{"members": ["m0", "m3"]}], [{"electorate": "bodies", "share": "1/3"}]])
rules_of_two_classes = st.builds(
    lambda labs, bodies, vetoes, blocking, tie, default: profile(
        electorate(threshold=labs),
        electorate("bodies", threshold=bodies, quorum="1/2"),
        vetoes=vetoes,
        blocking_minority=blocking,
        tie=tie,
        default=default,
    ),
    thresholds,
    thresholds,
    vetoes,
    st.sampled_from([None, 1, 4]),
    st.sampled_from(["adopted", "rejected"]),
    st.sampled_from(["adopted", "rejected"]),
)
every_rule = st.one_of(rules, absolute_rules, rules_of_two_classes)
weights = st.lists(st.fractions(Fraction(1, 4), 9, max_denominator=4), min_size=1, max_size=8)
choices = st.lists(st.sampled_from([YES, NO, ABSTAIN, None]), min_size=8, max_size=8)
recusals = st.sets(st.integers(0, 7), max_size=4)


def everybody(rule, heavy, recused=()):
    """Eight members, each in every class of the rule."""
    classes = (roll(8, name=one.name, weights=heavy, recused=recused).members for one in rule.electorates)
    return Roll(tuple(member for members in classes for member in members))


@given(every_rule, weights, choices, st.randoms())
def test_the_order_of_ballots_never_matters(rule, heavy, chosen, random):
    cast = ballots(*chosen)
    shuffled = list(cast)
    random.shuffle(shuffled)
    assert tally(rule, everybody(rule, heavy), cast) == tally(rule, everybody(rule, heavy), shuffled)


@given(every_rule, weights, choices, recusals)
def test_a_further_consent_never_defeats(rule, heavy, chosen, recused):
    entitled = everybody(rule, heavy, recused)
    before = tally(rule, entitled, ballots(*chosen))
    for silent in (n for n, choice in enumerate(chosen) if choice is None):
        more = [*chosen[:silent], YES, *chosen[silent + 1 :]]
        if before.outcome is Outcome.ADOPTED:
            assert tally(rule, entitled, ballots(*more)).outcome is Outcome.ADOPTED


@given(every_rule, weights, choices, recusals)
def test_turning_an_objection_into_a_consent_never_defeats(rule, heavy, chosen, recused):
    entitled = everybody(rule, heavy, recused)
    if tally(rule, entitled, ballots(*chosen)).outcome is Outcome.ADOPTED:
        for n, choice in enumerate(chosen):
            if choice is NO:
                turned = [*chosen[:n], YES, *chosen[n + 1 :]]
                assert tally(rule, entitled, ballots(*turned)).outcome is Outcome.ADOPTED


@given(every_rule, weights, choices, recusals)
def test_a_ballot_of_the_recused_or_of_a_stranger_never_counts(rule, heavy, chosen, recused):
    entitled = everybody(rule, heavy, recused)
    without = [ballot for ballot in ballots(*chosen) if not entitled.is_recused(ballot.member)]
    assert tally(rule, entitled, ballots(*chosen)) == tally(rule, entitled, without)
    assert tally(rule, entitled, [*without, BallotValue("stranger", YES)]) == tally(rule, entitled, without)


@given(every_rule, weights, choices)
def test_counts_are_linear(rule, heavy, chosen):
    entitled = everybody(rule, heavy)
    halves = [ballots(*chosen[:4]), [BallotValue(f"m{n}", c) for n, c in enumerate(chosen) if c and n >= 4]]
    whole = tally(rule, entitled, ballots(*chosen)).counts[0]
    parts = [tally(rule, entitled, half).counts[0] for half in halves]
    for name in ("consent", "object", "abstain", "consents", "objections", "abstentions"):
        assert getattr(whole, name) == sum(getattr(part, name) for part in parts)


@given(
    every_rule, weights, choices, recusals, st.lists(st.sampled_from([YES, NO, ABSTAIN, None]), min_size=8, max_size=8)
)
def test_what_can_no_longer_change_does_not_change(rule, heavy, chosen, recused, later):
    entitled = everybody(rule, heavy, recused)
    counting = Counting(rule, entitled)
    for ballot in ballots(*chosen):
        counting.put(ballot)
    if not can_still_change(counting):
        final = [first or second for first, second in zip(chosen, later, strict=True)]
        assert tally(rule, entitled, ballots(*final)).outcome is tally(rule, entitled, ballots(*chosen)).outcome


@given(
    st.integers(1, 12), st.integers(0, 12), st.sampled_from(["1/2", "1/3", "2/3", "3/4"]), st.booleans(), st.booleans()
)
def test_a_share_is_reached_where_its_numbers_multiplied_crosswise_say_so(count, consents, share, strict, tie):
    """Exactly met suffices unless it is strict; a tie goes as the rule says."""
    threshold = {"share": share, "strict": strict, "base": "entitled"}
    rule = profile(electorate(threshold=threshold), tie="adopted" if tie else "rejected")
    consents = min(consents, count)
    part, whole = (int(number) for number in share.split("/"))
    difference = consents * whole - part * count
    result = tally(rule, roll(count), ballots(*[YES] * consents))
    expected = consents > 0 and (difference > 0 or (difference == 0 and (tie or not strict)))
    assert (result.outcome is Outcome.ADOPTED) is expected
    assert (result.reason is Reason.TIE) is (consents > 0 and difference == 0 and strict and not tie)


@given(every_rule, weights, recusals)
def test_where_all_abstain_the_default_holds_whatever_the_rule(rule, heavy, recused):
    result = tally(rule, everybody(rule, heavy, recused), ballots(*[ABSTAIN] * 8))
    assert result.outcome.value == rule.default.value


@given(every_rule, weights, choices)
def test_where_nobody_may_vote_nothing_is_adopted_whatever_the_rule(rule, heavy, chosen):
    cast = ballots(*chosen)
    assert tally(rule, Roll(()), cast).reason is Reason.NOBODY_ENTITLED
    nobody_left = tally(rule, everybody(rule, heavy, range(8)), cast)
    assert (nobody_left.outcome, nobody_left.reason) == (Outcome.REJECTED, Reason.ALL_RECUSED)


@pytest.mark.parametrize(
    ("strict", "consents", "expected"),
    [
        (False, 4, Outcome.ADOPTED),
        (True, 4, Outcome.REJECTED),
        (True, 5, Outcome.ADOPTED),
        (False, 3, Outcome.REJECTED),
    ],
)
def test_a_threshold_exactly_met_passes_unless_it_is_strict(strict, consents, expected):
    rule = profile(electorate(threshold={"share": "2/3", "strict": strict, "base": "entitled"}))
    assert tally(rule, roll(6), ballots(*[YES] * consents)).outcome is expected


@pytest.mark.parametrize(("strict", "expected"), [(False, Reason.THRESHOLD_MET), (True, Reason.NO_QUORUM)])
def test_a_quorum_exactly_met_is_a_quorum_unless_it_is_strict(strict, expected):
    rule = profile(electorate(quorum="1/2", quorum_strict=strict))
    assert tally(rule, roll(4), ballots(YES, YES)).reason is expected


@pytest.mark.parametrize(("tie", "expected"), [("rejected", Outcome.REJECTED), ("adopted", Outcome.ADOPTED)])
def test_a_tie_goes_as_the_rule_says(tie, expected):
    result = tally(profile(tie=tie), roll(4), ballots(YES, YES, NO, NO))
    assert result.outcome is expected
    assert (result.reason is Reason.TIE) is (expected is Outcome.REJECTED)


def test_abstentions_count_towards_the_quorum_only():
    rule = profile(electorate(quorum="1/2"))
    assert tally(rule, roll(6), ballots(YES, ABSTAIN, ABSTAIN)).outcome is Outcome.ADOPTED
    rule = profile(electorate(quorum="1/2", abstention_counts_for_quorum=False))
    assert tally(rule, roll(6), ballots(YES, ABSTAIN, ABSTAIN)).reason is Reason.NO_QUORUM


def test_abstentions_count_against_where_the_base_is_what_was_cast():
    rule = profile(electorate(threshold={"share": "1/2", "strict": True, "base": "cast"}))
    assert tally(rule, roll(3), ballots(YES, ABSTAIN, ABSTAIN)).outcome is Outcome.REJECTED


@pytest.mark.parametrize("strict", [True, False])
def test_nothing_is_adopted_when_all_abstain(strict):
    rule = profile(electorate(threshold={"share": "1/2", "strict": strict, "base": "valid"}, quorum="1/2"))
    assert tally(rule, roll(3), ballots(ABSTAIN, ABSTAIN, ABSTAIN)).outcome is Outcome.REJECTED


@pytest.mark.parametrize("default", ["adopted", "rejected"])
def test_nothing_is_adopted_when_nobody_is_entitled(default):
    rule = profile(default=default)
    assert tally(rule, Roll(()), ballots(YES)).decision.reason is Reason.NOBODY_ENTITLED
    everybody = roll(3, recused={0, 1, 2})
    result = tally(rule, everybody, ballots(YES, YES, YES))
    assert (result.outcome, result.reason) == (Outcome.REJECTED, Reason.ALL_RECUSED)


def test_a_fractional_base_shrinks_with_recusal_and_an_absolute_number_does_not():
    share = profile(electorate(threshold={"share": "2/3", "base": "entitled"}))
    number = profile(electorate(threshold={"absolute": 4}))
    assert tally(share, roll(6), ballots(None, YES, YES, YES)).outcome is Outcome.REJECTED
    assert tally(share, roll(6, recused={0, 5}), ballots(None, YES, YES, YES)).outcome is Outcome.ADOPTED
    assert tally(number, roll(6, recused={0, 5}), ballots(None, YES, YES, YES)).outcome is Outcome.REJECTED


def test_one_class_that_does_not_concur_defeats():
    rule = profile(electorate("labs"), electorate("bodies"))
    both = Roll((*roll(3).members, RollMember("b0", "bodies"), RollMember("b1", "bodies")))
    cast = [*ballots(YES, YES, YES), BallotValue("b0", NO), BallotValue("b1", NO)]
    assert tally(rule, both, cast).reason is Reason.CLASS
    assert tally(rule, both, [*ballots(YES, YES, YES), BallotValue("b0", YES)]).outcome is Outcome.ADOPTED


def test_a_veto_defeats_a_majority_unless_the_vote_is_procedural():
    veto = {"vetoes": [{"members": ["m0"]}]}
    assert tally(profile(**veto), roll(), ballots(NO, YES, YES, YES)).reason is Reason.VETO
    assert tally(profile(**veto, procedural=True), roll(), ballots(NO, YES, YES, YES)).outcome is Outcome.ADOPTED
    assert tally(profile(**veto), roll(), ballots(ABSTAIN, YES, YES, YES)).outcome is Outcome.ADOPTED


def test_a_veto_needs_one_of_its_grounds():
    rule = profile(vetoes=[{"members": ["m0"], "grounds": {"safety": "People would be harmed."}}])
    yes = ballots(None, YES, YES)
    assert tally(rule, roll(), [BallotValue("m0", NO), *yes]).outcome is Outcome.ADOPTED
    assert tally(rule, roll(), [BallotValue("m0", NO, ground="safety"), *yes]).reason is Reason.VETO


def test_a_class_vetoes_by_more_than_its_share():
    rule = profile(vetoes=[{"electorate": "labs", "share": "1/3"}])
    assert tally(rule, roll(6), ballots(NO, NO, YES, YES, YES, YES)).outcome is Outcome.ADOPTED
    assert tally(rule, roll(6), ballots(NO, NO, NO, YES, YES, YES)).outcome is Outcome.REJECTED


def test_too_small_a_blocking_minority_does_not_block():
    heavy = roll(10, weights=[9, 9, 9])
    rule = profile(electorate(threshold={"share": "13/20", "base": "entitled"}, weight="roll"), blocking_minority=4)
    three = tally(rule, heavy, ballots(NO, NO, NO, *[YES] * 7))
    assert (three.outcome, three.reason) == (Outcome.ADOPTED, Reason.NO_BLOCKING_MINORITY)
    assert tally(rule, heavy, ballots(NO, NO, NO, NO, *[YES] * 6)).outcome is Outcome.REJECTED


def test_thresholds_stand_where_fewer_are_entitled_than_could_block():
    rule = profile(electorate(threshold={"share": "13/20", "base": "entitled"}), blocking_minority=4)
    for entitled, outcome in {3: Outcome.REJECTED, 4: Outcome.ADOPTED}.items():
        found = tally(rule, roll(entitled), ballots(YES, NO, NO, YES))
        assert found.outcome is outcome
        assert [step.kind for step in found.decision.steps].count(StepKind.BLOCKING) == (entitled == 4)


def test_halves_are_counted_exactly():
    rule = profile(electorate(threshold={"share": "1/2", "strict": True, "base": "entitled"}, weight="roll"))
    halves = roll(3, weights=["1/2", "1/2", 1])
    assert tally(rule, halves, ballots(YES, YES)).reason is Reason.TIE
    assert tally(rule, halves, ballots(YES, None, YES)).counts[0].consent == Fraction(3, 2)


def test_a_member_of_two_classes_counts_in_both_with_its_weight_in_each():
    rule = profile(electorate("states"), electorate("people", weight="roll"))
    members = Roll((RollMember("m0", "states"), RollMember("m0", "people", Fraction(80))))
    assert [count.consent for count in tally(rule, members, ballots(YES)).counts] == [1, 80]


def test_the_newest_ballot_of_a_member_stands():
    cast = [BallotValue("m0", YES, sequence=2), BallotValue("m0", NO, sequence=1)]
    assert tally(profile(), roll(1), cast).counts[0].consents == 1


def test_the_present_who_do_not_vote_count_where_the_base_is_presence():
    rule = profile(electorate(threshold={"share": "1/2", "strict": True, "base": "present"}))
    assert tally(rule, roll(5), ballots(YES, YES)).outcome is Outcome.ADOPTED
    assert tally(rule, roll(5), ballots(YES, YES), present={"m2", "m3"}).outcome is Outcome.REJECTED


def test_default_adoption_is_defeated_only_by_an_objection():
    rule = profile(electorate(quorum="1/2"), default="adopted")
    assert tally(rule, roll(4), []).reason is Reason.DEFAULT
    assert tally(rule, roll(4), ballots(NO)).reason is Reason.DEFAULT
    assert tally(rule, roll(4), ballots(NO, NO)).outcome is Outcome.REJECTED


def test_the_roll_has_one_hash_whatever_the_order_of_its_lines():
    members = roll(4).members
    assert Roll(members).hash == Roll(tuple(reversed(members))).hash
    assert Roll.from_json(Roll(members).as_json()).hash == Roll(members).hash


@given(every_rule, weights, choices, choices, recusals)
def test_counting_at_once_is_counting_one_after_the_other(rule, heavy, chosen, later, recused):
    entitled = everybody(rule, heavy, recused)
    again = [BallotValue(f"m{n}", choice, sequence=2) for n, choice in enumerate(later) if choice]
    one, all_at_once = Counting(rule, entitled), Counting(rule, entitled)
    for ballot in [*ballots(*chosen), *again]:
        one.put(ballot)
    all_at_once.put_all(ballots(*chosen))
    all_at_once.put_all(again)
    assert one.figures() == all_at_once.figures()
