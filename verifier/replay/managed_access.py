"""Managed access: asked for by the visited party, settled by its team, in time; what stayed hidden is not reported as verified."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from accounts.rules.organisations import Role
from inspections.rules.managed_access import (
    Measure,
    RequestEvent,
    RequestState,
    claims_unseen,
    hidden_layers,
    next_state,
    require_time,
)
from inspections.rules.reports import Answer
from ledger.rules.entries import EntryValue
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.organisations import by_role
from verifier.replay.payloads import number, part, text
from verifier.replay.visits import Inspections, by_team, visit_of


@dataclass
class Requests:
    """What was asked for, by visit and number: layer, measure, state."""

    known: dict[str, dict[int, tuple[str, Measure, RequestState]]] = field(default_factory=dict)


@replays("managed_access.requested")
def ask(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The visited party asks about a layer that the team looks at, between the notice and the report."""
    payload, visit = entry.payload, visit_of(replay, entry.payload)
    yield from by_role(replay, entry, {Role.REPRESENTATIVE}, visit.lab)
    require_time(visit.state)
    known = replay.of(Requests).known.setdefault(text(payload, "visit"), {})
    yield from differs("number", "the request's number", number(payload, "number"), len(known) + 1)
    if text(payload, "layer") not in replay.of(Inspections).layers(visit):
        yield Finding("layer", f"this visit does not look at {text(payload, 'layer')}")
    known[number(payload, "number")] = (text(payload, "layer"), Measure(text(payload, "measure")), RequestState.ASKED)


@replays("managed_access.settled")
def settle(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The team says what becomes of a request, by the table of states."""
    payload, visit = entry.payload, visit_of(replay, entry.payload)
    yield from by_team(replay, entry, visit)
    require_time(visit.state)
    known = replay.of(Requests).known.get(text(payload, "visit"), {})
    if number(payload, "number") not in known:
        yield Finding("unknown", f"nothing was asked for as number {number(payload, 'number')}")
        return
    layer, measure, state = known[number(payload, "number")]
    moved = next_state(state, RequestEvent(text(payload, "event")))
    yield from differs("state", "the state of the request", text(payload, "state"), moved.value)
    known[number(payload, "number")] = (layer, measure, moved)


@replays("report.submitted", "report.amended")
def compare(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """No layer is reported as verified of which something stayed hidden."""
    requests = replay.of(Requests).known.get(text(entry.payload, "visit"), {})
    answers = {layer: Answer(str(said)) if said else None for layer, said in part(entry.payload, "answers").items()}
    for one in claims_unseen(answers, hidden_layers(requests.values())):
        yield Finding("unseen", f"{one.part}: {one.words}")
