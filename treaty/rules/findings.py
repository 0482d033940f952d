"""What conditions are judged by, and what is found: readings, indicators, determinations, the finding with its whole way."""

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any, Literal, Protocol

from core.canonical import Json, digest
from core.durations import Duration
from core.times import stamp
from core.truth import Truth
from labs.rules.readings import written
from treaty.rules.conditions import AnyCondition, Comparison
from treaty.rules.words_conditions import evaluation_in_words


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
    DISPUTED = "disputed"  # it is determined as met, and a body disputes a stand-down that was verified


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


# The indicators of a text that was amended, and the instant until which it was in force.
type Earlier = tuple[datetime, Mapping[str, Measured]]


@dataclass(frozen=True)
class World:
    """All that a condition is judged by: readings, what they measure, the labs that are bound, determinations.

    A reading stands for as long as the text said that was in force when it was observed: `earlier` has those before `indicators`.
    `affiliations` holds pairs of organisation keys; they connect labs also through others that are not bound.
    `disputed` says since when, at the instant that is judged, a body has disputed the verified stand-down of a lab.
    `judged` keeps the finding of each comparison; who looks again and again (`lasting`) has it until it can have changed.
    `spans` keeps what of it does not depend on the threshold, by its measure and labs, with the readings that it was walked by.
    """

    readings: Sequence[Reading]
    indicators: Mapping[str, Measured]
    labs: frozenset[str] = frozenset()
    affiliations: frozenset[frozenset[str]] = frozenset()
    determinations: tuple[DeterminationValue, ...] = ()
    earlier: tuple[Earlier, ...] = ()
    disputed: Mapping[str, datetime] = field(default_factory=dict)
    _known: dict[datetime, dict[tuple[str, str | None], list[Reading]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    lasting: bool = False
    judged: dict[tuple[Comparison, tuple[str, ...] | None], "Evaluation"] = field(
        default_factory=dict, repr=False, compare=False
    )
    spans: dict[Hashable, dict[tuple[str, ...] | None, Any]] = field(default_factory=dict, repr=False, compare=False)

    def known(self, indicator: str, lab: str | None, at: datetime) -> list[Reading]:
        """Return what was known of an indicator at `at`; every condition that is judged then shares the sorting out."""
        if at not in self._known:
            found = self._known[at] = {}
            for reading in known_at(self.readings, at):
                found.setdefault((reading.indicator, reading.lab), []).append(reading)
        return self._known[at].get((indicator, lab), [])

    def found(self, comparison: Comparison, labs: tuple[str, ...] | None, at: datetime) -> "Evaluation | None":
        """Return what was found and is still so at `at`; None where it has to be judged."""
        found = self.judged.get((comparison, labs))
        if found is None or found.at == at:
            return found
        ran_out = found.holds_until is not None and found.holds_until <= at
        return found if self.lasting and found.at < at and not ran_out else None

    def without(
        self, fresh: Collection[tuple[str, str | None]]
    ) -> dict[tuple[Comparison, tuple[str, ...] | None], "Evaluation"]:
        """Return what was judged from none of these indicators and labs: it stands where readings of them come in."""
        about_world = {key for key, one in self.indicators.items() if one.about == "world"}

        def is_touched(comparison: Comparison, labs: tuple[str, ...] | None) -> bool:
            scope = (None,) if labs is None or comparison.indicator in about_world else labs
            return any((comparison.indicator, lab) in fresh for lab in scope)

        return {key: found for key, found in self.judged.items() if not is_touched(*key)}

    def validities(self, indicator: str) -> tuple[tuple[datetime, Duration], ...]:
        """Return how long a reading of the indicator stands that was observed before an amendment, with the instant of each."""
        return tuple((until, stated[indicator].validity) for until, stated in self.earlier if indicator in stated)


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

    def about(self, labs: tuple[str, ...], owed: tuple[Owed, ...]) -> "Evaluation":
        """Return the same finding about other labs, with what they owe."""
        found = object.__new__(Evaluation)
        vars(found).update(vars(self), labs=labs, own_owed=owed)  # a quarter of what setting each field costs
        return found

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
