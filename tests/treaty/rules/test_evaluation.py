from copy import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import count
from time import perf_counter
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from core.canonical import canonical
from core.durations import Duration
from core.truth import Truth
from labs.rules.readings import ReadingValue
from treaty.rules.conditions import Condition
from treaty.rules.evaluation import DeterminationValue, Reason, World, _Judge, _span, evaluate

ADAPTER = TypeAdapter(Condition)
START = datetime(2026, 1, 1, tzinfo=UTC)
IDS = count(1)
TRUE, FALSE, UNKNOWN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


def day(number):
    return START + timedelta(days=number)


def indicator(
    validity="30 d", sources=("verified", "observed", "declared"), about="world", owed_by="secretariat", unit="share"
):
    return SimpleNamespace(
        title="Code", unit=unit, about=about, validity=Duration.parse(validity), sources=sources, owed_by=owed_by
    )


def reading(
    value,
    observed,
    *,
    received=None,
    source="observed",
    lab=None,
    series=None,
    version=1,
    low=None,
    high=None,
    key="code",
):
    number = next(IDS)
    return ReadingValue(
        id=number,
        indicator=key,
        lab=lab,
        value=Decimal(str(value)),
        low=None if low is None else Decimal(str(low)),
        high=None if high is None else Decimal(str(high)),
        observed_at=day(observed),
        received_at=day(observed if received is None else received),
        source=source,
        series=series or f"s{number}",
        version=version,
    )


def compare(**fields):
    return {"kind": "compare", "indicator": "code", "op": ">", "value": "0.1", **fields}


def judged(source, readings, at, *, world=None, **of_world):
    of_world.setdefault("indicators", {"code": indicator()})
    condition = source if hasattr(source, "kind") else ADAPTER.validate_python(source)
    return evaluate(
        condition, world or World(readings=readings, **of_world), at if isinstance(at, datetime) else day(at)
    )


# Windows


def test_a_reading_counts_from_the_instant_it_was_observed():
    assert judged(compare(window="7 d"), [reading(0.2, 3)], day(3) - timedelta(microseconds=1)).truth is UNKNOWN
    assert judged(compare(window="7 d"), [reading(0.2, 3)], 3).truth is TRUE


def test_a_reading_stops_counting_at_the_instant_one_window_later():
    assert judged(compare(window="7 d"), [reading(0.2, 3)], day(10) - timedelta(microseconds=1)).truth is TRUE
    assert judged(compare(window="7 d"), [reading(0.2, 3)], 10).truth is UNKNOWN


def test_a_window_of_28_days_holds_28_daily_readings():
    found = judged(
        compare(window="28 d", aggregate="count", value="27"), [reading(0, number) for number in range(60)], 50
    )
    assert found.value == 28


def test_a_window_of_a_month_ends_on_the_last_day_of_a_shorter_one():
    observed = reading(0.2, 30)  # 31 January
    assert judged(compare(window="1 mo"), [observed], datetime(2026, 2, 27, tzinfo=UTC)).truth is TRUE
    assert judged(compare(window="1 mo"), [observed], datetime(2026, 2, 28, tzinfo=UTC)).truth is UNKNOWN


def test_a_reading_that_has_lost_its_validity_leaves_a_long_window_unknown():
    readings = [reading(0.2, number) for number in range(10)]
    fields = {"code": indicator(validity="3 d")}
    found = judged(compare(window="28 d", aggregate="mean"), readings, 12, indicators=fields)
    assert (found.truth, found.reason) == (UNKNOWN, Reason.STALE)
    assert judged(compare(window="28 d", aggregate="mean"), readings, 11, indicators=fields).truth is TRUE


# What was known when


def test_a_reading_stands_for_as_long_as_the_text_said_that_was_in_force_when_it_was_observed():
    earlier = ((day(10), {"code": indicator(validity="30 d")}),)
    rules = {"indicators": {"code": indicator(validity="5 d")}, "earlier": earlier}
    before, after = [reading("0.2", 9)], [reading("0.2", 10)]
    assert judged(compare(aggregate="latest"), before, 20, **rules).truth is Truth.TRUE
    assert judged(compare(aggregate="latest"), after, 14, **rules).truth is Truth.TRUE
    assert judged(compare(aggregate="latest"), after, 15, **rules).truth is Truth.UNKNOWN


def test_a_reading_that_had_not_arrived_is_not_known():
    late = reading(0.2, 3, received=5)
    assert judged(compare(), [late], 4).reason is Reason.NONE_YET
    assert judged(compare(), [late], 5).truth is TRUE


