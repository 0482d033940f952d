"""Compute accounting (Art. 18): what a site declares of its compute, what was observed of it, and what that alarms about.

Compute is counted in H100-hours: an hour of one H100, or of as many other chips as do the same operations. A period's input is
the compute that was observed, its output the work declared as done, and the inventory is the work declared as begun and not done.
What was observed and is in neither is unaccounted for.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from core.durations import Duration
from core.errors import DomainError, Malformed
from inspections.rules.balance import Balance, Periods, RelativeError, balance, page_limit, statistics, threshold
from treaty.rules.accounting import Accuracy, MaterialBalance
from treaty.rules.text import Monitoring

INFERENCE: Final = "inference"
OTHER: Final = "other"
BESIDE_RUNS: Final = (INFERENCE, OTHER)  # what work may be for that is no declared run
MOST_HOURS: Final = 10**15


class AlarmTest(StrEnum):
    """Which test alarmed."""

    SITMUF = "sitmuf"  # a loss within the period
    PAGE = "page"  # a loss that goes on, period after period


class FilingRefused(DomainError):
    """What was filed does not fit what is on file."""

    code = "filing_refused"


class NoBalance(DomainError):
    """The text in force knows no balance of compute."""

    code = "no_balance"


@dataclass(frozen=True, order=True)
class BalancePeriod:
    """A half-open time that is balanced."""

    start: datetime
    end: datetime

    def overlaps(self, other: "BalancePeriod") -> bool:
        """Whether any instant lies in both."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True)
class Declared:
    """What a site declares for a period, in H100-hours; `begun_with` only where no declared period ends where this one begins."""

    period: BalancePeriod
    done: int
    in_progress: int
    begun_with: int | None


@dataclass(frozen=True)
class Account:
    """The newest unbroken run of periods for which both sides are on file, as the statistics take it."""

    periods: tuple[BalancePeriod, ...]
    values: Periods


@dataclass(frozen=True)
class Alarm:
    """A period whose balance passed a limit, and the two statistics to three decimals."""

    period: BalancePeriod
    tests: tuple[AlarmTest, ...]
    sitmuf: str
    page: str


@dataclass(frozen=True)
class Judgement:
    """An account judged under a text: its statistics, the two limits, and the alarms."""

    periods: tuple[BalancePeriod, ...]
    found: Balance
    sitmuf_limit: float
    page_limit: float
    alarms: tuple[Alarm, ...]


def terms_of(monitoring: Monitoring) -> MaterialBalance:
    """Return the text's provisions on the balance; raise NoBalance where it has none."""
    if monitoring.balance is None:
        raise NoBalance
    return monitoring.balance


def period_obstacle(period: BalancePeriod, known: Collection[BalancePeriod], longest: Duration, at: datetime) -> str:
    """Say why nothing can be declared for `period` at `at`; "" where it can. `known` are the site's declared periods."""
    if period.end <= period.start:
        return "A balance period ends after it begins."
    if period.end > at:
        return "A balance period is over before anything is declared for it."
    if period.end > longest.after(period.start):
        return f"The text asks for balance periods of {longest} at most."
    if period not in known and any(period.overlaps(other) for other in known):
        return "It overlaps a period that was declared: name that very period, or one that begins where it ends."
    return ""


def work_obstacle(work: Mapping[str, int], runs: Collection[str]) -> str:
    """Say why this is no declaration of work; `runs` are the keys of the laboratory's runs at the site."""
    strange = sorted(set(work) - set(runs) - set(BESIDE_RUNS))
    if strange:
        return f"The site has no run {', '.join(strange)}: write a run's key, {INFERENCE} or {OTHER}."
    if not all(are_hours(hours) for hours in work.values()):
        return f"H100-hours are whole numbers from 0 to {MOST_HOURS:,}."
    return ""


def beginning_obstacle(begun_with: int | None, *, follows: bool) -> str:
    """Say why the work in progress at the beginning is out of place: the end of the period before says it, where there is one."""
    if follows and begun_with is not None:
        return "The period before says what was in progress when this one began."
    if not follows and begun_with is None:
        return "No declared period ends where this one begins: say what was in progress then."
    return ""


def observation_obstacle(*, is_declared: bool, measurement: str, terms: MaterialBalance, owner: str, body: str) -> str:
    """Say why `body` cannot file this observation. The laboratory declares first, so that nobody declares what was seen."""
    if measurement not in terms.measurements:
        return f"The text knows no measurement {measurement!r}."
    if not is_declared:
        return (
            "The laboratory has declared nothing for this period: a body says what it saw once the declaration stands."
        )
    if owner not in {"", body}:
        return "Another body has filed this measurement of the period; it alone corrects it."
    return ""


