"""What the pledges to a pause are weighed by, and how they are shown."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from accounts.models import Organisation
from labs.models import Inventory
from treaty.models import Commitment, Pause
from treaty.queries.pauses import facts, pledge, terms
from treaty.rules.commitments import PledgeCondition, Reason
from treaty.rules.pauses import activation_outcome
from treaty.rules.text import Covered


def covered_compute(labs: Collection[Organisation], covered: Covered, at: datetime) -> Mapping[int, Fraction | None]:
    """Return each lab's compute in H100-equivalents as declared by `at`; None for one that has declared no inventory."""
    found: dict[int, Fraction | None] = {lab.pk: None for lab in labs}
    lines = (
        Inventory.objects.standing(at)
        .filter(facility__organisation__in=list(labs))
        .values_list("facility__organisation", "lines__quantity", "lines__accelerator__ops_8bit")
    )
    for lab, quantity, operations in lines:
        equivalents = Fraction(quantity or 0) * Fraction(operations or 0) / Fraction(covered.h100_ops_per_second)
        found[lab] = (found[lab] or Fraction(0)) + equivalents
    return found


@dataclass(frozen=True)
class CommitmentRow:
    """One lab's pledge with why it is in the bound set or out of it: as written down, or as it stands now."""

    commitment: Commitment
    condition: PledgeCondition
    reason: Reason | None


def commitment_rows(pause: Pause) -> list[CommitmentRow]:
    """Return every pledge of the roll with its reason; no query of its own when the pause was fetched `with_rows()`."""
    reasons = activation_outcome(facts(pause), terms(pause)).bound.reasons
    return [
        CommitmentRow(one, pledge(one).condition, None if pause.emergency else reasons.get(one.organisation.key))
        for one in pause.commitments.all()
    ]
