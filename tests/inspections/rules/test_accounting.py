from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.durations import Duration
from inspections.rules.accounting import (
    AlarmTest,
    BalancePeriod,
    Declared,
    NoBalance,
    account,
    beginning_obstacle,
    declared_by,
    judge,
    observation_obstacle,
    period_obstacle,
    terms_of,
    together,
    work_obstacle,
)
from tests.inspections.values import monitoring
from treaty.rules.accounting import MaterialBalance

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TERMS = MaterialBalance(
    period="1 mo",
    declared_within="10 d",
    work={"random": "1/100", "systematic": "1/200"},
    in_progress={"random": "1/50", "systematic": "1/100"},
    measurements={"power": {"layer": "power", "random": "1/50", "systematic": "1/100"}},
    page={"reference": "0.5", "run_length": 240},
)
TEXT = monitoring(balance=TERMS)
MONTHS = [BalancePeriod(datetime(2026, n, 1, tzinfo=UTC), datetime(2026, n + 1, 1, tzinfo=UTC)) for n in range(1, 11)]
MONTH = Duration.parse("1 mo")


def declared(months=MONTHS, done=1000, in_progress=100):
    return [Declared(one, done, in_progress, in_progress if not n else None) for n, one in enumerate(months)]


def judged(hours, months=MONTHS, said=None):
    seen = {one: value for one, value in zip(months, hours, strict=True) if value is not None}
    return judge(account(said or declared(months), seen, TERMS, "power"), TEXT)


def test_a_site_that_used_what_it_declared_has_no_alarm():
    found = judged([1000] * 10)
    assert (found.found.cumuf[-1], found.alarms) == (0.0, ())


def test_much_more_than_declared_in_one_month_alarms_in_that_month_by_the_single_test():
    found = judged([1000] * 5 + [1070] + [1000] * 4)
    assert [(alarm.period, alarm.tests) for alarm in found.alarms] == [(MONTHS[5], (AlarmTest.SITMUF,))]


def test_a_little_too_much_every_month_alarms_by_pages_test_once():
    found = judged([1060] * 10)
    assert [alarm.period for alarm in found.alarms if AlarmTest.PAGE in alarm.tests] == [
        next(one for one, value in zip(MONTHS, found.found.page, strict=True) if value > found.page_limit)
    ]


def test_what_is_in_progress_is_accounted_for():
    """A long run that is not done yet is no loss: its hours are in progress at the end, and are done later."""
    said = [Declared(MONTHS[0], 0, 900, 0), Declared(MONTHS[1], 1800, 0, None)]
    assert judged([900, 900], MONTHS[:2], said).found.muf == (0.0, 0.0)


def test_a_month_without_one_side_begins_a_new_account_with_the_end_of_the_month_before():
    hours = [1000] * 4 + [None] + [1010] * 5
    found = judged(hours)
    assert found.periods == tuple(MONTHS[5:])
    assert found.found.cumuf[-1] == 50.0


def test_without_a_complete_period_there_is_nothing_to_judge():
    assert judged([None] * 10) is None
    assert judge(account([], {}, TERMS, "power"), TEXT) is None
    # Nothing used and nothing declared leaves no uncertainty to compare with: unknown, not compliant.
    assert judged([0], MONTHS[:1], [Declared(MONTHS[0], 0, 0, 0)]) is None


@given(
    st.lists(st.integers(900, 1100), min_size=3, max_size=6), st.lists(st.integers(900, 1100), min_size=3, max_size=6)
)
def test_sites_together_add_up_over_the_months_that_all_have(one, other):
    first, second = judged(one, MONTHS[: len(one)]), judged(other, MONTHS[: len(other)])
    both = together([first, second], TEXT)
    shared = min(len(one), len(other))
    assert both.periods == tuple(MONTHS[:shared])
    assert both.found.muf == pytest.approx([a + b for a, b in zip(first.found.muf, second.found.muf, strict=False)])
    variances = [first.found.sigma_muf[0] ** 2, second.found.sigma_muf[0] ** 2]
    assert both.found.sigma_muf[0] ** 2 == pytest.approx(sum(variances))


def test_sites_without_a_common_month_are_not_added():
    assert together([], TEXT) is None
    assert (
        together([judged([1000], MONTHS[:1]), judged([1000], MONTHS[1:2], [Declared(MONTHS[1], 1000, 0, 0)])], TEXT)
        is None
    )


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (MONTHS[0].start, MONTHS[0].start, "ends after"),
        (MONTHS[0].start, MONTHS[1].end, "of 1 mo at most"),
        (datetime(2026, 1, 31, tzinfo=UTC), datetime(2026, 2, 20, tzinfo=UTC), "overlaps"),
        (datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC), "is over before"),
        (MONTHS[0].start, MONTHS[0].end, ""),
        (MONTHS[1].start, MONTHS[1].end, ""),
    ],
)
def test_a_period_is_over_no_longer_than_the_text_says_and_overlaps_no_other(start, end, words):
    found = period_obstacle(BalancePeriod(start, end), [MONTHS[0]], MONTH, NOON)
    assert words in found
    assert bool(words) == bool(found)


def test_work_is_of_declared_runs_inference_or_other_in_whole_hours():
    assert work_obstacle({"elbe-l": 3, "inference": 0, "other": 1}, ["elbe-l"]) == ""
    assert "elbe-x" in work_obstacle({"elbe-x": 3}, ["elbe-l"])
    assert "whole numbers" in work_obstacle({"other": -1}, [])
    assert "whole numbers" in work_obstacle({"other": 10**15 + 1}, [])


def test_the_beginning_is_said_exactly_where_no_period_before_says_it():
    assert (beginning_obstacle(0, follows=False), beginning_obstacle(None, follows=True)) == ("", "")
    assert beginning_obstacle(0, follows=True)
    assert beginning_obstacle(None, follows=False)


def test_a_body_says_what_it_saw_after_the_laboratory_has_declared_and_corrects_only_itself():
    given_ = {"is_declared": True, "measurement": "power", "terms": TERMS, "owner": "", "body": "ivb"}
    assert observation_obstacle(**given_) == observation_obstacle(**given_ | {"owner": "ivb"}) == ""
    assert "declared nothing" in observation_obstacle(**given_ | {"is_declared": False})
    assert "Another body" in observation_obstacle(**given_ | {"owner": "nordic"})
    assert "'sound'" in observation_obstacle(**given_ | {"measurement": "sound"})


def test_the_next_period_runs_from_the_last_or_from_the_sites_opening():
    assert declared_by(MONTHS, NOON, TERMS)[0] == MONTHS[-1].end
    since, due = declared_by([], MONTHS[0].start, TERMS)
    assert (since, due) == (MONTHS[0].start, datetime(2026, 2, 11, tzinfo=UTC))


def test_a_text_without_a_balance_knows_none():
    with pytest.raises(NoBalance):
        terms_of(monitoring())
    assert TERMS.work.random == Fraction(1, 100)
