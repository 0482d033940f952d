from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.durations import Duration
from inspections.rules.evidence import EvidenceState, Observation, cell
from inspections.rules.reports import Answer

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAYS = Duration.parse("90 d")
observations = st.lists(
    st.builds(
        Observation,
        st.sampled_from(Answer),
        st.integers(-200, 200).map(lambda days: NOON + timedelta(days=days)),
        st.text("abc", max_size=2),
    ),
    max_size=5,
)


def seen(answer, days_ago=1):
    return Observation(answer, NOON - timedelta(days=days_ago), "2026-0001/1")


def test_nothing_seen_is_unknown_and_never_verified():
    assert cell([], DAYS, NOON).state is EvidenceState.UNKNOWN


def test_evidence_is_stale_from_the_instant_of_its_expiry():
    found = seen(Answer.VERIFIED, days_ago=90)
    assert cell([found], DAYS, NOON).state is EvidenceState.STALE
    assert cell([found], DAYS, NOON - timedelta(microseconds=1)).state is EvidenceState.VERIFIED


def test_unable_to_verify_neither_verifies_nor_destroys_what_stands():
    assert cell([seen(Answer.UNABLE)], DAYS, NOON).state is EvidenceState.UNKNOWN
    assert cell([seen(Answer.VERIFIED, 5), seen(Answer.UNABLE)], DAYS, NOON).state is EvidenceState.VERIFIED


def test_what_was_not_found_replaces_an_earlier_verification():
    assert cell([seen(Answer.VERIFIED, 5), seen(Answer.NOT_VERIFIED)], DAYS, NOON).state is EvidenceState.DISCREPANCY


def test_a_layer_that_does_not_apply_or_is_not_in_the_text_is_out_of_scope():
    assert cell([seen(Answer.NOT_APPLICABLE)], DAYS, NOON).state is EvidenceState.OUT_OF_SCOPE
    assert cell([seen(Answer.VERIFIED)], None, NOON).state is EvidenceState.OUT_OF_SCOPE


@given(observations)
def test_what_is_collected_later_cannot_be_known_now(items):
    assert cell(items, DAYS, NOON) == cell([item for item in items if item.collected_at <= NOON], DAYS, NOON)


@given(observations)
def test_a_cell_is_verified_only_by_a_verification_that_has_not_expired(items):
    if cell(items, DAYS, NOON).state is EvidenceState.VERIFIED:
        assert any(
            item.answer is Answer.VERIFIED and item.collected_at <= NOON < DAYS.after(item.collected_at)
            for item in items
        )
