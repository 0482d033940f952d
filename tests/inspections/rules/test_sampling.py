from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Malformed
from inspections.rules.sampling import detection_probability, sample_size


@given(st.integers(1, 300), st.data())
def test_the_sample_is_large_enough_and_one_less_is_not(population, data):
    false_items = data.draw(st.integers(1, population))
    detection = data.draw(st.fractions(0, 1))
    found = sample_size(population, false_items, detection)
    assert detection_probability(population, false_items, found) >= detection
    assert found == 0 or detection_probability(population, false_items, found - 1) < detection


def test_ninety_per_cent_for_one_of_a_thousand_takes_nine_hundred():
    assert sample_size(1000, 1, Fraction(9, 10)) == 900


def test_certainty_takes_all_but_the_false_items_and_one():
    assert sample_size(100, 10, Fraction(1)) == 91


def test_nothing_to_find_has_no_sample():
    with pytest.raises(Malformed):
        sample_size(100, 0, Fraction(1, 2))