def test_a_correction_counts_from_its_arrival_and_earlier_judgements_stay_as_they_were():
    readings = [reading(0.2, 3, series="x"), reading(0.05, 3, received=6, series="x", version=2)]
    assert judged(compare(), readings, 5).truth is TRUE
    assert judged(compare(), readings, 6).truth is FALSE


def test_a_correction_that_arrives_late_is_seen_in_the_span_that_is_judged_from_then_on():
    readings = [reading(0.2, 1, series="x"), reading(0.05, 1, received=6, series="x", version=2), reading(0.2, 5)]
    condition = compare(sustained_for="4 d")
    assert judged(condition, readings, 5).truth is TRUE
    assert judged(condition, readings, 6).truth is FALSE


# Aggregates


@pytest.mark.parametrize(
    ("aggregate", "value"),
    [
        ("latest", Fraction(3, 10)),
        ("mean", Fraction(1, 4)),
        ("max", Fraction(4, 10)),
        ("min", Fraction(1, 10)),
        ("sum", Fraction(1)),
        ("count", Fraction(4)),
        ("rate", Fraction(1, 150)),
    ],
)
def test_each_aggregate_is_exact(aggregate, value):
    readings = [reading(0.1, 0), reading(0.4, 10), reading(0.2, 20), reading("0.30", 30)]
    found = judged(compare(aggregate=aggregate, window="90 d"), readings, 31)
    assert found.value == value


def test_the_mean_of_three_thirds_is_not_rounded():
    found = judged(
        compare(aggregate="mean", window="9 d", op=">=", value="0.1"),
        [reading(v, n) for n, v in enumerate(("0.1", "0.1", "0.1"))],
        3,
    )
    assert (found.value, found.truth) == (Fraction(1, 10), TRUE)


def test_a_value_equal_to_the_threshold_is_not_above_it():
    assert judged(compare(), [reading("0.10", 0)], 0).truth is FALSE
    assert judged(compare(op=">="), [reading("0.10", 0)], 0).truth is TRUE
    assert judged(compare(op="<"), [reading("0.10", 0)], 0).truth is FALSE
    assert judged(compare(op="<="), [reading("0.10", 0)], 0).truth is TRUE


def test_huge_and_tiny_readings_are_added_exactly():
    readings = [reading("5e25", 0), reading("1e-9", 1)]
    assert judged(compare(aggregate="sum", window="9 d"), readings, 1).value == Fraction(5 * 10**25) + Fraction(
        1, 10**9
    )


def test_a_rate_of_one_instant_is_unknown():
    found = judged(compare(aggregate="rate", window="9 d"), [reading(0.1, 0), reading(0.3, 0)], 1)
    assert (found.truth, found.reason) == (UNKNOWN, Reason.ONE_INSTANT)


def test_too_few_readings_are_unknown():
    found = judged(compare(aggregate="mean", window="9 d", minimum_readings=3), [reading(0.2, 0), reading(0.2, 1)], 1)
    assert (found.truth, found.reason, found.count) == (UNKNOWN, Reason.TOO_FEW, 2)
    assert "only 2 of the 3 readings" in found.words


def test_no_reading_is_zero_only_where_the_text_says_so():
    condition = compare(aggregate="count", window="9 d", op="<", value="1")
    assert judged(condition, [], 1).truth is UNKNOWN
    assert judged({**condition, "minimum_readings": 0}, [], 1).truth is TRUE


@pytest.mark.parametrize(("edge", "truth"), [("value", TRUE), ("low", FALSE), ("high", TRUE)])
def test_the_edge_of_the_interval_decides(edge, truth):
    assert judged(compare(edge=edge), [reading(0.15, 0, low=0.05, high=0.4)], 0).truth is truth


def test_a_reading_without_interval_counts_by_its_value_at_each_edge():
    assert judged(compare(edge="low"), [reading(0.15, 0)], 0).truth is TRUE


# Sources


def test_the_best_source_counts_and_the_others_are_not_mixed_in():
    readings = [reading(0.9, 0, source="declared"), reading(0.05, 0, source="verified"), reading(0.8, 0)]
    found = judged(compare(aggregate="mean", window="9 d"), readings, 0)
    assert (found.value, found.source) == (Fraction(1, 20), "verified")


