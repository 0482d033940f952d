"""A report as passages: each with its mark and a salted commitment of its own, committed to together in three parts.

A passage can be withheld and the rest still be checked: what is shown carries its salt, and what is not shown its commitment alone. The
salts come from the report's one secret salt through a one-way function, so that an opened passage says nothing about another.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from core.canonical import Json, commitment, tagged_digest
from core.times import stamp
from inspections.rules.reports import Mark, ReportValue, SectionValue

WHOLE = "whole"  # the passage that holds what the record says openly
PHOTOGRAPHS = "photographs"


@dataclass(frozen=True)
class Passage:
    """One thing that a report says. `place` names it within the report, such as `items.power.meters` or `findings.2`."""

    place: str
    mark: Mark
    value: Json


@dataclass(frozen=True)
class PhotographValue:
    """A photograph as a report has it; `layer` and `item` say what it is evidence for."""

    sha256: str
    published_sha256: str
    layer: str
    item: str
    caption: str
    taken_at: str | None
    mark: Mark


@dataclass(frozen=True)
class Sealing:
    """The commitments to a report: to each passage, to each part, and to all of it, which is what its inspectors sign."""

    leaves: Mapping[Mark, Mapping[str, str]] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)
    whole: str = ""


def passages(name: str, report: ReportValue, photographs: Sequence[PhotographValue]) -> tuple[Passage, ...]:
    """Return the report's passages in the order of the form. Words that were not written are no passage."""
    return (
        Passage(WHOLE, Mark.PUBLIC, open_value(name, report, len(photographs))),
        *(one for layer, section in report.sections.items() for one in _section(layer, section)),
        *(
            Passage(f"findings.{number}", one.mark, {"text": one.text})
            for number, one in enumerate(report.findings, start=1)
        ),
        *(_photograph(number, one) for number, one in enumerate(photographs, start=1)),
    )


def open_value(name: str, report: ReportValue, photographs: int) -> dict[str, Json]:
    """Return what a report says openly whatever is sealed in it: answers, findings without their words, the conclusion."""
    return {
        "report": name,
        "collected_at": stamp(report.collected_at) if report.collected_at else None,
        "conclusion": report.conclusion.value if report.conclusion else None,
        "answers": {layer: one.answer.value if one.answer else None for layer, one in report.sections.items()},
        "items": {
            layer: {key: item.answer.value if item.answer else None for key, item in section.items.items()}
            for layer, section in report.sections.items()
            if section.items
        },
        "findings": [
            {"number": number, "layer": one.layer, "article": one.article, "severity": one.severity.value}
            for number, one in enumerate(report.findings, start=1)
        ],
        "photographs": photographs,
    }


def _section(layer: str, section: SectionValue) -> Iterator[Passage]:
    if section.notes:
        yield Passage(f"layers.{layer}", section.mark, {"notes": section.notes})
    for key, item in section.items.items():
        if item.notes:
            yield Passage(f"items.{layer}.{key}", section.mark, {"notes": item.notes})


def _photograph(number: int, one: PhotographValue) -> Passage:
    value: Json = {
        "sha256": one.sha256,
        "published_sha256": one.published_sha256,
        "layer": one.layer,
        "item": one.item,
        "caption": one.caption,
        "taken_at": one.taken_at,
    }
    return Passage(f"{PHOTOGRAPHS}.{number}", one.mark, value)


def salt_of(secret: str, place: str) -> str:
    """Return the salt of the passage at `place`, in a report whose secret salt is `secret`."""
    return tagged_digest("fermata/report-salt/v1", {"salt": secret, "place": place})


def sealed(secret: str, found: Iterable[Passage]) -> Sealing:
    """Return the commitments to these passages."""
    leaves: dict[Mark, dict[str, str]] = {mark: {} for mark in Mark}
    for one in found:
        leaves[one.mark][one.place] = commitment(salt_of(secret, one.place), one.value)
    parts = {mark.value: part_commitment(mark, places) for mark, places in leaves.items()}
    return Sealing(leaves, parts, whole_commitment(parts))


def part_commitment(mark: Mark, leaves: Mapping[str, str]) -> str:
    """Return the commitment to a part of a report from those to its passages."""
    return tagged_digest("fermata/report-part/v1", {"part": mark.value, "passages": dict(leaves)})


def whole_commitment(parts: Mapping[str, str]) -> str:
    """Return what the inspectors sign: the commitment to the report's parts."""
    return tagged_digest("fermata/report/v1", dict(parts))
