"""Whether a conclusion is drawn about a facility, and if not, why. Evidence that is stale, refused or disputed concludes nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.durations import Duration
from inspections.rules.reports import Conclusion


class NotDrawn(StrEnum):
    """Why no conclusion is drawn."""

    NO_REPORT = "no_report"
    REFUSED = "access_refused"
    INCONCLUSIVE = "inconclusive"
    DISAGREEMENT = "disagreement"
    CLARIFYING = "clarifying"
    CLARIFIED = "clarified"
    STALE = "stale"


@dataclass(frozen=True)
class Reported:
    """A submitted report about the facility: `open` and `clarified` count its findings, `disputed` says that a body dissents."""

    name: str
    conclusion: Conclusion
    collected_at: datetime
    disputed: bool = False
    open: int = 0
    waiting: int = 0  # of the open ones, those about which the party still has time to answer
    clarified: int = 0


@dataclass(frozen=True)
class Standing:
    """A conclusion with the report that it rests on, and until when it stands; or the reason why there is none."""

    conclusion: Conclusion | None
    reason: NotDrawn | None
    report: str = ""
    until: datetime | None = None


def draw(
    reports: Iterable[Reported], *, refused_at: datetime | None, validity: Duration | None, at: datetime
) -> Standing:
    """Return what is concluded about a facility at `at` from the newest report about it.

    A refusal after that report leaves nothing to conclude, and so does a body that dissents from it. A discrepancy is concluded
    once the party has been heard; where every finding was clarified, the report no longer carries it, and a new look is due.
    """
    newest = max(reports, key=lambda one: (one.collected_at, one.name), default=None)
    if refused_at is not None and (newest is None or newest.collected_at <= refused_at):
        return Standing(None, NotDrawn.REFUSED)
    if newest is None:
        return Standing(None, NotDrawn.NO_REPORT)
    until = validity.after(newest.collected_at) if validity else None
    reason = _hindrance(newest, until, at)
    return Standing(None if reason else newest.conclusion, reason, newest.name, until)


def _hindrance(report: Reported, until: datetime | None, at: datetime) -> NotDrawn | None:
    found_wrong = report.conclusion is Conclusion.DISCREPANCY
    for reason, holds in (
        (NotDrawn.INCONCLUSIVE, report.conclusion is Conclusion.INCONCLUSIVE),
        (NotDrawn.DISAGREEMENT, report.disputed),
        (NotDrawn.CLARIFYING, found_wrong and report.waiting > 0),
        (NotDrawn.CLARIFIED, found_wrong and not report.open and report.clarified > 0),
        (NotDrawn.STALE, until is not None and at >= until),
    ):
        if holds:
            return reason
    return None
