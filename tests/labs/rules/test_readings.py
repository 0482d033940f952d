from copy import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs.rules.readings import (
    EXACT,
    IndicatorRule,
    ReadingRefused,
    ReadingValue,
    check_reading,
    contradictions,
    refusals,
    written,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FLOP = IndicatorRule("training_flop", "FLOP", "lab", minimum=Decimal(0), largest_jump=Decimal(1000))
SHARE = IndicatorRule("ai_share", "share", "world", minimum=Decimal(0), maximum=Decimal(1))


def value(number="1e25", *, indicator="training_flop", lab="aster", at=NOON, id=1, **fields):  # noqa: A002 - named as the field is
    return ReadingValue(
        id=id,
        indicator=indicator,
        lab=lab,
        value=Decimal(number),
        low=fields.get("low"),
        high=fields.get("high"),
        observed_at=at,
        received_at=fields.get("received_at", NOON),
        source="declared",
        series=fields.get("series", f"s{id}"),
        version=1,
    )


@given(
    st.builds(
        lambda digits, power: Decimal(digits).scaleb(power, EXACT),
        st.integers(-(10**40) + 1, 10**40 - 1),
        st.integers(-70, 20),
    )
)
def test_a_written_number_is_the_same_number(number):
    assert Decimal(written(number)) == number


@given(st.integers(-30, 60), st.integers(1, 10**9))
def test_one_number_is_written_in_one_way(power, digits):
    plain = Decimal(digits).scaleb(power)
    assert written(plain) == written(plain * Decimal("1.000"))


def test_a_reading_that_fits_is_taken():
    check_reading(value(), FLOP, unit="FLOP")
    check_reading(value("0.5", lab=None), SHARE, unit="share")


@pytest.mark.parametrize(
    ("reading", "rule", "unit", "field"),
    [
        (value(), FLOP, "petaFLOP", "unit"),
        (value(at=NOON + timedelta(seconds=1)), FLOP, "FLOP", "observed_at"),
        (value(lab=None), FLOP, "FLOP", "organisation"),
        (value("0.5"), SHARE, "share", "organisation"),
        (value("1.01", lab=None), SHARE, "share", "value"),
        (value("-1"), FLOP, "FLOP", "value"),
        (value("NaN"), FLOP, "FLOP", "value"),
        (value("Infinity"), FLOP, "FLOP", "value"),
        (value("1e308"), FLOP, "FLOP", "value"),
        (value("1" * 41), FLOP, "FLOP", "value"),
        (replace(value(), low=Decimal("2e25")), FLOP, "FLOP", "low"),
        (replace(value(), high=Decimal("9e24")), FLOP, "FLOP", "low"),
    ],
)
def test_what_is_wrong_in_itself_is_refused_and_names_its_field(reading, rule, unit, field):
    with pytest.raises(ReadingRefused) as refusal:
        check_reading(reading, rule, unit=unit)
    assert set(refusal.value.fields) == {field}


def test_a_reading_observed_at_the_instant_it_is_received_is_not_in_the_future():
    check_reading(value(at=NOON), FLOP, unit="FLOP")


def test_a_part_above_its_total_is_refused_and_at_its_total_is_not():
    part = IndicatorRule("covered_compute", "FLOP", "lab", part_of="all_compute")
    total = value("100", indicator="all_compute", id=2, at=NOON - timedelta(days=1))
    assert refusals(value("100", indicator="covered_compute"), part, [total]) == []
    assert "a part is not above its total" in refusals(value("101", indicator="covered_compute"), part, [total])[0]


def test_only_the_newest_total_of_the_same_laboratory_bounds_a_part():
    part = IndicatorRule("covered_compute", "FLOP", "lab", part_of="all_compute")
    older = value("100", indicator="all_compute", id=2, at=NOON - timedelta(days=2))
    newer = value("200", indicator="all_compute", id=3, at=NOON - timedelta(days=1))
    rival = value("1", indicator="all_compute", id=4, lab="borealis", at=NOON)
    assert refusals(value("150", indicator="covered_compute"), part, [older, newer, rival]) == []


def test_a_total_below_a_part_that_stands_goes_to_quarantine():
    total = IndicatorRule("all_compute", "FLOP", "lab", parts=frozenset({"covered_compute"}))
    part = value("101", indicator="covered_compute", id=2)
    assert contradictions(value("100", indicator="all_compute", at=NOON - timedelta(hours=1)), total, [part]) != []
    assert contradictions(value("101", indicator="all_compute", at=NOON - timedelta(hours=1)), total, [part]) == []


def test_a_jump_beyond_the_texts_factor_goes_to_quarantine_and_at_it_does_not():
    before = value("1e22", id=2, at=NOON - timedelta(days=1))
    assert contradictions(value("1e25"), FLOP, [before]) == []
    assert "1001 times" in contradictions(value("1.001e25"), FLOP, [before])[0]


def test_a_fall_is_never_a_jump_and_the_largest_earlier_value_is_the_measure():
    large, small = value("1e25", id=2, at=NOON - timedelta(days=9)), value("1e19", id=3, at=NOON - timedelta(days=1))
    assert contradictions(value("1e20"), FLOP, [large]) == []
    assert contradictions(value("1e25"), FLOP, [large, small]) == []


def test_a_correction_is_not_a_jump_from_the_version_it_corrects():
    assert (
        contradictions(
            value("1e25", series="one"), FLOP, [value("1e20", id=2, series="one", at=NOON - timedelta(days=1))]
        )
        == []
    )


DAILY = replace(SHARE, one_at_a_time=True)


@pytest.mark.parametrize(
    ("changes", "contradicts"),
    [
        ({}, True),
        ({"number": "0.4"}, True),  # whatever it says: a source has one value of an instant
        ({"series": "s1"}, False),  # a correction of the same datum
        ({"at": NOON + timedelta(microseconds=1)}, False),
        ({"lab": "cobalt"}, False),
    ],
)
def test_the_same_instant_under_another_name_is_a_duplicate(changes, contradicts):
    fields = {"number": "0.5", "indicator": "ai_share", "lab": "aster", "id": 2} | changes
    standing = [value("0.5", indicator="ai_share")]
    assert bool(contradictions(value(**fields), DAILY, standing)) is contradicts
    assert contradictions(value(**fields), SHARE, standing) == []


def test_another_kind_of_source_is_no_duplicate():
    standing = [replace(value("0.5", indicator="ai_share"), source="observed")]
    assert contradictions(value("0.5", indicator="ai_share", id=2), DAILY, standing) == []
