"""Stand-downs: each stage in its order, by whoever may, complete where the record shows that nothing is left."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from accounts.rules.organisations import Role
from core.durations import Duration
from core.errors import DomainError
from labs.rules.deployments import DeploymentStatus
from labs.rules.runs import RunStatus
from ledger.rules.entries import EntryValue
from treaty.rules.exemptions import exempted
from treaty.rules.pauses import BINDING
from treaty.rules.standdowns import Conclusion, StageKey, missing_before
from treaty.rules.standing import VerificationValue
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.organisations import Organisations, by_clock, by_role
from verifier.replay.parties import Parties
from verifier.replay.pauses import PauseRecord, StandDownRecord, pause_of
from verifier.replay.payloads import flag, maybe_moment, maybe_text, moment, text
from verifier.replay.reports import Reports, all_consistent
from verifier.replay.votes import Votes, effect_of, takes_effect
from verifier.replay.works import Works

WITHOUT_VISIT: Final = "verification-"  # how a conclusion is named that no visit led to


class NotBound(DomainError):
    """The pause asks nothing of this laboratory."""

    code = "not_bound"


def stand_down_of(pause: PauseRecord, lab: str) -> StandDownRecord:
    """Return a laboratory's stand-down; raise NotBound."""
    if lab not in pause.stand_downs:
        raise NotBound(f"pause {pause.key} does not bind {lab}")
    return pause.stand_downs[lab]


def _binding(pause: PauseRecord, at: datetime) -> Iterator[Finding]:
    state = pause.state(at)
    if state not in BINDING:
        yield Finding("state", f"pause {pause.key} is {state.value}: it asks nothing of anybody")


def _by_the_lab(replay: Replay, entry: EntryValue, pause: PauseRecord) -> Iterator[Finding]:
    yield from by_role(replay, entry, {Role.REPRESENTATIVE}, text(entry.payload, "lab"))
    yield from _binding(pause, entry.at)


def _done(stand_down: StandDownRecord, stage: StageKey, at: datetime) -> Iterator[Finding]:
    if stage in stand_down.done_at:
        yield Finding("repeated", f"the stage {stage.value} was done before")
    stand_down.done_at.setdefault(stage, at)


