"""Exemptions: work that a pause would halt and that may go on, for a purpose of the text, below its cap, for a time (Art. 11)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core.durations import Duration
from core.errors import DomainError, Malformed
from core.times import Period
from treaty.rules.text import Exemptions, Level


class ExemptionRefused(DomainError):
    """The text does not allow this exemption."""

    code = "exemption_refused"


@dataclass(frozen=True)
class ExemptionValue:
    """What was granted: a run of a lab under a pause, from the vote's instant of effect until it ends."""

    lab: str
    run: str
    holds: Period

    def in_force(self, at: datetime) -> bool:
        """Whether the run may go on at `at`."""
        return at in self.holds


def is_exemptible(flop: Decimal, level: Level, provisions: Exemptions) -> bool:
    """Whether a run of so much compute is halted at this level and stays below the text's cap."""
    limit = level.training_above_flop
    return limit is not None and limit < flop < provisions.compute_up_to_flop


def term(lasts: str, provisions: Exemptions, at: datetime) -> Duration:
    """Read how long an exemption is to stand, such as "60 d"; raise Malformed, ExemptionRefused with the field."""
    try:
        found = Duration.parse(lasts.strip())
    except Malformed as error:
        raise Malformed(error.detail, fields={"lasts": error.detail}) from None
    if not at < found.after(at) <= provisions.longest.after(at):
        detail = f"An exemption stands for more than nothing and for {provisions.longest} at most."
        raise ExemptionRefused(detail, fields={"lasts": detail})
    return found


def granted_for(lasts: Duration, provisions: Exemptions, *, asked_at: datetime, from_at: datetime) -> Period:
    """Return how long a grant holds from the instant of its effect; raise ExemptionRefused where it was decided too late."""
    if from_at >= provisions.decided_within.after(asked_at):
        raise ExemptionRefused(f"It was not granted within {provisions.decided_within} of the request.")
    return Period(from_at, lasts.after(from_at))


def exempted(grants: Iterable[ExemptionValue], at: datetime) -> frozenset[str]:
    """Return the runs that may go on at `at`."""
    return frozenset(one.run for one in grants if one.in_force(at))
