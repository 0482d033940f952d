"""Schedules: what they seal and take back, the burdens that they state, refusals of inspectors, and every opened visit by the rules of the site."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from core.times import Period
from inspections.rules.conflicts import may_refuse
from inspections.rules.quotas import NOT_COUNTED, YEAR
from inspections.rules.schedules import Booked, Frame, Inspector, Place, Rule, check_visit, parity, region_of
from inspections.rules.visits import ENDED, VisitEvent, VisitKind, VisitState
from ledger.rules.entries import EntryValue
from treaty.rules.schedules import Schedule
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.organisations import Organisations, by_clock, by_representative
from verifier.replay.parties import Parties
from verifier.replay.payloads import moment, number, parts, text, texts
from verifier.replay.sites import Sites
from verifier.replay.streams import Streams
from verifier.replay.texts import Texts
from verifier.replay.visits import Inspections, VisitRecord, move

# Team and length are looked at for every visit (`verifier.replay.visits`); who is available when is not on record.
LOOKED_AT: Final = {
    Rule.SITE_QUOTA,
    Rule.PARTY_QUOTA,
    Rule.HOLIDAYS,
    Rule.APART,
    Rule.TRAVEL,
    Rule.REFUSAL,
    Rule.BOOKED,
}


@dataclass
class Refusals:
    """From when each laboratory's refusal of an inspector holds, and how many schedules were made."""

    effective: dict[tuple[str, str], datetime] = field(default_factory=dict)  # laboratory, handle
    schedules: set[str] = field(default_factory=set)


