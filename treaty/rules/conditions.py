"""Conditions: small trees over readings that are true, false or unknown. No code, no regular expression, bounded depth."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from treaty.rules.values import Key, Length, Number, Provision, Share


class Aggregate(StrEnum):
    """How the readings of a window become one value."""

    LATEST = "latest"
    MEAN = "mean"
    MAX = "max"
    SUM = "sum"
    COUNT = "count"
    RATE = "rate"


class Edge(StrEnum):
    """Which edge of a reading's interval is compared."""

    VALUE = "value"
    LOW = "low"
    HIGH = "high"


class Comparison(Provision):
    """An aggregate of an indicator over a half-open window, against a value in the indicator's unit."""

    kind: Literal["compare"] = "compare"
    indicator: Key
    aggregate: Aggregate = Aggregate.LATEST
    window: Length | None = None  # None: whatever is still valid by the indicator's validity
    minimum_readings: int = 1
    edge: Edge = Edge.VALUE
    sources: tuple[Literal["verified", "observed", "declared"], ...] = ()  # in order; () = the indicator's own order
    op: Literal[">", ">=", "<", "<="]
    value: Number
    sustained_for: Length | None = None


class All(Provision):
    """Every part is true."""

    kind: Literal["all"] = "all"
    of: tuple[Condition, ...]


class Any_(Provision):
    """At least one part is true."""

    kind: Literal["any"] = "any"
    of: tuple[Condition, ...]


class AtLeast(Provision):
    """At least `n` parts are true."""

    kind: Literal["at_least"] = "at_least"
    n: int
    of: tuple[Condition, ...]


class Not(Provision):
    """The part is false."""

    kind: Literal["not"] = "not"
    of: Condition


class InLabs(Provision):
    """`of`, judged for each bound lab by its own readings, is true in at least `n` labs or a share of them."""

    kind: Literal["in_labs"] = "in_labs"
    n: int | None = None
    share: Share | None = None
    affiliates_together: bool = False
    of: Condition


class Determined(Provision):
    """A monitoring body has determined it, and the determination has not expired."""

    kind: Literal["determined"] = "determined"
    criterion: Key


type Condition = Annotated[Comparison | All | Any_ | AtLeast | Not | InLabs | Determined, Field(discriminator="kind")]

for _model in (All, Any_, AtLeast, Not, InLabs):
    _model.model_rebuild()
