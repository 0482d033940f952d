from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.durations import Duration
from core.times import Period
from treaty.rules.parties import (
    BOUND,
    ENTITLED,
    Departure,
    Instruments,
    Status,
    binds_from,
    departures,
    entry_into_force,
    may_merge,
    received_by,
    status,
    withdrawal_effective,
)
from treaty.rules.text import EntryIntoForce, Withdrawal

DAY = timedelta(days=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2030, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
RULE = EntryIntoForce(ratifications=3, among_them=("aster", "cobalt"), delay=Duration.parse("30 d"))
WITHDRAWAL = Withdrawal(notice=Duration.parse("12 mo"), extraordinary_events="Events.")


def ratified(**days: int) -> list[Instruments]:
    return [Instruments(lab=lab, signed_at=START, ratified_at=START + day * DAY) for lab, day in days.items()]


def test_enough_ratifications_without_a_named_one_are_not_enough():
    state = entry_into_force(RULE, ratified(aster=1, elbe=2, fjord=3, hanbit=4), LATER)
    assert (state.at, state.missing, state.still_needed) == (None, ("cobalt",), 0)


def test_the_named_ones_without_the_number_are_not_enough():
    state = entry_into_force(RULE, ratified(aster=1, cobalt=2), LATER)
    assert (state.at, state.missing, state.still_needed) == (None, (), 1)


def test_the_delay_runs_from_the_last_ratification_that_was_needed():
    state = entry_into_force(RULE, ratified(aster=1, elbe=2, cobalt=5, fjord=9), LATER)
    assert (state.met_at, state.at) == (START + 5 * DAY, START + 35 * DAY)


def test_a_ratification_counts_from_the_instant_of_its_receipt():
    instruments = ratified(aster=1, cobalt=2, elbe=3)
    assert entry_into_force(RULE, instruments, START + 3 * DAY - TICK).at is None
    assert entry_into_force(RULE, instruments, START + 3 * DAY).at == START + 33 * DAY


def test_the_treaty_is_in_force_from_the_instant_itself():
    state = entry_into_force(RULE, ratified(aster=1, cobalt=2, elbe=3), LATER)
    assert not state.is_in_force(START + 33 * DAY - TICK)
    assert state.is_in_force(START + 33 * DAY)


def test_a_later_party_is_bound_after_the_delay_of_its_own():
    state = entry_into_force(RULE, ratified(aster=1, cobalt=2, elbe=3), LATER)
    assert binds_from(RULE, state, START + 1 * DAY) == START + 33 * DAY
    assert binds_from(RULE, state, START + 20 * DAY) == START + 50 * DAY
    assert binds_from(RULE, entry_into_force(RULE, [], LATER), START) is None


@given(st.permutations(["aster", "cobalt", "elbe", "fjord"]), st.integers(0, 3))
def test_the_order_in_which_instruments_are_listed_never_matters(order, tie):
    days = {"aster": 1, "cobalt": 4, "elbe": 4 - tie, "fjord": 9}
    listed = [it for lab in order for it in ratified(**{lab: days[lab]})]
    assert entry_into_force(RULE, listed, LATER) == entry_into_force(RULE, ratified(**days), LATER)


@given(st.dictionaries(st.sampled_from(["aster", "cobalt", "elbe", "fjord", "hanbit"]), st.integers(0, 50)))
def test_a_further_ratification_never_delays_entry_into_force(days):
    before = entry_into_force(RULE, ratified(**days), LATER)
    after = entry_into_force(RULE, ratified(**days, ganges=60), LATER)
    assert before.at is None or after.at == before.at


def test_notice_of_twelve_months_ends_on_the_same_day_of_the_next_year():
    assert withdrawal_effective(WITHDRAWAL, datetime(2028, 2, 29, 6, tzinfo=UTC)) == datetime(
        2029, 2, 28, 6, tzinfo=UTC
    )


def test_duties_continue_until_the_notice_has_run():
    instruments = Instruments(
        lab="aster",
        signed_at=START,
        ratified_at=START + DAY,
        withdrawal_noticed_at=START + 40 * DAY,
        withdrawal_effective_at=START + 405 * DAY,
    )

    def at(instant):
        return status(instruments, START + 31 * DAY, instant)

    assert at(START - TICK) is Status.NOT_SIGNED
    assert at(START) is Status.SIGNATORY
    assert at(START + DAY) is Status.RATIFIED
    assert at(START + 31 * DAY - TICK) is Status.RATIFIED
    assert at(START + 31 * DAY) is Status.PARTY
    assert at(START + 40 * DAY) is Status.WITHDRAWING
    assert at(START + 405 * DAY - TICK) in BOUND
    assert at(START + 405 * DAY) is Status.WITHDRAWN


def test_a_suspended_party_stays_bound():
    instruments = Instruments(
        lab="aster", signed_at=START, ratified_at=START, suspensions=(Period(START + DAY, START + 9 * DAY),)
    )
    assert status(instruments, START, START + DAY) is Status.SUSPENDED
    assert status(instruments, START, START + 9 * DAY) is Status.PARTY
    assert Status.SUSPENDED in BOUND


def test_a_merged_party_stays_bound_and_votes_no_more_whatever_else_is_decided_about_its_rights():
    lab = Instruments(
        lab="aster",
        signed_at=START,
        ratified_at=START,
        suspensions=(Period(START, START + 9 * DAY),),
        merged_at=START + DAY,
    )
    assert status(lab, START, START + DAY - TICK) is Status.SUSPENDED
    assert status(lab, START, START + DAY) is status(lab, START, START + 9 * DAY) is Status.MERGED
    assert Status.MERGED in BOUND - ENTITLED


@pytest.mark.parametrize("other", Status)
def test_a_party_merges_once_and_into_another_that_is_bound_and_has_not_merged_itself(other):
    expected = other in BOUND and other is not Status.MERGED
    assert (
        may_merge("aster", Status.PARTY, "elbe", other) is may_merge("aster", other, "elbe", Status.PARTY) is expected
    )
    assert not may_merge("aster", other, "aster", other)


def test_a_party_departs_when_it_loses_its_vote_after_the_notice():
    lab = Instruments(lab="aster", withdrawal_effective_at=START + 5 * DAY, merged_at=START + 2 * DAY)
    merged, withdrawn = (
        Departure("aster", START + 2 * DAY, Status.MERGED),
        Departure("aster", START + 5 * DAY, Status.WITHDRAWN),
    )
    assert {*departures(lab, START)} == {merged, withdrawn}
    assert departures(lab, START + 2 * DAY) == [withdrawn]
    assert departures(lab, START + 5 * DAY) == []


INSTANTS = st.none() | st.integers(0, 9).map(lambda day: START + day * DAY)


@st.composite
def anything_deposited(draw):
    noticed_at = draw(INSTANTS)
    start, end = sorted(draw(st.tuples(st.integers(0, 9), st.integers(0, 9))))
    return Instruments(
        lab="aster",
        signed_at=draw(INSTANTS),
        ratified_at=draw(INSTANTS),
        withdrawal_noticed_at=noticed_at,
        withdrawal_effective_at=noticed_at and withdrawal_effective(WITHDRAWAL, noticed_at),
        suspensions=draw(st.sampled_from([(), (Period(START + start * DAY, START + end * DAY),)])),
        merged_at=draw(INSTANTS),
    )


@given(anything_deposited(), INSTANTS, st.integers(0, 9))
def test_what_came_later_is_not_told_and_makes_no_difference_to_the_status_of_then(instruments, bound_at, day):
    at = START + day * DAY
    known = received_by(instruments, at)
    happened = [known.signed_at, known.ratified_at, known.withdrawal_noticed_at, known.merged_at]
    happened += [instant for period in known.suspensions for instant in period]
    assert all(instant is None or instant <= at for instant in happened)
    assert (known.withdrawal_effective_at is None) == (known.withdrawal_noticed_at is None)
    assert status(known, bound_at, at) == status(instruments, bound_at, at)
