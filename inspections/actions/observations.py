"""A file of what a body saw of many sites and periods: all of it is filed, or none."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import transaction

from accounts.models import Organisation, User
from accounts.rules.organisations import Role
from core.errors import DomainError, require
from inspections.actions.accounting import OBSERVERS, observe_compute
from inspections.models import ComputeObservation
from inspections.rules.observations import ObservationRow, read_observations
from labs.models import Facility
from treaty.permissions import bodies_acting
from treaty.rules.readings import RowRefused

OBSERVING = (Role.OFFICER, Role.INSPECTOR)


class LineState(StrEnum):
    """What becomes of a row."""

    NEW = "new"
    CORRECTED = "corrected"  # the body's number before is superseded
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True)
class Line:
    """A row of the file and what becomes of it; `before` is the number on file that it corrects."""

    line: int
    what: str
    state: LineState
    why: str = ""
    row: ObservationRow | None = None
    before: int | None = None


@dataclass(frozen=True)
class Filing:
    """What came, or would come, of a file."""

    lines: tuple[Line, ...]
    is_filed: bool

    def count(self, state: LineState) -> int:
        """How many rows are in this state."""
        return sum(one.state is state for one in self.lines)

    @property
    def is_whole(self) -> bool:
        """Whether no row is refused, so that the file can be filed."""
        return not self.count(LineState.REFUSED)


@transaction.atomic
def file_observations(*, data: bytes, body: Organisation, by: User, at: datetime, is_trial: bool = False) -> Filing:
    """File every observation of the file, each with its entry `compute.observed`; nothing of it if a single row is refused.

    A trial answers the same and files nothing. The same file again changes nothing.
    """
    require(body in bodies_acting(by, at=at, roles=OBSERVING), OBSERVERS)
    rows = list(read_observations(data))
    sites = _locked(rows)
    lines = tuple(_line(row, sites, body=body, by=by, at=at) for row in rows)
    is_filed = not is_trial and all(one.state is not LineState.REFUSED for one in lines)
    if not is_filed:
        transaction.set_rollback(True)
    return Filing(lines, is_filed)


def _locked(rows: Iterable[ObservationRow | RowRefused]) -> Mapping[str, Facility]:
    """Lock the sites in one order, so that two files about the same sites do not wait for each other."""
    keys = {one.facility for one in rows if isinstance(one, ObservationRow)}
    found = Facility.objects.select_for_update(no_key=True, of=("self",)).select_related("organisation")
    return {one.key: one for one in found.filter(key__in=keys).order_by("pk")}


def _line(
    row: ObservationRow | RowRefused, sites: Mapping[str, Facility], *, body: Organisation, by: User, at: datetime
) -> Line:
    if isinstance(row, RowRefused):
        return Line(row.line, row.what, LineState.REFUSED, row.why)
    what, facility = f"{row.facility} · {row.measurement}", sites.get(row.facility)
    if facility is None:
        return Line(row.line, what, LineState.REFUSED, f"There is no site {row.facility!r}.", row)
    filed = ComputeObservation.objects.filter(
        facility=facility, measurement=row.measurement, from_at=row.period.start, until_at=row.period.end
    )
    before = filed.order_by("-version").first()
    try:
        with transaction.atomic():
            made = observe_compute(
                facility=facility, period=row.period, measurement=row.measurement, hours=row.hours, body=body, by=by, at=at
            )  # fmt: skip
    except DomainError as error:
        return Line(row.line, what, LineState.REFUSED, error.detail, row)
    if made == before:
        return Line(row.line, what, LineState.UNCHANGED, row=row)
    return Line(
        row.line,
        what,
        LineState.CORRECTED if before else LineState.NEW,
        row=row,
        before=before.hours if before else None,
    )
