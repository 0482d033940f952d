"""What a condition is at an instant: true, false or unknown, with the whole way that leads there.

Bitemporal: an evaluation at `at` knows what had been received by `at`, of every datum the newest version, and nothing
that was observed later. The past of a span ("sustained for") is judged by the same knowledge: a correction that has
arrived changes how the span is seen from now on; it never changes what an earlier evaluation said.

Sources are not mixed. The first source in order counts that has enough readings in the window and a newest one that
is still valid. No source: unknown, with the reason and who owes the datum since when.

Arithmetic is exact: sums are integers on a common scale, values are fractions. The instants between which nothing
changes are walked once, in order, with sums and ranks kept up to date, so a span costs O(n log n).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from heapq import heappop, heappush
from operator import ge, gt, le, lt
from typing import Final, Literal, Protocol

from core.canonical import Json, digest
from core.durations import Duration
from core.times import stamp
from core.truth import Truth, all_of, any_of, at_least, negate
from labs.rules.readings import written
from treaty.rules.conditions import (
    Aggregate,
    All,
    AnyCondition,
    AnyOf,
    AtLeast,
    Comparison,
    Determined,
    Edge,
    InLabs,
    Not,
)
from treaty.rules.words_conditions import evaluation_in_words

OPERATORS: Final = {">": gt, ">=": ge, "<": lt, "<=": le}
DAY_IN_MICROSECONDS: Final = 86_400_000_000


class Reading(Protocol):
    """What is judged: `labs.rules.readings.ReadingValue` has it. `lab` is None for a reading about the world."""

    @property
    def id(self) -> int: ...  # noqa: D102 - a number of the database's
    @property
    def indicator(self) -> str: ...  # noqa: D102 - its key in the text
    @property
    def lab(self) -> str | None: ...  # noqa: D102 - the laboratory's key
    @property
    def value(self) -> Decimal: ...  # noqa: D102 - in the indicator's unit
    @property
    def low(self) -> Decimal | None: ...  # noqa: D102 - the interval's lower edge
    @property
    def high(self) -> Decimal | None: ...  # noqa: D102 - its upper edge
    @property
    def observed_at(self) -> datetime: ...  # noqa: D102 - when it was so
    @property
    def received_at(self) -> datetime: ...  # noqa: D102 - when it was known here
    @property
    def source(self) -> str: ...  # noqa: D102 - verified, observed or declared
    @property
    def series(self) -> str: ...  # noqa: D102 - the datum's stable key
    @property
    def version(self) -> int: ...  # noqa: D102 - 1, 2 … as it is corrected


class Measured(Protocol):
    """What evaluation needs of an indicator: `treaty.rules.text.Indicator` has it."""

    @property
    def title(self) -> str: ...  # noqa: D102 - in words
    @property
    def unit(self) -> str: ...  # noqa: D102 - of its readings
    @property
    def about(self) -> Literal["world", "lab"]: ...  # noqa: D102 - whose readings count
    @property
    def validity(self) -> Duration: ...  # noqa: D102 - how long a reading stays fresh
    @property
    def sources(self) -> tuple[Literal["verified", "observed", "declared"], ...]: ...  # noqa: D102 - in order
    @property
    def owed_by(self) -> Literal["labs", "bodies", "secretariat"]: ...  # noqa: D102 - who has to bring the datum


@dataclass(frozen=True)
class DeterminationValue:
    """What a body determined about a criterion; in force in [determined_at, expires_at), the body's newest counts."""

    criterion: str
    body: str
    met: bool
    determined_at: datetime
    expires_at: datetime


class Reason(StrEnum):
    """Why something is unknown, or not yet true."""

    NONE_YET = "none_yet"  # no reading of the indicator has arrived
    STALE = "stale"  # the newest is no longer valid, or has left the window
    TOO_FEW = "too_few"
    ONE_INSTANT = "one_instant"  # a rate needs readings of two instants
    GAP = "gap"  # unknown at some instant of the span
    NOT_THROUGHOUT = "not_throughout"  # false at some instant of the span
    NO_LABS = "no_labs"
    UNDEFINED = "undefined"  # the text has no such indicator
    UNDETERMINED = "undetermined"
    EXPIRED = "expired"
    DISAGREEMENT = "disagreement"  # bodies contradict each other: no conclusion is drawn


