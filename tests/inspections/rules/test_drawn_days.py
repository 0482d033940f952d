from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Malformed
from core.times import Period
from inspections.rules.drawn_days import (
    LINKS,
    Circumstances,
    Drawn,
    Passed,
    chain,
    day_commitment,
    links_up_to,
    opens_day,
    order,
    place,
    place_all,
    possible_days,
)
from inspections.rules.schedules import Booked, Rule, check_visit
from inspections.rules.visits import VisitKind, planned_end
from tests.inspections.schedules import ARRIVAL, BEGINS, DAY, TERMS, frame, terms, want

SECRET = "ab" * 32
UNTIL = BEGINS + 60 * DAY
SHORT = {"kind": VisitKind.SHORT_NOTICE, "earliest": BEGINS + DAY}


def drawn(seed="cd" * 32, days=None, **changes):
    days = possible_days(BEGINS, UNTIL, TERMS) if days is None else days
    return Drawn(**({"draw": "2027-01", "place": 1, "facility": "s0", "seed": seed, "days": days} | changes))


def test_every_possible_day_comes_once_and_the_same_for_whoever_draws_again():
    found = list(order(drawn(), chain(SECRET)))
    assert sorted(found) == list(drawn().days)
    assert found == list(order(drawn(), chain(SECRET))) != sorted(found)


@given(st.sampled_from(["draw", "place", "facility", "seed"]), st.binary(min_size=32, max_size=32))
def test_another_secret_or_another_place_draws_another_order(member, secret):
    others = {"draw": "2027-02", "place": 2, "facility": "s1", "seed": "ce" * 32}
    assert list(order(drawn(), chain(SECRET))) != list(order(drawn(**{member: others[member]}), chain(SECRET)))
    assert list(order(drawn(), chain(SECRET))) != list(order(drawn(), chain(secret.hex())))


def test_a_link_opens_the_ranks_up_to_its_own_and_none_after_it():
    links = chain(SECRET)
    committed = day_commitment("2027-01", 1, links[0])
    for rank in (0, 1, 7, LINKS - 1):
        known = links_up_to(links[rank], rank)
        assert known == links[: rank + 1]
        assert opens_day("2027-01", 1, known, committed)
        assert not opens_day("2027-01", 2, known, committed)
    assert not opens_day("2027-01", 1, links_up_to(links[3], 2), committed)


@pytest.mark.parametrize(("link", "rank"), [("ab", 0), ("AB" * 32, 0), ("ab" * 32, -1), ("ab" * 32, LINKS)])
def test_what_is_no_link_is_refused(link, rank):
    with pytest.raises(Malformed):
        links_up_to(link, rank)


def test_every_day_has_the_same_chance_to_be_first():
    days = tuple(ARRIVAL + number * DAY for number in range(10))
    found = Counter(next(order(drawn(seed=f"{number:064x}", days=days), [SECRET])) for number in range(2000))
    chi_square = sum((found[day] - 200) ** 2 / 200 for day in days)
    assert chi_square < 27.88, "exceeded once in a thousand true draws"


def test_days_lie_between_the_notice_and_the_next_draw_on_no_holiday():
    holiday = (BEGINS + 5 * DAY).date()
    days = possible_days(BEGINS, UNTIL, terms(holidays=(holiday,)))
    assert days[0] == ARRIVAL + DAY, "the notice of 24 h leads to the next morning"
    assert planned_end(VisitKind.SHORT_NOTICE, days[-1], TERMS) <= UNTIL < days[-1] + 3 * DAY
    assert holiday not in {day.date() for day in days}
    assert possible_days(BEGINS, UNTIL, TERMS.model_copy(update={"schedule": None})) == ()


def test_the_first_day_that_is_allowed_is_taken_and_each_before_it_named():
    near = Booked("other", "s0", "lab0", "europe", VisitKind.ROUTINE, period(10), ("i00", "i10"))
    away = Booked("far", "s1", "lab0", "europe", VisitKind.PAUSE_VERIFICATION, period(50), ("i00", "i10"))
    days = [ARRIVAL + number * DAY for number in (12, 0, 50, 45, 44)]
    found = place(want("v", "s0", 0, **SHORT), days, frame(), [near, away])
    assert [one.rule for one in found.passed] == [Rule.APART, Rule.NOTICE, Rule.TEAM]
    assert [one.day for one in found.passed] == days[:3]
    assert found.visit.period.start == days[3]
    assert list(check_visit(found.visit, [near, away], frame())) == []


def test_a_visit_that_no_day_allows_is_not_placed():
    days = [ARRIVAL + number * DAY for number in range(2, 5)]
    found = place(want("v", "s0", 0, **SHORT), days, frame(bodies=1, each=3), [])
    assert (found.visit, {one.rule for one in found.passed}) == (None, {Rule.TEAM})


def period(day):
    start = ARRIVAL + day * DAY
    return Period(start, planned_end(VisitKind.ROUTINE, start, TERMS))


def test_what_is_sealed_keeps_its_day_for_as_long_as_it_can():
    asked = want("v", "s0", 0, team=("i00", "i10"), **SHORT)
    days = [ARRIVAL + number * DAY for number in (20, 30)]
    kept = place_all([(asked, days)], {"v": days[1]}, frame())["v"]
    assert (kept.visit.period.start, kept.passed) == (days[1], ())
    gone = frame(each=2)
    people = {handle: one for handle, one in gone.inspectors.items() if handle != "i00"}
    moved = place_all([(asked, days)], {"v": days[1]}, frame(inspectors=people))["v"]
    assert (moved.visit.period.start, set(moved.visit.team)) == (days[0], {"i01", "i10"})


def test_the_first_place_goes_before_the_second():
    asked = [(want(key, key, 0, **SHORT), [ARRIVAL + 20 * DAY, ARRIVAL + 40 * DAY]) for key in ("s0", "s1")]
    found = place_all(asked, {}, frame())
    assert [found[key].visit.period.start for key in ("s0", "s1")] == [ARRIVAL + 20 * DAY, ARRIVAL + 40 * DAY]


SEEN = Circumstances("s0", "lab0", BEGINS, UNTIL, TERMS, [("s0", "lab0", ARRIVAL + 10 * DAY)], 1)


@pytest.mark.parametrize(
    ("rule", "day", "holds"),
    [
        (Rule.NOTICE, BEGINS + timedelta(hours=24), True),
        (Rule.NOTICE, BEGINS + timedelta(hours=25), False),
        (Rule.DUE, UNTIL - timedelta(hours=47), True),
        (Rule.DUE, UNTIL - timedelta(hours=48), False),
        (Rule.APART, ARRIVAL + 39 * DAY, True),
        (Rule.APART, ARRIVAL + 40 * DAY, False),
        (Rule.HOLIDAYS, ARRIVAL, False),
        (Rule.SITE_QUOTA, ARRIVAL, False),
        (Rule.PARTY_QUOTA, ARRIVAL, False),
        (Rule.TEAM, ARRIVAL, True),
        (Rule.PARITY, ARRIVAL, False),
    ],
)
def test_a_reason_that_the_record_speaks_against_is_seen(rule, day, holds):
    assert SEEN.bear_out(Passed(day, rule)) is holds
