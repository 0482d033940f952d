"""What the laboratories of the story declare of their compute month by month, and what the bodies see of it."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import partial
from itertools import pairwise
from random import Random
from typing import Final

from config.demonstration.sites import SITES
from config.demonstration.story import Event, Story
from inspections.actions.accounting import declare_work, note_alarm, observe_compute, settle_alarm
from inspections.models import BalanceAlarm
from inspections.rules.accounting import BalancePeriod
from inspections.rules.findings import FindingEvent
from labs.models import Facility, TrainingRun
from labs.queries.facilities import facilities_of, lines_of
from labs.rules.inventories import h100_equivalents
from treaty.queries.texts import rules_at

MONTHS: Final = 8
DECLARED, OBSERVED, CLARIFIED = timedelta(days=4), timedelta(days=7), timedelta(days=12)  # after a month's end
NEVER_DECLARED: Final = "hanbit-busan-test-hall"
NO_POWER: Final = "elbe-magdeburg-ii"  # its meters were being replaced in one month
METER_EXCHANGED, TOO_MUCH = "aster-thunder-bay", "daxing-ulanqab"
ACCURACY: Final = {
    "power": (0.016, 0.006),
    "counters": (0.008, 0.003),
}  # random, systematic, as the instruments turn out
BUSY: Final = Fraction(62, 100)  # of the site's chips, on average


def tell(story: Story) -> None:
    """Let laboratories declare, and bodies observe, each month that is over."""
    months = _months(story.now)
    for number, month in enumerate(months):
        _at(story, month.end + DECLARED, partial(_declare, story, month, is_first=number == 0))
        _at(story, month.end + OBSERVED, partial(_observe, story, month, number))
        _at(story, month.end + CLARIFIED, partial(_clarify, story))


def _at(story: Story, at: datetime, event: Event) -> None:
    if at < story.now:
        story.before(event, hours=(story.now - at) / timedelta(hours=1))


def _months(now: datetime) -> list[BalancePeriod]:
    """Return the last full calendar months, the oldest first."""
    last = now.year * 12 + now.month - 1
    starts = [datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC) for number in range(last - MONTHS, last + 1)]
    return [BalancePeriod(start, end) for start, end in pairwise(starts)]


def _sites(story: Story, at: datetime) -> list[tuple[Facility, int]]:
    """Return the sites of the story with the H100-hours that they use in an hour."""
    h100 = rules_at(at).covered.h100_ops_per_second
    names = {site.name for site in SITES}
    return [
        (one, round(h100_equivalents(lines_of(one), h100) * BUSY))
        for one in facilities_of(story.cast.labs.values(), at)
        if one.key != NEVER_DECLARED and one.name in names
    ]


def _dice(about: str) -> Random:
    return Random(about)  # noqa: S311 - a story that is the same each time it is told


def _used(facility: Facility, month: BalancePeriod, rate: int) -> int:
    """Return what the site truly used in a month: some more, some less than usual."""
    hours = (month.end - month.start) // timedelta(hours=1)
    return round(rate * hours * _dice(f"{facility.key}{month.start}").uniform(0.9, 1.1))


def _progress(facility: Facility, month: BalancePeriod, rate: int) -> int:
    return round(rate * 200 * _dice(f"{facility.key}{month.end}").uniform(0.8, 1.2))


def _declare(story: Story, month: BalancePeriod, at: datetime, *, is_first: bool) -> None:
    for facility, rate in _sites(story, at):
        begun = _progress(facility, BalancePeriod(month.start, month.start), rate)
        done = _used(facility, month, rate) + begun - _progress(facility, month, rate)
        if facility.key == TOO_MUCH:
            done -= _extra(facility, month, rate, story)
        run = TrainingRun.objects.filter(facility=facility, started_at__lt=month.end, registered_at__lte=at).first()
        work = {"inference": done // 4, run.key if run else "other": done - done // 4}
        declare_work(
            facility=facility, period=month, work=work, begun_with=begun if is_first else None,
            in_progress=_progress(facility, month, rate), by=story.cast.representative(facility.organisation.key), at=at,
        )  # fmt: skip


def _extra(facility: Facility, month: BalancePeriod, rate: int, story: Story) -> int:
    """Return what a site used beside what it declares: a fifteenth more in each of the last months."""
    recent = month.end > story.now - timedelta(days=130)
    return _used(facility, month, rate) // 15 if recent else 0


def _observe(story: Story, month: BalancePeriod, number: int, at: datetime) -> None:
    for facility, rate in _sites(story, at):
        for measurement, (random, systematic) in ACCURACY.items():
            if (facility.key, measurement, number) == (NO_POWER, "power", MONTHS - 4):
                continue
            shared = _dice(f"{facility.key}{measurement}").gauss(0, systematic)
            own = _dice(f"{facility.key}{measurement}{month.start}").gauss(0, random)
            jump = 0.07 if (facility.key, measurement, number) == (METER_EXCHANGED, "power", MONTHS - 3) else 0
            body = "pacific" if measurement == "counters" else "ivb"
            observe_compute(
                facility=facility, period=month, measurement=measurement,
                hours=round(_used(facility, month, rate) * (1 + shared + own + jump)),
                body=story.cast.bodies[body], by=story.cast.representative(body), at=at,
            )  # fmt: skip
        while note_alarm(facility=facility, at=at):
            pass


def _clarify(story: Story, at: datetime) -> None:
    """One anomaly has its explanation: a meter that had been exchanged."""
    for alarm in BalanceAlarm.objects.filter(facility__key=METER_EXCHANGED, state="anomaly").select_related("facility"):
        settle_alarm(
            alarm=alarm, event=FindingEvent.CLARIFY, body=story.cast.bodies["ivb"],
            basis="The meter of hall 1 had been exchanged on the ninth; the new one was read from zero. The counters show nothing unusual.",
            by=story.cast.representative("ivb"), at=at,
        )  # fmt: skip