@dataclass(frozen=True)
class Owed:
    """A datum that is missing: who owes it, about whom, since when (None: since the duty began)."""

    what: str
    lab: str | None
    by: str
    due_at: datetime | None
    reason: Reason

    def to_json(self) -> dict[str, Json]:
        """Return it for a page or the record."""
        due = None if self.due_at is None else stamp(self.due_at)
        return {"what": self.what, "lab": self.lab, "by": self.by, "due_at": due, "reason": self.reason.value}


@dataclass(frozen=True)
class World:
    """All that a condition is judged by: readings, what they measure, the labs that are bound, determinations.

    `affiliations` holds pairs of organisation keys; they connect labs also through others that are not bound.
    """

    readings: Sequence[Reading]
    indicators: Mapping[str, Measured]
    labs: frozenset[str] = frozenset()
    affiliations: frozenset[frozenset[str]] = frozenset()
    determinations: tuple[DeterminationValue, ...] = ()


@dataclass(frozen=True)
class Evaluation:
    """A condition's truth at an instant, and why. `parts` mirrors the condition, with one part for each lab in in_labs."""

    truth: Truth
    condition: AnyCondition
    at: datetime
    labs: tuple[str, ...] | None = None  # for whom it was judged; None: for the world
    parts: tuple["Evaluation", ...] = ()
    value: Fraction | None = None
    unit: str = ""
    title: str = ""
    source: str | None = None
    count: int = 0
    reason: Reason | None = None
    since: datetime | None = None  # of a span: it has been as it is now since then (or since before the span)
    broken_at: datetime | None = None  # of a span: what stands in the way ended then
    needed: int | None = None
    holds_until: datetime | None = None  # without new data nothing changes before
    own_owed: tuple[Owed, ...] = ()
    used: tuple[Reading, ...] = ()

    @property
    def kind(self) -> str:
        """The condition's kind."""
        return self.condition.kind

    @property
    def threshold(self) -> Decimal | None:
        """What a comparison compares with."""
        return self.condition.value if isinstance(self.condition, Comparison) else None

    @property
    def words(self) -> str:
        """The finding as an English sentence; `evaluation_in_words` says it in other languages."""
        return evaluation_in_words(self)

    @property
    def owed(self) -> tuple[Owed, ...]:
        """Every missing datum that leaves this unknown, each once. What is decided without it is not asked for."""
        if self.truth is not Truth.UNKNOWN:
            return ()
        below = (owed for part in self.parts for owed in part.owed)
        return tuple(dict.fromkeys([*self.own_owed, *below]))

    @property
    def readings(self) -> tuple[int, ...]:
        """The ids of the readings that counted here and below."""
        return tuple(sorted({reading.id for reading in self._all_used()}))

    def _all_used(self) -> Iterator[Reading]:
        yield from self.used
        for part in self.parts:
            yield from part._all_used()  # noqa: SLF001 - the same class

    def to_json(self) -> dict[str, Json]:
        """Return the explanation tree: numbers as strings, exact; readings as their number and one digest."""
        return {
            "kind": self.kind,
            "truth": self.truth.value,
            "words": self.words,
            "labs": None if self.labs is None else list(self.labs),
            "value": None if self.value is None else str(self.value),
            "threshold": None if self.threshold is None else str(self.threshold),
            "unit": self.unit,
            "source": self.source,
            "count": self.count,
            "needed": self.needed,
            "reason": self.reason.value if self.reason else None,
            "since": stamp(self.since) if self.since else None,
            "broken_at": stamp(self.broken_at) if self.broken_at else None,
            "holds_until": stamp(self.holds_until) if self.holds_until else None,
            "owed": [owed.to_json() for owed in self.own_owed],
            "readings": {"count": len(self.used), "sha256": digest_of(self.used)},
            "parts": [part.to_json() for part in self.parts],
        }


def digest_of(readings: Iterable[Reading]) -> str:
    """Return one digest over readings, by what the record knows of each and in no matter which order."""
    return digest(
        sorted([r.indicator, r.lab or "", r.source, r.series, str(r.version), written(r.value)] for r in readings)
    )


def evaluate(condition: AnyCondition, world: World, at: datetime) -> Evaluation:
    """Judge `condition` at `at` by what had been received by then (Kleene's strong logic throughout)."""
    return _Judge(world, at).judge(condition, None)


def course(
    comparison: Comparison, world: World, start: datetime, at: datetime, lab: str | None = None
) -> list[tuple[datetime, Fraction | None]]:
    """Return what is compared from `start` to `at` as known at `at`: each instant at which it changes; None is unknown."""
    judge = _Judge(world, at)
    readings = judge.known.get((comparison.indicator, lab), [])
    found: list[tuple[datetime, Fraction | None]] = []
    for instant, state in _Span(comparison, world.indicators[comparison.indicator], readings, at, start).states():
        if not found or found[-1][1] != state.value:
            found.append((instant, state.value))
    return found


