"""Decisions on who belongs: admitted, accredited, suspended, reinstated, merged."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from accounts.rules.organisations import Kind
from core.times import Period
from ledger.rules.entries import EntryValue
from treaty.rules.parties import Instruments, Status, may_be_suspended, may_merge
from verifier.replay.cases import Cases
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.organisations import Organisations, by_clock
from verifier.replay.parties import Parties, annexed
from verifier.replay.payloads import maybe_moment, moment, text
from verifier.replay.votes import VoteRecord, Votes, effect_of, hindrance, takes_effect


def _decided(replay: Replay, entry: EntryValue, member: str) -> Iterator[Finding]:
    """Find an entry that its vote does not bring about, for another organisation or from another instant."""
    yield from by_clock(entry)
    vote = _vote(replay, entry)
    yield from takes_effect(vote, entry.kind, entry.at)
    yield from differs(member, "whom its vote is about", text(entry.payload, member), vote.subject.get(member))
    yield from differs("instant", "from when it has effect", moment(entry.payload, "effective_at"), effect_of(vote))


def _vote(replay: Replay, entry: EntryValue) -> VoteRecord:
    return replay.of(Votes).of(text(entry.payload, "vote"))


@hindrance("lab.admitted")
@hindrance("organisation.accredited")
def is_annexed(replay: Replay, vote: VoteRecord, _at: datetime) -> bool:
    """Whether the annexes name it already, or it is not on record; a body that holds its mandate can have it renewed."""
    key = str(vote.subject.get("lab") or vote.subject.get("organisation"))
    kind = replay.of(Organisations).kinds.get(key)
    expected = {Kind.LABORATORY} if vote.decision == "admit" else {Kind.BODY, Kind.OBSERVER}
    if kind is None or kind not in expected:
        return True
    return key in annexed(replay, kind, effect_of(vote)) and key not in replay.of(Parties).accredited


@hindrance("party.suspended")
def keeps_its_rights(replay: Replay, vote: VoteRecord, at: datetime) -> bool:
    """Whether the party is suspended already, bound no more, or no open case has found it in breach."""
    lab = str(vote.subject.get("lab"))
    return not may_be_suspended(replay.of(Parties).status(lab, at), in_breach=replay.of(Cases).in_breach(lab))


@hindrance("party.reinstated")
def is_not_suspended(replay: Replay, vote: VoteRecord, at: datetime) -> bool:
    """Whether there is no suspension to lift."""
    return replay.of(Parties).status(str(vote.subject.get("lab")), at) is not Status.SUSPENDED


@hindrance("party.merged")
def cannot_merge(replay: Replay, vote: VoteRecord, at: datetime) -> bool:
    """Whether one of the two is no party any more, or has merged into another before."""
    return not _may_merge(replay, str(vote.subject.get("lab")), str(vote.subject.get("into")), at)


def _may_merge(replay: Replay, lab: str, into: str, at: datetime) -> bool:
    parties = replay.of(Parties)
    return may_merge(lab, parties.status(lab, at), into, parties.status(into, at))


@replays("lab.admitted")
def admit(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A laboratory on record that Annex 1 does not name is added to it."""
    yield from _decided(replay, entry, "lab")
    yield from _annex(replay, text(entry.payload, "lab"), {Kind.LABORATORY}, effect_of(_vote(replay, entry)))


@replays("organisation.accredited")
def accredit(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A body is added to Annex 2 or has its mandate renewed for the text's time; an observer is accredited."""
    yield from _decided(replay, entry, "organisation")
    payload, parties, key = entry.payload, replay.of(Parties), text(entry.payload, "organisation")
    vote = _vote(replay, entry)
    since, until = effect_of(vote), None
    yield from differs("role", "its role", text(payload, "role"), replay.of(Organisations).kinds.get(key))
    if key in parties.accredited:
        until = vote.text.rules.admission.accreditation_validity.after(since)
        parties.accredited[key] = Period(parties.accredited[key].start, until)
    else:
        yield from _annex(replay, key, {Kind.BODY, Kind.OBSERVER}, since)
    yield from differs("deadline", "until when it stands", maybe_moment(payload, "until_at"), until)


def _annex(replay: Replay, key: str, kinds: set[Kind], since: datetime) -> Iterator[Finding]:
    if replay.of(Organisations).kinds.get(key) not in kinds:
        yield Finding("annex", f"there is no {' or '.join(sorted(kinds))} {key} on record")
    if any(key in annexed(replay, kind, since) for kind in kinds):
        yield Finding("repeated", f"the annexes name {key} already")
    replay.of(Parties).added.setdefault(key, since)


@replays("party.suspended")
def suspend(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """Only a party that is determined to be in breach, in a case that is open, is suspended."""
    yield from _decided(replay, entry, "lab")
    parties, lab = replay.of(Parties), text(entry.payload, "lab")
    status = parties.status(lab, entry.at)
    if not may_be_suspended(status, in_breach=replay.of(Cases).in_breach(lab)):
        yield Finding("state", f"{lab} is {status.value}, or no case is open in which a breach was determined")
    found = parties.instruments.get(lab, Instruments(lab))
    since = Period(effect_of(_vote(replay, entry)))
    parties.instruments[lab] = replace(found, suspensions=(*found.suspensions, since))


@replays("party.reinstated")
def reinstate(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A suspended party has its vote again."""
    yield from _decided(replay, entry, "lab")
    parties, lab = replay.of(Parties), text(entry.payload, "lab")
    if parties.status(lab, entry.at) is not Status.SUSPENDED:
        yield Finding("state", f"{lab} is {parties.status(lab, entry.at).value}, not suspended")
        return
    found = parties.instruments[lab]
    *before, last = found.suspensions
    ended = Period(last.start, effect_of(_vote(replay, entry)))
    parties.instruments[lab] = replace(found, suspensions=(*before, ended))


@replays("party.merged")
def merge(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """Of two parties one has merged into the other; a party merges once."""
    yield from _decided(replay, entry, "lab")
    parties, lab, into = replay.of(Parties), text(entry.payload, "lab"), text(entry.payload, "into")
    vote = _vote(replay, entry)
    yield from differs("into", "into whom, by its vote", into, vote.subject.get("into"))
    if not _may_merge(replay, lab, into, entry.at):
        yield Finding("state", f"{lab} cannot merge into {into}: one of them is no party, or has merged before")
    parties.instruments[lab] = replace(parties.instruments.get(lab, Instruments(lab)), merged_at=effect_of(vote))
