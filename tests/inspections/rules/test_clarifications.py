"""The ladder of a finding, and whether a conclusion is drawn."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.durations import Duration
from inspections.rules.clarifications import (
    ClarificationValue,
    NotReferable,
    NotYetAnswered,
    Rung,
    is_referable,
    require_askable,
    require_heard,
    require_referable,
)
from inspections.rules.conclusions import NotDrawn, Reported, Standing, draw
from inspections.rules.findings import FindingSettled, Severity
from inspections.rules.reports import Conclusion
from tests.factories import NOON

HOUR = timedelta(hours=1)
BY, DUE = NOON + 36 * HOUR, NOON + 120 * HOUR
FORTNIGHT = Duration.parse("14 d")


def asked(**steps):
    return ClarificationValue(BY, DUE, **steps)


def test_each_rung_begins_at_its_own_instant():
    assert asked().rung(DUE - timedelta(microseconds=1)) is Rung.ASKED
    assert asked().rung(DUE) is Rung.UNANSWERED
    assert asked(acknowledged_at=NOON).rung(NOON) is Rung.ACKNOWLEDGED
    assert asked(answered_at=DUE + HOUR).rung(DUE + HOUR) is Rung.ANSWERED


def test_an_answer_is_late_after_either_term_and_answering_acknowledges():
    assert not asked(answered_at=BY - HOUR).was_late(DUE)
    assert asked(answered_at=BY).was_late(DUE)
    assert asked(acknowledged_at=NOON, answered_at=DUE).was_late(DUE)
    assert not asked(acknowledged_at=NOON).was_late(DUE - HOUR)


def test_a_party_is_asked_about_open_findings_one_question_at_a_time():
    require_askable(Severity.ANOMALY, [asked(answered_at=NOON)])
    with pytest.raises(NotYetAnswered):
        require_askable(Severity.ANOMALY, [asked()])
    for settled in (Severity.CLARIFIED, Severity.CONSISTENT):
        with pytest.raises(FindingSettled):
            require_askable(settled, [])


@given(st.sampled_from(Severity), st.integers(0, 200))
def test_nothing_is_referred_or_made_graver_while_the_party_has_time_to_answer(state, hours):
    at = NOON + hours * HOUR
    if at < DUE:
        with pytest.raises(NotYetAnswered):
            require_heard([asked()], at)
        assert not is_referable(state, [asked()], at)
    else:
        require_heard([asked()], at)


def test_what_is_referred_is_suspected_or_was_not_answered_in_time():
    assert is_referable(Severity.NON_COMPLIANCE_SUSPECTED, [], NOON)
    assert is_referable(Severity.ANOMALY, [asked()], DUE)
    for state, steps in (
        (Severity.ANOMALY, []),
        (Severity.CLARIFIED, [asked()]),
        (Severity.DISCREPANCY, [asked(answered_at=NOON)]),
    ):
        with pytest.raises(NotReferable):
            require_referable(state, steps, DUE)


def seen(conclusion=Conclusion.CONSISTENT, *, days=1, **facts):
    return Reported("2026-001/1", conclusion, NOON - timedelta(days=days), **facts)


@pytest.mark.parametrize(
    ("reports", "refused", "reason"),
    [
        ([], None, NotDrawn.NO_REPORT),
        ([seen()], NOON, NotDrawn.REFUSED),
        ([], NOON, NotDrawn.REFUSED),
        ([seen(Conclusion.INCONCLUSIVE)], None, NotDrawn.INCONCLUSIVE),
        ([seen(disputed=True)], None, NotDrawn.DISAGREEMENT),
        ([seen(Conclusion.DISCREPANCY, open=1, waiting=1)], None, NotDrawn.CLARIFYING),
        ([seen(Conclusion.DISCREPANCY, clarified=2)], None, NotDrawn.CLARIFIED),
        ([seen(days=14)], None, NotDrawn.STALE),
        ([seen(days=2), seen(disputed=True)], None, NotDrawn.DISAGREEMENT),
    ],
)
def test_no_conclusion_is_drawn_from_what_is_refused_disputed_open_or_stale(reports, refused, reason):
    found = draw(reports, refused_at=refused, validity=FORTNIGHT, at=NOON)
    assert (found.conclusion, found.reason) == (None, reason)


def test_the_newest_report_is_what_is_concluded_until_it_expires():
    older, newer = seen(Conclusion.DISCREPANCY, days=5, open=1), seen(days=2)
    until = NOON + timedelta(days=12)
    assert draw([newer, older], refused_at=NOON - timedelta(days=3), validity=FORTNIGHT, at=NOON) == Standing(
        Conclusion.CONSISTENT, None, newer.name, until
    )
    found = draw([seen(Conclusion.DISCREPANCY, open=1, clarified=1)], refused_at=None, validity=None, at=NOON)
    assert (found.conclusion, found.until) == (Conclusion.DISCREPANCY, None)
