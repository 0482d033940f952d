"""Redactions: a passage taken out of a published report, on a ground of the text, by the decision of a body that did not ask."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from enum import StrEnum

from core.errors import DomainError
from inspections.rules.passages import WHOLE, Passage
from inspections.rules.reports import Mark
from treaty.rules.monitoring import Redactions


class RedactionState(StrEnum):
    """What became of what was asked."""

    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"


class NoRedactions(DomainError):
    """The text that governs this visit has no grounds on which a passage is taken out of a report."""

    code = "no_redactions"


class NotRedactable(DomainError):
    """Only words and photographs that are not sealed already are taken out; answers, findings' severities and the conclusion stay."""

    code = "not_redactable"


class AskedAlready(DomainError):
    """This passage has been taken out already, or it has been asked for and is not decided yet."""

    code = "redaction_asked_already"


class RedactionDecided(DomainError):
    """This was decided otherwise already. What was refused may be asked for anew."""

    code = "redaction_decided"


def redactable(passages: Iterable[Passage]) -> list[Passage]:
    """Return the passages that can be taken out: what others than the inspected party and the bodies of the visit can read."""
    return [one for one in passages if one.place != WHOLE and one.mark is not Mark.SEALED]


def deciders(bodies: Collection[str], asked_by: str) -> set[str]:
    """Return which bodies of the visit may decide: every one that did not ask itself."""
    return set(bodies) - {asked_by}


def decision_due(asked_at: datetime, terms: Redactions, holidays: Collection[date]) -> datetime:
    """Return by when the text wants it decided."""
    return terms.decided_within.after(asked_at, holidays=tuple(holidays))
