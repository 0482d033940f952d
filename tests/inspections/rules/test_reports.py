from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspections.rules.findings import FindingEvent, FindingSettled, Severity, next_state
from inspections.rules.reports import (
    Answer,
    Conclusion,
    FindingValue,
    ItemValue,
    ReportValue,
    SectionValue,
    answer_of,
    is_signed,
    missing,
)
from tests.inspections.values import LAYERS
from treaty.rules.monitoring import ProtocolItem

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


# --- protocols

METERS = (
    ProtocolItem(key="meters", question="Are the seals whole?"),
    ProtocolItem(key="heat", question="Does the heat fit?"),
)
ITEMS = st.lists(st.none() | st.sampled_from(Answer), min_size=1, max_size=6)


def with_items(notes="", **items):
    section = SectionValue(Answer.VERIFIED, notes, items=items)
    return replace(WHOLE, sections={**WHOLE.sections, "power": section})


@given(ITEMS)
def test_a_layer_is_verified_only_if_every_item_that_applies_is(answers):
    applying = {one for one in answers if one is not Answer.NOT_APPLICABLE}
    assert (answer_of(answers) is Answer.VERIFIED) == (applying == {Answer.VERIFIED})


@given(ITEMS, st.randoms())
def test_the_order_of_the_items_does_not_matter(answers, chance):
    shuffled = chance.sample(answers, len(answers))
    assert answer_of(shuffled) == answer_of(answers)


@given(ITEMS)
def test_a_further_item_never_makes_a_layer_better(answers):
    order = (None, Answer.NOT_VERIFIED, Answer.UNABLE, Answer.VERIFIED, Answer.NOT_APPLICABLE)
    for further in (None, *Answer):
        if further is not Answer.VERIFIED:  # which lifts a layer to which nothing applied
            assert order.index(answer_of([*answers, further])) <= order.index(answer_of(answers))


def test_an_item_without_an_answer_leaves_the_layer_open_whatever_its_own_answer_said():
    assert parts(with_items(meters=ItemValue(Answer.VERIFIED)), {"power": METERS}) == ["power"]


def test_what_is_not_verified_says_why_at_the_item_or_for_the_layer():
    items = {"meters": ItemValue(Answer.UNABLE), "heat": ItemValue(Answer.VERIFIED)}
    assert [one.words for one in missing(with_items(**items), tuple(LAYERS), {"power": METERS})] == [
        "Say why this is not verified: Are the seals whole?"
    ]
    items["meters"] = ItemValue(Answer.UNABLE, "The room was locked.")
    assert parts(with_items(**items), {"power": METERS}) == []
    items["meters"] = ItemValue(Answer.UNABLE)
    assert parts(with_items("The room was locked.", **items), {"power": METERS}) == []


def test_one_item_that_is_not_verified_contradicts_a_consistent_report():
    items = {"meters": ItemValue(Answer.NOT_VERIFIED, "Broken."), "heat": ItemValue(Answer.VERIFIED)}
    assert parts(with_items(**items), {"power": METERS}) == ["conclusion"]


# --- the whole of it


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
