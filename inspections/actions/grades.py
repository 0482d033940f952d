"""Publishing the grades of all."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from inspections.models import GradeTable
from inspections.queries.grades import due_as_of, grades
from ledger.actions import record
from treaty.actions.pauses import lock_keys

# A table is made this much after its instant, so that no act of before it is still on its way to the record.
SETTLED: Final = timedelta(minutes=2)


@transaction.atomic
def publish_grades(*, at: datetime) -> GradeTable | None:
    """Publish the table that is due, as of the instant that the text says, however late this runs; None where none is due."""
    lock_keys("grades")
    as_of = due_as_of(at - SETTLED)
    if as_of is None:
        return None
    table = grades(as_of).as_json()
    made = GradeTable.objects.create(as_of=as_of, table=table, published_at=at)
    record(kind="grades.published", payload=table, by=None, at=at)
    return made
