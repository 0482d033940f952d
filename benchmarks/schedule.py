"""The schedule of 200 sites and 60 inspectors over twelve months, as the solver makes it, beside the greedy planner; each checked by the rules."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from benchmarks.table import Row, show
from core.times import Period
from inspections.rules import plan as greedy
from inspections.rules.conflicts import Ties
from inspections.rules.schedules import Booked, Frame, Inspector, Place, Wanted, check
from inspections.rules.visits import VisitKind
from inspections.scheduling.solver import Effort, solve
from treaty.rules.reading import read_text

TEXT = Path(__file__).resolve().parent.parent / "treaty" / "texts" / "model-treaty.yaml"
BEGINS = datetime(2027, 1, 4, tzinfo=UTC)
DAY = timedelta(days=1)
REGIONS = ("americas", "europe", "east_asia")
SITES, PARTIES, INSPECTORS, BODIES = 200, 20, 60, 5


def main() -> None:
    rows = []
    for what, free, effort in (
        ("a quarter of the fortnights free", 0.25, Effort(seconds=60)),
        ("a sixth of the fortnights free", 0.16, Effort(seconds=60)),
    ):
        frame, wanted = instance(free=free)
        rows += measured(what, frame, wanted, effort)
    show(f"A year's schedule: {SITES} sites, {PARTIES} parties, {INSPECTORS} inspectors of {BODIES} bodies", rows)


def instance(*, free: float, seed: int = 4) -> tuple[Frame, list[Wanted]]:
    """A year in which each site is seen once, and half of them a second time at short notice."""
    dice = Random(seed)
    monitoring = read_text(TEXT.read_bytes()).monitoring
    ends = BEGINS + 365 * DAY
    places = {
        f"site-{number:03}": Place(f"site-{number:03}", f"lab-{number % PARTIES:02}", dice.choice(REGIONS))
        for number in range(SITES)
    }
    people = {}
    for number in range(INSPECTORS):
        fortnights = [BEGINS + 14 * week * DAY for week in range(27) if dice.random() < free] or [BEGINS]
        people[f"i{number:02}"] = Inspector(
            f"i{number:02}",
            f"body-{number % BODIES}",
            (Period(BEGINS - 300 * DAY, BEGINS + 430 * DAY),),
            barred=frozenset(f"lab-{lab:02}" for lab in dice.sample(range(PARTIES), 3)),
            available=tuple(Period(start, start + 14 * DAY) for start in fortnights),
        )
    wanted = [_wanted(site, VisitKind.ROUTINE, ends, dice) for site in places]
    wanted += [_wanted(site, VisitKind.SHORT_NOTICE, ends, dice) for site in dice.sample(sorted(places), SITES // 2)]
    return Frame(BEGINS, ends, monitoring, places, people), wanted


def _wanted(site: str, kind: VisitKind, ends: datetime, dice: Random) -> Wanted:
    target = BEGINS + dice.randrange(3, 360) * DAY + timedelta(hours=8)
    return Wanted(f"{site}-{kind.value}", site, kind, BEGINS + 3 * DAY, ends + 3 * DAY, target)


def measured(what: str, frame: Frame, wanted: list[Wanted], effort: Effort) -> list[Row]:
    found = solve(frame, wanted, effort)
    breaches = check(frame, wanted, found.placed, found.missed)
    first = f"{found.first_seconds:.1f} s at cost {found.first_cost}"
    told = (
        f"{len(found.placed)} of {len(wanted)} placed, first after {first}; cost {found.cost}, bound {found.bound}, "
        f"gap {float(found.gap):.1%}; breaches: {len(breaches)}"
    )
    return [Row(f"{what}: CP-SAT", found.seconds, None, "s", None, told), by_the_greedy(what, frame, wanted)]


def by_the_greedy(what: str, frame: Frame, wanted: list[Wanted]) -> Row:
    """The planner of pauses on the same problem: the first day from the target on; it knows neither travel nor distances nor parity."""
    import time

    people = [
        greedy.Candidate(
            number,
            int(one.body[-1]),
            Ties(frozenset({1000 + int(one.body[-1])}), frozenset(int(lab[-2:]) for lab in one.barred)),
            one.designated[0],
            one.available,
        )
        for number, one in enumerate(frame.inspectors.values())
    ]
    sites = [greedy.Site(one.key, int(frame.places[one.site].lab[-2:]), one.target, kind=one.kind) for one in wanted]
    start = time.perf_counter()
    made = greedy.plan(sites, people, frame.monitoring, seed="benchmark")
    took = time.perf_counter() - start
    by_key, handles = {one.key: one for one in wanted}, list(frame.inspectors)
    placed = [
        Booked(
            found.site.key,
            (want := by_key[found.site.key]).site,
            (place := frame.places[want.site]).lab,
            place.region,
            want.kind,
            found.period,
            tuple(handles[member.key] for member in found.team),
        )
        for found in made.placed
    ]
    breaches = Counter(
        breach.rule.value.rpartition(".")[2]
        for breach in check(frame, wanted, placed, {one.site.key for one in made.unplaced})
    )
    off = sum(abs((one.period.start - by_key[one.key].target) // DAY) for one in placed)
    told = f"{len(placed)} of {len(wanted)} placed, {off} days off; breaches: {dict(breaches) or 0}"
    return Row(f"{what}: greedy", took, None, "s", None, told)
