"""Redactions: asked for on a ground of the text, decided by a body of the visit that did not ask. What was signed stays as it was."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from accounts.rules.organisations import Role
from inspections.rules.passages import WHOLE
from inspections.rules.redactions import RedactionState, deciders
from ledger.rules.entries import EntryValue
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.organisations import by_representative, by_role
from verifier.replay.payloads import Payload, number, text
from verifier.replay.reports import Reports
from verifier.replay.visits import visit_of


@dataclass
class RedactionRecord:
    """What was asked, by whom, and what became of it."""

    place: str
    organisation: str
    state: RedactionState = RedactionState.ASKED


@dataclass
class Redactions:
    """Every redaction by report and number."""

    known: dict[str, dict[int, RedactionRecord]] = field(default_factory=dict)

    def of(self, payload: Payload) -> dict[int, RedactionRecord]:
        """Return those of the report that a payload names."""
        return self.known.setdefault(text(payload, "report"), {})


@replays("redaction.asked")
def ask(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The inspected party, or a body of the visit, asks on a ground of the text for a passage that is not asked for already."""
    payload, visit, known = entry.payload, visit_of(replay, entry.payload), replay.of(Redactions).of(entry.payload)
    asker, place, ground = (text(payload, name) for name in ("organisation", "place", "ground"))
    if asker == visit.lab:
        yield from by_representative(replay, entry, visit.lab)
    else:
        yield from by_role(replay, entry, {Role.OFFICER}, asker)
        if asker not in visit.team.values():
            yield Finding("authority", f"{asker} sent nobody on this visit")
    if replay.of(Reports).of(payload).submitted_at is None:
        yield Finding("state", f"report {text(payload, 'report')} is not submitted: nothing of it is published")
    terms = visit.text.redactions
    if terms is None or ground not in terms.grounds:
        yield Finding("ground", f"the text has no ground {ground!r} for a redaction")
    if place == WHOLE or any(it.place == place and it.state is not RedactionState.REFUSED for it in known.values()):
        yield Finding("repeated", f"{place} cannot be taken out, or was asked for already")
    yield from differs("number", "its number", number(payload, "number"), len(known) + 1)
    known[number(payload, "number")] = RedactionRecord(place, asker)


@replays("redaction.granted", "redaction.refused")
def decide(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """An officer of a body of the visit that did not ask decides, once."""
    payload, visit, known = entry.payload, visit_of(replay, entry.payload), replay.of(Redactions).of(entry.payload)
    body = text(payload, "body")
    yield from by_role(replay, entry, {Role.OFFICER}, body)
    asked = known.get(number(payload, "number"))
    if asked is None:
        yield Finding("unknown", f"nobody asked for redaction {number(payload, 'number')}")
        return
    if body not in deciders(set(visit.team.values()), asked.organisation):
        yield Finding("authority", f"{body} sent nobody on this visit, or asked for it itself")
    if asked.state is not RedactionState.ASKED:
        yield Finding("repeated", f"redaction {number(payload, 'number')} was {asked.state.value} before")
    asked.state = RedactionState(entry.kind.removeprefix("redaction."))
