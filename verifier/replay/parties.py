"""Signatures, ratifications, entry into force, mandates and withdrawals, as Article 3 and the clock decide them."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from accounts.rules.organisations import Kind, Role
from core.times import Period, stamp
from ledger.rules.entries import EntryValue
from treaty.rules.parties import (
    BOUND,
    ENTITLED,
    EntryIntoForceState,
    Instruments,
    Status,
    binds_from,
    entry_into_force,
    status,
    withdrawal_effective,
)
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.organisations import Organisations, by_clock, by_representative
from verifier.replay.payloads import maybe_moment, moment, number, text, texts
from verifier.replay.texts import Published, Texts, names


@dataclass
class Parties:
    """What each laboratory deposited, from when the treaty binds it, and the bodies that accepted their mandates."""

    instruments: dict[str, Instruments] = field(default_factory=dict)
    signed: dict[str, str] = field(default_factory=dict)  # lab -> hash of the text that it signed
    bound_at: dict[str, datetime] = field(default_factory=dict)
    accredited: dict[str, Period] = field(default_factory=dict)
    added: dict[str, datetime] = field(default_factory=dict)  # to an annex, by a decision

    def status(self, lab: str, at: datetime) -> Status:
        """Return what a laboratory is at `at`."""
        found = self.instruments.get(lab)
        return status(found, self.bound_at.get(lab), at) if found else Status.NOT_SIGNED

    def bound(self, at: datetime) -> list[str]:
        """Return the laboratories that the treaty binds at `at`, sorted."""
        return sorted(lab for lab in self.instruments if self.status(lab, at) in BOUND)

    def entitled(self, at: datetime) -> list[str]:
        """Return the laboratories that may vote at `at`, sorted."""
        return sorted(lab for lab in self.instruments if self.status(lab, at) in ENTITLED)

    def bodies(self, at: datetime) -> list[str]:
        """Return the accredited bodies at `at`, sorted."""
        return sorted(body for body, period in self.accredited.items() if at in period)


def annexed(replay: Replay, kind: Kind, at: datetime) -> frozenset[str]:
    """Return the laboratories, bodies or observers that the annexes name at `at`: as the text does, and as decisions added them."""
    rules, kinds = replay.of(Texts).at(at).rules, replay.of(Organisations).kinds
    stated = {Kind.LABORATORY: rules.labs, Kind.BODY: rules.bodies}.get(kind, ())
    added = {key for key, since in replay.of(Parties).added.items() if since <= at and kinds.get(key) is kind}
    return frozenset({member.key for member in stated} | added)


def _first_text(replay: Replay, at: datetime) -> Published:
    """Return the text whose Article 3 governs entry into force: of those signed the first."""
    known = replay.of(Texts)
    signed = [known.of(sha) for sha in set(replay.of(Parties).signed.values())]
    return min(signed, key=lambda it: it.version, default=None) or known.at(at)


def _entry(replay: Replay, at: datetime) -> EntryIntoForceState:
    rule = _first_text(replay, at).rules.entry_into_force
    return entry_into_force(rule, replay.of(Parties).instruments.values(), at)


def asks_for(replay: Replay, handle: str | None, organisation: str, at: datetime) -> bool:
    """Whether `handle` asked in the name of a bound laboratory or an accredited body of its own."""
    known, parties = replay.of(Organisations), replay.of(Parties)
    lab = organisation in parties.bound(at) and known.holds(handle, {Role.REPRESENTATIVE}, at, organisation)
    return lab or (organisation in parties.bodies(at) and known.holds(handle, {Role.OFFICER}, at, organisation))


@replays("treaty.signed")
def sign(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A laboratory of Annex 1 signs the very text that is open, once."""
    parties, lab = replay.of(Parties), text(entry.payload, "lab")
    yield from by_representative(replay, entry, lab)
    yield from names(replay, entry)
    governing = replay.of(Texts).at(entry.at)
    yield from differs("version", "the version signed", number(entry.payload, "text"), governing.version)
    if lab not in annexed(replay, Kind.LABORATORY, entry.at):
        yield Finding("annex", f"Annex 1 does not name {lab}")
    if lab in parties.instruments:
        yield Finding("repeated", f"{lab} had signed before")
    parties.instruments.setdefault(lab, Instruments(lab, signed_at=entry.at))
    parties.signed.setdefault(lab, governing.sha256)


