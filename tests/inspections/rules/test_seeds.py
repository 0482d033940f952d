"""The seed of a draw: who commits, who withholds, and what that can and cannot bring about."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.durations import Duration
from core.errors import Malformed
from inspections.rules.draws import Ticketed, draw
from inspections.rules.seeds import (
    Contribution,
    Dates,
    Stage,
    check_commitment,
    list_hash,
    next_due,
    opens,
    seed,
    stage,
    standings,
    tickets,
    value_commitment,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
values = st.binary(min_size=32, max_size=32).map(bytes.hex)
TRIALS = 6_000
SITES = tuple(Ticketed(key, weight, key) for key, weight in {"a": 1, "b": 2, "c": 3}.items())
SHARES = {"a": Fraction(1, 6), "b": Fraction(2, 6), "c": Fraction(3, 6)}
CRITICAL = Fraction("13.82")  # of chi-square with two degrees of freedom, exceeded once in a thousand


def secret(*names):
    return sha256("/".join(map(str, names)).encode()).hexdigest()


def drawn(trial, withheld=(), operator=None, root="r", guess=None):
    """Whom a draw of one place gives, of three parties that committed to values of their own; `guess` stands for that of a."""
    values = {key: secret(key, trial) for key in "abc"} | ({"a": guess} if guess else {})
    shown = [Contribution(key, secret("c", key, trial), None if key in withheld else values[key]) for key in "abc"]
    grown = seed(draw="d", listed="l", root=root, contributions=shown, value=operator or secret("operator", trial))
    found = draw(bytes.fromhex(grown), SITES, 1).drawn
    assert len(found) == 1, "whoever withholds, there is a draw"
    return found[0]


def distance(found):
    return sum((found[key] - TRIALS * share) ** 2 / (TRIALS * share) for key, share in SHARES.items())


@pytest.mark.parametrize("withheld", [(), ("c",), ("a", "b", "c")])
def test_withholding_changes_neither_whether_nor_by_more_than_chance_who(withheld):
    assert distance(Counter(drawn(trial, withheld) for trial in range(TRIALS))) < CRITICAL


def test_whoever_withholds_by_what_can_be_known_then_gains_nothing():
    """The party c sees every value but the operator's, and withholds where it would be drawn if that were a guess of its own."""
    found = Counter(
        drawn(trial, ("c",) if drawn(trial, operator=secret("guess", trial)) == "c" else ()) for trial in range(TRIALS)
    )
    assert distance(found) < CRITICAL


def test_whoever_knew_the_operators_value_could_draw_twice():
    """What is left: with the operator in the plot one withholder has two seeds to choose from, and this measure sees it."""
    found = Counter(drawn(trial, ("c",) if drawn(trial) == "c" else ()) for trial in range(TRIALS))
    assert distance(found) > CRITICAL
    assert abs(Fraction(found["c"], TRIALS) - SHARES["c"] ** 2) < Fraction(3, 100)


def test_an_operator_who_grinds_the_record_before_the_sealing_gains_nothing():
    """It knows every value but that of a, and writes entries until the root would draw c if that were what it guesses."""

    def ground(trial):
        roots = [f"r{number}" for number in range(4)]
        return next((root for root in roots if drawn(trial, root=root, guess=secret("guess", trial)) == "c"), roots[0])

    assert distance(Counter(drawn(trial, root=ground(trial)) for trial in range(TRIALS))) < CRITICAL


@given(values, values)
def test_a_value_opens_its_own_commitment_only(value, other):
    made = value_commitment("2026-01", "aster", value)
    assert opens("2026-01", "aster", value, made)
    assert opens("2026-01", "aster", other, made) is (value == other)
    assert not opens("2026-01", "cobalt", value, made)
    assert not opens("2026-02", "aster", value, made)


@pytest.mark.parametrize("value", ["", "0" * 63, "0" * 65, "A" * 64, "g" * 64, "０" * 64])
def test_a_value_and_a_commitment_are_64_digits(value):
    with pytest.raises(Malformed):
        value_commitment("2026-01", "aster", value)
    with pytest.raises(Malformed):
        check_commitment(value)


@given(
    st.permutations(["a", "b", "c"]),
    st.sampled_from(["draw", "listed", "root", "value", "commitment", "shown", "less"]),
)
def test_the_seed_hangs_on_all_that_went_in_and_not_on_the_order(keys, changed):
    shown = {key: Contribution(key, secret(key), secret("v", key)) for key in keys}
    parts = {"draw": "d", "listed": "l", "root": "r", "value": "v", "contributions": list(shown.values())}
    same = seed(**parts | {"contributions": [shown[key] for key in "abc"]})
    assert seed(**parts) == same
    if changed in parts:
        parts[changed] += "x"
    elif changed == "less":
        parts["contributions"].pop()
    else:
        given_up = Contribution("a", secret("a") + "x" * (changed == "commitment"), None)
        parts["contributions"] = [given_up, shown["b"], shown["c"]]
    assert seed(**parts) != same


def test_a_site_about_which_nothing_is_declared_weighs_as_the_largest_and_an_empty_one_is_left_out():
    found = tickets([("x", "a", Fraction(7)), ("w", "b", None), ("y", "b", Fraction(0)), ("z", "c", Fraction(5))])
    assert found == (Ticketed("w", 7, "b"), Ticketed("x", 7, "a"), Ticketed("z", 5, "c"))
    assert tickets([("x", "a", None)]) == (Ticketed("x", 1, "a"),)


def test_the_hash_of_the_list_fixes_weights_places_and_cap_whatever_the_order():
    made = list_hash(SITES, places=2, per_party=1)
    assert list_hash(SITES[::-1], places=2, per_party=1) == made
    others = [(SITES[:2], 2, 1), ((*SITES[:2], Ticketed("c", 4, "c")), 2, 1), (SITES, 3, 1), (SITES, 2, 2)]
    changed = {list_hash(sites, places=n, per_party=most) for sites, n, most in others}
    assert len(changed) == 4
    assert made not in changed


def test_a_draw_goes_from_stage_to_stage_at_its_instants():
    dates = Dates(NOON, NOON + HOUR)
    assert [stage(dates, NOON + n * HOUR) for n in (0, 1)] == [Stage.COMMITTING, Stage.SEALING]
    sealed = Dates(NOON, NOON + HOUR, NOON + 2 * HOUR, NOON + 3 * HOUR)
    assert [stage(sealed, NOON + n * HOUR) for n in (2, 3)] == [Stage.REVEALING, Stage.DRAWING]
    done = Dates(NOON, NOON + HOUR, NOON + 2 * HOUR, NOON + 3 * HOUR, NOON + 4 * HOUR)
    assert [stage(done, NOON + n * HOUR) for n in (0, 3, 4)] == [Stage.COMMITTING, Stage.DRAWING, Stage.DRAWN]


def test_a_value_is_withheld_once_the_time_for_it_is_over():
    given_up, shown = Contribution("a", "0", None), Contribution("b", "0", "1")
    for where, withheld in [(Stage.REVEALING, [False, False]), (Stage.DRAWN, [True, False])]:
        assert [one.is_withheld for one in standings([shown, given_up], where)] == withheld


def test_the_next_draw_is_due_a_period_after_the_last_and_the_first_at_once():
    every = Duration.parse("6 mo")
    assert next_due(None, every, NOON) == NOON
    assert next_due(NOON, every, NOON) == datetime(2027, 5, 22, 12, tzinfo=UTC)
