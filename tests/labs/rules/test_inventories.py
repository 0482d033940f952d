from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from labs.rules.accelerators import CATALOGUE
from labs.rules.inventories import (
    Covered,
    Line,
    conversion_time,
    flop_per_day,
    h100_equivalents,
    is_covered,
    memory_gb,
    power_w,
)

H100_OPS = Decimal(1979000000000000)
H100 = Line("h100", 16, Decimal(80), H100_OPS, 700)
COVERED = Covered(h100_equivalents_above=Decimal(16), memory_gb_above=Decimal(1280), h100_ops=H100_OPS)
quantities = st.integers(1, 10**6)


def chip(key, quantity):
    found = next(accelerator for accelerator in CATALOGUE if accelerator.key == key)
    return Line(key, quantity, found.memory_gb, found.ops_8bit, found.tdp_w)


@given(quantities)
def test_an_h100_is_one_h100(quantity):
    assert h100_equivalents([replace(H100, quantity=quantity)], H100_OPS) == quantity


@given(st.lists(st.tuples(st.sampled_from([accelerator.key for accelerator in CATALOGUE]), quantities), max_size=5))
def test_equivalents_memory_and_power_add_up_over_lines(pairs):
    lines = [chip(*pair) for pair in pairs]
    assert h100_equivalents(lines, H100_OPS) == sum((h100_equivalents([line], H100_OPS) for line in lines), Fraction(0))
    assert memory_gb(lines) == sum((memory_gb([line]) for line in lines), Fraction(0))
    assert power_w(lines) == sum(power_w([line]) for line in lines)


def test_a_cluster_at_both_thresholds_is_not_covered_and_above_either_is():
    assert not is_covered([H100], COVERED)
    assert is_covered([replace(H100, quantity=17)], COVERED)
    assert is_covered([Line("wide", 1, Decimal(1281), Decimal(1), 1)], COVERED)
    assert not is_covered([], COVERED)


def test_one_h100_at_full_use_does_171_exaflop_and_a_bit_a_day():
    assert flop_per_day([replace(H100, quantity=1)], Fraction(1)) == Fraction(H100_OPS) * 86_400


def test_conversion_time_is_the_threshold_over_a_days_work():
    lines = [replace(H100, quantity=10_000)]
    threshold = Decimal(int(flop_per_day(lines, Fraction(2, 5)) * 3))
    assert conversion_time(threshold, lines, Fraction(2, 5)) == timedelta(days=3)


def test_what_does_nothing_never_converts():
    assert conversion_time(Decimal("1e24"), [], Fraction(1)) is None
    assert conversion_time(Decimal("1e24"), [H100], Fraction(0)) is None
    assert conversion_time(Decimal("1e60"), [H100], Fraction(1)) is None


@given(quantities, quantities)
def test_more_accelerators_never_take_longer(fewer, more):
    first, second = sorted([fewer, more])
    slow, fast = (
        conversion_time(Decimal("1e24"), [replace(H100, quantity=number)], Fraction(1, 2)) for number in (first, second)
    )
    assert slow is None or fast <= slow


def test_the_catalogue_names_each_chip_once():
    assert len({chip.key for chip in CATALOGUE}) == len({chip.name for chip in CATALOGUE}) == len(CATALOGUE)
