"""The ladder of a finding and dissent beside it: asked, acknowledged, answered within the text's times, by whom each belongs to."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from accounts.rules.organisations import Role
from inspections.rules.clarifications import ClarificationValue, require_askable
from ledger.rules.entries import EntryValue
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.organisations import Organisations, by_representative, by_role
from verifier.replay.parties import Parties
from verifier.replay.payloads import Payload, flag, moment, number, text
from verifier.replay.reports import ReportRecord, Reports, by_its_bodies
from verifier.replay.texts import Texts
from verifier.replay.visits import VisitRecord, visit_of


@dataclass
class Dissents:
    """Who dissented from what."""

    known: set[tuple[str, int | None, str]] = field(default_factory=set)


@replays("clarification.asked")
def ask(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The team or its bodies ask about an open finding, one question at a time, with the text's times for the answer."""
    payload, visit, report = entry.payload, visit_of(replay, entry.payload), replay.of(Reports).of(entry.payload)
    yield from by_its_bodies(replay, entry, visit)
    clock, finding = replay.of(Texts).at(entry.at).rules.clarification, number(payload, "number")
    made = ClarificationValue(clock.acknowledge_within.after(entry.at), clock.answer_within.after(entry.at))
    yield from differs(
        "deadline", "until when it is acknowledged", moment(payload, "acknowledge_by"), made.acknowledge_by
    )
    yield from differs("deadline", "until when it is answered", moment(payload, "answer_by"), made.answer_by)
    if text(payload, "body") not in visit.team.values():
        yield Finding("body", f"{text(payload, 'body')} sent nobody on the visit")
    if finding not in report.findings:
        yield Finding("unknown", f"report {text(payload, 'report')} has no finding {finding}")
        return
    asked = report.asked.setdefault(finding, [])
    require_askable(report.findings[finding], asked)
    asked.append(made)


@replays("clarification.acknowledged", "clarification.answered")
def respond(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The visited party acknowledges once what it is asked, and answers once."""
    payload, visit, report = entry.payload, visit_of(replay, entry.payload), replay.of(Reports).of(entry.payload)
    yield from by_representative(replay, entry, visit.lab)
    asked = report.asked.get(number(payload, "number"), [])
    if not asked or asked[-1].answered_at is not None:
        yield Finding("unknown", "nothing is asked that waits for an answer")
        return
    if entry.kind == "clarification.answered":
        asked[-1] = replace(asked[-1], answered_at=entry.at)
        return
    if asked[-1].acknowledged_at is not None:
        yield Finding("repeated", "it was acknowledged before")
    asked[-1] = replace(asked[-1], acknowledged_at=entry.at)


@replays("dissent.filed")
def dissent(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """An inspector of the team, or an officer for an independent body, dissents once from a finding or from the conclusion."""
    payload, visit, report = entry.payload, visit_of(replay, entry.payload), replay.of(Reports).of(entry.payload)
    finding = None if payload.get("number") is None else number(payload, "number")
    body, for_body, known = text(payload, "body"), flag(payload, "for_body"), replay.of(Dissents).known
    if for_body:
        yield from _for_body(replay, entry, visit, body)
    elif visit.team.get(entry.by or "") != body:
        yield Finding("authority", f"{entry.by or 'nobody'} was not sent on the visit by {body}")
    if report.submitted_at is None or (finding is not None and finding not in report.findings):
        yield Finding("unknown", f"report {text(payload, 'report')} has no such finding, or is not submitted")
    what = (text(payload, "report"), finding, entry.by or "")
    if what in known:
        yield Finding("repeated", f"{entry.by} dissented from this before")
    known.add(what)
    _mark(report, payload)


def _for_body(replay: Replay, entry: EntryValue, visit: VisitRecord, body: str) -> Iterator[Finding]:
    yield from by_role(replay, entry, {Role.OFFICER}, body)
    if body not in replay.of(Parties).bodies(entry.at):
        yield Finding("state", f"{body} has not accepted its mandate")
    if body in replay.of(Organisations).affiliates(visit.lab, entry.at):
        yield Finding("conflict", f"{body} is affiliated with {visit.lab}")


def _mark(report: ReportRecord, payload: Payload) -> None:
    if payload.get("number") is None and flag(payload, "for_body"):
        report.disputed = True