def test_the_next_source_counts_where_the_best_has_too_few_or_is_stale():
    readings = [reading(0.05, 0, source="verified"), reading(0.8, 5), reading(0.8, 6)]
    assert judged(compare(window="9 d", minimum_readings=2), readings, 6).source == "observed"
    stale = judged(compare(window="28 d"), readings, 6, indicators={"code": indicator(validity="3 d")})
    assert stale.source == "observed"


def test_a_source_that_the_condition_does_not_name_counts_for_nothing():
    found = judged(compare(sources=["verified"]), [reading(0.8, 0)], 0)
    assert (found.truth, found.reason) == (UNKNOWN, Reason.NONE_YET)


# Sustained


def test_what_has_to_be_sustained_is_true_at_the_instant_the_span_is_full_and_not_before():
    readings = [reading(0.05, 0), *(reading(0.2, number) for number in range(5, 20))]
    condition = compare(sustained_for="7 d")
    before = judged(condition, readings, day(12) - timedelta(microseconds=1))
    assert (before.truth, before.reason, before.broken_at) == (FALSE, Reason.NOT_THROUGHOUT, day(5))
    after = judged(condition, readings, 12)
    assert (after.truth, after.reason) == (TRUE, None)


def test_a_dip_of_one_reading_breaks_the_span():
    values = {7: 0.05}
    readings = [reading(values.get(number, 0.2), number) for number in range(20)]
    assert judged(compare(sustained_for="7 d"), readings, 14).truth is FALSE
    assert judged(compare(sustained_for="7 d"), readings, 15).truth is TRUE


def test_a_gap_in_the_span_is_unknown_and_a_false_instant_decides_over_it():
    gap = [reading(0.2, number) for number in (0, 1, 2, 8, 9)]
    fields = {"code": indicator(validity="2 d")}
    found = judged(compare(sustained_for="8 d"), gap, 9, indicators=fields)
    assert (found.truth, found.reason, found.broken_at) == (UNKNOWN, Reason.GAP, day(8))
    assert found.owed[0].due_at == day(4)
    assert judged(compare(sustained_for="8 d"), [*gap, reading(0.05, 8.5)], 9, indicators=fields).truth is FALSE


def test_a_span_says_since_when_it_holds():
    readings = [reading(0.05, 0), *(reading(0.2, number) for number in range(5, 20))]
    assert judged(compare(sustained_for="10 d"), readings, 12).since == day(5)


# Until when it holds without new data


@pytest.mark.parametrize(
    ("fields", "until"),
    [({}, 30), ({"window": "7 d"}, 7), ({"window": "90 d"}, 30), ({"sustained_for": "3 d"}, 3)],
)
def test_a_judgement_says_how_long_it_holds_without_new_data(fields, until):
    found = judged(compare(**fields), [reading(0.2, 0)], 0)
    assert found.holds_until == day(until)


# Labs


def in_labs(**fields):
    return {"kind": "in_labs", "of": compare(), **fields}


LABS = {
    "labs": frozenset({"aster", "borealis", "cobalt"}),
    "indicators": {"code": indicator(about="lab", owed_by="labs")},
}


@pytest.mark.parametrize("fields", [{}, {"sustained_for": "7 d"}, {"window": "28 d", "aggregate": "count", "op": "<"}])
def test_a_lab_of_which_nothing_was_ever_read_is_judged_as_an_empty_span(fields):
    comparison = ADAPTER.validate_python(in_labs(n=1, of=compare(**fields))).of
    world = World(readings=[reading(0.2, 0, lab="aster")], **LABS)
    for labs in (("borealis",), ("borealis", "cobalt"), ("elsewhere",)):
        owing = [lab for lab in labs if lab in world.labs]
        assert _Judge(world, day(5))._compare(comparison, labs) == _span(comparison, world, [], day(5)).judged(
            comparison, labs, owing
        )


def test_each_lab_is_judged_by_its_own_readings():
    readings = [reading(0.2, 0, lab="aster"), reading(0.2, 0, lab="borealis"), reading(0.05, 0, lab="cobalt")]
    found = judged(in_labs(n=2), readings, 0, **LABS)
    assert found.truth is TRUE
    assert {part.labs: part.truth for part in found.parts} == {
        ("aster",): TRUE,
        ("borealis",): TRUE,
        ("cobalt",): FALSE,
    }
    assert judged(in_labs(n=3), readings, 0, **LABS).truth is FALSE


