"""Compliance cases: open by themselves at the right deadline, are answered, determined by a vote only, and closed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from accounts.rules.organisations import Role
from core.errors import DomainError
from core.times import instant, stamp
from inspections.rules.accounting import balanced_since, declared_by, terms_of
from inspections.rules.clarifications import require_referable
from inspections.rules.specials import TO_THE_CASE
from ledger.rules.entries import EntryValue
from treaty.rules.cases import WORK, CaseEvent, CaseKind, CaseState, next_state, read_work_subject
from treaty.rules.standdowns import LATE_STATES, Conclusion
from verifier.replay.accounting import Books
from verifier.replay.declarations import Declarations
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.organisations import Organisations, by_clock, by_role
from verifier.replay.parties import Parties, asks_for
from verifier.replay.pauses import PauseRecord, Pauses
from verifier.replay.payloads import Payload, maybe_text, moment, text
from verifier.replay.reports import Reports
from verifier.replay.sites import Sites
from verifier.replay.specials import Specials
from verifier.replay.standdowns import WITHOUT_VISIT, stand_down_of
from verifier.replay.texts import Texts
from verifier.replay.visits import Inspections
from verifier.replay.votes import Votes, takes_effect

STEPS: Final[Mapping[str, CaseEvent]] = {
    "case.answered": CaseEvent.ANSWER,
    "case.remedied": CaseEvent.REMEDY,
    "case.determined": CaseEvent.DETERMINE,
    "case.closed": CaseEvent.CLOSE,
}


class UnknownCase(DomainError):
    """The record has no such case."""

    code = "unknown_case"


@dataclass
class CaseRecord:
    """A case: about whom, under which pause, and where it stands."""

    lab: str
    pause: str | None
    state: CaseState = CaseState.OPEN
    determined: bool = False


@dataclass
class Cases:
    """Every case by key."""

    known: dict[str, CaseRecord] = field(default_factory=dict)
    findings: set[str] = field(default_factory=set)  # those that were referred

    def in_breach(self, lab: str) -> bool:
        """Whether a case about the laboratory is open in which non-compliance was determined."""
        return any(
            case.lab == lab and case.determined and case.state is not CaseState.CLOSED for case in self.known.values()
        )


@replays("case.opened")
def open_case(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """Lateness opens a case once its deadline has passed, a discrepancy once it was found; others refer what they saw."""
    payload, known = entry.payload, replay.of(Cases)
    key, lab, about, subject = (text(payload, name) for name in ("case", "lab", "about", "subject"))
    pause = replay.of(Pauses).of(text(payload, "pause")) if maybe_text(payload, "pause") else None
    if key in known.known:
        yield Finding("repeated", f"case {key} was opened before")
    yield from _founded(replay, entry, pause)
    if pause and about not in {CaseKind.REFERRAL, CaseKind.FINDING}:
        if (lab, about, subject) in pause.cases:
            yield Finding("repeated", f"a case about this was opened before under pause {pause.key}")
        pause.cases.add((lab, about, subject))
    clock = pause.terms.answer_within if pause else replay.of(Texts).at(entry.at).rules.clarification.answer_within
    yield from differs("deadline", "until when an answer is due", moment(payload, "answer_by"), clock.after(entry.at))
    known.known[key] = CaseRecord(lab, pause.key if pause else None)


def _missing(replay: Replay, lab: str, subject: str, at: datetime) -> Iterator[Finding]:
    """Find a case about a declaration that was filed, was never asked for, or is not long overdue yet."""
    if subject.startswith(WORK):
        yield from _undeclared(replay, lab, subject, at)
        return
    kind, _colon, due = subject.partition(":")
    known, asked = replay.of(Declarations), (lab, kind, instant(due))
    if asked not in known.overdue:
        yield Finding("state", f"{lab} owes no {kind} that was due at {due}, or none that is overdue on record")
    if asked in known.asked_about:
        yield Finding("repeated", "a case about this was opened before")
    if replay.of(Texts).at(at).rules.clarification.long_overdue_after.after(asked[2]) > at:
        yield Finding("too_early", "it is overdue, and not long overdue")
    known.asked_about.add(asked)


def _undeclared(replay: Replay, lab: str, subject: str, at: datetime) -> Iterator[Finding]:
    """Find a case about work at a site that is nobody's, was declared, or is not long overdue yet."""
    known, parties, (facility, due) = replay.of(Declarations), replay.of(Parties), read_work_subject(subject)
    site, rules = replay.of(Sites).known.get(facility), replay.of(Texts).at(at).rules
    if site is None or site.lab != lab or at not in site.used or lab not in parties.bound(at):
        yield Finding("unknown", f"{lab} is bound by no treaty or uses no site {facility}")
        return
    texts = sorted(
        (it.in_force_at, it) for it in replay.of(Texts).published.values() if it.in_force_at and it.in_force_at <= at
    )
    asked = balanced_since((since, it.rules.monitoring.balance is not None) for since, it in texts)
    begins = max(it for it in (site.used.start, parties.bound_at.get(lab), asked) if it)
    declared = replay.of(Books).of({"facility": facility}).declared
    _since, follows = declared_by(list(declared), begins, terms_of(rules.monitoring))
    yield from differs("due", "by when its work was to be declared", due, follows)
    if (lab, WORK + facility, due) in known.asked_about:
        yield Finding("repeated", "a case about this was opened before")
    if rules.clarification.long_overdue_after.after(due) > at:
        yield Finding("too_early", "it is overdue, and not long overdue")
    known.asked_about.add((lab, WORK + facility, due))


