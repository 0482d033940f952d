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
AMENDMENT = "amendment"
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


def passages(
    name: str, report: ReportValue, photographs: Sequence[PhotographValue], reason: str = ""
) -> tuple[Passage, ...]:
    """Return the report's passages in the order of the form. Words that were not written are no passage.

    `reason` is why a later version amends the one before.
    """
    return (
        Passage(WHOLE, Mark.PUBLIC, open_value(name, report, len(photographs))),
        *([Passage(AMENDMENT, Mark.PUBLIC, {"reason": reason})] if reason else []),
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


@dataclass(frozen=True)
class Change:
    """What an amendment changed at one place; None is nothing there."""

    place: str
    mark: Mark  # the closer of the two
    before: str | None
    after: str | None


CLOSEDNESS = tuple(Mark)


def changes(before: Iterable[Passage], after: Iterable[Passage]) -> tuple[Change, ...]:
    """Return what differs between two versions of a report, place by place."""
    old, new = _said(before), _said(after)
    return tuple(
        Change(
            place,
            max((it[place][0] for it in (old, new) if place in it), key=CLOSEDNESS.index),
            old[place][1] if place in old else None,
            new[place][1] if place in new else None,
        )
        for place in {**old, **new}
        if old.get(place) != new.get(place)
    )


def _said(found: Iterable[Passage]) -> dict[str, tuple[Mark, str]]:
    """Return what a report says by place, its open passage member by member."""
    said: dict[str, tuple[Mark, str]] = {}
    for one in found:
        if one.place == WHOLE and isinstance(one.value, Mapping):
            said |= {place: (one.mark, words) for place, words in _members(one.value)}
        elif one.place != AMENDMENT and isinstance(one.value, Mapping):
            said[one.place] = (one.mark, "\n".join(str(value) for value in one.value.values() if value))
    return said


def _members(value: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """Yield what the open passage says, such as (`answers.power`, `verified`)."""
    for name, member in value.items():
        if isinstance(member, Mapping):
            prefix = "answers" if name == "items" else name  # `items.` and `findings.` begin the places of words
            yield from ((f"{prefix}.{place}", words) for place, words in _members(member))
        elif name == "findings" and isinstance(member, Sequence):
            yield from ((f"filed.{number}", _finding_words(one)) for number, one in enumerate(member, start=1))
        elif name != "report" and member is not None:
            yield name, str(member)


def _finding_words(finding: Json) -> str:
    assert isinstance(finding, Mapping)
    return " · ".join(str(finding[name]) for name in ("layer", "article", "severity") if finding[name])


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
