"""Special visits as pages, actions and tasks need them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, QuerySet

from accounts.models import Organisation
from inspections.models import Special, Visit
from inspections.rules.specials import OPEN, TO_THE_CASE, Asked, Standing, needs_visit, standing
from inspections.rules.visits import VisitState
from labs.models import Facility
from treaty.models import Case
from treaty.rules.cases import CaseKind


@dataclass(frozen=True)
class SpecialRow:
    """A special visit as it stands: its visit unless that was called off or is sealed, and its case."""

    special: Special
    standing: Standing
    visit: Visit | None
    is_sealed: bool  # a visit is planned, and its notice has not been given
    case: Case | None


def specials() -> QuerySet[Special]:
    """Return every special visit with its visits, in a fixed number of queries."""
    return Special.objects.with_names().prefetch_related(Prefetch("visits", Visit.objects.with_names()))


def standing_of(special: Special, at: datetime) -> Standing:
    """Return where a special visit is at `at`."""
    return standing(asked_of(special), states_of(special), at)


def asked_of(special: Special) -> Asked:
    """Return a request with its answer as the rules' value."""
    return Asked(special.answer_by, special.agrees)


def states_of(special: Special) -> list[VisitState]:
    """Return the states of the visits planned for it."""
    return [VisitState(one.state) for one in special.visits.all()]


def rows(at: datetime, found: QuerySet[Special] | None = None, limit: int = 50) -> list[SpecialRow]:
    """Return special visits, the newest first: all of them, or those of a query that comes from `specials`."""
    return rows_of((specials() if found is None else found).filter(requested_at__lte=at)[:limit], at)


def rows_of(found: Iterable[Special], at: datetime) -> list[SpecialRow]:
    """Return these special visits as they stand; they come from `specials`."""
    taken = list(found)
    cases = Case.objects.filter(kind=CaseKind.SPECIAL.value, subject__in=[one.key for one in taken])
    by_key = {one.subject: one for one in cases}
    return [_row(one, by_key.get(one.key), at) for one in taken]


def _row(special: Special, case: Case | None, at: datetime) -> SpecialRow:
    going = next((one for one in special.visits.all() if one.state != VisitState.CANCELLED), None)
    opened = going if going and going.notified_at and going.notified_at <= at else None
    return SpecialRow(special, standing_of(special, at), opened, going is not None and opened is None, case)


def is_pending(facility: Facility, at: datetime) -> bool:
    """Whether a special visit to the facility was asked for that is not over."""
    return any(standing_of(one, at) in OPEN for one in specials().filter(facility=facility))


def unsettled(at: datetime) -> list[Special]:
    """Return the special visits that have not yet had their consequence: a visit, or a case."""
    cases = Case.objects.filter(kind=CaseKind.SPECIAL.value).values("subject")
    waiting = specials().filter(requested_at__lte=at).exclude(key__in=cases)
    return [one for one in waiting if standing_of(one, at) in TO_THE_CASE or needs_visit(asked_of(one), states_of(one))]


def to_answer(labs: Collection[Organisation], at: datetime) -> list[Special]:
    """Return the special visits that these laboratories are asked about."""
    found = specials().filter(facility__organisation__in=list(labs), agrees=None, requested_at__lte=at)
    return list(found.filter(answer_by__gt=at))
