"""Inspectors, mandates, sealed plans opened by notices, and the way of a visit through its table of states."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from accounts.rules.organisations import Role
from core.canonical import commitment, tagged_digest
from core.errors import DomainError
from core.times import Period, stamp
from inspections.rules.challenges import OVER, Standing
from inspections.rules.training import missing, valid_until
from inspections.rules.visits import (
    BEFORE_ACCESS,
    Cause,
    VisitEvent,
    VisitKind,
    VisitState,
    comments_close,
    next_state,
    notice_suffices,
    planned_end,
)
from ledger.rules.entries import EntryValue
from treaty.rules.text import Monitoring
from verifier.replay.challenges import ChallengeRecord, Challenges, named
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.organisations import Organisations, by_clock, by_representative, by_role
from verifier.replay.parties import Parties
from verifier.replay.pauses import Pauses, pause_of
from verifier.replay.payloads import Payload, maybe_text, moment, parts, text, texts
from verifier.replay.sites import Sites
from verifier.replay.texts import Texts

AT_THE_GATE: Final[Mapping[str, VisitEvent]] = {
    "access.granted": VisitEvent.GRANT,
    "access.delayed": VisitEvent.DELAY,
    "access.refused": VisitEvent.REFUSE,
}


class UnknownVisit(DomainError):
    """The record has no such visit, or its notice has not been given."""

    code = "unknown_visit"


@dataclass
class Designation:
    """An inspector whom a body sends, for a time."""

    body: str
    period: Period


@dataclass
class VisitRecord:
    """A visit. Until its notice only the commitment is known; afterwards place, time and team are."""

    commitment: str
    text: Monitoring
    planned_at: datetime
    pause: str | None
    challenge: ChallengeRecord | None = None
    schedule: str | None = None
    special: str | None = None  # the facility of the special visit that it was planned for
    key: str = ""
    kind: VisitKind = VisitKind.PAUSE_VERIFICATION
    notified_at: datetime | None = None
    state: VisitState = VisitState.PLANNED
    facility: str = ""
    lab: str = ""
    period: Period | None = None
    team: dict[str, str] = field(default_factory=dict)  # handle -> body
    reported_at: datetime | None = None


@dataclass
class Inspections:
    """Every visit by key, and who may be sent to look at what."""

    visits: dict[str, VisitRecord] = field(default_factory=dict)
    designations: dict[str, list[Designation]] = field(default_factory=dict)  # by handle
    mandates: dict[str, list[tuple[datetime, tuple[str, ...]]]] = field(default_factory=dict)  # by body
    training: dict[str, dict[str, list[Period]]] = field(default_factory=dict)  # by handle and course

    def body_of(self, handle: str, at: datetime) -> str | None:
        """Return the body that sends an inspector at `at`."""
        return next((it.body for it in self.designations.get(handle, ()) if at in it.period), None)

    def layers(self, visit: VisitRecord) -> list[str]:
        """Return the layers that the team may look at, in the text's order: those of its bodies' mandates."""
        given = [self.mandate(body, visit.planned_at) for body in set(visit.team.values())]
        if not given or None in given:
            return list(visit.text.layers)
        allowed = {layer for layers in given for layer in layers or ()}
        return [layer for layer in visit.text.layers if layer in allowed]

    def mandate(self, body: str, at: datetime) -> tuple[str, ...] | None:
        """Return the layers that a body may look at; None where no narrower mandate was entered."""
        return next((layers for since, layers in reversed(self.mandates.get(body, [])) if since <= at), None)


def visit_of(replay: Replay, payload: Payload) -> VisitRecord:
    """Return the visit that a payload names; raise UnknownVisit."""
    key = text(payload, "visit")
    visit = replay.of(Inspections).visits.get(key)
    if visit is None or not visit.facility:
        raise UnknownVisit(f"no notice of a visit {key!r} is on record")
    return visit


def by_team(replay: Replay, entry: EntryValue, visit: VisitRecord) -> Iterator[Finding]:
    """Find an act that only the visit's own inspectors do."""
    body = visit.team.get(entry.by or "")
    if body is None or not replay.of(Organisations).holds(entry.by, {Role.INSPECTOR}, entry.at, body):
        yield Finding("authority", f"{entry.by or 'nobody'} was not on the team of this visit then")


def move(visit: VisitRecord, event: VisitEvent) -> None:
    """Move a visit on by its table; raise OutOfTurn. A challenge is over with its visit, and open again if that is called off."""
    visit.state = next_state(visit.state, event)
    if visit.challenge and visit.state is VisitState.CANCELLED:
        visit.challenge.visit = None
    elif visit.challenge and visit.state in OVER:
        visit.challenge.inspected = True