def known_at(readings: Iterable[Reading], at: datetime) -> list[Reading]:
    """Return of each datum the newest version received by `at`, where that was observed by `at`."""
    newest: dict[tuple[str, str | None, str], Reading] = {}
    for reading in readings:
        if reading.received_at <= at:
            datum = (reading.indicator, reading.lab, reading.series)
            other = newest.get(datum)
            if other is None or _version(other) < _version(reading):
                newest[datum] = reading
    return [reading for reading in newest.values() if reading.observed_at <= at]


def _version(reading: Reading) -> tuple[int, datetime, Decimal, int]:
    return reading.version, reading.received_at, reading.value, reading.id


@dataclass(frozen=True)
class _Judge:
    world: World
    at: datetime
    known: dict[tuple[str, str | None], list[Reading]] = field(init=False)

    def __post_init__(self) -> None:
        known: dict[tuple[str, str | None], list[Reading]] = {}
        for reading in known_at(self.world.readings, self.at):
            known.setdefault((reading.indicator, reading.lab), []).append(reading)
        object.__setattr__(self, "known", known)

    def judge(self, condition: AnyCondition, labs: tuple[str, ...] | None) -> Evaluation:  # noqa: PLR0911 - one for each kind
        match condition:
            case Comparison():
                return self._compare(condition, labs)
            case Determined():
                return self._determined(condition)
            case InLabs():
                return self._in_labs(condition)
            case Not():
                part = self.judge(condition.of, labs)
                return self._group(condition, labs, negate(part.truth), (part,))
            case All():
                parts = tuple(self.judge(part, labs) for part in condition.of)
                return self._group(condition, labs, all_of(part.truth for part in parts), parts)
            case AnyOf():
                parts = tuple(self.judge(part, labs) for part in condition.of)
                return self._group(condition, labs, any_of(part.truth for part in parts), parts, needed=1)
            case AtLeast():
                parts = tuple(self.judge(part, labs) for part in condition.of)
                truth = at_least(condition.n, (part.truth for part in parts))
                return self._group(condition, labs, truth, parts, needed=condition.n)

    def _group(
        self,
        condition: AnyCondition,
        labs: tuple[str, ...] | None,
        truth: Truth,
        parts: tuple[Evaluation, ...],
        needed: int | None = None,
    ) -> Evaluation:
        until = _earliest(part.holds_until for part in parts)
        return Evaluation(truth, condition, self.at, labs, parts, needed=needed, holds_until=until)

    def _in_labs(self, condition: InLabs) -> Evaluation:
        groups = self._groups() if condition.affiliates_together else [(lab,) for lab in sorted(self.world.labs)]
        if condition.share is not None and not groups:
            return Evaluation(Truth.UNKNOWN, condition, self.at, reason=Reason.NO_LABS)
        needed = condition.n or _ceiling((condition.share or Fraction(1)) * len(groups))
        parts = tuple(self.judge(condition.of, group) for group in groups)
        return self._group(condition, None, at_least(needed, (part.truth for part in parts)), parts, needed)

    def _groups(self) -> list[tuple[str, ...]]:
        """Return the bound labs with all that they are affiliated to, directly or through others."""
        group_of: dict[str, frozenset[str]] = {lab: frozenset({lab}) for lab in self.world.labs}
        for pair in self.world.affiliations:
            joined: frozenset[str] = frozenset().union(*(group_of.get(key, frozenset({key})) for key in pair))
            group_of |= dict.fromkeys(joined, joined)
        return sorted({tuple(sorted(group_of[lab])) for lab in self.world.labs})

    def _determined(self, condition: Determined) -> Evaluation:
        said = [
            determination
            for determination in self.world.determinations
            if determination.criterion == condition.criterion and determination.determined_at <= self.at
        ]
        newest = {
            determination.body: determination
            for determination in sorted(said, key=lambda one: (one.determined_at, one.expires_at, one.met))
        }
        standing = [determination for determination in newest.values() if self.at < determination.expires_at]
        until = _earliest(determination.expires_at for determination in standing)
        match {determination.met for determination in standing}:
            case found if len(found) == 1:
                return Evaluation(Truth.of(found.pop()), condition, self.at, count=len(standing), holds_until=until)
            case found:
                reason = Reason.DISAGREEMENT if found else Reason.EXPIRED if said else Reason.UNDETERMINED
        due = (
            max((determination.expires_at for determination in newest.values()), default=None) if not standing else None
        )
        owed = Owed(condition.criterion, None, "bodies", due, reason)
        return Evaluation(
            Truth.UNKNOWN, condition, self.at, reason=reason, count=len(standing), own_owed=(owed,), holds_until=until
        )

    def _compare(self, comparison: Comparison, labs: tuple[str, ...] | None) -> Evaluation:
        indicator = self.world.indicators.get(comparison.indicator)
        if indicator is None:
            return Evaluation(Truth.UNKNOWN, comparison, self.at, labs, reason=Reason.UNDEFINED)
        scope: Iterable[str | None] = labs or (None,)
        if indicator.about == "world":
            scope, labs = (None,), None
        readings = [reading for lab in scope for reading in self.known.get((comparison.indicator, lab), ())]
        owing: Sequence[str | None] = (None,) if labs is None else [lab for lab in labs if lab in self.world.labs]
        return _Span(comparison, indicator, readings, self.at).judged(labs, owing)


