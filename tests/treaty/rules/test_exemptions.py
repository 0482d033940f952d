from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.durations import Duration
from core.errors import DomainError
from core.times import Period
from tests.factories import NOON
from tests.texts import model_text
from treaty.rules.exemptions import ExemptionRefused, ExemptionValue, exempted, granted_for, is_exemptible, term
from treaty.rules.reading import read_text

TEXT = read_text(model_text())
RULE = TEXT.exemptions
HALT = TEXT.levels["halt"]
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("flop", "may_be"), [("1e22", False), ("1.000001e22", True), ("9.99e22", True), ("1e23", False), ("1e25", False)]
)
def test_article_11_exempts_what_is_halted_and_stays_below_the_cap(flop, may_be):
    assert is_exemptible(Decimal(flop), HALT, RULE) is may_be


def test_a_level_that_halts_nothing_below_the_cap_exempts_nothing():
    assert not any(is_exemptible(Decimal(10) ** power, TEXT.levels["pause"], RULE) for power in range(20, 30))


@pytest.mark.parametrize("lasts", ["0 d", "91 d", "-1 d", "ninety days", ""])
def test_a_time_beyond_the_texts_is_refused(lasts):
    with pytest.raises(DomainError) as refused:
        term(lasts, RULE, NOON)
    assert "lasts" in refused.value.fields


def test_the_longest_time_itself_is_allowed():
    assert term(" 90 d", RULE, NOON) == RULE.longest


@given(st.integers(min_value=0, max_value=10 * 24 * 3600))
def test_a_grant_counts_only_where_it_was_decided_within_the_texts_time(seconds):
    from_at = NOON + timedelta(seconds=seconds)
    if from_at < RULE.decided_within.after(NOON):
        assert granted_for(Duration.parse("7 d"), RULE, asked_at=NOON, from_at=from_at).start == from_at
    else:
        with pytest.raises(ExemptionRefused):
            granted_for(Duration.parse("7 d"), RULE, asked_at=NOON, from_at=from_at)


def test_a_run_is_exempt_from_the_first_instant_to_and_not_at_the_last():
    grants = [ExemptionValue("aster", "probe", Period(NOON, NOON + timedelta(days=7)))]
    assert [exempted(grants, at) for at in (NOON - TICK, NOON, NOON + timedelta(days=7) - TICK)] == [
        frozenset(),
        {"probe"},
        {"probe"},
    ]
    assert exempted(grants, NOON + timedelta(days=7)) == frozenset()