def test_a_lab_without_data_leaves_unknown_what_it_could_decide():
    readings = [reading(0.2, 0, lab="aster"), reading(0.05, 0, lab="cobalt")]
    found = judged(in_labs(n=2), readings, 0, **LABS)
    assert found.truth is UNKNOWN
    assert [(owed.lab, owed.by, owed.due_at) for owed in found.owed] == [("borealis", "labs", None)]


def test_what_is_decided_without_a_datum_does_not_ask_for_it():
    found = judged(in_labs(n=1), [reading(0.2, 0, lab="aster")], 0, **LABS)
    assert (found.truth, found.owed) == (TRUE, ())


@pytest.mark.parametrize(("share", "truth"), [("2/3", TRUE), ("67/100", FALSE)])
def test_a_share_of_the_labs_is_at_least_that_share(share, truth):
    readings = [reading(0.2, 0, lab="aster"), reading(0.2, 0, lab="borealis"), reading(0.05, 0, lab="cobalt")]
    assert judged(in_labs(share=share), readings, 0, **LABS).truth is truth


def test_a_share_of_no_labs_is_unknown():
    found = judged(in_labs(share="1"), [], 0, labs=frozenset(), indicators=LABS["indicators"])
    assert (found.truth, found.reason) == (UNKNOWN, Reason.NO_LABS)


def test_readings_of_a_lab_that_is_not_bound_do_not_count():
    readings = [reading(0.2, 0, lab="zenith"), *(reading(0.05, 0, lab=lab) for lab in LABS["labs"])]
    assert judged(in_labs(n=1), readings, 0, **LABS).truth is FALSE


def test_a_run_split_between_affiliates_counts_as_one():
    readings = [reading(0.06, 0, lab="aster"), reading(0.06, 0, lab="borealis"), reading(0.01, 0, lab="cobalt")]
    condition = in_labs(n=1, of=compare(aggregate="sum", window="9 d"), affiliates_together=True)
    apart = judged(condition, readings, 0, **LABS)
    together = judged(condition, readings, 0, affiliations=frozenset({frozenset({"aster", "borealis"})}), **LABS)
    assert (apart.truth, together.truth) == (FALSE, TRUE)


def test_labs_are_affiliated_through_an_organisation_that_is_not_bound():
    pairs = frozenset({frozenset({"aster", "holding"}), frozenset({"holding", "cobalt"})})
    found = judged(in_labs(n=1, affiliates_together=True), [], 0, affiliations=pairs, **LABS)
    assert [part.labs for part in found.parts] == [("aster", "cobalt", "holding"), ("borealis",)]
    assert [owed.lab for owed in found.owed] == ["aster", "cobalt", "borealis"]


# Determinations


def said(body, met, since=0, until=30):
    return DeterminationValue("review", body, met, day(since), day(until))


@pytest.mark.parametrize(
    ("determinations", "truth", "reason"),
    [
        ([], UNKNOWN, Reason.UNDETERMINED),
        ([said("ivb", True)], TRUE, None),
        ([said("ivb", False)], FALSE, None),
        ([said("ivb", True), said("nordic", True)], TRUE, None),
        ([said("ivb", True), said("nordic", False)], UNKNOWN, Reason.DISAGREEMENT),
        ([said("ivb", True, 0, 9), said("nordic", False, 0, 10)], UNKNOWN, Reason.EXPIRED),
        ([said("ivb", True, 0), said("ivb", False, 5)], FALSE, None),
        ([said("ivb", True, 0, 90), said("ivb", False, 5, 6)], UNKNOWN, Reason.EXPIRED),
        ([said("ivb", True, 11)], UNKNOWN, Reason.UNDETERMINED),
    ],
)
def test_bodies_determine_together_or_no_conclusion_is_drawn(determinations, truth, reason):
    found = judged({"kind": "determined", "criterion": "review"}, [], 10, determinations=tuple(determinations))
    assert (found.truth, found.reason) == (truth, reason)


def test_a_determination_holds_up_to_and_not_at_its_expiry():
    condition, held = {"kind": "determined", "criterion": "review"}, (said("ivb", True, 0, 10),)
    assert judged(condition, [], day(10) - timedelta(microseconds=1), determinations=held).truth is TRUE
    assert judged(condition, [], 10, determinations=held).truth is UNKNOWN


# Explanation


