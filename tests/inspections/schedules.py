"""Small worlds for schedules."""

from datetime import UTC, datetime, timedelta

from core.times import Period
from inspections.rules.schedules import Frame, Inspector, Place, Wanted
from inspections.rules.visits import VisitKind
from tests.inspections.values import monitoring
from treaty.rules.schedules import Schedule

BEGINS = datetime(2027, 1, 4, tzinfo=UTC)
ARRIVAL = BEGINS + timedelta(hours=8)
DAY = timedelta(days=1)
ENDS = datetime(2028, 1, 4, tzinfo=UTC)
YEARS = (Period(BEGINS - 100 * DAY, ENDS + 30 * DAY),)


def terms(parity_within="1", **changes):
    schedule = Schedule(
        horizon="12 mo",
        renewed_every="7 d",
        seen_every="12 mo",
        routine_after="6 mo",
        baseline_within="60 d",
        close_out_within="60 d",
        apart="30 d",
        begins_at_hour=8,
        travel={
            "within_region": "1 d",
            "between_regions": "3 d",
            "regions": {"europe": ("DE", "FR"), "americas": ("US",)},
        },
        parity_within=parity_within,
    )
    return monitoring(**({"visit_length": "48 h", "schedule": schedule} | changes))


TERMS = terms()


def frame(*, sites=2, labs=1, bodies=2, each=1, **changes):
    """Sites of laboratories in Europe, and so many inspectors of each body, all of them free all the time."""
    places = {f"s{number}": Place(f"s{number}", f"lab{number % labs}", "europe") for number in range(sites)}
    people = {
        f"i{body}{number}": Inspector(f"i{body}{number}", f"body{body}", YEARS)
        for body in range(bodies)
        for number in range(each)
    }
    return Frame(
        **({"begins": BEGINS, "ends": ENDS, "monitoring": TERMS, "places": places, "inspectors": people} | changes)
    )


def want(key, site, day, *, due=360, **changes):
    values = {
        "key": key,
        "site": site,
        "kind": VisitKind.ROUTINE,
        "earliest": BEGINS,
        "due": ARRIVAL + due * DAY,
        "target": ARRIVAL + day * DAY,
    }
    return Wanted(**(values | changes))