def _founded(replay: Replay, entry: EntryValue, pause: PauseRecord | None) -> Iterator[Finding]:
    """Find a case without what a case of its kind rests on."""
    lab, about, subject = (text(entry.payload, name) for name in ("lab", "about", "subject"))
    match CaseKind(about):
        case CaseKind.LATE:
            yield from by_clock(entry)
            yield from _late(pause, lab, subject, entry.at)
        case CaseKind.DISCREPANCY:
            yield from by_clock(entry)
            if not _found_wrong(pause, lab, subject):
                yield Finding("finding", f"{subject} found no discrepancy at {lab}")
        case CaseKind.MISSING:
            yield from by_clock(entry)
            yield from _missing(replay, lab, subject, entry.at)
        case CaseKind.FINDING:
            yield from _referred_finding(replay, entry, lab, subject)
        case CaseKind.SPECIAL:
            yield from by_clock(entry)
            yield from _special(replay, lab, subject, entry.at)
        case CaseKind.REFERRAL:
            if subject == lab or not asks_for(replay, entry.by, subject, entry.at):
                yield Finding("authority", f"{entry.by or 'nobody'} could not refer a case in the name of {subject}")


def _referred_finding(replay: Replay, entry: EntryValue, lab: str, subject: str) -> Iterator[Finding]:
    """Find a case about a finding that is not on record, that clarification may still settle, or that a body could not refer."""
    body, (name, _hash, digits) = text(entry.payload, "body"), subject.partition("#")
    yield from by_role(replay, entry, {Role.OFFICER}, body)
    if body not in replay.of(Parties).bodies(entry.at):
        yield Finding("state", f"{body} has not accepted its mandate")
    if body in replay.of(Organisations).affiliates(lab, entry.at):
        yield Finding("conflict", f"{body} is affiliated with {lab}: another body refers this finding")
    visit = name.partition("/")[0]
    report = replay.of(Reports).known.get(visit, {}).get(name)
    state = report.findings.get(int(digits)) if report else None
    if report is None or state is None or replay.of(Inspections).visits[visit].lab != lab:
        yield Finding("unknown", f"there is no finding {subject} about {lab} on record")
        return
    known = replay.of(Cases).findings
    if subject in known:
        yield Finding("repeated", "a case about this finding was opened before")
    known.add(subject)
    require_referable(state, report.asked.get(int(digits), []), entry.at)


def _special(replay: Replay, lab: str, subject: str, at: datetime) -> Iterator[Finding]:
    """Find a case about a special visit that was agreed to, or may still be."""
    one = replay.of(Specials).of(subject)
    yield from differs("lab", "the laboratory", lab, one.lab)
    if one.standing(at) not in TO_THE_CASE:
        yield Finding("state", f"special visit {subject} is {one.standing(at).value}: no case follows")
    if one.has_case:
        yield Finding("repeated", "a case about this was opened before")
    one.has_case = True


def _found_wrong(pause: PauseRecord | None, lab: str, subject: str) -> bool:
    """Whether the visit, or a verification without one, concluded that there is a discrepancy."""
    concluded = stand_down_of(pause, lab).concluded if pause else []
    visit = "" if subject.startswith(WITHOUT_VISIT) else subject
    return any(one.conclusion is Conclusion.DISCREPANCY and one.reference == visit for one in concluded)


def _late(pause: PauseRecord | None, lab: str, subject: str, at: datetime) -> Iterator[Finding]:
    if pause is None:
        yield Finding("pause", "lateness belongs to a pause")
        return
    stand_down_of(pause, lab)
    over = pause.ended_at or pause.lapsed_at or at
    stage = next((one for one in pause.stages(lab, min(at, over)) if one.key.value == subject), None)
    if stage is None:
        yield Finding("stage", f"the level has no stage {subject}")
    elif stage.state not in LATE_STATES:
        yield Finding("too_early", f"{lab} is not late with {subject}: it is due at {stamp(stage.due_at)}")


@replays(*STEPS)
def move(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The laboratory answers and remedies, an independent body closes, a vote alone determines."""
    payload, event = entry.payload, STEPS[entry.kind]
    case = replay.of(Cases).known.get(text(payload, "case"))
    if case is None:
        raise UnknownCase(f"there is no case {text(payload, 'case')!r} on record")
    yield from differs("lab", "the laboratory", text(payload, "lab"), case.lab)
    match event:
        case CaseEvent.DETERMINE:
            yield from _determined(replay, entry)
        case CaseEvent.CLOSE:
            yield from _closed(replay, entry, case.lab)
        case _:
            yield from by_role(replay, entry, {Role.REPRESENTATIVE}, case.lab)
    moved = next_state(case.state, event)
    yield from differs("state", "the state of the case", text(payload, "state"), moved.value)
    case.state = moved
    case.determined = case.determined or event is CaseEvent.DETERMINE


def _determined(replay: Replay, entry: EntryValue) -> Iterator[Finding]:
    yield from by_clock(entry)
    payload: Payload = entry.payload
    vote = replay.of(Votes).of(text(payload, "vote"))
    yield from takes_effect(vote, "case.determined", entry.at)
    yield from differs("case", "the case that its vote names", vote.subject.get("case"), text(payload, "case"))


def _closed(replay: Replay, entry: EntryValue, lab: str) -> Iterator[Finding]:
    body = text(entry.payload, "organisation")
    yield from by_role(replay, entry, {Role.OFFICER}, body)
    if body not in replay.of(Parties).bodies(entry.at):
        yield Finding("state", f"{body} has not accepted its mandate")
    if body in replay.of(Organisations).affiliates(lab, entry.at):
        yield Finding("conflict", f"{body} is affiliated with {lab}: another body closes this case")
