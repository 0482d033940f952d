"""Amendments: the bytes fetched by their hash, what they change, the vote on them, and the text that they become."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from core.canonical import digest
from core.errors import DomainError
from ledger.rules.entries import EntryValue
from treaty.rules.amendments import check_amendment
from treaty.rules.consultations import vote_opens_at
from treaty.rules.text import Text
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.organisations import Organisations, by_clock
from verifier.replay.payloads import moment, number, part, text
from verifier.replay.texts import Published, Texts, fetched, names
from verifier.replay.votes import VoteRecord, Votes, effect_of, hindrance, takes_effect


class UnknownAmendment(DomainError):
    """The record has no such amendment, or its text could not be read."""

    code = "unknown_amendment"


@dataclass(frozen=True)
class Proposed:
    """An amendment on record."""

    version: int
    sha256: str
    base: str
    vote: str
    rules: Text
    proposer: str
    proposed_at: datetime


@dataclass
class Amendments:
    """Every amendment by key."""

    known: dict[str, Proposed] = field(default_factory=dict)


@replays("amendment.proposed")
def propose(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The next version of the text in force is put to the vote by whoever may, its hash and its changes with it."""
    payload, key, sha = entry.payload, text(entry.payload, "amendment"), text(entry.payload, "sha256")
    if key in replay.of(Amendments).known:
        yield Finding("repeated", f"amendment {key} was proposed before")
    yield from names(replay, entry, "base")
    yield from _put_to_the_vote(replay, entry)
    base = replay.of(Texts).at(entry.at)
    rules = yield from fetched(replay, sha, number(payload, "bytes"))
    if rules is None:
        return
    yield from differs("version", "its version", number(payload, "text"), rules.version)
    said = check_amendment(base.rules, rules).as_json()
    if payload["changes"] is not None:
        yield from differs("changes", "what it changes", dict(part(payload, "changes")), said)
    yield from differs("changes", "the hash over what it changes", text(payload, "changes_hash"), digest(said))
    proposer, vote = text(payload, "organisation"), text(payload, "vote")
    replay.of(Amendments).known[key] = Proposed(rules.version, sha, base.sha256, vote, rules, proposer, entry.at)


def _put_to_the_vote(replay: Replay, entry: EntryValue) -> Iterator[Finding]:
    payload, vote = entry.payload, replay.of(Votes).of(text(entry.payload, "vote"))
    rule = vote.text.rules.amendment
    yield from differs("decision", "the decision that is asked for", vote.decision, rule.decision)
    for member in ("amendment", "sha256", "base"):
        yield from differs("vote", f"what its vote names as {member}", vote.subject.get(member), payload[member])
    if not replay.of(Organisations).represents(entry.by, text(payload, "organisation"), entry.at):
        yield Finding("authority", f"{entry.by or 'nobody'} could not propose it for {payload['organisation']}")
    opens_at = vote_opens_at(rule, vote.profile.notice, entry.at)
    yield from differs("instant", "when its vote opens", vote.facts.opens_at, opens_at)


@hindrance("text.amended")
def is_stale(replay: Replay, vote: VoteRecord, at: datetime) -> bool:
    """Whether another text than the one that it amends is in force, or the vote is about no amendment."""
    proposed = replay.of(Amendments).known.get(str(vote.subject.get("amendment")))
    return proposed is None or replay.of(Texts).at(at).sha256 != proposed.base


@replays("text.amended")
def amend(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The text that was voted on, and no other, replaces the one that it amends, at the vote's instant of effect."""
    yield from by_clock(entry)
    payload, texts = entry.payload, replay.of(Texts)
    proposed = replay.of(Amendments).known.get(text(payload, "amendment"))
    if proposed is None:
        raise UnknownAmendment(f"there is no amendment {payload['amendment']!r} that could be read")
    vote = replay.of(Votes).of(text(payload, "vote"))
    yield from takes_effect(vote, "text.amended", entry.at)
    since = effect_of(vote)
    yield from differs("vote", "the vote on this amendment", text(payload, "vote"), proposed.vote)
    yield from differs("text_hash", "the text that was voted on", text(payload, "sha256"), proposed.sha256)
    yield from differs("version", "its version", number(payload, "text"), proposed.version)
    yield from differs("text_hash", "the text that it amends", text(payload, "base"), proposed.base)
    yield from differs("text_hash", "the text in force until then", texts.at(entry.at).sha256, proposed.base)
    yield from differs("instant", "from when it is in force", moment(payload, "in_force_at"), since)
    texts.published[proposed.sha256] = Published(proposed.version, proposed.sha256, proposed.rules, since, since)
