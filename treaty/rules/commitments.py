"""Mutual activation: pledges that are conditional on others', and the largest set of labs whose pledges that set meets.

Every condition is monotone (a larger set never breaks it), so removing, again and again, each lab whose condition the
remaining set does not meet ends in the greatest fixed point, whatever the order (Knaster–Tarski).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError

from core.errors import Malformed
from treaty.rules.values import Key, Provision, Share

DEEPEST: Final = 4
MOST_PARTS: Final = 32


class Unconditional(Provision):
    """The lab pauses whatever others do."""

    kind: Literal["unconditional"] = "unconditional"


class Named(Provision):
    """All of these labs pause too."""

    kind: Literal["named"] = "named"
    labs: Annotated[tuple[Key, ...], Field(min_length=1, max_length=200)]


class AtLeastOthers(Provision):
    """At least `n` other labs pause too."""

    kind: Literal["at_least"] = "at_least"
    n: Annotated[int, Field(ge=1, le=10_000, strict=True)]


class ComputeShare(Provision):
    """The labs that pause, this one included, hold at least `share` of the covered compute of all bound labs."""

    kind: Literal["share"] = "share"
    share: Share


class AllOf(Provision):
    """Every part holds."""

    kind: Literal["all_of"] = "all_of"
    of: Annotated[tuple["PledgeCondition", ...], Field(min_length=1, max_length=MOST_PARTS)]


class AnyOf(Provision):
    """At least one part holds."""

    kind: Literal["any_of"] = "any_of"
    of: Annotated[tuple["PledgeCondition", ...], Field(min_length=1, max_length=MOST_PARTS)]


type PledgeCondition = Annotated[
    Unconditional | Named | AtLeastOthers | ComputeShare | AllOf | AnyOf, Field(discriminator="kind")
]
AllOf.model_rebuild()
AnyOf.model_rebuild()
_ADAPTER: Final[TypeAdapter[PledgeCondition]] = TypeAdapter(PledgeCondition)


def read_condition(data: object) -> PledgeCondition:
    """Return the condition that `data` (parsed JSON) states; raise Malformed with the field that cannot be read."""
    if _depth(data) > DEEPEST:
        raise Malformed(f"A commitment's condition is nested at most {DEEPEST} levels deep.")
    try:
        return _ADAPTER.validate_python(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "condition"
        raise Malformed(f"The condition cannot be read: {where}: {first['msg']}.") from None


def _depth(data: object, limit: int = 64) -> int:
    if limit == 0 or not isinstance(data, Mapping):
        return 0
    parts = data.get("of")
    return 1 + max((_depth(part, limit - 1) for part in parts), default=0) if isinstance(parts, Sequence) else 1


@dataclass(frozen=True)
class Pledge:
    """One lab's commitment to a pause. `compute` is its covered compute in H100-equivalents, None while undeclared."""

    lab: str
    condition: PledgeCondition = field(default_factory=Unconditional)
    confirmed_at: datetime | None = None
    withdrawn_at: datetime | None = None
    compute: Fraction | None = None

    @property
    def is_confirmed(self) -> bool:
        """Whether it has been given and not taken back."""
        return self.confirmed_at is not None and self.withdrawn_at is None

    def as_of(self, before: datetime) -> "Pledge":
        """Return the pledge with what came at or after `before` left out."""
        confirmed = self.confirmed_at if self.confirmed_at and self.confirmed_at < before else None
        withdrawn = self.withdrawn_at if confirmed and self.withdrawn_at and self.withdrawn_at < before else None
        return replace(self, confirmed_at=confirmed, withdrawn_at=withdrawn)


@dataclass(frozen=True)
class Met:
    """Whether a set meets a condition, and what it lacks: structured, so that pages and verifier word it alike."""

    holds: bool
    code: str  # unconditional | named | at_least | share | share_unknown | all_of | any_of
    have: str = ""
    need: str = ""
    lacking: tuple[str, ...] = ()
    parts: tuple["Met", ...] = ()


@dataclass(frozen=True)
class Reason:
    """Why a lab is in the set or out of it, and in which round of removal it fell out (0: it is in)."""

    lab: str
    bound: bool
    code: str  # met | not_confirmed | withdrawn | not_met
    round: int = 0
    met: Met | None = None


@dataclass(frozen=True)
class FixedPoint:
    """The largest set whose conditions are all met by the set itself."""

    members: frozenset[str]
    reasons: Mapping[str, Reason]
    rounds: int


def meets(lab: str, condition: PledgeCondition, members: frozenset[str], compute: Mapping[str, Fraction | None]) -> Met:
    """Whether `members` (with `lab` counted among them) meets `condition`; `compute` covers every lab of the roll."""
    match condition:
        case Unconditional():
            return Met(holds=True, code="unconditional")
        case Named():
            lacking = tuple(sorted(set(condition.labs) - members - {lab}))
            return Met(holds=not lacking, code="named", lacking=lacking)
        case AtLeastOthers():
            others = len(members - {lab})
            return Met(holds=others >= condition.n, code="at_least", have=str(others), need=str(condition.n))
        case ComputeShare():
            return _share_met(condition.share, members | {lab}, compute)
        case AllOf():
            parts = tuple(meets(lab, part, members, compute) for part in condition.of)
            return Met(holds=all(part.holds for part in parts), code="all_of", parts=parts)
        case AnyOf():
            parts = tuple(meets(lab, part, members, compute) for part in condition.of)
            return Met(holds=any(part.holds for part in parts), code="any_of", parts=parts)


def _share_met(share: Fraction, members: frozenset[str], compute: Mapping[str, Fraction | None]) -> Met:
    """An undeclared inventory makes the share unknown, and what is unknown is not met."""
    undeclared = tuple(sorted(lab for lab, held in compute.items() if held is None))
    known = {lab: held for lab, held in compute.items() if held is not None}
    total, held = sum(known.values(), Fraction(0)), sum((known.get(lab, Fraction(0)) for lab in members), Fraction(0))
    if undeclared:
        return Met(holds=False, code="share_unknown", need=str(share), lacking=undeclared)
    return Met(
        holds=held >= share * total, code="share", have=str(held / total if total else Fraction(0)), need=str(share)
    )


def largest_set(pledges: Sequence[Pledge]) -> FixedPoint:
    """Return the greatest fixed point over `pledges`, one for each lab of the roll, with a reason for each."""
    compute = {pledge.lab: pledge.compute for pledge in pledges}
    conditions = {pledge.lab: pledge.condition for pledge in pledges if pledge.is_confirmed}
    reasons = {pledge.lab: Reason(pledge.lab, bound=False, code=_why_absent(pledge)) for pledge in pledges}
    members, rounds = frozenset(conditions), 0
    while True:
        found = {lab: meets(lab, conditions[lab], members, compute) for lab in sorted(members)}
        falling = {lab for lab, met in found.items() if not met.holds}
        if not falling:
            break
        rounds += 1
        reasons |= {lab: Reason(lab, bound=False, code="not_met", round=rounds, met=found[lab]) for lab in falling}
        members -= falling
    reasons |= {lab: Reason(lab, bound=True, code="met", met=met) for lab, met in found.items()}
    return FixedPoint(members, reasons, rounds)


def _why_absent(pledge: Pledge) -> str:
    return "withdrawn" if pledge.confirmed_at and pledge.withdrawn_at else "not_confirmed"