def declared_by(
    periods: Collection[BalancePeriod], bound_from: datetime, terms: MaterialBalance
) -> tuple[datetime, datetime]:
    """Return from when a site's next period runs, and by when it is to be declared."""
    since = max((one.end for one in periods), default=bound_from)
    return since, terms.declared_within.after(terms.period.after(since))


def balanced_since(texts: Iterable[tuple[datetime, bool]]) -> datetime | None:
    """Return from when balances are asked for without a break; None where the last text knows none.

    `texts` are (in force from, whether it knows a balance) in the order in which they came into force.
    """
    since: datetime | None = None
    for in_force_at, knows in texts:
        since = (since or in_force_at) if knows else None
    return since


def are_hours(hours: int) -> bool:
    """Whether this can be a number of H100-hours."""
    return 0 <= hours <= MOST_HOURS


def account(
    declared: Iterable[Declared], observed: Mapping[BalancePeriod, int], terms: MaterialBalance, measurement: str
) -> Account | None:
    """Return the newest unbroken run of periods with both sides; None where there is none. A gap begins a new account."""
    by_end = {one.period.end: one for one in declared}
    complete = {one.period.end: one for one in by_end.values() if one.period in observed}
    if not complete:
        return None
    run = [complete[max(complete)]]
    while found := complete.get(run[0].period.start):
        run.insert(0, found)
    before = by_end.get(run[0].period.start)
    beginning = before.in_progress if before else run[0].begun_with
    if beginning is None:
        return None
    values = Periods(
        input=tuple(float(observed[one.period]) for one in run),
        output=tuple(float(one.done) for one in run),
        inventory=(float(beginning), *(float(one.in_progress) for one in run)),
        err={
            "input": _error(terms.measurements[measurement]),
            "output": _error(terms.work),
            "inventory": _error(terms.in_progress),
        },
    )
    return Account(tuple(one.period for one in run), values)


def judge(found: Account | None, monitoring: Monitoring) -> Judgement | None:
    """Judge an account with the text's limits; None where there is none, or where it leaves a period without uncertainty."""
    terms = terms_of(monitoring)
    if found is None:
        return None
    try:
        figures = balance(found.values, k=float(terms.page.reference))
    except Malformed:
        return None
    return _judged(found.periods, figures, monitoring)


def together(judged: Collection[Judgement], monitoring: Monitoring) -> Judgement | None:
    """Judge several sites as one, over the periods that all of them have. Their instruments are their own: variances add."""
    if not judged:
        return None
    shared = sorted(set.intersection(*(set(one.periods) for one in judged)))
    run = shared[-1:]
    while run and (before := [one for one in shared if one.end == run[0].start]):
        run = [*before, *run]
    if not run:
        return None
    places = [[one.periods.index(period) for period in run] for one in judged]
    pairs = list(zip(judged, places, strict=True))
    count = range(len(run))
    muf = tuple(sum(one.found.muf[place[t]] for one, place in pairs) for t in count)
    cov = tuple(tuple(sum(one.found.cov[place[t]][place[s]] for one, place in pairs) for s in count) for t in count)
    return _judged(tuple(run), statistics(muf, cov, k=float(terms_of(monitoring).page.reference)), monitoring)


def _judged(periods: tuple[BalancePeriod, ...], found: Balance, monitoring: Monitoring) -> Judgement:
    page = terms_of(monitoring).page
    single, lasting = threshold(float(monitoring.false_alarm)), page_limit(float(page.reference), page.run_length)
    alarms = []
    for t, period in enumerate(periods):
        passed = found.page[t] > lasting and not (t and found.page[t - 1] > lasting)
        tests = [(AlarmTest.SITMUF, found.sitmuf[t] > single), (AlarmTest.PAGE, passed)]
        if any(alarmed for _test, alarmed in tests):
            which = tuple(test for test, alarmed in tests if alarmed)
            alarms.append(Alarm(period, which, f"{found.sitmuf[t]:.3f}", f"{found.page[t]:.3f}"))
    return Judgement(periods, found, single, lasting, tuple(alarms))


def _error(accuracy: Accuracy) -> RelativeError:
    return RelativeError(float(accuracy.random), float(accuracy.systematic))