@replays("standdown.acknowledged")
def acknowledge(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The laboratory acknowledges a pause that binds it."""
    pause = pause_of(replay, entry.payload)
    yield from _by_the_lab(replay, entry, pause)
    yield from _done(stand_down_of(pause, text(entry.payload, "lab")), StageKey.ACKNOWLEDGE, entry.at)


@replays("standdown.run_halted")
def halt(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A run above the level's threshold was halted; the stage is complete when none is left."""
    payload, pause, lab = entry.payload, pause_of(replay, entry.payload), text(entry.payload, "lab")
    yield from _by_the_lab(replay, entry, pause)
    stand_down, works, key = stand_down_of(pause, lab), replay.of(Works), text(entry.payload, "run")
    run, limit = works.runs.get(key), pause.terms.level.training_above_flop
    if run is None or run.lab != lab or run.status is not RunStatus.HALTED:
        yield Finding("state", f"{lab} has no run {key} that was halted on record")
    elif limit is None or run.planned_flop <= limit:
        yield Finding("scope", f"the level asks for no halt of {key}")
    if key in stand_down.halted:
        yield Finding("repeated", f"{key} was halted for this pause before")
    stand_down.halted.add(key)
    left = _to_halt(replay, pause, lab, entry.at)
    yield from differs(
        "complete",
        f"whether the stage is complete (left: {', '.join(sorted(left)) or 'none'})",
        flag(payload, "complete"),
        not left,
    )
    if not left:
        stand_down.done_at.setdefault(StageKey.HALT, entry.at)


@replays("standdown.halted")
def state_nothing_runs(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """Nothing above the threshold is left to halt: the nil return."""
    pause, lab = pause_of(replay, entry.payload), text(entry.payload, "lab")
    yield from _by_the_lab(replay, entry, pause)
    stand_down = stand_down_of(pause, lab)
    yield from _none_left(_to_halt(replay, pause, lab, entry.at))
    yield from differs("nil", "whether it is a nil return", flag(entry.payload, "nil"), not stand_down.halted)
    yield from _done(stand_down, StageKey.HALT, entry.at)


@replays("standdown.rolled_back")
def roll_back(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A deployment in scope was rolled back, or none is left to be."""
    payload, pause, lab = entry.payload, pause_of(replay, entry.payload), text(entry.payload, "lab")
    yield from _by_the_lab(replay, entry, pause)
    stand_down, works, key = stand_down_of(pause, lab), replay.of(Works), maybe_text(payload, "deployment")
    left = works.to_roll_back(lab, pause.terms.level)
    yield from differs(
        "complete",
        f"whether the stage is complete (left: {', '.join(sorted(left)) or 'none'})",
        flag(payload, "complete"),
        not left,
    )
    if key is None:
        yield from _done(stand_down, StageKey.ROLL_BACK, entry.at)
        return
    deployment = works.deployments.get(key)
    if deployment is None or deployment.lab != lab or deployment.status is not DeploymentStatus.ROLLED_BACK:
        yield Finding("state", f"{lab} has no deployment {key} that was rolled back on record")
    if key in stand_down.rolled_back:
        yield Finding("repeated", f"{key} was rolled back for this pause before")
    stand_down.rolled_back.add(key)
    if not left:
        stand_down.done_at.setdefault(StageKey.ROLL_BACK, entry.at)


def _to_halt(replay: Replay, pause: PauseRecord, lab: str, at: datetime) -> set[str]:
    """Return the runs that the laboratory has to halt: those above the threshold that no exemption lets go on."""
    return replay.of(Works).to_halt(lab, pause.terms.level) - exempted(pause.exemptions, at)


def _none_left(left: set[str]) -> Iterator[Finding]:
    if left:
        yield Finding("complete", f"still in scope: {', '.join(sorted(left))}")


@replays("standdown.declared")
def declare(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The laboratory declares that it has stood down, once the stages before are done and nothing in scope goes on."""
    payload, pause, lab = entry.payload, pause_of(replay, entry.payload), text(entry.payload, "lab")
    yield from _by_the_lab(replay, entry, pause)
    stand_down, level, works = stand_down_of(pause, lab), pause.terms.level, replay.of(Works)
    before = missing_before(StageKey.DECLARE, pause.stages(lab, entry.at))
    if before:
        yield Finding("order", f"still to be done before: {', '.join(stage.value for stage in before)}")
    yield from _none_left(_to_halt(replay, pause, lab, entry.at) | works.to_roll_back(lab, level))
    if text(payload, "site_mode") not in level.site_modes:
        yield Finding("mode", f"the text allows {', '.join(level.site_modes)}")
    yield from _done(stand_down, StageKey.DECLARE, entry.at)


@replays("standdown.verified")
def verify(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """An accredited, independent body concludes about a declared stand-down, as the report of its visit does."""
    payload, pause, lab = entry.payload, pause_of(replay, entry.payload), text(entry.payload, "lab")
    stand_down, body, conclusion = (
        stand_down_of(pause, lab),
        text(payload, "body"),
        Conclusion(text(payload, "conclusion")),
    )
    yield from _binding(pause, entry.at)
    yield from by_role(replay, entry, {Role.OFFICER, Role.INSPECTOR}, body)
    if body not in replay.of(Parties).bodies(entry.at):
        yield Finding("state", f"{body} has not accepted its mandate")
    if body in replay.of(Organisations).affiliates(lab, entry.at):
        yield Finding("conflict", f"{body} is affiliated with {lab}: it cannot judge it")
    if StageKey.DECLARE not in stand_down.done_at:
        yield Finding("order", f"{lab} has not declared its stand-down: there is nothing to verify")
    validity = pause.terms.verification_validity
    expires_at = validity.after(entry.at) if validity else None
    yield from differs("deadline", "until when it stands", maybe_moment(payload, "expires_at"), expires_at)
    visit = maybe_text(payload, "visit")
    if visit is not None:
        yield from _reported(replay, visit, conclusion)
        if conclusion is Conclusion.CONSISTENT and not all_consistent(replay, pause.key, lab, entry.at):
            yield Finding("report", f"not every site of {lab} was found consistent: one clean site verifies nobody")
    if visit and any(one.reference == visit for one in stand_down.concluded):
        yield Finding("repeated", f"visit {visit} had concluded about this stand-down before")
    stand_down.concluded.append(VerificationValue(conclusion, entry.at, expires_at, visit or ""))
    if conclusion is Conclusion.CONSISTENT:
        stand_down.done_at.setdefault(StageKey.VERIFY, entry.at)


def _reported(replay: Replay, visit: str, conclusion: Conclusion) -> Iterator[Finding]:
    concluded = [one.value for one in replay.of(Reports).concluded(visit)]
    if conclusion.value not in concluded:
        said = f"concludes {concluded[-1]}" if concluded else "is not submitted"
        yield Finding("report", f"the report of visit {visit} {said}, not {conclusion.value}")


@replays("standdown.extended")
def extend(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """An adopted vote moves the deadline of a stage."""
    yield from by_clock(entry)
    payload, pause, vote = (
        entry.payload,
        pause_of(replay, entry.payload),
        replay.of(Votes).of(text(entry.payload, "vote")),
    )
    yield from takes_effect(vote, "standdown.extended", entry.at)
    lab, key = str(vote.subject.get("lab")), StageKey(str(vote.subject.get("stage")))
    stand_down = stand_down_of(pause, lab)
    yield from differs("lab", "the laboratory", text(payload, "lab"), lab)
    yield from differs("stage", "the stage", text(payload, "stage"), key.value)
    stage = next((one for one in pause.stages(lab, effect_of(vote)) if one.key is key), None)
    if stage is None:
        yield Finding("stage", f"the level has no stage {key.value}")
        return
    until = Duration.parse(str(vote.subject.get("by"))).after(stage.due_at)
    yield from differs("deadline", "the new deadline", moment(payload, "until_at"), until)
    stand_down.extended_until[key] = until
