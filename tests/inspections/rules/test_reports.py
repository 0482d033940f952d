from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspections.rules.findings import FindingEvent, FindingSettled, Severity, next_state
from inspections.rules.reports import Answer, Conclusion, FindingValue, ReportValue, SectionValue, is_signed, missing
from tests.inspections.values import LAYERS

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
WHOLE = ReportValue(
    {layer: SectionValue(Answer.VERIFIED) for layer in LAYERS}, Conclusion.CONSISTENT, collected_at=NOON
)
GRAVE = FindingValue("power", Severity.DISCREPANCY, "9", "Counters show twice the declared power.")


def parts(report, protocols=MappingProxyType({})):
    return [item.part for item in missing(report, tuple(LAYERS), protocols)]


def with_section(layer, answer, notes=""):
    return replace(WHOLE, sections={**WHOLE.sections, layer: SectionValue(answer, notes)})


def test_a_whole_report_lacks_nothing():
    assert parts(WHOLE) == []


@given(st.sampled_from(sorted(LAYERS)))
def test_a_layer_without_an_answer_is_missing(layer):
    assert parts(with_section(layer, None)) == [layer]


def test_unable_to_verify_is_an_answer_that_says_why():
    assert parts(with_section("power", Answer.UNABLE)) == ["power"]
    assert parts(with_section("power", Answer.UNABLE, "The meter room was locked.")) == []


def test_a_consistent_report_has_no_open_finding():
    assert parts(replace(WHOLE, findings=(GRAVE,))) == ["conclusion"]
    assert parts(replace(WHOLE, conclusion=Conclusion.DISCREPANCY, findings=(GRAVE,))) == []


def test_a_consistent_report_has_no_layer_that_is_not_verified():
    assert parts(with_section("power", Answer.NOT_VERIFIED, "Meters differ.")) == ["conclusion"]


def test_a_report_that_verified_nothing_is_not_consistent():
    nothing = replace(WHOLE, sections={layer: SectionValue(Answer.UNABLE, "No access.") for layer in LAYERS})
    assert parts(nothing) == ["conclusion"]
    assert parts(replace(nothing, conclusion=Conclusion.INCONCLUSIVE)) == []


def test_a_discrepancy_is_shown_by_a_finding():
    assert parts(replace(WHOLE, conclusion=Conclusion.DISCREPANCY)) == ["conclusion"]


def test_a_grave_finding_names_its_article_and_says_what_was_seen():
    blank = replace(GRAVE, article=" ", text="")
    assert parts(replace(WHOLE, conclusion=Conclusion.DISCREPANCY, findings=(blank,))) == ["findings", "findings"]


def test_the_instant_of_collection_is_asked_for():
    assert parts(replace(WHOLE, collected_at=None)) == ["collected_at"]


def test_two_different_inspectors_of_the_visit_sign():
    assert not is_signed({1}, {1, 2}, 2)
    assert not is_signed({1, 3}, {1, 2}, 2)
    assert is_signed({1, 2}, {1, 2}, 2)


def test_one_inspector_is_never_enough_whatever_the_text_says():
    assert not is_signed({1}, {1}, 1)


@given(st.frozensets(st.integers(1, 5)), st.frozensets(st.integers(1, 5)), st.integers(1, 4))
def test_strangers_signatures_never_count(signers, team, needed):
    assert is_signed(signers, team, needed) == is_signed(signers & team, team, needed)


def test_a_discrepancy_can_be_clarified_once():
    assert next_state(Severity.DISCREPANCY, FindingEvent.CLARIFY) is Severity.CLARIFIED
    with pytest.raises(FindingSettled):
        next_state(Severity.CLARIFIED, FindingEvent.CLARIFY)


def test_inspectors_can_suspect_but_never_determine():
    assert next_state(Severity.DISCREPANCY, FindingEvent.GRAVER) is Severity.NON_COMPLIANCE_SUSPECTED
    with pytest.raises(FindingSettled):
        next_state(Severity.NON_COMPLIANCE_SUSPECTED, FindingEvent.GRAVER)
