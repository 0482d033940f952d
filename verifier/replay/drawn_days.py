"""The day of a drawn visit: opened by its notice, drawn again from the seed and the opened link, and why days before it were passed over."""

from collections.abc import Iterator
from datetime import datetime

from core.times import stamp
from inspections.rules.drawn_days import Circumstances, Drawn, Passed, links_up_to, opens_day, order, possible_days
from inspections.rules.quotas import NOT_COUNTED
from inspections.rules.schedules import Rule
from inspections.rules.visits import VisitKind, VisitState
from ledger.rules.entries import EntryValue
from verifier.replay.draws import DrawRecord, Draws
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.payloads import Payload, moment, number, part, parts, text
from verifier.replay.visits import Inspections, VisitRecord


@replays("visit.notified")
def open_day(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A visit at short notice takes the first of its drawn days that the provisions allow."""
    visit = replay.of(Inspections).visits.get(text(entry.payload, "visit"))
    if visit is None or visit.period is None:
        return
    newest = _newest(replay, visit.planned_at)
    if visit.kind is not VisitKind.SHORT_NOTICE or newest is None or not newest.days:
        if "drawn" in entry.payload:
            yield Finding("drawn", "no draw of days gave this visit")
        return
    if "drawn" not in entry.payload:
        yield Finding("drawn", f"the visit names no place of draw {newest.key}")
        return
    yield from _follows(replay, visit, newest, part(entry.payload, "drawn"))


def _newest(replay: Replay, at: datetime) -> DrawRecord | None:
    """Return the draw that visits planned at `at` come from."""
    carried_out = [one for one in replay.of(Draws).known.values() if one.drawn_at is not None and one.drawn_at <= at]
    return carried_out[-1] if carried_out else None


def _follows(replay: Replay, visit: VisitRecord, newest: DrawRecord, opened: Payload) -> Iterator[Finding]:
    place, link = number(opened, "place"), text(opened, "link")
    passed = [Passed(moment(one, "day"), Rule(text(one, "provision"))) for one in parts(opened, "passed")]
    yield from differs("drawn", "the draw", text(opened, "draw"), newest.key)
    if not 1 <= place <= len(newest.drawn) or newest.drawn[place - 1] != visit.facility:
        yield Finding("drawn", f"place {place} of draw {newest.key} is not that of {visit.facility}")
        return
    if (place in newest.taken) and newest.taken[place].state is not VisitState.CANCELLED:
        yield Finding("drawn", f"place {place} of draw {newest.key} has its visit already")
    newest.taken[place] = visit
    links = links_up_to(link, len(passed))
    if not opens_day(newest.key, place, links, newest.days[place - 1]):
        yield Finding("commitment", "the link is not of the chain that was committed to before the seed")
    assert newest.drawn_at is not None
    assert newest.monitoring is not None
    assert visit.period is not None
    until = newest.terms.every.after(newest.drawn_at)
    days = possible_days(newest.drawn_at, until, newest.monitoring)
    found = list(order(Drawn(newest.key, place, visit.facility, newest.seed, days), links))
    said = [*(one.day for one in passed), visit.period.start]
    yield from differs(
        "day", "the days drawn up to the visit's", [stamp(day) for day in said], [stamp(day) for day in found]
    )
    yield from _borne_out(replay, visit, newest, passed, until)


def _borne_out(
    replay: Replay, visit: VisitRecord, newest: DrawRecord, passed: list[Passed], until: datetime
) -> Iterator[Finding]:
    """Find a day passed over for a reason that the record speaks against. Visits called off while sealed may have stood in the way unseen."""
    others = [one for one in replay.of(Inspections).visits.values() if one is not visit]
    unseen = any(one.state is VisitState.CANCELLED and not one.facility for one in others)
    party = {one.key for one in newest.listed if one.group == visit.lab}
    seen = Circumstances(
        site=visit.facility,
        lab=visit.lab,
        planned_at=visit.planned_at,
        until=until,
        monitoring=visit.text,
        starts=[
            (one.facility, one.lab, one.period.start) for one in others if one.period and one.kind not in NOT_COUNTED
        ],
        drawn_of_party=sum(key in party for key in newest.drawn),
    )
    for one in passed:
        hidden = unseen and one.rule in {Rule.APART, Rule.SITE_QUOTA, Rule.PARTY_QUOTA}
        if not hidden and not seen.bear_out(one):
            yield Finding("passed", f"{one.rule.value} did not stand in the way on {one.day:%Y-%m-%d}")
