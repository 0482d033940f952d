"""Ballots: bound to their vote, cast in time by members of the roll, each in its place in the member's own sequence."""

from collections.abc import Generator, Iterator, Mapping
from datetime import datetime

from accounts.rules.keys import Directory, require_usable
from accounts.rules.signatures import from_b64url
from core.canonical import Json, canonical, commitment
from core.errors import DomainError
from core.times import stamp
from ledger.rules.entries import EntryValue
from treaty.rules.ballots import Envelope, SignedBallot, check_envelope, read_ballot, receipt_instant
from treaty.rules.profiles import Choice
from treaty.rules.votes import BallotValue
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.keys import Keys, by_signature
from verifier.replay.log import Log
from verifier.replay.organisations import by_clock, by_representative
from verifier.replay.payloads import maybe_text, moment, number, part, parts, text
from verifier.replay.votes import Cast, Receipt, VoteRecord, Votes


@replays("ballot.cast")
def cast(replay: Replay, index: int, entry: EntryValue) -> Iterator[Finding]:
    """A ballot counts if it fits its vote, comes from the roll, was signed as asked, and was received in [opening, close)."""
    vote, receipt = replay.of(Votes).of(text(entry.payload, "vote")), _receipt(replay, index, entry)
    ballot = read_ballot(canonical(part(entry.payload, "ballot")))
    if vote.profile.sealed:
        yield Finding("sealed", f"vote {vote.key} is sealed, and this ballot tells what it says")
    yield from _received(vote, entry, ballot.choice)
    vote.last_ballot_at = receipt.received_at
    yield from _counted(replay, vote, entry.payload, ballot, receipt)


@replays("ballot.sealed")
def seal(replay: Replay, index: int, entry: EntryValue) -> Iterator[Finding]:
    """A sealed ballot comes from the roll and in time, each in its place; what it says is checked when it is opened."""
    payload, vote = entry.payload, replay.of(Votes).of(text(entry.payload, "vote"))
    member, sequence = text(payload, "organisation"), number(payload, "sequence")
    yield from _sealed(replay, vote, entry)
    earlier = sum(of == member for of, _ in vote.sealed)
    yield from differs("sequence", "its sequence number", sequence, earlier + 1)
    receipt = _receipt(replay, index, entry)
    vote.last_ballot_at = receipt.received_at
    vote.sealed[member, sequence] = (receipt, text(payload, "commitment"))


