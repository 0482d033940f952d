"""Resumption: criteria judged again at the notice and at the instant of effect; stages as their conditions allow."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from accounts.rules.organisations import Role
from core.canonical import Json
from core.times import stamp
from core.truth import Truth, all_of
from ledger.rules.entries import EntryValue
from treaty.rules.conditions import Determined, walk
from treaty.rules.evaluation import evaluate
from treaty.rules.findings import DeterminationValue
from treaty.rules.pauses import BINDING, PauseState
from treaty.rules.resumption import (
    CriterionStanding,
    Move,
    criteria_standing,
    may_resume,
    next_move,
    stage_due_at,
    unmet,
)
from treaty.rules.text import ResumptionStage
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.organisations import by_clock, by_role
from verifier.replay.parties import Parties, asks_for
from verifier.replay.pauses import PauseRecord, Pauses, ResumptionRecord, pause_of
from verifier.replay.payloads import Payload, as_object, flag, moment, number, parts, text
from verifier.replay.votes import Votes, effect_of, takes_effect
from verifier.replay.worlds import worlds


def criteria(replay: Replay, pause: PauseRecord, at: datetime) -> Iterator[tuple[CriterionStanding, ...]]:
    """Yield every criterion of the pause as it stands at `at`, first by all that is on record."""
    resumption = pause.terms.resumption
    conditions = [criterion.condition for criterion in resumption.criteria.values()]
    made = tuple(it for it in pause.determinations if it.determined_at <= at)
    for world in worlds(replay, conditions, pause.text.rules, at, made, disputed=pause.disputed(at)):
        yield criteria_standing(resumption, world, at)


def stage_truths(replay: Replay, pause: PauseRecord, stages: Sequence[ResumptionStage], at: datetime) -> list[Truth]:
    """Return whether the conditions of `stages` all hold at `at`, first by all that is on record."""
    conditions = [stage.condition for stage in stages if stage.condition is not None]
    made = tuple(it for it in pause.determinations if it.determined_at <= at)
    if not conditions:
        return [Truth.TRUE]
    seen = worlds(replay, conditions, pause.text.rules, at, made, disputed=pause.disputed(at))
    return [all_of(evaluate(condition, world, at).truth for condition in conditions) for world in seen]


def _standing(
    replay: Replay, pause: PauseRecord, said: Sequence[Json], at: datetime
) -> tuple[tuple[CriterionStanding, ...], list[Finding]]:
    """Return the criteria as the record states them if they follow, else as they follow, with what differs."""
    stated = _by_key(said)
    found = list(criteria(replay, pause, at))
    for standing in found:
        if _by_key([one.to_json() for one in standing]) == stated:
            return standing, []
    expected = _by_key([one.to_json() for one in found[0]])
    different = sorted(key for key in stated.keys() | expected.keys() if stated.get(key) != expected.get(key))
    return found[0], [
        finding
        for key in different
        for finding in differs("criteria", f"the criterion {key}", stated.get(key), expected.get(key))
    ]


def _by_key(criteria: Sequence[Json]) -> dict[str, Payload]:
    """Return what is said of each criterion: their order means nothing."""
    return {text(it, "criterion"): dict(it) for one in criteria for it in [as_object(one, "criteria")]}


def _refusal(standing: tuple[CriterionStanding, ...]) -> str:
    return "; ".join(f"{one.key} is {one.truth.value}: {one.words}" for one in unmet(standing))


@replays("criterion.determined")
def determine(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """An officer of an accredited body determines a criterion that the text lets bodies determine, until it expires."""
    payload, pause = entry.payload, pause_of(replay, entry.payload)
    key, body = text(payload, "criterion"), text(payload, "body")
    yield from by_role(replay, entry, {Role.OFFICER}, body)
    if body not in replay.of(Parties).bodies(entry.at):
        yield Finding("state", f"{body} has not accepted its mandate")
    state, rules = pause.state(entry.at), pause.terms.resumption.criteria
    if state not in BINDING:
        yield Finding("state", f"pause {pause.key} is {state.value}: there is nothing to determine")
    named = {it.criterion for one in rules.values() for it in walk(one.condition) if isinstance(it, Determined)}
    if key not in named:
        yield Finding("unknown", f"{key!r} is no criterion that a body determines")
    validity = (rules[key] if key in rules else next(iter(rules.values()))).determination_validity
    expires_at = validity.after(entry.at)
    yield from differs("deadline", "until when it stands", moment(payload, "expires_at"), expires_at)
    pause.determinations.append(DeterminationValue(key, body, flag(payload, "met"), entry.at, expires_at))


@replays("vote.noticed")
def ask(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The vote on resuming is asked for by a party or a body, of a pause in force, when every criterion is met."""
    vote = replay.of(Votes).of(text(entry.payload, "vote"))
    if vote.subject.get("effect") != "resume" or "criteria" not in vote.subject:
        return
    pause = replay.of(Pauses).of(vote.pause or "")
    if pause.state(entry.at) is not PauseState.IN_FORCE:
        yield Finding(
            "state", f"pause {pause.key} is {pause.state(entry.at).value}: only a pause in force is resumed from"
        )
    if vote.requester is None or not asks_for(replay, entry.by, vote.requester, entry.at):
        yield Finding("authority", f"{entry.by or 'nobody'} could not ask to resume")
    standing, found = _standing(replay, pause, parts(vote.subject, "criteria"), entry.at)
    yield from found
    if may_resume(standing) is not Truth.TRUE:
        yield Finding("criteria", f"not every criterion is met: {_refusal(standing)}")