@dataclass(frozen=True)
class _State:
    """What a comparison is between two instants at which something changes."""

    truth: Truth
    value: Fraction | None = None
    source: str | None = None
    count: int = 0
    reason: Reason | None = None


class _Window:
    """The readings of one source that count at an instant. A change costs O(log n), the aggregate no more.

    Members are known by their rank in time; those that left stay in the heaps until they come up.
    """

    def __init__(self, values: Sequence[int]) -> None:
        self.values = values
        self.live: set[int] = set()
        self.total = 0
        self.newest: list[int] = []
        self.oldest: list[int] = []
        self.largest: list[tuple[int, int]] = []
        self.smallest: list[tuple[int, int]] = []

    def enter(self, rank: int) -> None:
        self.live.add(rank)
        self.total += self.values[rank]
        heappush(self.newest, -rank)
        heappush(self.oldest, rank)
        heappush(self.largest, (-self.values[rank], rank))
        heappush(self.smallest, (self.values[rank], rank))

    def leave(self, rank: int) -> None:
        self.live.discard(rank)
        self.total -= self.values[rank]

    def last(self) -> int:
        while -self.newest[0] not in self.live:
            heappop(self.newest)
        return -self.newest[0]

    def first(self) -> int:
        while self.oldest[0] not in self.live:
            heappop(self.oldest)
        return self.oldest[0]

    def extreme(self, heap: list[tuple[int, int]]) -> int:
        while heap[0][1] not in self.live:
            heappop(heap)
        return self.values[heap[0][1]]


