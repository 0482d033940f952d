"""What a condition is at an instant: true, false or unknown, with the whole way that leads there.

Bitemporal: an evaluation at `at` knows what had been received by `at`, of every datum the newest version, and nothing
that was observed later. The past of a span ("sustained for") is judged by the same knowledge: a correction that has
arrived changes how the span is seen from now on; it never changes what an earlier evaluation said.

Sources are not mixed. The first source in order counts that has enough readings in the window and a newest one that
is still valid. No source: unknown, with the reason and who owes the datum since when.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from core.truth import Truth, all_of, any_of, at_least, negate
from treaty.rules.conditions import All, AnyCondition, AnyOf, AtLeast, Comparison, Determined, InLabs, Not
from treaty.rules.findings import (
    DeterminationValue,
    Evaluation,
    Measured,
    Owed,
    Reading,
    Reason,
    World,
    digest_of,
    known_at,
)
from treaty.rules.spans import Span, measure

__all__ = [
    "DeterminationValue",
    "Evaluation",
    "Measured",
    "Owed",
    "Reading",
    "Reason",
    "World",
    "course",
    "digest_of",
    "evaluate",
    "known_at",
]


# Those for whom something is judged together; None: the world.
type Labs = tuple[str, ...] | None


def evaluate(condition: AnyCondition, world: World, at: datetime) -> Evaluation:
    """Judge `condition` at `at` by what had been received by then (Kleene's strong logic throughout)."""
    return _Judge(world, at).judge(condition, None)


def course(
    comparison: Comparison, world: World, start: datetime, at: datetime, lab: str | None = None
) -> list[tuple[datetime, Fraction | None]]:
    """Return what is compared from `start` to `at` as known at `at`: each instant at which it changes; None is unknown."""
    readings = world.known(comparison.indicator, lab, at)
    found: list[tuple[datetime, Fraction | None]] = []
    for instant, state in _span(comparison, world, readings, at, start).states():
        if not found or found[-1][1] != state.value:
            found.append((instant, state.value))
    return found


def _span(
    comparison: Comparison, world: World, readings: list[Reading], at: datetime, start: datetime | None = None
) -> Span:
    indicator = world.indicators[comparison.indicator]
    return Span(comparison, indicator, readings, at, start, validities=world.validities(comparison.indicator))


@dataclass(frozen=True)
class _Judge:
    world: World
    at: datetime
    _spans: dict[int, dict[Labs, Span]] = field(default_factory=dict)  # of the world, by the comparison itself

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
        owed: tuple[Owed, ...]
        match {determination.met for determination in standing}:
            case found if len(found) == 1:
                owed = self._disputes(condition) if True in found else ()
                if not owed:
                    return Evaluation(Truth.of(found.pop()), condition, self.at, count=len(standing), holds_until=until)
                reason = Reason.DISPUTED
            case found:
                reason = Reason.DISAGREEMENT if found else Reason.EXPIRED if said else Reason.UNDETERMINED
                due = max((one.expires_at for one in newest.values()), default=None) if not standing else None
                owed = (Owed(condition.criterion, None, "bodies", due, reason),)
        return Evaluation(
            Truth.UNKNOWN, condition, self.at, reason=reason, count=len(standing), own_owed=owed, holds_until=until
        )

    def _disputes(self, condition: Determined) -> tuple[Owed, ...]:
        """Return a new visit to each bound lab whose verified stand-down is disputed, where the condition asks that none is."""
        disputed = sorted(self.world.disputed.keys() & self.world.labs) if condition.undisputed else ()
        return tuple(
            Owed(condition.criterion, lab, "bodies", self.world.disputed[lab], Reason.DISPUTED) for lab in disputed
        )

    def _compare(self, comparison: Comparison, labs: tuple[str, ...] | None) -> Evaluation:
        """Judge a comparison once, though a trigger, its reset and other triggers ask it."""
        found = self.world.found(comparison, labs, self.at)
        if found is None:
            found = self.world.judged[comparison, labs] = self._compared(comparison, labs)
        return found

    def _compared(self, comparison: Comparison, labs: tuple[str, ...] | None) -> Evaluation:
        indicator = self.world.indicators.get(comparison.indicator)
        if indicator is None:
            return Evaluation(Truth.UNKNOWN, comparison, self.at, labs, reason=Reason.UNDEFINED)
        scope: Iterable[str | None] = labs or (None,)
        if indicator.about == "world":
            scope, labs = (None,), None
        readings = [reading for lab in scope for reading in self.world.known(comparison.indicator, lab, self.at)]
        if labs and not readings and not self.world.known(comparison.indicator, None, self.at):
            return self._silent(comparison, labs)
        owing: Sequence[str | None] = (None,) if labs is None else [lab for lab in labs if lab in self.world.labs]
        return self._span(comparison, labs, readings).judged(comparison, labs, owing)

    def _span(self, comparison: Comparison, labs: Labs, readings: list[Reading]) -> Span:
        """Return the span, walked once for all comparisons of one measure by the same readings."""
        spans = self._spans.get(id(comparison))
        if spans is None:
            key = measure(comparison), self.world.validities(comparison.indicator)
            spans = self._spans[id(comparison)] = self.world.spans.setdefault(key, {})
        span, indicator = spans.get(labs), self.world.indicators[comparison.indicator]
        if span is None or span.at != self.at or span.indicator is not indicator or span.known != readings:
            span = spans[labs] = _span(comparison, self.world, readings, self.at)
        return span

    def _silent(self, comparison: Comparison, labs: tuple[str, ...]) -> Evaluation:
        """Return the finding about labs of which nothing was ever read: the same for all, but for who owes it."""
        nothing = self._compare(comparison, None)
        owed = tuple(
            Owed(one.what, lab, one.by, one.due_at, one.reason)
            for lab in labs
            if lab in self.world.labs
            for one in nothing.own_owed
        )
        return nothing.about(labs, owed)


def _earliest(instants: Iterable[datetime | None]) -> datetime | None:
    return min((instant for instant in instants if instant is not None), default=None)


def _ceiling(value: Fraction) -> int:
    return -(-value.numerator // value.denominator)