@replays("signature.sealed")
def seal_signature(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A sealed signature that waits for others comes from the roll and in time; the opened ballot has all of them."""
    yield from _sealed(replay, replay.of(Votes).of(text(entry.payload, "vote")), entry)


@replays("ballot.opened")
def open_sealed(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """What is opened at the close is what was committed to, and fits its vote as any ballot does."""
    yield from by_clock(entry)
    payload, vote = entry.payload, replay.of(Votes).of(text(entry.payload, "vote"))
    member, sequence = text(payload, "organisation"), number(payload, "sequence")
    vote.opened = True
    closes_at = vote.profile.period.after(vote.facts.opens_at)
    if entry.at < closes_at or vote.facts.withdrawn_at:
        yield Finding("too_early", f"vote {vote.key} closes at {stamp(closes_at)}: its ballots are sealed until then")
    if (member, sequence) not in vote.sealed:
        yield Finding("sealed", f"{member} has no sealed ballot {sequence} in vote {vote.key}, or it was opened before")
        return
    receipt, committed = vote.sealed.pop((member, sequence))
    content = {name: payload[name] for name in payload if name not in {"vote", "organisation", "sequence", "salt"}}
    yield from differs("commitment", "what it opens", commitment(text(payload, "salt"), content), committed)
    ballot = read_ballot(canonical(part(payload, "ballot")))
    yield from differs("sequence", "its sequence number", ballot.sequence, sequence)
    yield from _counted(replay, vote, payload, ballot, receipt)


@replays("ballot.signed")
def sign(replay: Replay, index: int, entry: EntryValue) -> Iterator[Finding]:
    """A signature that waits for others is a valid one, of a key that may sign, under a ballot that fits."""
    payload, vote = entry.payload, replay.of(Votes).of(text(entry.payload, "vote"))
    ballot = read_ballot(from_b64url(text(part(payload, "envelope"), "ballot")))
    member = text(payload, "organisation")
    if vote.profile.sealed:
        yield Finding("sealed", f"vote {vote.key} is sealed, and this signature tells what the ballot says")
    yield from _received(vote, entry, ballot.choice)
    yield from differs("ballot", "the hash of the ballot", text(payload, "hash"), ballot.hash)
    yield from _fits(replay, vote, ballot, member, index)
    yield from by_signature(replay, entry, member)
    signers = yield from _signers(payload, vote, ballot, replay.of(Keys).directory)
    yield from differs("key", "the key that signed", [text(payload, "key")], signers)
    if len(signers) >= (replay.of(Keys).signers(member, vote.facts.noticed_at) or 1):
        yield Finding("signers", f"{member} asked for no further signature: this is a ballot")
    yield from _in_sequence(vote, ballot)


def _receipt(replay: Replay, index: int, entry: EntryValue) -> Receipt:
    stranger = tuple(by_representative(replay, entry, text(entry.payload, "organisation")))
    received_at, directory = moment(entry.payload, "received_at"), replay.of(Keys).directory
    return Receipt(index, received_at, entry.hash, entry.by, stranger, directory)


def _sealed(replay: Replay, vote: VoteRecord, entry: EntryValue) -> Iterator[Finding]:
    """Find what cannot be received sealed."""
    if not vote.profile.sealed:
        yield Finding("sealed", f"vote {vote.key} is not sealed")
    if vote.opened:
        yield Finding("too_late", f"the ballots of vote {vote.key} were opened before this came in")
    yield from by_signature(replay, entry, text(entry.payload, "organisation"))
    yield from _received(vote, entry, None)


def _received(vote: VoteRecord, entry: EntryValue, choice: Choice | None) -> Iterator[Finding]:
    """Find what nobody entitled sent, or not in time. `choice` is None while it is sealed."""
    received_at = moment(entry.payload, "received_at")
    yield from differs("instant", "when it was received", received_at, receipt_instant(entry.at, vote.last_ballot_at))
    yield from _entitled(vote, text(entry.payload, "organisation"), received_at)
    yield from _in_time(vote, choice, received_at)


def _counted(
    replay: Replay, vote: VoteRecord, payload: Mapping[str, Json], ballot: SignedBallot, receipt: Receipt
) -> Iterator[Finding]:
    """Find what does not fit in a ballot that is known, and count it in."""
    member = text(payload, "organisation")
    yield from differs("ballot", "the hash of the ballot", text(payload, "hash"), ballot.hash)
    yield from _fits(replay, vote, ballot, member, receipt.index)
    yield from _signed(replay, payload, vote, ballot, receipt)
    yield from _in_sequence(vote, ballot)
    yield from differs("ballot", "the ground of a veto", maybe_text(payload, "ground") or "", ballot.ground)
    value = BallotValue(member, ballot.choice, receipt.received_at, ballot.sequence, ballot.ground)
    vote.take(Cast(value, ballot.hash, receipt.entry_hash))


def _signed(
    replay: Replay, payload: Mapping[str, Json], vote: VoteRecord, ballot: SignedBallot, receipt: Receipt
) -> Iterator[Finding]:
    """Find a ballot without the signatures that the rule or the organisation asks for, or with one that does not hold."""
    organisation = ballot.organisation
    asked = replay.of(Keys).signers(organisation, vote.facts.noticed_at)
    if "envelope" not in payload or receipt.by is not None:
        yield from receipt.stranger
    if "envelope" not in payload:
        if ballot.key not in set(vote.profile.keys) & {"session"}:
            yield Finding(
                "key", f"it is not signed, and the rule takes ballots signed with {', '.join(vote.profile.keys)}"
            )
        if asked:
            yield Finding(
                "signers", f"it is not signed, and {organisation} asked for {asked} signatures on its ballots"
            )
        return
    sent = from_b64url(text(part(payload, "envelope"), "ballot"))
    if sent != canonical(ballot.value()):
        yield Finding("ballot", "the bytes that were signed are not the ballot that is counted")
    signers = yield from _signers(payload, vote, ballot, receipt.directory)
    if len(set(signers)) < (asked or 1):
        yield Finding("signers", f"{len(set(signers))} keys signed it, and {organisation} asked for {asked or 1}")


def _signers(
    payload: Mapping[str, Json], vote: VoteRecord, ballot: SignedBallot, keys: Directory
) -> Generator[Finding, None, list[str]]:
    """Yield what is wrong with each signature, checked with the key as the record enrolled it; return whose hold."""
    envelope = part(payload, "envelope")
    data, holds = from_b64url(text(envelope, "ballot")), []
    for one in parts(envelope, "proofs"):
        signer = text(one, "key")
        proof = {name: text(part(one, "proof"), name) for name in part(one, "proof")}
        try:
            key = require_usable(
                keys.find(signer),
                organisation=ballot.organisation,
                kinds=vote.profile.keys,
                noticed_at=vote.facts.noticed_at,
            )
            check_envelope(Envelope(data, proof, signer), key, synced_allowed=vote.profile.synced)
        except DomainError as error:
            yield Finding(error.code, f"the signature of the key {signer} does not hold: {error.detail}")
        else:
            holds.append(signer)
    return holds


def _fits(replay: Replay, vote: VoteRecord, ballot: SignedBallot, member: str, index: int) -> Iterator[Finding]:
    """Find a ballot that binds another log, text, vote, rule, roll or organisation than the one it is counted in."""
    bound = {
        "origin": (ballot.origin, replay.of(Log).origin),
        "text": (ballot.text, vote.text.sha256),
        "vote": (ballot.vote, vote.key),
        "rule": (ballot.profile, vote.rule_hash),
        "roll": (ballot.roll, vote.roll_hash),
        "organisation": (ballot.organisation, member),
    }
    for what, (said, expected) in bound.items():
        yield from differs("ballot", f"the {what} that the ballot binds", said, expected)
    if ballot.head > index:
        yield Finding("ballot", f"it saw {ballot.head} entries, and only {index} precede it")
    if ballot.choice is Choice.OBJECT and ballot.reason is None:
        yield Finding("ballot", "an objection carries its reason")


def _entitled(vote: VoteRecord, member: str, at: datetime) -> Iterator[Finding]:
    if member not in vote.roll:
        yield Finding("not_on_roll", f"{member} is not on the roll of vote {vote.key}")
    elif vote.roll.is_recused(member):
        yield Finding("recused", f"{member} is recused from vote {vote.key}")
    elif any(one.lab == member and one.at <= at for one in vote.departures):
        yield Finding("not_entitled_any_more", f"{member} lost its vote since vote {vote.key} was noticed")


def _in_time(vote: VoteRecord, choice: Choice | None, received_at: datetime) -> Iterator[Finding]:
    at = stamp(received_at)
    if vote.closed_at or vote.facts.withdrawn_at:
        yield Finding(
            "too_late", f"vote {vote.key} was closed or withdrawn on record before this ballot, received at {at}"
        )
    elif received_at < vote.facts.opens_at:
        yield Finding(
            "too_early", f"vote {vote.key} opens at {stamp(vote.facts.opens_at)}; the ballot was received at {at}"
        )
    elif not vote.moves_with_ballots:
        closes_at = vote.profile.period.after(vote.facts.opens_at)
        if received_at >= closes_at:
            yield Finding("too_late", f"vote {vote.key} closed at {stamp(closes_at)}; the ballot was received at {at}")
    else:
        now = vote.course(received_at)
        if not now.takes_ballots:
            yield Finding(
                "too_late", f"vote {vote.key} closed at {stamp(now.closes_at)}; the ballot was received at {at}"
            )
        if now.objections_only and choice is not Choice.OBJECT:
            yield Finding("too_late", f"the regular time of vote {vote.key} is over: only objections are taken")


def _in_sequence(vote: VoteRecord, ballot: SignedBallot) -> Iterator[Finding]:
    last = vote.newest.get(ballot.organisation)
    yield from differs("sequence", "its sequence number", ballot.sequence, last.value.sequence + 1 if last else 1)
    before = None if last is None else last.entry_hash if vote.profile.sealed else last.hash
    yield from differs("sequence", "the ballot that it supersedes", ballot.supersedes, before)
