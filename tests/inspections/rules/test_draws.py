from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Malformed
from inspections.rules.draws import Draw, Ticketed, draw, first_difference

LISTED = (
    Ticketed("aster", 1, "a"),
    Ticketed("borealis", 2, "b"),
    Ticketed("cobalt", 3, "c"),
    Ticketed("cobalt-2", 4, "c"),
)
lists = st.lists(
    st.builds(Ticketed, st.text("abcdef", min_size=1, max_size=4), st.integers(1, 50), st.sampled_from("xyz")),
    max_size=8,
    unique_by=lambda item: item.key,
)


@given(
    st.binary(min_size=32, max_size=32),
    lists,
    st.integers(0, 9),
    st.dictionaries(st.sampled_from("xyz"), st.integers(0, 3)),
)
def test_a_draw_keeps_to_its_list_its_places_and_its_caps(seed, listed, places, caps):
    found = draw(seed, listed, places, caps)
    groups = Counter(item.group for item in listed for key in found.drawn if item.key == key)
    assert len(set(found.drawn)) == len(found.drawn) <= places
    assert set(found.drawn) <= {item.key for item in listed}
    assert all(groups[group] <= cap for group, cap in caps.items())


@given(st.binary(min_size=32, max_size=32), st.permutations(LISTED))
def test_the_order_of_the_list_changes_nothing(seed, listed):
    assert draw(seed, listed, 3) == draw(seed, LISTED, 3)


def test_a_draw_is_the_same_for_ever():
    assert draw(bytes(32), LISTED, 4).drawn == draw(bytes(32), LISTED, 4).drawn
    assert draw(bytes(32), LISTED, 4).drawn == ("cobalt-2", "cobalt", "borealis", "aster")


def test_chances_are_as_the_weights():
    first = Counter(draw(number.to_bytes(32), LISTED, 1).drawn[0] for number in range(20_000))
    expected = {item.key: 2000 * item.weight for item in LISTED}
    chi_square = sum((first[key] - wanted) ** 2 / wanted for key, wanted in expected.items())
    assert chi_square < 16.27  # 3 degrees of freedom, 0.1 %


def test_a_range_that_does_not_divide_the_space_is_drawn_without_bias_by_rejection():
    half = (1 << 255) + 1
    found = [draw(number.to_bytes(32), [Ticketed("a", half)], 1).transcript[0] for number in range(64)]
    assert any(step.counter > 0 for step in found)
    assert all(step.ticket < half for step in found)


def test_a_changed_transcript_is_named_by_its_place():
    true = draw(bytes(32), LISTED, 4)
    steps = list(true.transcript)
    steps[2] = replace(steps[2], key="aster")
    assert first_difference(Draw(true.drawn, tuple(steps)), true).startswith("place 3:")
    assert "3 places" in first_difference(Draw(true.drawn, true.transcript[:3]), true)
    assert "list drawn" in first_difference(Draw(true.drawn[::-1], true.transcript), true)
    assert first_difference(true, true) == ""


@pytest.mark.parametrize("listed", [[Ticketed("a", 0)], [Ticketed("a", 1), Ticketed("a", 1)]])
def test_a_weight_of_nothing_and_a_key_listed_twice_are_refused(listed):
    with pytest.raises(Malformed):
        draw(bytes(32), listed, 1)
