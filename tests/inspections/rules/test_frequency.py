"""How often a facility must be seen (Art. 13): conversion time against cadence, and what a visit has to look at."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspections.rules.frequency import Timeliness, false_items, frequency
from inspections.rules.sampling import detection_probability
from labs.rules.accelerators import CATALOGUE, Precision
from labs.rules.inventories import Line
from tests.inspections.values import monitoring

DAY = timedelta(days=1)
TEXT = monitoring()  # 2 visits a site a year, 1e24 FLOP, two fifths, 90 %
CHIPS = {chip.key: Line(chip.key, 1, chip.memory_gb, chip.ops_8bit, chip.tdp_w) for chip in CATALOGUE}
lines = st.builds(
    lambda key, number: replace(CHIPS[key], quantity=number), st.sampled_from(sorted(CHIPS)), st.integers(1, 60_000)
)


def h100(number):
    return replace(CHIPS["h100"], quantity=number)


def test_a_large_cluster_converts_in_hours_and_no_visits_are_timely():
    found = frequency([h100(20_000)], TEXT)
    assert found.timeliness is Timeliness.NOT_TIMELY
    assert timedelta(hours=17) < found.conversion < timedelta(hours=18)
    assert found.visits_needed == 500
    eight, sixteen = (time for _precision, time in found.conversions)
    assert abs(sixteen - 2 * eight) <= timedelta(seconds=1), "half the operations take twice the time"


def test_a_small_one_is_seen_in_time_and_needs_no_sample():
    found = frequency([h100(16)], TEXT)
    assert found.timeliness is Timeliness.TIMELY
    assert (found.samples[0].false_items, found.samples[0].size) == (81, None)


@pytest.mark.parametrize(("number", "timeliness"), [(81, Timeliness.NOT_TIMELY), (80, Timeliness.TIMELY)])
def test_visits_are_timely_up_to_the_very_time_between_two(number, timeliness):
    assert frequency([h100(number)], TEXT).timeliness is timeliness


def test_without_an_inventory_nothing_is_known_and_an_empty_one_is_timely():
    assert frequency(None, TEXT).timeliness is Timeliness.UNKNOWN
    assert frequency([], TEXT).timeliness is Timeliness.TIMELY
    assert frequency([], TEXT).conversion is None


def test_a_text_that_allows_no_visit_has_none_in_time():
    found = frequency([h100(20_000)], monitoring(visits_per_site_per_year=0))
    assert (found.timeliness, found.cadence) == (Timeliness.NOT_TIMELY, None)


def test_a_text_that_counts_on_no_use_asks_for_nothing():
    found = frequency([h100(5)], monitoring(utilisation="0"))
    assert (found.timeliness, found.samples[0].size) == (Timeliness.TIMELY, None)


@given(st.lists(lines, max_size=3, unique_by=lambda line: line.accelerator), st.integers(1, 400))
def test_what_is_shown_is_what_the_rules_say(held, visits):
    text = monitoring(visits_per_site_per_year=visits)
    found = frequency(held, text)
    late = found.conversion is not None and found.conversion < found.cadence
    assert (found.timeliness is Timeliness.NOT_TIMELY) is late
    if found.conversion:
        assert found.visits_needed * found.conversion >= 365 * DAY > (found.visits_needed - 1) * found.conversion
    for line, sample in zip(held, found.samples, strict=True):
        assert sample.population == line.quantity
        assert (sample.size is None) is (sample.false_items > line.quantity)
        if sample.size is not None:
            assert sample.detection >= Fraction(9, 10)
            assert detection_probability(line.quantity, sample.false_items, sample.size - 1) < Fraction(9, 10)


@given(lines, st.integers(1, 1000))
def test_the_false_items_alone_do_the_significant_amount_and_one_less_does_not(line, days):
    number = false_items(line, TEXT, days * DAY)
    one = Fraction(line.ops_8bit) * Fraction(2, 5) * days * 86_400
    assert number * one >= Fraction(Decimal("1e24")) > (number - 1) * one


def test_every_precision_has_a_conversion_time():
    assert [precision for precision, _time in frequency([h100(9)], TEXT).conversions] == list(Precision)
