"""Pauses: started by adopted votes, bound by mutual pledges, in force, ratified, lapsed and ended at computed instants."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction

from accounts.rules.organisations import Role
from core.canonical import Json
from core.errors import DomainError
from core.times import stamp
from ledger.rules.entries import EntryValue
from treaty.rules.commitments import Named, Pledge, PledgeCondition, read_condition
from treaty.rules.exemptions import ExemptionValue
from treaty.rules.findings import DeterminationValue
from treaty.rules.pauses import (
    BINDING,
    PauseEvent,
    PauseFacts,
    PauseState,
    PauseTerms,
    activation_deadline,
    activation_outcome,
    emergency_lapses_at,
    state_at,
    steps,
    terms_of,
)
from treaty.rules.standdowns import StageKey, StageStanding, StandDownFacts, stages
from treaty.rules.standing import VerificationValue, dispute
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.organisations import by_clock, by_role
from verifier.replay.parties import Parties
from verifier.replay.payloads import Payload, flag, items, maybe_moment, moment, part, parts, text, texts
from verifier.replay.sites import Sites
from verifier.replay.texts import Published
from verifier.replay.votes import VoteRecord, Votes, effect_of, hindrance, takes_effect


class UnknownPause(DomainError):
    """The record has no such pause."""

    code = "unknown_pause"


@dataclass
class StandDownRecord:
    """One laboratory's stand-down: when each stage was done, deadlines that votes moved, what bodies concluded."""

    starts_at: datetime
    done_at: dict[StageKey, datetime] = field(default_factory=dict)
    extended_until: dict[StageKey, datetime] = field(default_factory=dict)
    halted: set[str] = field(default_factory=set)
    rolled_back: set[str] = field(default_factory=set)
    concluded: list[VerificationValue] = field(default_factory=list)  # in their order; those of visits name them


@dataclass
class ResumptionRecord:
    """A resumption that has begun."""

    vote: str
    begun_at: datetime
    reached: list[datetime] = field(default_factory=list)
    snapped_back_at: datetime | None = None


@dataclass
class PauseRecord:
    """A pause as the record shows it."""

    key: str
    vote: VoteRecord
    text: Published
    terms: PauseTerms
    adopted_at: datetime
    activating_at: datetime
    emergency: bool
    pledges: dict[str, Pledge]
    joined: set[str] = field(default_factory=set)
    in_force_at: datetime | None = None
    ratified_at: datetime | None = None
    lapsed_at: datetime | None = None
    ended_at: datetime | None = None
    stand_downs: dict[str, StandDownRecord] = field(default_factory=dict)
    resumptions: list[ResumptionRecord] = field(default_factory=list)
    determinations: list[DeterminationValue] = field(default_factory=list)
    exemptions: list[ExemptionValue] = field(default_factory=list)
    cases: set[tuple[str, str, str]] = field(default_factory=set)  # lab, kind, subject
    plans: int = 0

    def facts(self) -> PauseFacts:
        """Return what decides its state."""
        return PauseFacts(
            adopted_at=self.adopted_at,
            activating_at=self.activating_at,
            pledges=tuple(self.pledges.values()),
            emergency=self.emergency,
            in_force_at=self.in_force_at,
            ratified_at=self.ratified_at,
            ended_at=self.ended_at,
            resumptions=tuple((it.begun_at, it.snapped_back_at) for it in self.resumptions),
        )

    def state(self, at: datetime) -> PauseState:
        """Return what the pause is at `at`."""
        return state_at(self.facts(), self.terms, at)

    def stages(self, lab: str, at: datetime) -> tuple[StageStanding, ...]:
        """Return the stages of a laboratory's stand-down at `at`."""
        it = self.stand_downs[lab]
        return stages(self.terms.level, StandDownFacts(it.starts_at, it.done_at, it.extended_until), at)

    def disputed(self, at: datetime) -> dict[str, datetime]:
        """Return the laboratories whose verified stand-down a body disputes at `at`, and since when."""
        told = {lab: [one for one in it.concluded if one.at >= it.starts_at] for lab, it in self.stand_downs.items()}
        return {lab: found.since for lab, values in told.items() if (found := dispute(values, at))}

    def bind(self, labs: Mapping[str, datetime]) -> None:
        """Let the stand-downs of `labs` begin, each at its instant."""
        self.stand_downs |= {lab: StandDownRecord(since) for lab, since in labs.items()}


@dataclass
class Pauses:
    """Every pause by key."""

    known: dict[str, PauseRecord] = field(default_factory=dict)

    def of(self, key: str) -> PauseRecord:
        """Return a pause; raise UnknownPause."""
        if key not in self.known:
            raise UnknownPause(f"there is no pause {key!r} on record")
        return self.known[key]

    def started_by(self, vote: str) -> PauseRecord | None:
        """Return the pause that a vote started."""
        return next((pause for pause in self.known.values() if pause.vote.key == vote), None)


def pause_of(replay: Replay, payload: Payload) -> PauseRecord:
    """Return the pause that a payload names."""
    return replay.of(Pauses).of(text(payload, "pause"))


