from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from inspections.rules.quotas import YEAR, fullest_year, party_use, site_use
from tests.inspections.values import monitoring

DAY = datetime(2026, 6, 1, 8, tzinfo=UTC)
starts = st.lists(st.integers(-800, 800).map(lambda days: DAY + timedelta(days=days)), max_size=12)


def brute(visits, at):
    windows = [at - timedelta(days=days) for days in range(367)]
    return max(
        sum(opens <= start < YEAR.after(opens) for start in visits)
        for opens in windows
        if opens <= at < YEAR.after(opens)
    )


@given(starts)
def test_the_fullest_year_is_the_one_that_trying_every_day_finds(visits):
    assert fullest_year(visits, DAY) == brute(visits, DAY)


def test_a_quota_is_not_escaped_over_the_turn_of_a_year():
    december, january = datetime(2026, 12, 20, 8, tzinfo=UTC), datetime(2027, 1, 10, 8, tzinfo=UTC)
    assert site_use([december, january], datetime(2027, 2, 1, 8, tzinfo=UTC), monitoring()).is_used_up


def test_a_visit_exactly_a_year_ago_no_longer_counts():
    assert fullest_year([DAY], YEAR.after(DAY)) == 0
    assert fullest_year([DAY], YEAR.after(DAY) - timedelta(seconds=1)) == 1


def test_a_visit_between_two_that_are_far_apart_counts_with_one_of_them_only():
    apart = [DAY - timedelta(days=300), DAY + timedelta(days=300)]
    assert fullest_year(apart, DAY) == 1


def test_a_party_has_a_quota_of_its_own():
    visits = [DAY + timedelta(days=days) for days in range(20)]
    assert party_use(visits, DAY, monitoring()).is_used_up
    assert not party_use(visits[1:], DAY, monitoring()).is_used_up
