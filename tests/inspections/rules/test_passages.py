from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from core.canonical import commitment
from inspections.rules.findings import Severity
from inspections.rules.passages import PhotographValue, part_commitment, passages, salt_of, sealed, whole_commitment
from inspections.rules.reports import Answer, Conclusion, FindingValue, ItemValue, Mark, ReportValue, SectionValue

SECRET = "5a" * 32
MARKS = st.sampled_from(Mark)
REPORT = ReportValue(
    {
        "power": SectionValue(
            Answer.VERIFIED, "Halls 1 and 2.", Mark.SEALED, {"meters": ItemValue(Answer.VERIFIED, "Seal 4711 whole.")}
        ),
        "chips": SectionValue(Answer.NOT_VERIFIED, "212 are missing.", Mark.PARTIES),
        "people": SectionValue(Answer.NOT_APPLICABLE),
    },
    Conclusion.DISCREPANCY,
    (FindingValue("chips", Severity.DISCREPANCY, "4", "212 are missing."),),
)
PHOTOGRAPHS = (PhotographValue("a" * 64, "b" * 64, "chips", "count", "Row 14", None, Mark.PUBLIC),)


def places(report=REPORT, photographs=PHOTOGRAPHS):
    return {one.place: one for one in passages("2026-1/1", report, photographs)}


def test_every_word_is_in_exactly_one_passage_and_no_closed_word_in_an_open_one():
    found = places()
    assert set(found) == {
        "whole",
        "layers.power",
        "items.power.meters",
        "layers.chips",
        "findings.1",
        "photographs.1",
    }
    in_public = str([one.value for one in found.values() if one.mark is Mark.PUBLIC])
    assert "Seal 4711" not in in_public
    assert "Halls" not in in_public
    assert "not_verified" in in_public  # the answers are open


@given(MARKS, MARKS)
def test_the_parts_hold_every_passage_once(power, finding):
    report = replace(REPORT, findings=(replace(REPORT.findings[0], mark=finding),))
    report = replace(report, sections={**report.sections, "power": replace(report.sections["power"], mark=power)})
    leaves = sealed(SECRET, places(report).values()).leaves
    assert sorted(place for of in leaves.values() for place in of) == sorted(places(report))
    assert "items.power.meters" in leaves[power]
    assert "findings.1" in leaves[finding]


def test_an_opened_passage_is_checked_with_its_own_salt_and_the_rest_by_its_commitments():
    sealing, one = sealed(SECRET, places().values()), places()["findings.1"]
    leaves = dict(sealing.leaves[Mark.PUBLIC])
    leaves["findings.1"] = commitment(salt_of(SECRET, "findings.1"), one.value)
    assert part_commitment(Mark.PUBLIC, leaves) == sealing.parts["public"]
    assert whole_commitment(sealing.parts) == sealing.whole


@given(st.sampled_from(["layers.power", "items.power.meters", "layers.chips", "findings.1", "photographs.1"]))
def test_a_word_changed_anywhere_changes_what_is_signed(place):
    changed = [replace(one, value={**one.value, "x": "y"}) if one.place == place else one for one in places().values()]
    assert sealed(SECRET, changed).whole != sealed(SECRET, places().values()).whole


@given(st.text("abc.12", min_size=1, max_size=4), st.text("abc.12", min_size=1, max_size=4))
def test_no_two_places_share_a_salt(one, other):
    assert (salt_of(SECRET, one) == salt_of(SECRET, other)) == (one == other)