@replays("pause.adopted")
def start(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A vote that was adopted and has effect starts the pause that it names; its roll is those bound at that instant."""
    yield from by_clock(entry)
    payload, vote = entry.payload, replay.of(Votes).of(text(entry.payload, "vote"))
    yield from takes_effect(vote, "pause.adopted", entry.at)
    since = effect_of(vote)
    rule = vote.profile.emergency
    level = vote.subject.get("level")
    terms = terms_of(
        vote.text.rules,
        sha256=vote.text.sha256,
        level=level if isinstance(level, str) else "",
        emergency=(rule.lapses, rule.ratified_by) if rule else None,
    )
    roll = _roll(replay, vote, since)
    pause = PauseRecord(
        key=text(payload, "pause"),
        vote=vote,
        text=vote.text,
        terms=terms,
        adopted_at=min(vote.closed_at or since, since),
        activating_at=since,
        emergency=rule is not None,
        pledges={lab: Pledge(lab, compute=compute) for lab, compute in roll.items()},
    )
    if pause.key in replay.of(Pauses).known:
        yield Finding("repeated", f"pause {pause.key} was adopted before")
    replay.of(Pauses).known[pause.key] = pause
    yield from differs("level", "its level", text(payload, "level"), level)
    yield from differs("text_hash", "the text that governs it", text(payload, "text"), vote.text.sha256)
    yield from differs("instant", "from when it has effect", moment(payload, "effective_at"), since)
    yield from differs("emergency", "whether it is an emergency", flag(payload, "emergency"), pause.emergency)
    yield from _deadlines(payload, pause)
    expected = [{"lab": lab, "compute": None if compute is None else str(compute)} for lab, compute in roll.items()]
    yield from differs(
        "roll", "the laboratories bound, with their compute", [dict(it) for it in parts(payload, "roll")], expected
    )


@hindrance("pause.adopted")
def no_such_level(_replay: Replay, vote: VoteRecord, _at: datetime) -> bool:
    """A pause starts unless its vote names no level of its text."""
    return vote.subject.get("level") not in vote.text.rules.levels


def _roll(replay: Replay, vote: VoteRecord, at: datetime) -> dict[str, Fraction | None]:
    covered, sites = vote.text.rules.covered, replay.of(Sites)
    return {lab: sites.compute(lab, covered, at) for lab in replay.of(Parties).bound(at)}


def _deadlines(payload: Payload, pause: PauseRecord) -> Iterator[Finding]:
    by = None if pause.emergency else activation_deadline(pause.facts(), pause.terms)
    yield from differs("deadline", "until when pledges are taken", maybe_moment(payload, "confirm_by"), by)
    if pause.emergency:
        pause.in_force_at = pause.activating_at
        pause.bind(dict.fromkeys(pause.pledges, pause.activating_at))
    lapses_at = emergency_lapses_at(pause.facts(), pause.terms)
    yield from differs("deadline", "when it lapses", maybe_moment(payload, "lapses_at"), lapses_at)


@replays("commitment.confirmed", "commitment.withdrawn")
def pledge(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A laboratory of the roll gives its pledge, or takes it back, while the pause is activating."""
    payload, pause, lab = entry.payload, pause_of(replay, entry.payload), text(entry.payload, "lab")
    yield from by_role(replay, entry, {Role.REPRESENTATIVE}, lab)
    state = pause.state(entry.at)
    if state is not PauseState.ACTIVATING:
        yield Finding("state", f"pause {pause.key} is {state.value}: pledges are given while it is activating")
    if lab not in pause.pledges:
        yield Finding("not_on_roll", f"{lab} is not on the roll of pause {pause.key}")
        return
    given = pause.pledges[lab]
    if entry.kind == "commitment.withdrawn":
        if not given.is_confirmed:
            yield Finding("state", f"{lab} had given no pledge that could be taken back")
        pause.pledges[lab] = replace(given, withdrawn_at=entry.at)
        return
    condition = read_condition(_plain(part(payload, "condition")))
    unknown = sorted(_names(condition) - set(pause.pledges))
    if unknown:
        yield Finding("not_on_roll", f"its condition names {', '.join(unknown)}, not on the roll of pause {pause.key}")
    pause.pledges[lab] = replace(given, condition=condition, confirmed_at=entry.at, withdrawn_at=None)


def _plain(value: Json) -> object:
    return dict(value) if isinstance(value, Mapping) else value


def _names(condition: PledgeCondition) -> set[str]:
    if isinstance(condition, Named):
        return set(condition.labs)
    return {name for one in getattr(condition, "of", ()) for name in _names(one)}


@replays("pause.entered_into_force")
def enter(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """Mutual activation ends in force: at the computed instant, for the largest set whose pledges are all met."""
    yield from by_clock(entry)
    pause = pause_of(replay, entry.payload)
    yield from _activated(pause, entry, in_force=True)
    pause.in_force_at = moment(entry.payload, "at")
    pause.bind(dict.fromkeys(texts(entry.payload, "bound"), pause.in_force_at))


def _activated(pause: PauseRecord, entry: EntryValue, *, in_force: bool) -> Iterator[Finding]:
    if pause.emergency or pause.in_force_at or pause.lapsed_at:
        yield Finding("repeated", f"the activation of pause {pause.key} was over before")
    payload, outcome = entry.payload, activation_outcome(pause.facts(), pause.terms)
    if outcome.at > entry.at:
        yield Finding("too_early", f"the activation of pause {pause.key} ends at {stamp(outcome.at)} at the earliest")
    yield from differs("activation", "whether it comes into force", in_force, outcome.in_force)
    yield from differs("instant", "the instant", moment(payload, "at"), outcome.at)
    yield from differs("activation", "the reason", text(payload, "reason"), outcome.reason)
    reasons = sorted(outcome.bound.reasons.items())
    bound = [lab for lab, why in reasons if why.bound and outcome.in_force]
    out = [{"lab": lab, "code": why.code, "round": why.round} for lab, why in reasons if not why.bound]
    yield from differs("bound_set", "the laboratories that it binds", texts(payload, "bound"), bound)
    yield from differs("bound_set", "the laboratories that it does not bind", list(items(payload, "out")), out)


@replays("pause.lapsed")
def lapse(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A pause lapses with too few pledges, or, in an emergency, unless it is ratified in time."""
    yield from by_clock(entry)
    pause = pause_of(replay, entry.payload)
    if text(entry.payload, "reason") == "not_ratified":
        yield from _over(pause, entry, PauseEvent.LAPSE)
    else:
        yield from _activated(pause, entry, in_force=False)
    pause.lapsed_at = moment(entry.payload, "at")


def _over(pause: PauseRecord, entry: EntryValue, event: PauseEvent) -> Iterator[Finding]:
    """Find an end that time did not bring, or not at that instant."""
    if pause.lapsed_at or pause.ended_at:
        yield Finding("repeated", f"pause {pause.key} was over before")
    expected = next((step.at for step in steps(pause.facts(), pause.terms) if step.event is event), None)
    yield from differs("instant", f"when it comes to {event.value}", moment(entry.payload, "at"), expected)
    if expected and expected > entry.at:
        yield Finding("too_early", f"pause {pause.key} is over at {stamp(expected)} only")


@replays("pause.ended")
def end(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A pause ends by the text's sunset, or when the last stage of its resumption has been reached."""
    yield from by_clock(entry)
    pause, reason = pause_of(replay, entry.payload), text(entry.payload, "reason")
    if reason == "sunset":
        yield from _over(pause, entry, PauseEvent.END)
    else:
        under_way = next((it for it in pause.resumptions if it.snapped_back_at is None), None)
        reached = under_way.reached if under_way else []
        wanted = len(pause.terms.resumption.stages)
        if reason != "resumed" or len(reached) < wanted or pause.ended_at or pause.lapsed_at:
            yield Finding("state", f"{len(reached)} of {wanted} stages of a resumption are reached")
        else:
            yield from differs("instant", "when it ended", moment(entry.payload, "at"), reached[-1])
    pause.ended_at = moment(entry.payload, "at")


@replays("pause.ratified")
def ratify(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A vote that has effect before the lapse ratifies an emergency pause."""
    yield from by_clock(entry)
    pause, vote = pause_of(replay, entry.payload), replay.of(Votes).of(text(entry.payload, "vote"))
    yield from takes_effect(vote, "pause.ratified", entry.at)
    since = effect_of(vote)
    yield from differs("pause", "the pause of its vote", vote.pause or vote.subject.get("pause"), pause.key)
    yield from differs("instant", "from when it is ratified", moment(entry.payload, "effective_at"), since)
    if not pause.emergency or pause.ratified_at or pause.state(since) not in BINDING:
        yield Finding("state", f"pause {pause.key} was {pause.state(since).value} then, and cannot be ratified")
    pause.ratified_at = since
    pause.vote.facts = replace(pause.vote.facts, ratified_at=since)


@replays("pause.joined")
def join(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """Laboratories that acceded while the pause was in force are bound from the instant at which the treaty binds them."""
    yield from by_clock(entry)
    pause, parties = pause_of(replay, entry.payload), replay.of(Parties)
    if pause.state(entry.at) not in BINDING or pause.in_force_at is None:
        yield Finding("state", f"pause {pause.key} is {pause.state(entry.at).value}: nobody joins it")
        return
    new = [lab for lab in parties.bound(entry.at) if lab not in pause.pledges and lab not in pause.joined]
    expected = {lab: max(parties.bound_at[lab], pause.in_force_at) for lab in new}
    said = {text(it, "lab"): moment(it, "starts_at") for it in parts(entry.payload, "labs")}
    yield from differs(
        "bound_set",
        "who joins, and from when",
        {lab: stamp(at) for lab, at in sorted(said.items())},
        {lab: stamp(at) for lab, at in sorted(expected.items())},
    )
    pause.joined |= set(said)
    pause.bind(said)
