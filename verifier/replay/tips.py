"""Sealed tips: each told once, by the hour, and what the bodies made of them. What is in them, nobody but they can see."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from accounts.rules.organisations import Role
from inspections.rules.tips import ROUNDED, Outcome, TipEvent, TipState, hour_of, next_state
from ledger.rules.entries import EntryValue
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.organisations import by_clock, by_role
from verifier.replay.parties import Parties
from verifier.replay.payloads import moment, text, texts

EVENTS: Final[Mapping[str, TipEvent]] = {
    "tip.opened": TipEvent.OPEN,
    "tip.answered": TipEvent.ANSWER,
    "tip.closed": TipEvent.CLOSE,
}


@dataclass
class Tips:
    """Every tip by hash, with what each body has made of it; answers by hash."""

    states: dict[str, dict[str, TipState]] = field(default_factory=dict)
    answers: set[str] = field(default_factory=set)


@replays("tips.received")
def receive(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The clock tells the tips of an hour that is over, sorted by hash, each tip once."""
    payload, known = entry.payload, replay.of(Tips)
    from_at, until_at, tips = moment(payload, "from_at"), moment(payload, "until_at"), texts(payload, "tips")
    yield from by_clock(entry)
    yield from differs("instant", "the hour's beginning", from_at, hour_of(from_at))
    yield from differs("instant", "the hour's end", until_at, from_at + ROUNDED)
    if until_at > entry.at:
        yield Finding("too_early", "the hour is not over")
    yield from differs("order", "the tips, sorted", tips, sorted(set(tips)))
    for tip in tips:
        if tip in known.states:
            yield Finding("repeated", f"the tip {tip} was told before")
        known.states[tip] = {}


@replays(*EVENTS)
def handle(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """An officer of a body that takes part opens a tip on record, answers it, closes it."""
    payload, known = entry.payload, replay.of(Tips)
    body, tip = text(payload, "body"), text(payload, "tip")
    yield from by_role(replay, entry, {Role.OFFICER}, body)
    if body not in replay.of(Parties).bodies(entry.at):
        yield Finding("state", f"{body} has not accepted its mandate")
    if tip not in known.states:
        yield Finding("unknown", f"no tip {tip} is on record")
        return
    if entry.kind == "tip.closed":
        Outcome(text(payload, "outcome"))
    if entry.kind == "tip.answered":
        if text(payload, "answer") in known.answers:
            yield Finding("repeated", "this answer was given before")
        known.answers.add(text(payload, "answer"))
    known.states[tip][body] = next_state(known.states[tip].get(body, TipState.RECEIVED), EVENTS[entry.kind])
