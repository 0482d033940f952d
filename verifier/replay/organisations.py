"""Organisations, their affiliations, and who acted for them: the roll's ground, and the authority behind every act."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from accounts.rules.organisations import BINDING, ROLES, Kind, Role
from core.times import Period
from ledger.rules.entries import EntryValue
from verifier.replay.frame import Finding, Replay, replays
from verifier.replay.payloads import moment, text

type Seat = tuple[str, str, Role]  # handle, organisation, role


@dataclass
class Organisations:
    """Kinds by key; who held which role when; which pairs were affiliated when."""

    kinds: dict[str, Kind] = field(default_factory=dict)
    seats: dict[Seat, list[Period]] = field(default_factory=dict)
    roles: dict[str, list[Seat]] = field(default_factory=dict)  # by handle
    pairs: dict[frozenset[str], list[Period]] = field(default_factory=dict)

    def holds(self, handle: str | None, roles: Collection[Role], at: datetime, organisation: str | None = None) -> bool:
        """Whether `handle` held one of `roles` at `at`, in `organisation` or, without one, anywhere."""
        return any(
            role in roles and organisation in {None, of} and self._holds((one, of, role), at)
            for one, of, role in self.roles.get(handle or "", ())
        )

    def _holds(self, seat: Seat, at: datetime) -> bool:
        return any(at in period for period in self.seats[seat])

    def represents(self, handle: str | None, organisation: str, at: datetime) -> bool:
        """Whether `handle` could bind `organisation` at `at`."""
        return self.holds(handle, BINDING, at, organisation)

    def is_depositary(self, handle: str | None, at: datetime) -> bool:
        """Whether `handle` acted for the secretariat at `at`."""
        return self.holds(handle, {Role.DEPOSITARY}, at)

    def is_bindable(self, organisation: str, at: datetime) -> bool:
        """Whether anybody could bind `organisation` at `at`."""
        return any(
            of == organisation and role in BINDING and self._holds((one, of, role), at) for one, of, role in self.seats
        )

    def affiliations(self, at: datetime) -> frozenset[frozenset[str]]:
        """Return the pairs that were affiliated at `at`."""
        return frozenset(pair for pair, periods in self.pairs.items() if any(at in one for one in periods))

    def affiliates(self, key: str, at: datetime) -> frozenset[str]:
        """Return all that `key` was affiliated with at `at`, directly or through others."""
        pairs, seen, ahead = self.affiliations(at), {key}, [key]
        while ahead:
            here = ahead.pop()
            new = {other for pair in pairs if here in pair for other in pair} - seen
            seen |= new
            ahead += new
        return frozenset(seen - {key})


def by_representative(replay: Replay, entry: EntryValue, organisation: str) -> Iterator[Finding]:
    """Find an act that nobody who could bind `organisation` had done."""
    if not replay.of(Organisations).represents(entry.by, organisation, entry.at):
        yield Finding("authority", f"{entry.by or 'nobody'} could not act for {organisation} then")


def by_role(
    replay: Replay, entry: EntryValue, roles: Collection[Role], organisation: str | None = None
) -> Iterator[Finding]:
    """Find an act that needs one of `roles` and was done by somebody without it."""
    if not replay.of(Organisations).holds(entry.by, roles, entry.at, organisation):
        wanted = " or ".join(sorted(role.value for role in roles))
        where = f" of {organisation}" if organisation else ""
        yield Finding("authority", f"{entry.by or 'nobody'} was no {wanted}{where} then")


def by_clock(entry: EntryValue) -> Iterator[Finding]:
    """Find a person behind what only time may do."""
    if entry.by is not None:
        yield Finding("authority", f"only time does this, and the record names {entry.by}")


@replays("organisation.founded")
def found(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """An organisation is entered once, by the depositary or the operator's command."""
    known, key = replay.of(Organisations), text(entry.payload, "organisation")
    if entry.by is not None:
        yield from by_role(replay, entry, {Role.DEPOSITARY})
    if key in known.kinds:
        yield Finding("repeated", f"{key} was founded before")
    known.kinds[key] = Kind(text(entry.payload, "kind"))


@replays("member.appointed")
def appoint(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """Those who bind an organisation say who else does; the depositary and the operator name the first one only."""
    known = replay.of(Organisations)
    handle, key, role = (
        text(entry.payload, "member"),
        text(entry.payload, "organisation"),
        Role(text(entry.payload, "role")),
    )
    if role not in ROLES[known.kinds[key]]:
        yield Finding("role", f"{key} has no role {role}")
    if not (known.represents(entry.by, key, entry.at) or _may_name_the_first(known, entry, key)):
        yield Finding("authority", f"{entry.by or 'the operator'} could not appoint anybody for {key} then")
    seat = (handle, key, role)
    if seat not in known.seats:
        known.roles.setdefault(handle, []).append(seat)
    known.seats.setdefault(seat, []).append(Period(entry.at))


@replays("member.ended")
def end(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A role ends by the person's own word or that of those who appoint; the last who binds the organisation stays."""
    known = replay.of(Organisations)
    handle, key, role = (
        text(entry.payload, "member"),
        text(entry.payload, "organisation"),
        Role(text(entry.payload, "role")),
    )
    periods = known.seats.get((handle, key, role), [])
    if not any(period.end is None for period in periods):
        yield Finding("state", f"{handle} was no {role} of {key}")
    if entry.by != handle and not known.represents(entry.by, key, entry.at):
        yield Finding("authority", f"{entry.by or 'nobody'} could not end a role in {key} then")
    periods[:] = [Period(one.start, entry.at if one.end is None else one.end) for one in periods]
    if role in BINDING and not known.is_bindable(key, entry.at):
        yield Finding("state", f"nobody is left who could bind {key}")


@replays("member.invited")
def invite(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """Only those who may appoint invite."""
    known, key = replay.of(Organisations), text(entry.payload, "organisation")
    if not _may_name_the_first(known, entry, key):
        yield from by_representative(replay, entry, key)


def _may_name_the_first(known: Organisations, entry: EntryValue, key: str) -> bool:
    """Whether nobody can bind the organisation yet, and the depositary or the operator acts."""
    return not known.is_bindable(key, entry.at) and (entry.by is None or known.is_depositary(entry.by, entry.at))


@replays("affiliation.declared")
def affiliate(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """One of the two organisations or the depositary declares it, from the entry's own instant."""
    known, one, other = replay.of(Organisations), text(entry.payload, "organisation"), text(entry.payload, "affiliate")
    if one == other or not {one, other} <= set(known.kinds):
        yield Finding("unknown", f"{one} and {other} are not two organisations on record")
    allowed = (
        entry.by is None
        or known.is_depositary(entry.by, entry.at)
        or any(known.represents(entry.by, side, entry.at) for side in (one, other))
    )
    if not allowed:
        yield Finding("authority", f"{entry.by} speaks for neither {one} nor {other}")
    if moment(entry.payload, "from_at") != entry.at:
        yield Finding("instant", "it is not declared from its own instant on")
    known.pairs.setdefault(frozenset({one, other}), []).append(Period(entry.at))


@replays("affiliation.ended")
def part_ways(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """Only the depositary says that an affiliation is over."""
    known, one, other = replay.of(Organisations), text(entry.payload, "organisation"), text(entry.payload, "affiliate")
    periods = known.pairs.get(frozenset({one, other}), [])
    if entry.by is not None:
        yield from by_role(replay, entry, {Role.DEPOSITARY})
    if not any(period.end is None for period in periods):
        yield Finding("state", f"{one} and {other} were not affiliated")
    periods[:] = [Period(it.start, entry.at if it.end is None else it.end) for it in periods]
