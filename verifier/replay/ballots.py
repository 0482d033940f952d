"""Ballots: bound to their vote, cast in time by members of the roll, each in its place in the member's own sequence."""

from collections.abc import Generator, Iterator
from datetime import datetime

from accounts.rules.keys import require_usable
from accounts.rules.signatures import from_b64url
from core.canonical import canonical
from core.errors import DomainError
from core.times import stamp
from ledger.rules.entries import EntryValue
from treaty.rules.ballots import Envelope, SignedBallot, check_envelope, read_ballot
from treaty.rules.profiles import Choice
from treaty.rules.votes import BallotValue
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.keys import Keys, by_signature
from verifier.replay.log import Log
from verifier.replay.organisations import by_representative
from verifier.replay.payloads import maybe_text, moment, part, parts, text
from verifier.replay.votes import Cast, VoteRecord, Votes


@replays("ballot.cast")
def cast(replay: Replay, index: int, entry: EntryValue) -> Iterator[Finding]:
    """A ballot counts if it fits its vote, comes from the roll, was signed as asked, and was received in [opening, close)."""
    payload, vote = entry.payload, replay.of(Votes).of(text(entry.payload, "vote"))
    ballot, member = read_ballot(canonical(part(payload, "ballot"))), text(payload, "organisation")
    received_at = moment(payload, "received_at")
    yield from _received(vote, ballot, entry, received_at)
    yield from _fits(replay, vote, ballot, member, index)
    yield from _signed(replay, entry, vote, ballot)
    yield from _entitled(vote, member)
    yield from _in_time(vote, ballot, received_at)
    yield from _in_sequence(vote, ballot)
    yield from differs("ballot", "the ground of a veto", maybe_text(payload, "ground") or "", ballot.ground)
    vote.last_ballot_at = received_at
    value = BallotValue(member, ballot.choice, received_at, ballot.sequence, ballot.ground)
    vote.take(Cast(value, ballot.hash, entry.hash))


@replays("ballot.signed")
def sign(replay: Replay, index: int, entry: EntryValue) -> Iterator[Finding]:
    """A signature that waits for others is a valid one, of a key that may sign, under a ballot that fits."""
    payload, vote = entry.payload, replay.of(Votes).of(text(entry.payload, "vote"))
    ballot = read_ballot(from_b64url(text(part(payload, "envelope"), "ballot")))
    received_at, member = moment(payload, "received_at"), text(payload, "organisation")
    yield from _received(vote, ballot, entry, received_at)
    yield from _fits(replay, vote, ballot, member, index)
    yield from by_signature(replay, entry, member)
    signers = yield from _signers(replay, entry, vote, ballot)
    yield from differs("key", "the key that signed", [text(payload, "key")], signers)
    if len(signers) >= (replay.of(Keys).signers(member, vote.facts.noticed_at) or 1):
        yield Finding("signers", f"{member} asked for no further signature: this is a ballot")
    yield from _entitled(vote, member)
    yield from _in_time(vote, ballot, received_at)
    yield from _in_sequence(vote, ballot)


def _received(vote: VoteRecord, ballot: SignedBallot, entry: EntryValue, received_at: datetime) -> Iterator[Finding]:
    yield from differs("instant", "when it was received", received_at, max(entry.at, vote.last_ballot_at or entry.at))
    yield from differs("ballot", "the hash of the ballot", text(entry.payload, "hash"), ballot.hash)


def _signed(replay: Replay, entry: EntryValue, vote: VoteRecord, ballot: SignedBallot) -> Iterator[Finding]:
    """Find a ballot without the signatures that the rule or the organisation asks for, or with one that does not hold."""
    organisation = ballot.organisation
    asked = replay.of(Keys).signers(organisation, vote.facts.noticed_at)
    if "envelope" not in entry.payload:
        yield from by_representative(replay, entry, organisation)
        if ballot.key not in set(vote.profile.keys) & {"session"}:
            yield Finding(
                "key", f"it is not signed, and the rule takes ballots signed with {', '.join(vote.profile.keys)}"
            )
        if asked:
            yield Finding(
                "signers", f"it is not signed, and {organisation} asked for {asked} signatures on its ballots"
            )
        return
    yield from by_signature(replay, entry, organisation)
    sent = from_b64url(text(part(entry.payload, "envelope"), "ballot"))
    if sent != canonical(ballot.value()):
        yield Finding("ballot", "the bytes that were signed are not the ballot that is counted")
    signers = yield from _signers(replay, entry, vote, ballot)
    if len(set(signers)) < (asked or 1):
        yield Finding("signers", f"{len(set(signers))} keys signed it, and {organisation} asked for {asked or 1}")


def _signers(
    replay: Replay, entry: EntryValue, vote: VoteRecord, ballot: SignedBallot
) -> Generator[Finding, None, list[str]]:
    """Yield what is wrong with each signature, checked with the key as the record enrolled it; return whose hold."""
    envelope, keys = part(entry.payload, "envelope"), replay.of(Keys).directory
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


def _entitled(vote: VoteRecord, member: str) -> Iterator[Finding]:
    if member not in vote.roll:
        yield Finding("not_on_roll", f"{member} is not on the roll of vote {vote.key}")
    elif vote.roll.is_recused(member):
        yield Finding("recused", f"{member} is recused from vote {vote.key}")


def _in_time(vote: VoteRecord, ballot: SignedBallot, received_at: datetime) -> Iterator[Finding]:
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
        if now.objections_only and ballot.choice is not Choice.OBJECT:
            yield Finding("too_late", f"the regular time of vote {vote.key} is over: only objections are taken")


def _in_sequence(vote: VoteRecord, ballot: SignedBallot) -> Iterator[Finding]:
    last = vote.newest.get(ballot.organisation)
    yield from differs("sequence", "its sequence number", ballot.sequence, last.value.sequence + 1 if last else 1)
    yield from differs("sequence", "the ballot that it supersedes", ballot.supersedes, last.hash if last else None)
