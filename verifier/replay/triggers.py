"""Triggers: each finding judged again over the readings on record; firing once, latched, until the text resets it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from core.canonical import Json, digest
from core.times import stamp
from core.truth import Truth
from ledger.rules.entries import EntryValue
from treaty.rules.conditions import AnyCondition
from treaty.rules.evaluation import Evaluation, evaluate
from treaty.rules.pauses import OVER
from treaty.rules.text import Text, Trigger
from treaty.rules.triggers import reset_condition
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.organisations import by_clock
from verifier.replay.pauses import Pauses
from verifier.replay.payloads import as_object, items, moment, text
from verifier.replay.texts import Texts, names
from verifier.replay.votes import VoteRecord, Votes
from verifier.replay.worlds import worlds


@dataclass
class TriggerRecord:
    """What a trigger was found to be last, and the vote of its firing while it is latched."""

    truth: str = ""
    explanation: str = ""
    evaluated_at: datetime | None = None
    noticed: str = ""  # a vote that names it and whose firing is to follow
    vote: str = ""


@dataclass
class Triggers:
    """Every trigger by key."""

    known: dict[str, TriggerRecord] = field(default_factory=dict)

    def of(self, key: str) -> TriggerRecord:
        """Return a trigger, idle and never judged at its first use."""
        return self.known.setdefault(key, TriggerRecord())


def _rule(replay: Replay, key: str, at: datetime) -> tuple[Trigger | None, Text]:
    rules = replay.of(Texts).at(at).rules
    return rules.triggers.get(key), rules


def judged(replay: Replay, condition: AnyCondition, rules: Text, at: datetime) -> Iterator[Evaluation]:
    """Yield what the condition is at `at`, first by all that is on record."""
    return (evaluate(condition, world, at) for world in worlds(replay, [condition], rules, at))


@replays("trigger.evaluated")
def judge(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """What a trigger was found to be follows from the readings received by then."""
    yield from by_clock(entry)
    yield from names(replay, entry, "text")
    payload, key = entry.payload, text(entry.payload, "trigger")
    rule, rules = _rule(replay, key, entry.at)
    if rule is None:
        yield Finding("unknown", f"the text has no trigger {key!r}")
        return
    known = replay.of(Triggers).of(key)
    known.truth, known.explanation, known.evaluated_at = text(payload, "truth"), text(payload, "explanation"), entry.at
    found: Evaluation | None = None
    for one in judged(replay, rule.condition, rules, entry.at):
        if digest(one.to_json()) == known.explanation:
            found = one
            break
        found = found or one
    assert found is not None
    yield from differs("truth", f"what {key} was found to be ({found.words})", known.truth, found.truth.value)
    yield from differs("finding", "the finding in words", text(payload, "words"), found.words)
    parts: list[Json] = [
        {"labs": None if part.labs is None else list(part.labs), "truth": part.truth.value} for part in found.parts
    ]
    yield from differs("truth", "its parts", [dict(as_object(it, "parts")) for it in items(payload, "parts")], parts)
    yield from differs("finding", "the digest of its explanation", known.explanation, digest(found.to_json()))


@replays("vote.noticed")
def open_vote(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A vote that names a trigger rests on the finding that stands, and a latched trigger opens no other."""
    vote = replay.of(Votes).of(text(entry.payload, "vote"))
    key = vote.subject.get("trigger")
    if entry.by is not None or not isinstance(key, str):
        return
    known = replay.of(Triggers).of(key)
    if known.vote or known.noticed:
        yield Finding("repeated", f"the trigger {key} is latched: it has opened vote {known.vote or known.noticed}")
    if known.truth != Truth.TRUE.value:
        yield Finding("truth", f"the trigger {key} was {known.truth or 'never judged'}: it opens no vote")
    evidence = as_object(vote.subject.get("evidence"), "evidence")
    yield from differs(
        "finding", "the explanation that the vote rests on", evidence.get("explanation"), known.explanation
    )
    known.noticed = vote.key


@replays("trigger.fired")
def fire(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A trigger fires when it is true, the text is in force and it is not latched; it opens the vote that the text names."""
    yield from by_clock(entry)
    payload, key = entry.payload, text(entry.payload, "trigger")
    known, (rule, rules) = replay.of(Triggers).of(key), _rule(replay, key, entry.at)
    if rule is None:
        yield Finding("unknown", f"the text has no trigger {key!r}")
        return
    in_force_at = replay.of(Texts).at(entry.at).in_force_at
    if in_force_at is None or in_force_at > entry.at:
        yield Finding("too_early", "the treaty is not in force")
    if known.vote:
        yield Finding("repeated", f"the trigger {key} is latched: it has opened vote {known.vote}")
    yield from differs("finding", "when it was judged", moment(payload, "evaluated_at"), known.evaluated_at)
    yield from differs("finding", "the explanation of its truth", text(payload, "explanation"), known.explanation)
    if not any(one.truth is Truth.TRUE for one in judged(replay, rule.condition, rules, entry.at)):
        now = next(judged(replay, rule.condition, rules, entry.at))
        yield Finding("truth", f"the trigger {key} was {now.truth.value} at {stamp(entry.at)}: {now.words}")
    yield from differs("vote", "the vote that was opened for it", text(payload, "vote"), known.noticed or None)
    yield from _opened(replay.of(Votes).of(text(payload, "vote")), rule, text(payload, "level"))
    known.vote, known.noticed = text(payload, "vote"), ""


def _opened(vote: VoteRecord, rule: Trigger, level: str) -> Iterator[Finding]:
    yield from differs("vote", "the decision of its vote", vote.decision, rule.opens)
    yield from differs("level", "the level", level, rule.level)
    yield from differs("level", "the level that its vote names", vote.subject.get("level"), rule.level)


@replays("trigger.reset")
def reset(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A trigger is reset once what it set in motion is over and the text's condition for that is true."""
    yield from by_clock(entry)
    payload, key = entry.payload, text(entry.payload, "trigger")
    known, (rule, rules) = replay.of(Triggers).of(key), _rule(replay, key, entry.at)
    if rule is None or not known.vote:
        yield Finding("state", f"the trigger {key} is not latched")
        return
    yield from differs("vote", "the vote of its firing", text(payload, "vote"), known.vote)
    if not _is_settled(replay, replay.of(Votes).of(known.vote), entry.at):
        yield Finding("too_early", f"what the trigger set in motion by vote {known.vote} is not over")
    conditions = list(judged(replay, rule.condition, rules, entry.at))
    if all(one.truth is Truth.TRUE for one in conditions):
        yield Finding("truth", f"the trigger {key} is still true: {conditions[0].words}")
    resets = list(judged(replay, reset_condition(rule), rules, entry.at))
    if not any(one.truth is Truth.TRUE for one in resets):
        yield Finding("truth", f"the condition that resets {key} was {resets[0].truth.value}: {resets[0].words}")
    said = text(payload, "explanation")
    if said not in {digest(one.to_json()) for one in resets}:
        yield from differs("finding", "the digest of its explanation", said, digest(resets[0].to_json()))
    known.vote = ""


def _is_settled(replay: Replay, vote: VoteRecord, at: datetime) -> bool:
    """Whether the vote was withdrawn or not adopted, or its pause is over."""
    if vote.facts.withdrawn_at:
        return True
    if vote.closed_at is None:
        return False
    if vote.outcome != "adopted":
        return True
    pause = replay.of(Pauses).started_by(vote.key)
    return vote.settled_at is not None if pause is None else pause.state(at) in OVER
