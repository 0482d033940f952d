"""What people do in a simulation: it follows from the scenario and its seed, and decides nothing."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from copy import replace
from datetime import datetime, timedelta
from decimal import Context, Decimal
from fractions import Fraction
from hashlib import sha256
from typing import Final

from core.durations import Duration, Unit
from core.times import stamp
from inspections.rules.quotas import YEAR, party_use, site_use
from inspections.rules.scenarios import Lab, Point, Scenario, Series
from inspections.rules.simulated import Hidden
from labs.rules.readings import ReadingValue
from treaty.rules.commitments import Pledge
from treaty.rules.counts import BallotValue
from treaty.rules.courses import Course, Facts, course
from treaty.rules.profiles import Choice
from treaty.rules.rolls import draw_up
from treaty.rules.standdowns import NEEDS, StageKey, StandDownFacts
from treaty.rules.text import Level, Text

DIGITS: Final = Context(prec=12)
SCALE: Final = 2**64
MICROSECOND: Final = timedelta(microseconds=1)
LONG_OVER: Final = Duration(100, Unit.YEARS)  # no vote lasts that long

type Dated = list[tuple[datetime, Decimal]]


def draw(seed: int, *names: object) -> Fraction:
    """Return a number in [0, 1) that follows from the seed and the names alone."""
    told = "\n".join(["fermata/simulate/v1", str(seed), *map(str, names)])
    return Fraction(int.from_bytes(sha256(told.encode()).digest()[:8]), SCALE)


# --- cheating, and the visits that find it ----------------------------------------------------------------------


def hidden(scenario: Scenario) -> list[Hidden]:
    """Return every cheat of the scenario, none of them found yet."""
    found = []
    for lab, habits in sorted(scenario.labs.items()):
        for cheat in habits.cheats:
            from_at = cheat.after.after(scenario.start)
            until_at = cheat.lasts.after(from_at) if cheat.lasts else scenario.end
            found.append(Hidden(lab, cheat, from_at, min(until_at, scenario.end)))
    return found


def visits(scenario: Scenario, text: Text, lab: str) -> list[datetime]:
    """Return a laboratory's routine visits: as many as the quotas of the text leave, one in each slot, on a day that is drawn."""
    quota = min(text.monitoring.visits_per_site_per_year, text.monitoring.visits_per_party_per_year)
    begins, found = scenario.start, list[datetime]()
    while quota and begins < scenario.end:
        slot = (YEAR.after(begins) - begins) // quota
        at = begins + timedelta(days=int(draw(scenario.seed, "visit", lab, stamp(begins)) * slot.days))
        uses = site_use(found, at, text.monitoring), party_use(found, at, text.monitoring)
        if at < scenario.end and not any(use.is_used_up for use in uses):
            found.append(at)
        begins += slot
    return found


def finds(one: Hidden, day: datetime, scenario: Scenario, text: Text) -> datetime | None:
    """Return when the report of a visit of that day says what is hidden; None where the visit finds nothing in time."""
    monitoring = text.monitoring
    chance = monitoring.detection_probability if scenario.detection is None else scenario.detection
    if draw(scenario.seed, "found", one.lab, one.cheat.kind, one.cheat.indicator, stamp(day)) >= chance:
        return None
    left = monitoring.visit_length.after(day, holidays=monitoring.holidays)
    reported = monitoring.final_report_within.after(left, holidays=monitoring.holidays)
    return reported if reported < scenario.end else None


# --- readings ---------------------------------------------------------------------------------------------------


def readings(
    scenario: Scenario, text: Text, cheating: Sequence[Hidden]
) -> tuple[list[ReadingValue], list[ReadingValue]]:
    """Return what is stated, and what is really so as if it were known at once, each in the order of receipt."""
    stated, real = list[ReadingValue](), list[ReadingValue]()
    for key, series in sorted(scenario.series.items()):
        about = sorted(scenario.labs) if text.indicators[key].about == "lab" else [None]
        for lab in about:
            true = list(_true(scenario, text, key, series, lab))
            real += true
            habits = scenario.labs[lab] if lab else Lab(reports_after=series.reports_after)
            for reading in true:
                stated += _stated(reading, habits, scenario, cheating)
    return sorted(stated, key=_by_receipt), sorted(real, key=_by_receipt)


def _by_receipt(reading: ReadingValue) -> tuple[datetime, str, int]:
    return reading.received_at, reading.series, reading.version


