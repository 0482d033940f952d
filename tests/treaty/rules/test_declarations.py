from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.durations import Duration
from core.times import Period
from labs.rules.declarations import DeclarationKind
from treaty.rules.declarations import Regime, asked_by
from treaty.rules.text import Declarations

BOUND = datetime(2026, 1, 31, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)


def asks(**lengths):
    stated = {
        "initial_due": "45 d",
        "update_every": "6 mo",
        "update_grace": "30 d",
        "change_within": "5 d",
        "chip_register_every": "90 d",
        "transfer_notice": "14 d",
    }
    return Declarations.model_validate(stated | lengths)


def asked(at, *, bound=None, regimes=None, **lengths):
    found = asked_by(regimes or [Regime(asks(**lengths), Period(BOUND))], bound or Period(BOUND), at)
    return [(one.kind, one.due_at) for one in found]


def kinds(at, **fields):
    return [kind for kind, _ in asked(at, **fields)]


def test_article_4_asks_for_the_initial_declaration_from_the_instant_that_binds():
    assert asked(BOUND - TICK) == []
    assert asked(BOUND)[0] == (DeclarationKind.INITIAL, BOUND + 45 * DAY)


def test_an_update_is_asked_on_its_date_and_due_a_grace_later():
    date = datetime(2026, 7, 31, 12, tzinfo=UTC)
    assert DeclarationKind.UPDATE not in kinds(date - TICK)
    assert (DeclarationKind.UPDATE, date + 30 * DAY) in asked(date)


def test_updates_keep_the_day_of_the_month_though_february_is_short():
    dates = [due for kind, due in asked(BOUND + 800 * DAY, update_every="1 mo") if kind is DeclarationKind.UPDATE]
    assert dates[0] - 30 * DAY == datetime(2026, 2, 28, 12, tzinfo=UTC)
    assert dates[1] - 30 * DAY == datetime(2026, 3, 31, 12, tzinfo=UTC)


def test_a_renewal_of_the_register_is_asked_for_from_the_one_before():
    first, second = BOUND + 90 * DAY, BOUND + 180 * DAY
    assert (DeclarationKind.CHIP_REGISTER, first) in asked(BOUND)
    assert (DeclarationKind.CHIP_REGISTER, second) not in asked(first - TICK)
    assert (DeclarationKind.CHIP_REGISTER, second) in asked(first)


def test_what_falls_due_once_the_party_is_no_longer_bound_is_not_asked():
    until = BOUND + 90 * DAY
    assert kinds(until + DAY, bound=Period(BOUND, until)) == [DeclarationKind.INITIAL]
    assert kinds(until, bound=Period(BOUND, until + TICK)) == [DeclarationKind.INITIAL, DeclarationKind.CHIP_REGISTER]


def test_a_length_of_nothing_never_comes_round():
    assert kinds(BOUND + 900 * DAY, update_every="0 d", chip_register_every="0 d") == [DeclarationKind.INITIAL]


def test_an_amended_text_asks_from_its_entry_into_force_on_and_never_back():
    change = BOUND + 100 * DAY
    regimes = [
        Regime(asks(update_every="0 d"), Period(BOUND, change)),
        Regime(asks(update_every="0 d", chip_register_every="30 d"), Period(change)),
    ]
    dues = [
        due - BOUND for kind, due in asked(change + 30 * DAY, regimes=regimes) if kind is not DeclarationKind.INITIAL
    ]
    assert dues == [90 * DAY, 150 * DAY, 180 * DAY]


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_what_was_asked_stays_asked(early, late):
    early, late = sorted([early, late])
    assert set(asked(BOUND + early * DAY)) <= set(asked(BOUND + late * DAY))


@given(st.integers(0, 3000))
def test_nothing_is_asked_twice(days):
    found = asked(BOUND + days * DAY)
    assert len(found) == len(set(found))


@given(st.integers(1, 400), st.sampled_from(["d", "mo"]), st.integers(0, 3000))
def test_exactly_one_renewal_of_the_register_lies_ahead(amount, unit, days):
    at = BOUND + days * DAY
    ahead = [
        due
        for kind, due in asked(at, chip_register_every=f"{amount} {unit}")
        if kind is DeclarationKind.CHIP_REGISTER and due > at
    ]
    assert len(ahead) == 1
    # Months are counted from the first one, so after a month that is cut short the next is up to three days longer.
    assert ahead[0] <= Duration.parse(f"{amount} {unit}").after(at) + 3 * DAY
