import pytest
from pydantic import TypeAdapter, ValidationError

from treaty.rules.conditions import (
    Comparison,
    Condition,
    comparisons_of,
    indicators_of,
    unresolved,
    walk,
)
from treaty.rules.words_conditions import condition_in_words

ADAPTER = TypeAdapter(Condition)
LEAF = {"indicator": "code", "op": ">", "value": "0.1"}
COMPARE = {"kind": "compare", **LEAF}


class Code:
    title, unit, about = "Code written by AI", "share", "world"
    minimum, maximum = 0, 1


class Research(Code):
    about = "lab"


def read(source):
    return ADAPTER.validate_python(source)


def nested(depth):
    condition = COMPARE
    for _ in range(depth - 1):
        condition = {"kind": "not", "of": condition}
    return condition


def problems(source, *, indicators=None, criteria=frozenset()):
    indicators = {"code": Code, "research": Research} if indicators is None else indicators
    return unresolved(read(source), indicators=indicators, criteria=criteria, where="triggers.t.condition")


def test_eight_levels_are_read_and_nine_are_refused():
    assert len(list(walk(read(nested(8))))) == 8
    with pytest.raises(ValidationError, match="at most 8 levels"):
        read(nested(9))


def test_a_tree_of_a_hundred_thousand_levels_is_refused_at_once():
    with pytest.raises(ValidationError, match="at most 8 levels"):
        read(nested(100_000))


def test_sixty_four_parts_are_read_and_sixty_five_are_refused():
    assert len(list(walk(read({"kind": "all", "of": [COMPARE] * 63})))) == 64
    with pytest.raises(ValidationError, match="at most 64 parts"):
        read({"kind": "all", "of": [COMPARE] * 64})


def test_parts_are_counted_over_the_whole_tree():
    half = {"kind": "any", "of": [COMPARE] * 40}
    with pytest.raises(ValidationError, match="at most 64 parts"):
        read({"kind": "all", "of": [half, half]})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"value": "NaN"}, "finite"),
        ({"value": "1e400"}, "exponent between"),
        ({"value": 0.1}, "in quotes"),
        ({"op": "=="}, "'>', '>=', '<' or '<='"),
        ({"window": "0 d"}, "more than nothing"),
        ({"window": "5 wd"}, "min, h, d, mo or y"),
        ({"window": "99 y"}, "at most 50 years"),
        ({"sustained_for": "0 h"}, "more than nothing"),
        ({"minimum_readings": 0}, "sum and count only"),
        ({"minimum_readings": -1}, "greater than or equal to 0"),
        ({"sources": ["observed", "observed"]}, "named once"),
        ({"treshold": "1"}, "Extra inputs"),
    ],
)
def test_a_comparison_that_cannot_be_judged_is_refused_with_its_reason(changes, message):
    with pytest.raises(ValidationError, match=message):
        Comparison.model_validate({**LEAF, **changes})


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"kind": "at_least", "n": 3, "of": [COMPARE, COMPARE]}, "not between 1 and the number of parts, 2"),
        ({"kind": "at_least", "n": 0, "of": [COMPARE]}, "not between 1"),
        ({"kind": "all", "of": []}, "at least 1 item"),
        ({"kind": "in_labs", "of": COMPARE}, "either n or share"),
        ({"kind": "in_labs", "n": 2, "share": "1/2", "of": COMPARE}, "either n or share"),
        ({"kind": "in_labs", "share": "0", "of": COMPARE}, "always reached"),
        ({"kind": "in_labs", "share": "3/2", "of": COMPARE}, "not a share"),
        ({"kind": "in_labs", "n": 1, "of": {"kind": "in_labs", "n": 1, "of": COMPARE}}, "no other in_labs"),
    ],
)
def test_a_group_that_cannot_be_judged_is_refused_with_its_reason(source, message):
    with pytest.raises(ValidationError, match=message):
        read(source)


def test_what_fits_the_text_has_no_problem():
    assert (
        problems(
            {"kind": "all", "of": [COMPARE, {"kind": "in_labs", "n": 1, "of": {**COMPARE, "indicator": "research"}}]}
        )
        == []
    )


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ({**COMPARE, "indicator": "cod"}, "triggers.t.condition.indicator: there is no indicator 'cod'"),
        ({**COMPARE, "unit": "percent"}, "triggers.t.condition.unit: code is measured in 'share', not in 'percent'"),
        ({**COMPARE, "value": "80"}, "triggers.t.condition.value: no code reaches 80 share"),
        (
            {**COMPARE, "indicator": "research"},
            "triggers.t.condition: research is measured in each lab; put the comparison inside in_labs",
        ),
        (
            {"kind": "all", "of": [COMPARE, {"kind": "not", "of": {"kind": "determined", "criterion": "review"}}]},
            "triggers.t.condition.of.1.of.criterion: there is no resumption criterion 'review'",
        ),
    ],
)
def test_what_does_not_fit_the_text_is_named_with_its_place(source, problem):
    assert problems(source) == [problem]


def test_a_sum_may_be_compared_with_more_than_one_reading_can_have():
    assert problems({**COMPARE, "aggregate": "sum", "value": "80"}) == []


def test_a_condition_knows_its_indicators_and_comparisons():
    condition = read(
        {"kind": "any", "of": [COMPARE, {**COMPARE, "value": "0.2"}, {**COMPARE, "indicator": "research"}]}
    )
    assert indicators_of(condition) == {"code", "research"}
    assert [str(comparison.value) for comparison in comparisons_of(condition, "code")] == ["0.1", "0.2"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (COMPARE, "the latest “Code” is above 0.1"),
        (
            {**COMPARE, "aggregate": "mean", "window": "28 d", "sustained_for": "7 d"},
            "the mean of “Code” over the last 28 days is above 0.1, at every instant for 7 days",
        ),
        (
            {
                **COMPARE,
                "edge": "low",
                "sources": ["verified", "observed"],
                "minimum_readings": 3,
                "window": "1 y",
                "op": "<=",
            },
            (
                "the latest “Code” of the last 1 year is at most 0.1, counted by the low edge of its interval, "
                "by verified, then observed readings only, from at least 3 readings"
            ),
        ),
        (
            {
                "kind": "all",
                "of": [{"kind": "any", "of": [COMPARE, {**COMPARE, "value": "5e25"}]}, {"kind": "not", "of": COMPARE}],
            },
            "(the latest “Code” is above 0.1 or the latest “Code” is above 5e25) and it is not so that the latest “Code” is above 0.1",
        ),
        (
            {"kind": "in_labs", "share": "2/3", "affiliates_together": True, "of": COMPARE},
            "in at least 2/3 of the laboratories the latest “Code” is above 0.1 (affiliated laboratories are judged as one)",
        ),
        ({"kind": "in_labs", "share": "1", "of": COMPARE}, "in every laboratory the latest “Code” is above 0.1"),
        (
            {"kind": "at_least", "n": 1, "of": [COMPARE, {"kind": "determined", "criterion": "review"}]},
            "at least 1 of these 2 hold: the latest “Code” is above 0.1; a monitoring body has determined “review”",
        ),
    ],
)
def test_a_condition_reads_as_a_sentence(source, words):
    assert condition_in_words(read(source), {"code": "Code"}) == words