def _true(scenario: Scenario, text: Text, key: str, series: Series, lab: str | None) -> Iterator[ReadingValue]:
    points = dated(series.labs.get(lab or "", series.points), scenario.start)
    source, number, at = text.indicators[key].sources[-1], 0, scenario.start
    while at < scenario.end:
        number += 1
        value = value_at(points, at, steps=series.shape == "steps")
        yield ReadingValue(number, key, lab, value, None, None, at, at, source, f"{key}:{lab or ''}:{number:06}", 1)
        at = series.every.after(at)


def _stated(true: ReadingValue, habits: Lab, scenario: Scenario, cheating: Sequence[Hidden]) -> Iterator[ReadingValue]:
    """What is stated of it: late, a factor of the truth until that is found out, or nothing at all."""
    if draw(scenario.seed, "missed", true.series) < habits.misses:
        return
    received_at = habits.reports_after.after(true.observed_at)
    stated = replace(true, received_at=received_at)
    lies = [one for one in cheating if _is_about(one, true) and one.runs(true.observed_at)]
    for one in lies:
        if received_at < scenario.end:
            one.begun_at = min(one.begun_at or received_at, received_at)
        factor = one.cheat.factor or Fraction(0)
        product = DIGITS.multiply(stated.value, Decimal(factor.numerator))
        stated = replace(stated, value=DIGITS.divide(product, Decimal(factor.denominator)))
    yield stated
    if lies and all(one.detected_at for one in lies):
        corrected_at = max(one.detected_at or received_at for one in lies)
        yield replace(true, received_at=max(corrected_at, received_at), version=2)


def _is_about(one: Hidden, reading: ReadingValue) -> bool:
    return reading.lab == one.lab and reading.indicator == one.cheat.indicator


def dated(points: Sequence[Point], start: datetime) -> Dated:
    """Return the points with their instants."""
    return [(one.after.after(start), one.value) for one in points]


def value_at(points: Dated, at: datetime, *, steps: bool = False) -> Decimal:
    """Return what is so at `at`: level before the first point and after the last, straight (or a step) between two."""
    place = bisect_right(points, at, key=lambda point: point[0])
    if place == 0 or place == len(points) or steps:
        return points[max(place - 1, 0)][1]
    (since, before), (until, after) = points[place - 1], points[place]
    part = Fraction((at - since) // MICROSECOND, (until - since) // MICROSECOND)
    value = Fraction(before) + (Fraction(after) - Fraction(before)) * part
    return DIGITS.divide(Decimal(value.numerator), Decimal(value.denominator))


# --- votes, confirmations, stand-downs --------------------------------------------------------------------------


def vote(scenario: Scenario, text: Text, decision: str, at: datetime) -> Course:
    """Return how a vote noticed at `at` goes: each laboratory as it is wont to, every body consenting as soon as it opens."""
    profile = text.profiles[text.decisions[decision]]
    bodies = [one.key for one in text.bodies]
    opens_at = profile.notice.after(at)
    ballots = [BallotValue(body, Choice.CONSENT, opens_at) for body in bodies]
    ballots += [
        BallotValue(lab, Choice(habits.vote), habits.votes_after.after(opens_at))
        for lab, habits in sorted(scenario.labs.items())
        if habits.vote != "silent"
    ]
    roll = draw_up(profile, labs=scenario.labs, bodies=bodies)
    on_roll = [one for one in ballots if one.member in roll]
    return course(profile, roll, on_roll, Facts(at, opens_at), LONG_OVER.after(opens_at))


def pledges(scenario: Scenario, at: datetime) -> tuple[Pledge, ...]:
    """Return each laboratory's confirmation of a pause that activates at `at`."""
    return tuple(
        Pledge(lab, habits.pledge, habits.confirms_after.after(at), compute=habits.compute)
        for lab, habits in sorted(scenario.labs.items())
    )


def stand_down(habits: Lab, level: Level, at: datetime) -> StandDownFacts:
    """Return when a laboratory says that it went through each stage; none before those that it needs."""
    done: dict[StageKey, datetime] = {}
    for stage in level.stages:
        key, named = StageKey(stage.key), habits.stages.get(stage.key)
        by_itself = named.after(at) if named else at + (stage.within.after(at) - at) / 2
        done[key] = max([by_itself, *(done[one] for one in NEEDS[key] if one in done)])
    return StandDownFacts(at, done)