def test_an_explanation_is_canonical_and_says_the_numbers():
    readings = [reading(0.2, 0, lab="aster"), reading("0.123456", 0, lab="borealis")]
    found = judged({"kind": "not", "of": in_labs(share="1/2")}, readings, 0, **LABS)
    tree = found.to_json()
    assert canonical(tree)
    assert tree["parts"][0]["parts"][1]["value"] == "1929/15625"
    assert tree["parts"][0]["parts"][1]["words"] == "The latest “Code” is ≈ 0.1235 share: above 0.1."
    assert found.parts[0].words == "True in 2 of 3 laboratories; needed: 2; unknown: 1."


def test_an_indicator_that_the_text_does_not_have_is_unknown():
    assert judged(compare(), [], 0, indicators={}).reason is Reason.UNDEFINED


# Properties

values = st.decimals(min_value=0, max_value=1, places=2)
sources = st.sampled_from(["verified", "observed", "declared"])
readings_of_a_month = st.lists(
    st.builds(
        lambda value, observed, delay, **rest: reading(value, observed, received=observed + delay, **rest),
        values,
        st.integers(0, 30),
        st.sampled_from([0, 0, 0, 1, 5]),
        source=sources,
        lab=st.sampled_from([None, "aster", "borealis", "cobalt"]),
        series=st.sampled_from([None, None, "a", "b"]),
        version=st.integers(1, 3),
    ),
    max_size=30,
)
aggregates = st.sampled_from(["latest", "mean", "max", "min", "sum", "count", "rate"])
leaves = st.builds(
    compare,
    op=st.sampled_from([">", ">=", "<", "<="]),
    value=values.map(str),
    aggregate=aggregates,
    window=st.sampled_from(["1 d", "5 d", "30 d", "1 mo"]),
    minimum_readings=st.integers(1, 3),
    sustained_for=st.sampled_from([None, "1 d", "6 d"]),
)
trees = st.recursive(
    leaves | st.just({"kind": "determined", "criterion": "review"}),
    lambda parts: st.one_of(
        st.builds(lambda of: {"kind": "not", "of": of}, parts),
        st.builds(
            lambda kind, of: {"kind": kind, "of": of},
            st.sampled_from(["all", "any"]),
            st.lists(parts, min_size=1, max_size=3),
        ),
        st.builds(
            lambda of: {"kind": "at_least", "n": (len(of) + 1) // 2, "of": of}, st.lists(parts, min_size=1, max_size=3)
        ),
    ),
    max_leaves=6,
)
worlds = {
    "indicators": {"code": indicator(validity="6 d")},
    "labs": frozenset({"aster", "borealis", "cobalt"}),
    "determinations": (said("ivb", True),),
}


@given(readings_of_a_month, trees, st.integers(0, 40), st.randoms(use_true_random=False))
def test_the_order_of_readings_never_matters(readings, tree, at, random):
    shuffled = random.sample(readings, len(readings))
    assert judged(tree, readings, at, **worlds).to_json() == judged(tree, shuffled, at, **worlds).to_json()


@given(readings_of_a_month, trees, st.integers(0, 40))
def test_a_double_negation_and_de_morgan_change_nothing(readings, tree, at):
    def truth(source):
        return judged(source, readings, at, **worlds).truth

    def negated(source):
        return {"kind": "not", "of": source}

    other = compare(value="0.5")
    if depth(tree) <= 5:
        assert truth(negated(negated(tree))) is truth(tree)
        both, either = {"kind": "all", "of": [tree, other]}, {"kind": "any", "of": [negated(tree), negated(other)]}
        assert truth(negated(both)) is truth(either)
        assert truth({"kind": "all", "of": [tree]}) is truth({"kind": "any", "of": [tree]}) is truth(tree)


def depth(tree):
    parts = tree.get("of", [])
    return 1 + max((depth(part) for part in (parts if isinstance(parts, list) else [parts])), default=0)


@given(trees, st.data())
def test_a_tree_is_monotone_in_information(tree, data):
    """Whatever an unknown leaf turns out to be, what the tree already said stays said."""
    leaf_truths = st.sampled_from([TRUE, FALSE, UNKNOWN])

    def mark(node):
        if node["kind"] in {"compare", "determined"}:
            key = f"l{len(now)}"
            now.append(data.draw(leaf_truths))
            return {"kind": "determined", "criterion": key}
        parts = node["of"]
        return {**node, "of": [mark(part) for part in parts] if isinstance(parts, list) else mark(parts)}

    now = []
    marked = mark(tree)
    later = [data.draw(st.sampled_from([TRUE, FALSE])) if truth is UNKNOWN else truth for truth in now]

    def judge(truths):
        held = tuple(
            DeterminationValue(f"l{number}", "ivb", truth is TRUE, day(0), day(9))
            for number, truth in enumerate(truths)
            if truth is not UNKNOWN
        )
        return judged(marked, [], 1, determinations=held).truth

    earlier = judge(now)
    if earlier is not UNKNOWN:
        assert judge(later) is earlier


@given(
    st.lists(st.tuples(values, st.integers(0, 30)), max_size=20),
    st.tuples(values, st.integers(0, 30)),
    st.sampled_from(["latest", "mean", "max", "min"]),
    st.sampled_from([">", "<="]),
    st.sampled_from([None, "4 d"]),
)
def test_a_datum_that_agrees_never_turns_true_into_anything_else(pairs, extra, aggregate, op, sustained_for):
    """One source; a new datum that itself meets the comparison contradicts nothing, so what was true stays true."""
    condition = compare(op=op, value="0.5", aggregate=aggregate, window="5 d", sustained_for=sustained_for)
    readings = [reading(value, observed) for value, observed in pairs]
    arrived = reading(*extra)
    agrees = arrived.value > Decimal("0.5") if op == ">" else arrived.value <= Decimal("0.5")
    fields = {"code": indicator(validity="3 d")}
    before = judged(condition, readings, 30, indicators=fields).truth
    after = judged(condition, [*readings, arrived], 30, indicators=fields).truth
    if agrees and before is TRUE:
        assert after is TRUE
    if not agrees and before is FALSE:
        assert after is FALSE


@settings(max_examples=200)
@given(readings_of_a_month, leaves.map(lambda leaf: {**leaf, "sustained_for": "6 d"}), st.integers(0, 40))
def test_a_span_judged_at_once_is_the_span_judged_instant_by_instant(readings, leaf, at):
    """The walk over the span against a judgement from nothing at every instant at which anything can change."""
    known = [r for r in readings if r.received_at <= day(at)]
    single = {**leaf, "sustained_for": None}
    window = Duration.parse(leaf["window"])
    instants = {day(at) - timedelta(days=6)}
    for one in known:
        instants |= {one.observed_at, window.after(one.observed_at), one.observed_at + timedelta(days=6)}
    span = sorted(instant for instant in instants if day(at) - timedelta(days=6) <= instant <= day(at))
    as_known = [replace(one, received_at=one.observed_at) for one in newest(known)]
    found = [judged(single, as_known, instant, **worlds).truth for instant in span]
    expected = FALSE if FALSE in found else UNKNOWN if UNKNOWN in found else TRUE
    assert judged(leaf, readings, at, **worlds).truth is expected


def newest(readings):
    by_series = {}
    for one in sorted(readings, key=lambda r: (r.version, r.received_at, r.value, r.id)):
        by_series[one.indicator, one.lab, one.series] = one
    return list(by_series.values())


@given(readings_of_a_month, trees, st.integers(0, 40), st.integers(0, 9))
def test_nothing_changes_before_the_instant_a_judgement_says_it_holds_until(readings, tree, at, later):
    readings = [r for r in readings if r.received_at <= day(at)]
    found = judged(tree, readings, at, **worlds)
    instant = day(at + later)
    if found.holds_until is None or instant < found.holds_until:
        assert judged(tree, readings, instant, **worlds).truth is found.truth


def test_a_span_over_twenty_thousand_readings_is_walked_once():
    readings = [reading(Decimal(number % 50) / 100, number / 100) for number in range(20_000)]
    condition = compare(aggregate="mean", window="28 d", sustained_for="100 d")
    begun = perf_counter()
    found = judged(condition, readings, 200)
    assert found.truth is TRUE
    assert perf_counter() - begun < 5  # walking the window anew at each of 10,000 instants takes minutes


@given(
    readings_of_a_month,
    readings_of_a_month,
    leaves,
    st.lists(st.tuples(st.sampled_from("<>"), values)),
    st.integers(0, 40),
)
def test_comparisons_that_differ_in_their_threshold_are_found_together_as_each_alone(readings, more, leaf, others, at):
    asked = [leaf, *({**leaf, "op": op, "value": str(value)} for op, value in others)]
    conditions = [ADAPTER.validate_python(one) for part in asked for one in (part, in_labs(n=2, of=part))]
    shared = World(readings=readings, **LABS)
    for world in (shared, replace(shared, readings=[*readings, *more], judged={})):
        together = [evaluate(one, world, day(at)) for one in conditions]
        alone = [evaluate(one, World(readings=world.readings, **LABS), day(at)) for one in conditions]
        assert together == alone
