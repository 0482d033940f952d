"""A comparison over a span of time: the instants at which it can change, walked once, in order.

Sums are integers on a common scale and ranks are kept in heaps, so that a span costs O(n log n) whatever its window.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache, partial
from heapq import heappop, heappush
from operator import add, ge, gt, le, lt
from typing import Final, NamedTuple

from core.durations import Duration
from core.truth import Truth, all_of
from treaty.rules.conditions import Aggregate, Comparison, Edge
from treaty.rules.findings import Evaluation, Measured, Owed, Reading, Reason

OPERATORS: Final = {">": gt, ">=": ge, "<": lt, "<=": le}
# A month back and a month on again are not always the same instant.
LONGER_MONTH: Final = timedelta(days=4)
NOTHING: Final = timedelta(0)
DAY_IN_MICROSECONDS: Final = 86_400_000_000


class _State(NamedTuple):
    """What is compared between two instants at which something changes; no value is unknown."""

    value: Fraction | None = None
    source: str | None = None
    number: int = 0  # of readings
    reason: Reason | None = None


class _Window:
    """The readings of one source that count at an instant. A change costs O(log n), the aggregate no more.

    Members are known by their rank in time, and enter in that order. Those that left stay where they are until they come
    up. Only the heap that the aggregate asks for is filled.
    """

    def __init__(self, values: Sequence[int], aggregate: Aggregate) -> None:
        self.values, self.aggregate = values, aggregate
        self.live: set[int] = set()
        self.total = 0
        self.entered: deque[int] = deque()
        self.largest: list[tuple[int, int]] = []
        self.smallest: list[tuple[int, int]] = []

    def enter(self, rank: int) -> None:
        self.live.add(rank)
        self.total += self.values[rank]
        self.entered.append(rank)
        if self.aggregate is Aggregate.MAX:
            heappush(self.largest, (-self.values[rank], rank))
        elif self.aggregate is Aggregate.MIN:
            heappush(self.smallest, (self.values[rank], rank))

    def leave(self, rank: int) -> None:
        if rank in self.live:
            self.live.remove(rank)
            self.total -= self.values[rank]

    def last(self) -> int:
        while self.entered[-1] not in self.live:
            self.entered.pop()
        return self.entered[-1]

    def first(self) -> int:
        while self.entered[0] not in self.live:
            self.entered.popleft()
        return self.entered[0]

    def extreme(self, heap: list[tuple[int, int]]) -> int:
        while heap[0][1] not in self.live:
            heappop(heap)
        return self.values[heap[0][1]]


def needed_since(
    comparison: Comparison,
    indicator: Measured,
    at: datetime,
    validities: Iterable[tuple[datetime, Duration]] = (),
) -> datetime:
    """Return an instant before which no reading was observed that can count at `at`, or in the span up to it."""
    start = comparison.sustained_for.before(at) if comparison.sustained_for else at
    windows = [comparison.window] if comparison.window else [indicator.validity, *(one for _, one in validities)]
    is_exact = all(window.exact is not None for window in windows)
    return min(window.before(start) for window in windows) - (NOTHING if is_exact else LONGER_MONTH)


def measure(comparison: Comparison) -> Hashable:
    """Return what a comparison asks of readings: what differs in operator and threshold only is walked once."""
    return (
        comparison.indicator,
        comparison.aggregate,
        comparison.window,
        comparison.minimum_readings,
        comparison.edge,
        comparison.sources,
        comparison.sustained_for,
    )


class Span:
    """What is compared over the instants from `start` to `at`; they are the same where nothing has to be sustained."""

    def __init__(
        self,
        comparison: Comparison,
        indicator: Measured,
        readings: list[Reading],
        at: datetime,
        start: datetime | None = None,
        *,
        validities: tuple[tuple[datetime, Duration], ...] = (),
    ) -> None:
        self.comparison, self.indicator, self.at, self.validities = comparison, indicator, at, validities
        self.start = start or (comparison.sustained_for.before(at) if comparison.sustained_for else at)
        self.sources: tuple[str, ...] = comparison.sources or indicator.sources
        self.known = readings
        kept = self._kept()
        self.readings = [reading for reading, _, _ in kept]
        self.leaves = [leaves for _, leaves, _ in kept]
        self.stale = [stale for _, _, stale in kept]
        exact = [_edge(reading, comparison.edge).as_integer_ratio() for reading in self.readings]
        self.scale = _common({denominator for _, denominator in exact})
        self.values = [numerator * (self.scale // denominator) for numerator, denominator in exact]
        read = {reading.source for reading in self.readings}
        self.windows: dict[str, _Window] = {
            source: _Window(self.values, comparison.aggregate) for source in self.sources if source in read
        }
        self._walked: list[tuple[datetime, _State]] | None = None

    def _kept(self) -> list[tuple[Reading, datetime, datetime]]:
        """Return the readings that count in the span, in their order, each with when it leaves the window and when it is stale."""
        sources, start = self.sources, self.start
        stale_after = self._stale if self.validities else _later(self.indicator.validity)
        leaves_after = _later(self.comparison.window) if self.comparison.window else stale_after
        kept = []
        for reading in self.known:
            if reading.source in sources:
                leaves = leaves_after(reading.observed_at)
                if leaves > start:
                    kept.append((reading, leaves, stale_after(reading.observed_at)))
        return sorted(kept, key=lambda one: _order(one[0]))

    def _stale(self, observed_at: datetime) -> datetime:
        """Return until when a reading stands, by the text that was in force when it was observed."""
        earlier = (validity for until, validity in self.validities if observed_at < until)
        return next(earlier, self.indicator.validity).after(observed_at)

    def judged(self, comparison: Comparison, labs: tuple[str, ...] | None, owing: Sequence[str | None]) -> Evaluation:
        """Return what is found at the end of the span of a comparison of this measure; `owing` are the labs that would have to bring what is missing."""
        states = self.states()
        last, phases = (
            states[-1][1],
            _phases(states, partial(_holds, OPERATORS[comparison.op], _exact(comparison.value))),
        )
        truth, reason, broken = self._sustained(phases, last)
        chosen = {state.source for _, state in states}
        return Evaluation(
            truth,
            comparison,
            self.at,
            labs,
            value=last.value,
            unit=self.indicator.unit,
            title=self.indicator.title,
            source=last.source,
            count=last.number,
            reason=reason,
            since=phases[-1].start if self.comparison.sustained_for else None,
            broken_at=broken.end if broken else None,
            holds_until=self._holds_until(phase.start for phase in phases[1:]),
            own_owed=self._owed(owing, reason, broken) if truth is Truth.UNKNOWN else (),
            used=tuple(reading for reading in self.readings if reading.source in chosen),
        )

    def _sustained(self, phases: list["_Phase"], last: _State) -> tuple[Truth, Reason | None, "_Phase | None"]:
        """Return whether it holds throughout, why not, and the last phase of the span that stands in the way."""
        truth = all_of(phase.truth for phase in phases) if len(phases) > 1 else phases[0].truth
        if truth is phases[-1].truth:
            return truth, last.reason, None
        broken = next(phase for phase in reversed(phases) if phase.truth is truth)
        return truth, Reason.NOT_THROUGHOUT if truth is Truth.FALSE else Reason.GAP, broken

    def states(self) -> list[tuple[datetime, _State]]:
        """Return each instant from `start` to `at` at which anything can change, with what is compared from there."""
        if self._walked is None:
            self._walked = list(self._walk())
        return self._walked

    def _walk(self) -> Iterator[tuple[datetime, _State]]:
        changes = self._changes()
        for instant in sorted(changes):
            for rank in changes[instant]:
                window = self.windows[self.readings[rank].source]
                if instant >= self.leaves[rank]:
                    window.leave(rank)
                elif rank not in window.live:
                    window.enter(rank)
            yield instant, self._state(instant)

    def _changes(self) -> dict[datetime, list[int]]:
        """Return the readings that can change something, by instant, in their order."""
        start, at = self.start, self.at
        if start == at:  # all that is kept counts, and nothing changes in no time
            return {at: list(range(len(self.readings)))}
        changes: dict[datetime, list[int]] = {start: []}
        for rank, reading in enumerate(self.readings):
            observed = reading.observed_at
            if observed <= start:
                changes[start].append(rank)
            elif observed <= at:
                changes.setdefault(observed, []).append(rank)
            for instant in (self.leaves[rank], self.stale[rank]):
                if start < instant <= at:
                    changes.setdefault(instant, []).append(rank)
        return changes

    def _state(self, instant: datetime) -> _State:
        minimum = self.comparison.minimum_readings
        for source, window in self.windows.items():
            if len(window.live) < max(1, minimum) or (minimum and self.stale[window.last()] <= instant):
                continue
            value = self._aggregate(window)
            if value is None:
                return _State(None, source, len(window.live), Reason.ONE_INSTANT)
            return _State(value, source, len(window.live))
        if minimum == 0:
            return _State(Fraction(0))
        return self._missing(instant)

    def _missing(self, instant: datetime) -> _State:
        fresh = [
            len(window.live) for window in self.windows.values() if window.live and instant < self.stale[window.last()]
        ]
        if fresh:
            return _State(number=max(fresh), reason=Reason.TOO_FEW)
        ever = any(reading.source in self.sources for reading in self.known)
        return _State(reason=Reason.STALE if ever else Reason.NONE_YET)

    def _aggregate(self, window: _Window) -> Fraction | None:  # noqa: PLR0911 - one for each aggregate
        match self.comparison.aggregate:
            case Aggregate.LATEST:
                return Fraction(self.values[window.last()], self.scale)
            case Aggregate.MEAN:
                return Fraction(window.total, self.scale * len(window.live))
            case Aggregate.MAX:
                return Fraction(window.extreme(window.largest), self.scale)
            case Aggregate.MIN:
                return Fraction(window.extreme(window.smallest), self.scale)
            case Aggregate.SUM:
                return Fraction(window.total, self.scale)
            case Aggregate.COUNT:
                return Fraction(len(window.live))
            case Aggregate.RATE:
                return self._rate(window.first(), window.last())

    def _rate(self, first: int, last: int) -> Fraction | None:
        between = self.readings[last].observed_at - self.readings[first].observed_at
        microseconds = (between.days * 86_400 + between.seconds) * 1_000_000 + between.microseconds
        if not microseconds:
            return None
        return Fraction((self.values[last] - self.values[first]) * DAY_IN_MICROSECONDS, self.scale * microseconds)

    def _holds_until(self, boundaries: Iterable[datetime]) -> datetime | None:
        ahead = [instant for instant in (*self.leaves, *self.stale) if instant > self.at]
        if span := self.comparison.sustained_for:
            ahead += [later for boundary in boundaries if (later := span.after(boundary)) > self.at]
        return min(ahead, default=None)

    def _owed(self, owing: Sequence[str | None], reason: Reason | None, broken: "_Phase | None") -> tuple[Owed, ...]:
        """Name who owes the datum: since the newest stopped being valid; now, where only more of them are needed."""
        since: datetime | None = None
        known = [reading for reading in self.known if reading.source in self.sources]
        if broken is not None:
            since = broken.start
        elif reason in {Reason.TOO_FEW, Reason.ONE_INSTANT}:
            since = self.at
        elif known:
            newest = max(reading.observed_at for reading in known)
            since = self._stale(newest)
            if self.comparison.window:
                since = min(since, self.comparison.window.after(newest))
        by = self.indicator.owed_by
        why = reason or Reason.NONE_YET
        return tuple(Owed(self.comparison.indicator, lab, by, since, why) for lab in owing)


class _Phase(NamedTuple):
    """A stretch of the span in which the comparison has one truth; the last one has no end yet."""

    truth: Truth
    start: datetime
    end: datetime | None = None


def _phases(states: list[tuple[datetime, _State]], holds: Callable[[Fraction], Truth]) -> list[_Phase]:
    phases: list[_Phase] = []
    for instant, state in states:
        truth = Truth.UNKNOWN if state.value is None else holds(state.value)
        if not phases or phases[-1].truth is not truth:
            if phases:
                phases[-1] = phases[-1]._replace(end=instant)
            phases.append(_Phase(truth, instant))
    return phases


def _holds(operator: Callable[[Fraction, Fraction], bool], threshold: Fraction, value: Fraction) -> Truth:
    return Truth.of(operator(value, threshold))


@lru_cache(maxsize=256)
def _exact(value: Decimal) -> Fraction:
    """Return a threshold as a fraction: every lab is compared with the same ones."""
    return Fraction(value)


@lru_cache(maxsize=256)
def _later(duration: Duration) -> Callable[[datetime], datetime]:
    """Return what adds the duration to an instant."""
    exact = duration.exact
    return duration.after if exact is None else partial(add, exact)


def _order(reading: Reading) -> tuple[datetime, datetime, Decimal, str, str]:
    return reading.observed_at, reading.received_at, reading.value, reading.lab or "", reading.series


def _edge(reading: Reading, edge: Edge) -> Decimal:
    match edge:
        case Edge.LOW if reading.low is not None:
            return reading.low
        case Edge.HIGH if reading.high is not None:
            return reading.high
        case _:
            return reading.value


def _common(denominators: Iterable[int]) -> int:
    """Return the power of ten that makes whole numbers of decimals."""
    scale = 1
    for denominator in denominators:
        while scale % denominator:
            scale *= 10
    return scale