class _Span:
    """A comparison over the instants from `start` to `at`; they are the same where nothing has to be sustained."""

    def __init__(
        self,
        comparison: Comparison,
        indicator: Measured,
        readings: list[Reading],
        at: datetime,
        start: datetime | None = None,
    ) -> None:
        self.comparison, self.indicator, self.at = comparison, indicator, at
        self.start = start or (comparison.sustained_for.before(at) if comparison.sustained_for else at)
        self.sources: tuple[str, ...] = comparison.sources or indicator.sources
        self.window = comparison.window or indicator.validity
        self.threshold = Fraction(comparison.value)
        self.known = readings
        kept = [r for r in readings if r.source in self.sources and self.window.after(r.observed_at) > self.start]
        self.readings = sorted(kept, key=lambda r: (r.observed_at, r.received_at, r.value, r.lab or "", r.series))
        exact = [Fraction(_edge(reading, comparison.edge)) for reading in self.readings]
        self.scale = _common(exact)
        self.values = [value.numerator * (self.scale // value.denominator) for value in exact]
        self.leaves = [self.window.after(reading.observed_at) for reading in self.readings]
        self.stale = [indicator.validity.after(reading.observed_at) for reading in self.readings]
        self.windows: dict[str, _Window] = {source: _Window(self.values) for source in self.sources}

    def judged(self, labs: tuple[str, ...] | None, owing: Sequence[str | None]) -> Evaluation:
        states = list(self.states())
        last, phases = states[-1][1], _phases(states)
        truth, reason, broken = self._sustained(phases, last)
        chosen = {state.source for _, state in states}
        return Evaluation(
            truth,
            self.comparison,
            self.at,
            labs,
            value=last.value,
            unit=self.indicator.unit,
            title=self.indicator.title,
            source=last.source,
            count=last.count,
            reason=reason,
            since=phases[-1].start if self.comparison.sustained_for else None,
            broken_at=broken.end if broken else None,
            holds_until=self._holds_until(phase.start for phase in phases[1:]),
            own_owed=self._owed(owing, reason, broken) if truth is Truth.UNKNOWN else (),
            used=tuple(reading for reading in self.readings if reading.source in chosen),
        )

    def _sustained(self, phases: list["_Phase"], last: _State) -> tuple[Truth, Reason | None, "_Phase | None"]:
        """Return whether it holds throughout, why not, and the last phase of the span that stands in the way."""
        truth = all_of(phase.truth for phase in phases)
        if truth is last.truth:
            return truth, last.reason, None
        broken = next(phase for phase in reversed(phases) if phase.truth is truth)
        return truth, Reason.NOT_THROUGHOUT if truth is Truth.FALSE else Reason.GAP, broken

    def states(self) -> Iterator[tuple[datetime, _State]]:
        """Yield each instant from `start` to `at` at which anything can change, with what holds from there."""
        changes: dict[datetime, list[int]] = {self.start: []}
        for rank, reading in enumerate(self.readings):
            for instant in (max(reading.observed_at, self.start), self.leaves[rank], self.stale[rank]):
                if self.start <= instant <= self.at:
                    changes.setdefault(instant, []).append(rank)
        for instant in sorted(changes):
            for rank in changes[instant]:
                self._change(rank, instant)
            yield instant, self._state(instant)

    def _change(self, rank: int, instant: datetime) -> None:
        window = self.windows[self.readings[rank].source]
        counts = instant < self.leaves[rank]
        if counts and rank not in window.live:
            window.enter(rank)
        elif not counts and rank in window.live:
            window.leave(rank)

    def _state(self, instant: datetime) -> _State:
        minimum = self.comparison.minimum_readings
        for source in self.sources:
            window = self.windows[source]
            if len(window.live) < max(1, minimum) or (minimum and self.stale[window.last()] <= instant):
                continue
            value = self._aggregate(window)
            if value is None:
                return _State(Truth.UNKNOWN, None, source, len(window.live), Reason.ONE_INSTANT)
            return _State(self._holds(value), value, source, len(window.live))
        if minimum == 0:
            return _State(self._holds(Fraction(0)), Fraction(0))
        return self._missing(instant)

    def _missing(self, instant: datetime) -> _State:
        fresh = [
            len(window.live) for window in self.windows.values() if window.live and instant < self.stale[window.last()]
        ]
        if fresh:
            return _State(Truth.UNKNOWN, count=max(fresh), reason=Reason.TOO_FEW)
        ever = any(reading.source in self.sources for reading in self.known)
        return _State(Truth.UNKNOWN, reason=Reason.STALE if ever else Reason.NONE_YET)

    def _holds(self, value: Fraction) -> Truth:
        return Truth.of(OPERATORS[self.comparison.op](value, self.threshold))

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
            since = min(self.window.after(newest), self.indicator.validity.after(newest))
        by = self.indicator.owed_by
        why = reason or Reason.NONE_YET
        return tuple(Owed(self.comparison.indicator, lab, by, since, why) for lab in owing)


@dataclass(frozen=True)
class _Phase:
    """A stretch of the span in which the comparison has one truth; the last one has no end yet."""

    truth: Truth
    start: datetime
    end: datetime | None = None


def _phases(states: list[tuple[datetime, _State]]) -> list[_Phase]:
    phases: list[_Phase] = []
    for instant, state in states:
        if not phases or phases[-1].truth is not state.truth:
            if phases:
                phases[-1] = replace(phases[-1], end=instant)
            phases.append(_Phase(state.truth, instant))
    return phases


def _edge(reading: Reading, edge: Edge) -> Decimal:
    match edge:
        case Edge.LOW if reading.low is not None:
            return reading.low
        case Edge.HIGH if reading.high is not None:
            return reading.high
        case _:
            return reading.value


def _common(values: Iterable[Fraction]) -> int:
    """Return the power of ten that makes whole numbers of decimals."""
    scale = 1
    for value in values:
        while scale % value.denominator:
            scale *= 10
    return scale


def _earliest(instants: Iterable[datetime | None]) -> datetime | None:
    return min((instant for instant in instants if instant is not None), default=None)


def _ceiling(value: Fraction) -> int:
    return -(-value.numerator // value.denominator)