@replays("resumption.begun", "resumption.refused")
def begin(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """An adopted vote begins the resumption if every criterion is met at its instant of effect; unknown lifts nothing."""
    yield from by_clock(entry)
    payload, pause = entry.payload, pause_of(replay, entry.payload)
    vote = replay.of(Votes).of(text(payload, "vote"))
    yield from takes_effect(vote, "resumption.begun", entry.at)
    vote.effect = entry.kind
    since = effect_of(vote)
    yield from differs("pause", "the pause of its vote", vote.pause or vote.subject.get("pause"), pause.key)
    yield from differs("instant", "from when it has effect", moment(payload, "at"), since)
    state = pause.state(since)
    yield from differs("state", "what the pause was", text(payload, "state"), state.value)
    standing, found = _standing(replay, pause, parts(payload, "criteria"), since)
    yield from found
    begins = may_resume(standing) is Truth.TRUE and state is PauseState.IN_FORCE
    if entry.kind == "resumption.begun" and not begins:
        yield Finding("criteria", f"work does not resume from a pause that is {state.value}: {_refusal(standing)}")
    if entry.kind == "resumption.refused" and begins:
        yield Finding("criteria", "every criterion was met: the resumption begins")
    if entry.kind == "resumption.begun":
        pause.resumptions.append(ResumptionRecord(vote.key, since))


def _under_way(pause: PauseRecord) -> ResumptionRecord | None:
    return next((it for it in pause.resumptions if it.snapped_back_at is None), None)


def _moves(replay: Replay, pause: PauseRecord, resumption: ResumptionRecord, at: datetime) -> set[Move]:
    """Return what can have happened at `at`: one move, or two where a reading arrived in that moment."""
    stages, reached = pause.terms.resumption.stages, len(resumption.reached)
    following = stage_truths(replay, pause, stages[reached : reached + 1], at)
    behind = stage_truths(replay, pause, stages[:reached], at)
    return {
        next_move(stages, begun_at=resumption.begun_at, reached=reached, next_truth=one, reached_truth=other, at=at)
        for one in following
        for other in behind
    }


@replays("resumption.stage_reached")
def reach(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The next stage is reached when it is due and its condition holds."""
    yield from by_clock(entry)
    payload, pause = entry.payload, pause_of(replay, entry.payload)
    resumption, stages = _under_way(pause), pause.terms.resumption.stages
    if resumption is None or pause.state(entry.at) is not PauseState.RESUMING:
        yield Finding("state", f"pause {pause.key} is {pause.state(entry.at).value}: no resumption is under way")
        return
    reached = len(resumption.reached)
    yield from differs("stage", "the stage", number(payload, "stage"), reached + 1)
    if reached == len(stages):
        return
    due_at = stage_due_at(stages, reached, resumption.begun_at)
    moves = _moves(replay, pause, resumption, entry.at)
    if Move.REACH not in moves:
        yield Finding(
            "stage", f"stage {reached + 1} is not reached: {', '.join(sorted(moves))}, due at {stamp(due_at)}"
        )
    before = resumption.reached[-1] if resumption.reached else due_at
    expected = entry.at if stages[reached].condition else max(due_at, before)
    yield from differs("instant", "when it was reached", moment(payload, "at"), expected)
    resumption.reached.append(moment(payload, "at"))


@replays("resumption.snapped_back")
def snap_back(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A resumption snaps back when the condition of a stage is false; unknown only holds it where it is."""
    yield from by_clock(entry)
    payload, pause = entry.payload, pause_of(replay, entry.payload)
    resumption = _under_way(pause)
    if resumption is None:
        yield Finding("state", f"no resumption of pause {pause.key} is under way")
        return
    yield from differs("vote", "the vote of the resumption", text(payload, "vote"), resumption.vote)
    yield from differs("stage", "how many stages were reached", number(payload, "stages"), len(resumption.reached))
    if Move.SNAP_BACK not in _moves(replay, pause, resumption, entry.at):
        yield Finding("stage", "the condition of no stage is false")
    resumption.snapped_back_at = entry.at