@replays("mandate.given")
def give_mandate(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The depositary enters which layers of the text a body looks at."""
    yield from by_role(replay, entry, {Role.DEPOSITARY})
    layers = texts(entry.payload, "layers")
    unknown = sorted(set(layers) - set(replay.of(Texts).at(entry.at).rules.monitoring.layers))
    if unknown or not layers:
        yield Finding("unknown", f"the text has no layers {', '.join(unknown)}")
    replay.of(Inspections).mandates.setdefault(text(entry.payload, "body"), []).append((entry.at, tuple(layers)))


@replays("inspector.designated")
def designate(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """An officer of an accredited body designates an inspector of its own, for as long as the text says, one body at a time."""
    payload, known = entry.payload, replay.of(Inspections)
    body, handle = text(payload, "body"), text(payload, "inspector")
    yield from by_role(replay, entry, {Role.OFFICER}, body)
    if body not in replay.of(Parties).bodies(entry.at):
        yield Finding("state", f"{body} has not accepted its mandate")
    if not replay.of(Organisations).holds(handle, {Role.INSPECTOR}, entry.at, body):
        yield Finding("role", f"{handle} is no inspector of {body}")
    if known.body_of(handle, entry.at):
        yield Finding("repeated", f"{handle} is designated already")
    until = replay.of(Texts).at(entry.at).rules.monitoring.designation_validity.after(entry.at)
    yield from differs("deadline", "until when the designation holds", moment(payload, "until"), until)
    known.designations.setdefault(handle, []).append(Designation(body, Period(entry.at, until)))


@replays("training.recorded")
def record_training(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """An officer enters a course of the text that an inspector of the body has completed; it holds for the text's time."""
    payload, known = entry.payload, replay.of(Inspections)
    body, handle, course = text(payload, "body"), text(payload, "inspector"), text(payload, "course")
    yield from by_role(replay, entry, {Role.OFFICER}, body)
    if not replay.of(Organisations).holds(handle, {Role.INSPECTOR}, entry.at, body):
        yield Finding("role", f"{handle} is no inspector of {body}")
    terms, completed_at = replay.of(Texts).at(entry.at).rules.monitoring.training, moment(payload, "completed_at")
    if terms is None or course not in terms.courses:
        yield Finding("unknown", f"the text knows no course {course!r}")
        return
    if completed_at > entry.at:
        yield Finding("too_early", "a course is entered once it is completed")
    until = valid_until(terms, course, completed_at)
    yield from differs("deadline", "until when the course holds", moment(payload, "until"), until)
    held = known.training.setdefault(handle, {}).setdefault(course, [])
    if any(one.start == completed_at for one in held):
        yield Finding("repeated", f"{handle}'s {course} of that day was entered before")
    held.append(Period(completed_at, until))


@replays("designation.ended")
def end_designation(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """An officer of the body ends a designation that holds."""
    body, handle = text(entry.payload, "body"), text(entry.payload, "inspector")
    yield from by_role(replay, entry, {Role.OFFICER}, body)
    held = [
        it for it in replay.of(Inspections).designations.get(handle, ()) if entry.at in it.period and it.body == body
    ]
    if not held:
        yield Finding("state", f"{handle} was not designated by {body} then")
    for one in held:
        one.period = Period(one.period.start, entry.at)


@replays("availability.stated")
def state_availability(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The inspector or an officer of the body states it."""
    if entry.by != text(entry.payload, "inspector"):
        yield from by_role(replay, entry, {Role.OFFICER}, text(entry.payload, "body"))


@replays("plan.made")
def plan(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A plan commits to visits of a pause in force; its seed is fixed by the pause and the number of plans before."""
    yield from by_clock(entry)
    payload, pause, known = entry.payload, pause_of(replay, entry.payload), replay.of(Inspections)
    if pause.in_force_at is None:
        yield Finding("state", f"pause {pause.key} has not come into force: there is nothing to verify")
    seed = tagged_digest("fermata/plan-seed/v1", {"pause": pause.key, "plan": pause.plans})
    yield from differs("seed", "its seed", text(payload, "seed"), seed)
    pause.plans += 1
    for key in texts(payload, "cancelled"):
        sealed = known.visits.get(key)
        if sealed is None or sealed.state is not VisitState.PLANNED:
            yield Finding("state", f"visit {key} is not sealed any more: a plan does not take it back")
        else:
            move(sealed, VisitEvent.CANCEL)
    monitoring = replay.of(Texts).at(entry.at).rules.monitoring
    for one in parts(payload, "visits"):
        key = text(one, "visit")
        if key in known.visits:
            yield Finding("repeated", f"visit {key} was planned before")
        known.visits[key] = VisitRecord(text(one, "commitment"), monitoring, entry.at, pause.key)


@replays("challenge.planned")
def plan_challenge(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A challenge that its vote did not stop gets one visit, committed to with a seed that it fixes."""
    yield from named(replay, entry)
    payload, known = entry.payload, replay.of(Inspections)
    challenge, key = replay.of(Challenges).of(text(payload, "challenge")), text(payload, "visit")
    if challenge.standing is not Standing.PROCEEDS:
        yield Finding("state", f"challenge {challenge.key} is {challenge.standing.value}: it does not proceed")
    if challenge.visit:
        yield Finding("repeated", f"visit {challenge.visit} was planned for this challenge")
    if key in known.visits:
        yield Finding("repeated", f"visit {key} was planned before")
    seed = tagged_digest("fermata/challenge-seed/v1", {"challenge": challenge.key, "plan": challenge.plans})
    yield from differs("seed", "its seed", text(payload, "seed"), seed)
    challenge.plans += 1
    challenge.visit = key
    monitoring = replay.of(Texts).at(entry.at).rules.monitoring
    known.visits[key] = VisitRecord(text(payload, "commitment"), monitoring, entry.at, None, challenge)


@replays("visit.notified")
def notify(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A notice opens what the plan committed to, leaves the text's time, and names a team that may be sent."""
    yield from by_clock(entry)
    payload, known = entry.payload, replay.of(Inspections)
    key = text(payload, "visit")
    visit = known.visits.get(key)
    if visit is None:
        yield Finding("unknown_visit", f"no plan on record commits to visit {key}")
        return
    starts, ends, team = moment(payload, "from"), moment(payload, "until"), sorted(texts(payload, "inspectors"))
    sealed = {
        "visit": key,
        "facility": text(payload, "facility"),
        "from": stamp(starts),
        "until": stamp(ends),
        "inspectors": list(team),
    }
    opened = commitment(text(payload, "salt"), sealed)
    yield from differs("commitment", "the commitment that it opens", text(payload, "commitment"), visit.commitment)
    yield from differs("commitment", "what was committed to in the plan", opened, visit.commitment)
    yield from differs("pause", "its pause", maybe_text(payload, "pause"), visit.pause)
    yield from _clock(visit, payload, entry.at)
    move(visit, VisitEvent.NOTIFY)
    visit.facility, visit.lab, visit.period = text(payload, "facility"), text(payload, "lab"), Period(starts, ends)
    yield from _team(replay, visit, team, texts(payload, "bodies"))
    yield from _place(replay, visit)


def _clock(visit: VisitRecord, payload: Payload, at: datetime) -> Iterator[Finding]:
    """Find a visit of another kind than it was planned as, and one that the text's times for that kind do not allow."""
    kind, starts = VisitKind(text(payload, "kind")), moment(payload, "from")
    planned = (
        (VisitKind.CHALLENGE, visit.challenge is not None),
        (VisitKind.PAUSE_VERIFICATION, visit.pause is not None),
        (VisitKind.SPECIAL, visit.special is not None),
    )
    if any((kind is one) is not was for one, was in planned):
        yield Finding("kind", f"a visit is a {kind.value} only where one was planned")
    visit.kind, visit.key, visit.notified_at = kind, text(payload, "visit"), at
    if not notice_suffices(kind, visit.text, at, starts):
        yield Finding("too_late", f"the notice is shorter than the text asks for: the visit begins at {stamp(starts)}")
    ends = planned_end(kind, starts, visit.text)
    yield from differs("clock", "until when it is planned", moment(payload, "until"), ends)


def _team(replay: Replay, visit: VisitRecord, team: list[str], bodies: list[str]) -> Iterator[Finding]:
    """Find a team that could not be sent: too few, not designated, of one body, not independent, or booked elsewhere."""
    known, at = replay.of(Inspections), visit.planned_at
    sent = {handle: known.body_of(handle, at) for handle in team}
    visit.team = {handle: body for handle, body in sent.items() if body}
    strangers = sorted(handle for handle, body in sent.items() if body is None)
    if strangers:
        yield Finding("team", f"{', '.join(strangers)} was not designated by any body when the visit was planned")
    yield from differs("team", "the bodies that send the team", sorted(bodies), sorted(set(visit.team.values())))
    if len(team) < visit.text.inspectors_per_visit:
        yield Finding("team", f"the text asks for {visit.text.inspectors_per_visit} inspectors")
    if visit.text.from_different_bodies and len(set(visit.team.values())) < min(2, len(team)):
        yield Finding("team", "the text asks for inspectors from different bodies")
    for handle in team:
        lacking = missing(visit.text.training, known.training.get(handle, {}), visit.period) if visit.period else []
        if lacking:
            yield Finding("training", f"{handle}'s training does not hold for the whole visit: {', '.join(lacking)}")
    near = sorted(set(visit.team.values()) & replay.of(Organisations).affiliates(visit.lab, at))
    if near:
        yield Finding("conflict", f"{', '.join(near)} is affiliated with {visit.lab}")
    asked = visit.challenge.requester if visit.challenge else None
    sent_by_it = sorted(_near(replay, asked, at) & set(visit.team.values())) if asked else []
    if sent_by_it:
        yield Finding("conflict", f"{', '.join(sent_by_it)} is or is affiliated with {asked}, who asked for the visit")
    for other in known.visits.values():
        twice = sorted(set(team) & set(other.team)) if other is not visit and _is_booked(other) else []
        if twice and visit.period and other.period and visit.period.overlaps(other.period):
            yield Finding("double_booking", f"{', '.join(twice)} is booked elsewhere then")


def _near(replay: Replay, key: str, at: datetime) -> frozenset[str]:
    return replay.of(Organisations).affiliates(key, at) | {key}


def _is_booked(visit: VisitRecord) -> bool:
    going = {*BEFORE_ACCESS, VisitState.ACCESS_GRANTED, VisitState.ACCESS_REFUSED, VisitState.IN_PROGRESS}
    return visit.state in going


def _place(replay: Replay, visit: VisitRecord) -> Iterator[Finding]:
    site = replay.of(Sites).known.get(visit.facility)
    if site is None or site.lab != visit.lab:
        yield Finding("unknown", f"{visit.lab} has no site {visit.facility}")
    if visit.pause and visit.lab not in replay.of(Pauses).of(visit.pause).stand_downs:
        yield Finding("state", f"{visit.lab} is not bound by pause {visit.pause}")
    if visit.challenge:
        yield from differs("facility", "the facility", visit.facility, visit.challenge.facility)
    if visit.special:
        yield from differs("facility", "the facility", visit.facility, visit.special)


@replays("visit.cancelled")
def cancel(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A visit whose notice would come too late, or that an officer of its bodies calls off."""
    visit = replay.of(Inspections).visits.get(text(entry.payload, "visit"))
    if visit is None:
        yield Finding("unknown_visit", f"no plan on record commits to visit {text(entry.payload, 'visit')}")
        return
    if entry.by is not None and not visit.team:  # sealed: which body sends the team is not known yet
        yield from by_role(replay, entry, {Role.OFFICER})
    elif entry.by is not None:
        known = replay.of(Organisations)
        if not any(known.holds(entry.by, {Role.OFFICER}, entry.at, body) for body in visit.team.values()):
            yield Finding("authority", f"{entry.by} is no officer of a body that sends the team")
    move(visit, VisitEvent.CANCEL)


@replays("visit.acknowledged")
def acknowledge(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The party acknowledges the notice."""
    visit = visit_of(replay, entry.payload)
    yield from by_representative(replay, entry, visit.lab)
    move(visit, VisitEvent.ACKNOWLEDGE)


@replays(*AT_THE_GATE)
def at_the_gate(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The team records whether it was let in."""
    visit = visit_of(replay, entry.payload)
    yield from by_team(replay, entry, visit)
    if text({"cause": Cause.PARTY.value, **entry.payload}, "cause") not in set(
        Cause
    ):  # entries of an earlier program name none
        yield Finding("cause", "it is nobody's doing that the text knows")
    move(visit, AT_THE_GATE[entry.kind])


@replays("visit.begun")
def begin(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The inspection begins."""
    visit = visit_of(replay, entry.payload)
    yield from by_team(replay, entry, visit)
    move(visit, VisitEvent.BEGIN)


@replays("visit.finalised")
def finalise(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A report becomes final once the time for comments has run, or when the team says so after the party's comment."""
    visit = visit_of(replay, entry.payload)
    if entry.by is not None:
        yield from by_team(replay, entry, visit)
    closes_at = comments_close(visit.reported_at, visit.text) if visit.reported_at else None
    early = closes_at is not None and entry.at < closes_at
    if early and (entry.by is None or visit.state is not VisitState.COMMENTED):
        yield Finding("too_early", f"the party may still comment until {stamp(closes_at) if closes_at else ''}")
    move(visit, VisitEvent.FINALISE)


@replays("visit.closed", "visit.left_open")
def leave(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A visit ends: closed, or inconclusive."""
    yield from by_clock(entry)
    visit = visit_of(replay, entry.payload)
    waited = visit.state in {VisitState.ACCESS_DELAYED, VisitState.ACCESS_REFUSED}
    if waited and visit.period and visit.period.end and entry.at < visit.period.end:
        yield Finding("too_early", f"the team waits until {stamp(visit.period.end)}")
    move(visit, VisitEvent.CLOSE if entry.kind == "visit.closed" else VisitEvent.LEAVE_OPEN)
