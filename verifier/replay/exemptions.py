"""Exemptions: a run that a decision lets go on under a pause, below the text's cap and for the text's time."""

from collections.abc import Iterator
from datetime import datetime

from core.durations import Duration
from core.errors import DomainError
from core.times import Period
from labs.rules.runs import RunStatus
from ledger.rules.entries import EntryValue
from treaty.rules.exemptions import ExemptionValue, granted_for, is_exemptible, term
from treaty.rules.pauses import BINDING
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.organisations import by_clock
from verifier.replay.pauses import Pauses, pause_of
from verifier.replay.payloads import moment, text
from verifier.replay.votes import VoteRecord, Votes, effect_of, hindrance, takes_effect
from verifier.replay.works import Works


def _holds(vote: VoteRecord) -> Period:
    """Return how long its grant holds; raise ExemptionRefused where it was decided too late."""
    lasts = Duration.parse(str(vote.subject.get("lasts")))
    provisions = vote.text.rules.exemptions
    return granted_for(lasts, provisions, asked_at=vote.facts.noticed_at, from_at=effect_of(vote))


def _is_exemptible(replay: Replay, vote: VoteRecord, at: datetime) -> bool:
    """Whether the pause binds the laboratory and halts the run, and the run is its own, going on, and below the cap."""
    pause, lab = replay.of(Pauses).known.get(vote.pause or ""), str(vote.subject.get("lab"))
    run = replay.of(Works).runs.get(str(vote.subject.get("run")))
    if pause is None or run is None or run.lab != lab or lab not in pause.stand_downs or pause.state(at) not in BINDING:
        return False
    going = run.status in {RunStatus.PLANNED, RunStatus.RUNNING}
    return going and is_exemptible(run.planned_flop, pause.terms.level, vote.text.rules.exemptions)


@replays("vote.noticed")
def ask(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A bound laboratory asks for a run of its own, for a purpose and a time that the text allows."""
    vote = replay.of(Votes).of(text(entry.payload, "vote"))
    if vote.subject.get("effect") != "grant_exemption":
        return
    provisions = vote.text.rules.exemptions
    yield from differs("authority", "whose run it is", vote.subject.get("lab"), vote.requester)
    if vote.subject.get("purpose") not in provisions.purposes:
        yield Finding("purpose", f"the text names no purpose {vote.subject.get('purpose')!r}")
    term(str(vote.subject.get("lasts")), provisions, entry.at)
    if not _is_exemptible(replay, vote, entry.at):
        yield Finding("scope", f"the run {vote.subject.get('run')} cannot be exempted")


@hindrance("exemption.granted")
def is_refused(replay: Replay, vote: VoteRecord, at: datetime) -> bool:
    """Whether it was decided too late, or the run is over, or not halted by the pause any more."""
    try:
        _holds(vote)
    except DomainError:
        return True
    return not _is_exemptible(replay, vote, at)


@replays("exemption.granted")
def grant(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """An adopted vote lets the run go on from its instant of effect, for as long as was asked."""
    yield from by_clock(entry)
    payload, pause = entry.payload, pause_of(replay, entry.payload)
    vote = replay.of(Votes).of(text(payload, "vote"))
    yield from takes_effect(vote, entry.kind, entry.at)
    for name in ("pause", "lab", "run", "purpose"):
        yield from differs(name, f"the {name} that its vote names", text(payload, name), vote.subject.get(name))
    if not _is_exemptible(replay, vote, entry.at):
        yield Finding("scope", f"the run {text(payload, 'run')} cannot be exempted")
    holds = _holds(vote)
    yield from differs("instant", "from when it holds", moment(payload, "from_at"), holds.start)
    yield from differs("deadline", "until when it holds", moment(payload, "until_at"), holds.end)
    pause.exemptions.append(ExemptionValue(text(payload, "lab"), text(payload, "run"), holds))
