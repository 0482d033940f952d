"""What a pause does not reach, as figures: open weights, capacity outside the treaty, capacity without evidence.

Only what somebody declared or published can be counted. What cannot be known is None here and "unknown" on the page, never nought.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from django.db.models import Count, Q, QuerySet

from accounts.rules.organisations import Kind
from inspections.queries.matrix import Matrix, MatrixRow, matrix
from inspections.rules.evidence import EvidenceState
from labs.models import Inventory, OpenWeightRelease
from treaty.queries.texts import rules_of, text_at
from treaty.rules.text import Text
from web.prepared import prepared


@dataclass(frozen=True)
class Capacity:
    """Declared capacity in H100-equivalents: of bound laboratories, of those where evidence is valid, of all others."""

    bound: Fraction
    evidenced: Fraction
    outside: Fraction

    @property
    def known(self) -> Fraction:
        """All capacity that anybody declared."""
        return self.bound + self.outside

    @property
    def verified_share(self) -> Fraction | None:
        """The share of all known capacity that is under verification; None where none is known."""
        return self.evidenced / self.known if self.known else None

    @property
    def outside_share(self) -> Fraction | None:
        """The share of all declared capacity that belongs to nobody bound; None where nobody outside has declared any."""
        return self.outside / (self.outside + self.bound) if self.outside else None


@dataclass(frozen=True)
class Coverage:
    """What is not covered. `open_weights` is None while the register is empty; `unestimated` are those whose compute nobody knows."""

    above_flop: Decimal
    open_weights: int | None
    unestimated: int
    capacity: Capacity
    at: datetime


def coverage(at: datetime) -> Coverage | None:
    """Return what the text in force does not cover; None without a text."""
    text = text_at(at)
    return coverage_of(rules_of(text), matrix(at), at) if text else None


def coverage_of(rules: Text, evidence: Matrix, at: datetime) -> Coverage:
    """Return what is not covered, from a matrix that is already at hand; two queries."""
    above = rules.open_weights.register_above_flop
    releases = OpenWeightRelease.objects.standing(at).aggregate(
        known=Count("pk"), above=Count("pk", filter=Q(flop__gt=above)), unestimated=Count("pk", filter=Q(flop=None))
    )
    ops = rules.covered.h100_ops_per_second
    return Coverage(
        above_flop=above,
        open_weights=releases["above"] if releases["known"] else None,
        unestimated=releases["unestimated"],
        capacity=Capacity(
            bound=sum((row.capacity for row in evidence.rows), Fraction(0)),
            evidenced=sum((row.capacity for row in evidence.rows if has_valid_evidence(row)), Fraction(0)),
            outside=_outside({row.facility.pk for row in evidence.rows}, ops, at),
        ),
        at=at,
    )


def has_valid_evidence(row: MatrixRow) -> bool:
    """Whether at least one layer is verified and not expired, and none contradicts what was declared."""
    return row.state is EvidenceState.VERIFIED


def _outside(bound: Collection[int], ops: Decimal, at: datetime) -> Fraction:
    """Return what laboratories that nothing binds have declared nevertheless."""
    others = _elsewhere(at, list(bound))
    return sum((quantity * Fraction(rate) / Fraction(ops) for quantity, rate in others if quantity), Fraction(0))


@prepared
def _elsewhere(at: datetime, bound: list[int]) -> QuerySet[Inventory, tuple[int | None, Decimal]]:
    in_use = Q(facility__closed_at=None) | Q(facility__closed_at__gt=at)
    found = Inventory.objects.standing(at).filter(in_use, facility__organisation__kind=Kind.LABORATORY)
    others = found.filter(~Q(facility__pk__among=bound))
    return others.values_list("lines__quantity", "lines__accelerator__ops_8bit")
