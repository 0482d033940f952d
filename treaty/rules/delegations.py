"""Delegation: one member's ballot counts for another that has not voted. One hop, for a time, frozen with the roll."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from core.errors import DomainError
from treaty.rules.text import Text


class DelegationRefused(DomainError):
    """The treaty text does not let this member delegate so (Art. 20)."""

    code = "delegation_refused"


@dataclass(frozen=True, slots=True)
class DelegationValue:
    """A delegation as it was given. `decision` is None where it is for all decisions."""

    organisation: str
    delegate: str
    decision: str | None
    given_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Whether it has begun, has not run out and is not revoked."""
        ends_at = min(self.expires_at, self.revoked_at or self.expires_at)
        return self.given_at <= at < ends_at


def holding(given: Iterable[DelegationValue], at: datetime) -> list[DelegationValue]:
    """Return those that hold at `at`; `given` is in the order of the record, a later one of the same scope replaces the earlier."""
    newest: dict[tuple[str, str | None], DelegationValue] = {}
    for one in given:
        if one.given_at <= at:
            newest[one.organisation, one.decision] = one
    return [one for one in newest.values() if one.holds(at)]


def delegates(given: Iterable[DelegationValue], text: Text, decision: str, at: datetime) -> dict[str, str]:
    """Return who has whom as delegate in a vote on `decision` noticed at `at` under `text`; one for the decision goes before one for all."""
    if text.delegation is None:
        return {}
    found = [one for one in holding(given, at) if one.decision in {None, decision}]
    return {one.organisation: one.delegate for one in sorted(found, key=lambda one: one.decision is not None)}


def check(one: DelegationValue, text: Text, *, labs: Collection[str], bodies: Collection[str]) -> None:
    """Raise DelegationRefused unless the text allows it, to a member of the same class, given who may vote when it is given."""
    rule = text.delegation
    if rule is None:
        raise DelegationRefused("The treaty text in force knows no delegation.")
    if one.decision is not None and one.decision not in text.decisions:
        raise DelegationRefused(f"The treaty text names no decision {one.decision!r}.")
    pair = {one.organisation, one.delegate}
    if len(pair) == 1 or not any(pair <= set(peers) for peers in (labs, bodies)):
        raise DelegationRefused("A laboratory that may vote delegates to another one, a body to another body.")
    latest = rule.longest.after(one.given_at)
    if not one.given_at < one.expires_at <= latest:
        bound = f"It ends after now, and by {latest:%Y-%m-%d %H:%M} UTC."
        raise DelegationRefused(f"A delegation lasts {rule.longest} at most. {bound}", fields={"until": bound})