@replays("inspector.refused")
def refuse(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A laboratory refuses an inspector who could be sent to it, while enough others remain; it takes effect after the text's time."""
    payload, known = entry.payload, replay.of(Refusals)
    lab, handle = text(payload, "lab"), text(payload, "inspector")
    yield from by_representative(replay, entry, lab)
    pool = _pool(replay, lab, entry.at)
    if handle not in pool or pool[handle] != text(payload, "body"):
        yield Finding("pool", f"{handle} could not be sent to {lab} then")
    monitoring = replay.of(Texts).at(entry.at).rules.monitoring
    if not may_refuse(len(pool), monitoring.smallest_pool):
        yield Finding(
            "pool", f"{len(pool)} inspectors could be sent to {lab}, {monitoring.smallest_pool} have to remain"
        )
    effective_at = monitoring.refusal_effective_after.after(entry.at, holidays=monitoring.holidays)
    yield from differs("deadline", "when the refusal takes effect", moment(payload, "effective_at"), effective_at)
    known.effective[lab, handle] = effective_at


@replays("refusal.withdrawn")
def withdraw(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A laboratory takes a refusal back that stands."""
    lab, handle = text(entry.payload, "lab"), text(entry.payload, "inspector")
    yield from by_representative(replay, entry, lab)
    if replay.of(Refusals).effective.pop((lab, handle), None) is None:
        yield Finding("state", f"{lab} has not refused {handle}")


def _pool(replay: Replay, lab: str, at: datetime) -> dict[str, str]:
    """Return the inspectors who could be sent to a laboratory, as far as the record shows it, with their bodies."""
    bodies = set(replay.of(Parties).bodies(at)) - replay.of(Organisations).affiliates(lab, at)
    refused = {handle for who, handle in replay.of(Refusals).effective if who == lab}
    known = replay.of(Inspections)
    found = {handle: known.body_of(handle, at) for handle in known.designations}
    return {handle: body for handle, body in found.items() if body in bodies and body and handle not in refused}


@replays("schedule.made")
def make(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A schedule commits to new visits, keeps or takes back those that are sealed, and states the burdens so far."""
    yield from by_clock(entry)
    payload, known, inspections = entry.payload, replay.of(Refusals), replay.of(Inspections)
    rules = replay.of(Texts).at(entry.at).rules
    if text(payload, "schedule") in known.schedules:
        yield Finding("repeated", f"schedule {text(payload, 'schedule')} was made before")
    known.schedules.add(text(payload, "schedule"))
    yield from differs("text", "the text that it was made by", number(payload, "text"), rules.version)
    if rules.monitoring.schedule is None:
        yield Finding("text", "the text in force knows no schedule")
        return
    until = moment(payload, "until")
    if until > rules.monitoring.schedule.horizon.after(entry.at):
        yield Finding("horizon", f"it reaches until {until:%Y-%m-%d}, further than the text says")
    yield from _kept(inspections, texts(payload, "kept"), texts(payload, "cancelled"))
    for one in parts(payload, "visits"):
        key = text(one, "visit")
        if key in inspections.visits:
            yield Finding("repeated", f"visit {key} was planned before")
        inspections.visits[key] = VisitRecord(
            text(one, "commitment"), rules.monitoring, entry.at, None, schedule=text(payload, "schedule")
        )
    stated = [[text(one, "lab"), number(one, "visits"), number(one, "sites")] for one in parts(payload, "burdens")]
    yield from differs("parity", "the burdens of the last twelve months", stated, _burdens(replay, entry.at))


def _kept(known: Inspections, kept: list[str], cancelled: list[str]) -> Iterator[Finding]:
    for key in (*kept, *cancelled):
        visit = known.visits.get(key)
        if visit is None or visit.state is not VisitState.PLANNED or visit.schedule is None:
            yield Finding("state", f"visit {key} is no sealed visit of a schedule any more")
        elif key in cancelled:
            move(visit, VisitEvent.CANCEL)


def _burdens(replay: Replay, at: datetime) -> list[list[str | int]]:
    terms = replay.of(Texts).at(at).rules.monitoring.schedule
    assert terms is not None
    labs = set(replay.of(Parties).bound(at))
    places = [
        Place(key, site.lab, "") for key, site in replay.of(Sites).known.items() if site.lab in labs and at in site.used
    ]
    visits = [_booked(replay, one, terms) for one in _opened(replay)]
    found = parity(places, visits, Period(YEAR.before(at), at))
    return [[one.lab, one.visits, one.sites] for one in found.burdens]


def _opened(replay: Replay) -> list[VisitRecord]:
    return [
        one for one in replay.of(Inspections).visits.values() if one.period and one.state is not VisitState.CANCELLED
    ]


def _booked(replay: Replay, visit: VisitRecord, terms: Schedule) -> Booked:
    site = replay.of(Sites).known.get(visit.facility)
    region = region_of(site.jurisdiction, terms.travel) if site else ""
    assert visit.period is not None
    team = () if visit.state in ENDED else tuple(visit.team)  # a team is free again once its visit has ended
    return Booked(visit.key, visit.facility, visit.lab, region, visit.kind, visit.period, team, visit.notified_at)


@replays("visit.notified")
def open_visit(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A visit of a schedule keeps to every provision of the text that it was planned under, beside those that were opened before."""
    visit = replay.of(Inspections).visits.get(text(entry.payload, "visit"))
    if visit is None or visit.period is None or visit.pause or visit.challenge or visit.special:
        return
    if visit.schedule is None or visit.text.schedule is None or visit.kind in NOT_COUNTED:
        yield Finding("kind", "no schedule on record holds this visit")
        return
    yield from _baseline(replay, visit)
    terms = visit.text.schedule
    others = [
        _booked(replay, one, terms)
        for one in _opened(replay)
        if one is not visit and (one.schedule or one.planned_at <= visit.planned_at)
    ]
    refused = replay.of(Refusals).effective
    people = {
        handle: Inspector(
            handle, body, (), refused=tuple((lab, since) for (lab, who), since in refused.items() if who == handle)
        )
        for handle, body in visit.team.items()
    }
    frame = Frame(visit.period.start, visit.period.start, visit.text, {}, people)
    for breach in check_visit(_booked(replay, visit, terms), others, frame):
        if breach.rule in LOOKED_AT:
            yield Finding("schedule", f"{breach.rule.value}: {breach.words}")


def _baseline(replay: Replay, visit: VisitRecord) -> Iterator[Finding]:
    """Find a baseline of a site that had been reported on, and of which no stream was ever broken."""
    if visit.kind is not VisitKind.BASELINE:
        return
    before = [one for one in replay.of(Inspections).visits.values() if one.facility == visit.facility]
    reported = any(one.reported_at is not None and one.reported_at <= visit.planned_at for one in before)
    if reported and not replay.of(Streams).is_broken(visit.facility, visit.text.continuity, visit.planned_at):
        yield Finding("baseline", f"{visit.facility} had been seen, and no stream of it was broken")