@replays("treaty.ratified")
def ratify(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A signatory ratifies; how many have, who is missing, and from when the treaty binds follow from Article 3."""
    parties, lab = replay.of(Parties), text(entry.payload, "lab")
    yield from by_representative(replay, entry, lab)
    yield from names(replay, entry)
    if lab not in parties.instruments:
        yield Finding("state", f"{lab} has not signed")
        return
    if parties.instruments[lab].ratified_at:
        yield Finding("repeated", f"{lab} had ratified before")
    parties.instruments[lab] = replace(parties.instruments[lab], ratified_at=entry.at)
    found = _entry(replay, entry.at)
    _bind(replay, found, entry.at)
    payload = entry.payload
    yield from differs(
        "ratifications", "the number of ratifications", number(payload, "ratifications"), len(found.ratified)
    )
    yield from differs("ratifications", "who is still missing", texts(payload, "missing"), list(found.missing))
    yield from differs(
        "entry_into_force", "the instant of entry into force", maybe_moment(payload, "enters_into_force_at"), found.at
    )
    yield from differs(
        "entry_into_force", f"from when {lab} is bound", maybe_moment(payload, "binds_from"), parties.bound_at.get(lab)
    )


def _bind(replay: Replay, found: EntryIntoForceState, at: datetime) -> None:
    """Keep from when the treaty binds each laboratory, as soon as that follows from what was received."""
    if found.at is None:
        return
    parties, governing = replay.of(Parties), _first_text(replay, at)
    governing.in_force_at = governing.in_force_at or found.at
    for lab, it in parties.instruments.items():
        if it.ratified_at and lab not in parties.bound_at:
            since = binds_from(governing.rules.entry_into_force, found, it.ratified_at)
            assert since is not None
            parties.bound_at[lab] = since


@replays("treaty.entered_into_force")
def enter(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The treaty is in force at the instant that Article 3 gives, and not before; the parties are those bound then."""
    yield from by_clock(entry)
    payload, governing = entry.payload, replay.of(Texts).of(text(entry.payload, "sha256"))
    said, since = moment(payload, "in_force_at"), governing.in_force_at
    if since is None:
        found = _entry(replay, entry.at)
        yield Finding(
            "entry_into_force",
            f"the treaty is not in force: {len(found.ratified)} of {found.needed} ratifications, missing {', '.join(found.missing) or 'nobody'}",
        )
        return
    yield from differs("entry_into_force", "the instant of entry into force", said, since)
    if since > entry.at:
        yield Finding("too_early", f"the treaty enters into force at {stamp(since)} only")
    yield from differs("parties", "the parties", texts(payload, "parties"), replay.of(Parties).bound(since))


@replays("mandate.accepted")
def accept(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A body of Annex 2 accepts its mandate under the text that governs, once."""
    parties, body = replay.of(Parties), text(entry.payload, "body")
    yield from by_representative(replay, entry, body)
    yield from names(replay, entry)
    if body not in annexed(replay, Kind.BODY, entry.at):
        yield Finding("annex", f"Annex 2 does not name {body}")
    if body in parties.accredited:
        yield Finding("repeated", f"{body} had accepted before")
    until = replay.of(Texts).at(entry.at).rules.admission.accreditation_validity.after(entry.at)
    yield from differs("deadline", "until when it stands", maybe_moment(entry.payload, "until_at"), until)
    parties.accredited.setdefault(body, Period(entry.at, until))


@replays("withdrawal.noticed")
def give_notice(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A party gives notice; it takes effect when the text's time has run."""
    parties, lab = replay.of(Parties), text(entry.payload, "lab")
    yield from by_representative(replay, entry, lab)
    if parties.status(lab, entry.at) not in BOUND or parties.instruments[lab].withdrawal_noticed_at:
        yield Finding("state", f"{lab} is {parties.status(lab, entry.at).value} and cannot give notice of withdrawal")
        return
    effective = withdrawal_effective(replay.of(Texts).at(entry.at).rules.withdrawal, entry.at)
    yield from differs("withdrawal", "when the notice takes effect", moment(entry.payload, "effective_at"), effective)
    parties.instruments[lab] = replace(
        parties.instruments[lab], withdrawal_noticed_at=entry.at, withdrawal_effective_at=effective
    )


@replays("withdrawal.revoked")
def revoke(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A notice that has not run is revoked."""
    parties, lab = replay.of(Parties), text(entry.payload, "lab")
    yield from by_representative(replay, entry, lab)
    given = parties.instruments[lab].withdrawal_noticed_at if lab in parties.instruments else None
    if given is None or parties.status(lab, entry.at) is Status.WITHDRAWN:
        yield Finding("state", f"{lab} has no notice of withdrawal that could be revoked")
        return
    yield from differs("withdrawal", "the notice revoked", moment(entry.payload, "noticed_at"), given)
    parties.instruments[lab] = replace(
        parties.instruments[lab], withdrawal_noticed_at=None, withdrawal_effective_at=None
    )
