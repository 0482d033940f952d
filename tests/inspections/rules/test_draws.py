import os
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Malformed
from inspections.rules.draws import ALGORITHM, TAG, Draw, Ticketed, below, draw, fingerprint, first_difference

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
    assert draw(bytes(32), LISTED, 4).drawn == ("borealis", "cobalt", "cobalt-2", "aster")


def chances(listed, places, caps):
    """The chance of each order, by going through all of them: parties by all their tickets, then their sites."""
    if not places:
        return {(): Fraction(1)}
    groups = {item.group: [one for one in listed if one.group == item.group] for item in listed}
    live = {name: sum(one.weight for one in ALL[name]) for name in groups if caps.get(name, 1)}
    if not live:
        return {(): Fraction(1)}
    found = Counter()
    for name, weight in live.items():
        own = sum(one.weight for one in groups[name])
        for chosen in groups[name]:
            rest = [one for one in listed if one != chosen]
            left = {**caps, name: caps[name] - 1} if name in caps else caps
            for order, chance in chances(rest, places - 1, left).items():
                share = Fraction(weight, sum(live.values())) * Fraction(chosen.weight, own)
                found[chosen.key, *order] += share * chance
    return found


ALL = {name: [one for one in LISTED if one.group == name] for name in "abc"}
SEEDS = int(os.environ.get("FERMATA_DRAW_SEEDS", "20000"))


def chi_square(counts, expected, number):
    return sum((counts[key] - number * chance) ** 2 / (number * chance) for key, chance in expected.items())


# The last number: what chi-square exceeds in one of a thousand true draws, for one degree of freedom less than orders.
@pytest.mark.parametrize(("places", "caps", "orders", "critical"), [(1, {}, 4, "16.27"), (2, {"c": 1}, 10, "27.88")])
def test_each_order_comes_as_often_as_weights_and_caps_say(places, caps, orders, critical):
    expected = chances(LISTED, places, caps)
    assert (len(expected), sum(expected.values())) == (orders, 1)
    found = Counter(draw(number.to_bytes(32), LISTED, places, caps).drawn for number in range(SEEDS))
    assert set(found) == set(expected)
    assert chi_square(found, expected, SEEDS) < Fraction(critical)


@given(st.binary(min_size=32, max_size=32), lists, st.integers(0, 9), st.integers(1, 4), st.data())
def test_a_party_that_divides_a_site_gains_nothing_whatever_the_seed(seed, listed, places, cap, data):
    if not listed:
        return
    divided = data.draw(st.sampled_from(listed))
    cuts = sorted(data.draw(st.sets(st.integers(1, 49), max_size=9)))
    ends = [cut for cut in cuts if cut < divided.weight] + [divided.weight]
    parts = [Ticketed(f"{divided.key}/{end}", end - start, divided.group) for start, end in pairwise([0, *ends])]
    caps = dict.fromkeys("xyz", cap)
    before = [step.group for step in draw(seed, listed, places, caps).transcript]
    split = [one for one in listed if one != divided] + parts
    after = [step.group for step in draw(seed, split, places, caps).transcript]
    own = divided.group
    sites = sum(one.group == own for one in listed)
    assert after.count(own) >= before.count(own)
    if before.count(own) < sites:  # it never ran out of sites: then nobody's place changed
        assert after == before


def test_a_range_that_does_not_divide_the_space_is_drawn_without_bias_by_rejection():
    half = (1 << 255) + 1
    first = [sha256(TAG + number.to_bytes(32) + b"\0a" + bytes(16)).digest() for number in range(64)]
    found = [below(number.to_bytes(32), b"a", 0, half) for number in range(64)]
    plain = [int.from_bytes(block) % half for block in first]
    assert all(ticket < half for ticket in found)
    assert 0 < sum(one != other for one, other in zip(found, plain, strict=True)) < 64


def test_the_algorithm_is_the_one_that_its_hash_names():
    assert fingerprint() == ALGORITHM


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
