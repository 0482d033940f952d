"""Who is a party, and when the treaty binds: pure functions of instruments and time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.times import Period, known_at
from treaty.rules.text import EntryIntoForce, Withdrawal


class Status(StrEnum):
    """What a laboratory of Annex 1 is at an instant."""

    NOT_SIGNED = "not_signed"
    SIGNATORY = "signatory"
    RATIFIED = "ratified"  # and the treaty is not in force for it yet
    PARTY = "party"
    SUSPENDED = "suspended"  # bound, without a vote
    MERGED = "merged"  # bound, without a vote of its own: it has one with the party that it merged into
    WITHDRAWING = "withdrawing"  # bound until its notice has run
    WITHDRAWN = "withdrawn"


ENTITLED = frozenset({Status.PARTY, Status.WITHDRAWING})
BOUND = ENTITLED | {Status.SUSPENDED, Status.MERGED}


@dataclass(frozen=True)
class Instruments:
    """What a laboratory has deposited, by the instants of receipt."""

    lab: str
    signed_at: datetime | None = None
    ratified_at: datetime | None = None
    withdrawal_noticed_at: datetime | None = None
    withdrawal_effective_at: datetime | None = None
    suspensions: tuple[Period, ...] = ()
    merged_at: datetime | None = None


def received_by(instruments: Instruments, at: datetime) -> Instruments:
    """Return what had been deposited and decided by `at`, without what came later."""
    noticed_at = known_at(instruments.withdrawal_noticed_at, at)
    begun = [period for period in instruments.suspensions if period.start <= at]
    return Instruments(
        lab=instruments.lab,
        signed_at=known_at(instruments.signed_at, at),
        ratified_at=known_at(instruments.ratified_at, at),
        withdrawal_noticed_at=noticed_at,
        withdrawal_effective_at=instruments.withdrawal_effective_at if noticed_at else None,
        suspensions=tuple(Period(start, known_at(end, at)) for start, end in begun),
        merged_at=known_at(instruments.merged_at, at),
    )


@dataclass(frozen=True)
class EntryIntoForceState:
    """Whether and when the treaty enters into force, and what is still missing. `at` may lie ahead."""

    needed: int
    ratified: tuple[str, ...]  # in the order of receipt
    missing: tuple[str, ...]  # named laboratories that have not ratified
    met_at: datetime | None  # when the last ratification that was needed arrived
    at: datetime | None  # met_at and the delay

    @property
    def still_needed(self) -> int:
        """How many more ratifications the number alone asks for."""
        return max(0, self.needed - len(self.ratified))

    def is_in_force(self, at: datetime) -> bool:
        """Whether the treaty is in force at `at`."""
        return self.at is not None and self.at <= at


def entry_into_force(rule: EntryIntoForce, instruments: Iterable[Instruments], at: datetime) -> EntryIntoForceState:
    """Judge Article 3 on what had been received by `at`: enough ratifications, among them the named ones, and the delay."""
    received = sorted(
        (it.ratified_at, it.lab) for it in instruments if it.ratified_at is not None and it.ratified_at <= at
    )
    labs = tuple(lab for _, lab in received)
    missing = tuple(lab for lab in rule.among_them if lab not in labs)
    met_at = _met_at(rule, received) if len(received) >= rule.ratifications and not missing else None
    return EntryIntoForceState(
        needed=rule.ratifications,
        ratified=labs,
        missing=missing,
        met_at=met_at,
        at=rule.delay.after(met_at) if met_at else None,
    )


def _met_at(rule: EntryIntoForce, received: list[tuple[datetime, str]]) -> datetime | None:
    enough = [received[rule.ratifications - 1][0]] if rule.ratifications else []
    named = [instant for instant, lab in received if lab in rule.among_them]
    return max(enough + named, default=None)


def binds_from(rule: EntryIntoForce, entry: EntryIntoForceState, ratified_at: datetime) -> datetime | None:
    """Return when the treaty begins to bind a laboratory that ratified at `ratified_at`; None while that is open."""
    return None if entry.at is None else max(entry.at, rule.delay.after(ratified_at))


def withdrawal_effective(rule: Withdrawal, noticed_at: datetime) -> datetime:
    """Return when a notice takes effect. A notice that was revoked and given again runs in full (Art. 25)."""
    return rule.notice.after(noticed_at)


def may_be_suspended(status: Status, *, in_breach: bool) -> bool:
    """Whether a decision may suspend it (Art. 2): a party with its rights, determined to be in breach in a case that is open."""
    return in_breach and status in ENTITLED


def may_merge(lab: str, status: Status, into: str, into_status: Status) -> bool:
    """Whether a decision may say that a party has merged into another one (Art. 2); a party merges once."""
    remaining = BOUND - {Status.MERGED}
    return lab != into and status in remaining and into_status in remaining


def status(instruments: Instruments, bound_at: datetime | None, at: datetime) -> Status:
    """Return what the laboratory is at `at`. Every period is half-open: at the instant of effect it has begun."""
    if not _reached(instruments.signed_at, at):
        return Status.NOT_SIGNED
    if _reached(instruments.withdrawal_effective_at, at):
        return Status.WITHDRAWN
    if not _reached(instruments.ratified_at, at):
        return Status.SIGNATORY
    if not _reached(bound_at, at):
        return Status.RATIFIED
    return _status_of_party(instruments, at)


def _status_of_party(instruments: Instruments, at: datetime) -> Status:
    if _reached(instruments.merged_at, at):
        return Status.MERGED
    if any(at in period for period in instruments.suspensions):
        return Status.SUSPENDED
    return Status.WITHDRAWING if _reached(instruments.withdrawal_noticed_at, at) else Status.PARTY


@dataclass(frozen=True, slots=True)
class Departure:
    """A laboratory that loses its vote at an instant, being `Status.WITHDRAWN`, `SUSPENDED` or `MERGED` from then on."""

    lab: str
    at: datetime
    why: Status


def departures(instruments: Instruments, noticed_at: datetime) -> list[Departure]:
    """Return each instant after `noticed_at` at which the laboratory loses the right to vote, and why."""
    suspended = [period.start for period in instruments.suspensions if period.start > noticed_at]
    found = [Departure(instruments.lab, start, Status.SUSPENDED) for start in suspended]
    for instant, why in (
        (instruments.withdrawal_effective_at, Status.WITHDRAWN),
        (instruments.merged_at, Status.MERGED),
    ):
        if instant is not None and instant > noticed_at:
            found.append(Departure(instruments.lab, instant, why))
    return found


def _reached(instant: datetime | None, at: datetime) -> bool:
    return instant is not None and instant <= at
