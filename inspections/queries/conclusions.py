"""Conclusions that the stand-downs have not heard of."""

from datetime import datetime

from inspections.models import Report
from inspections.rules.reports import ReportState
from inspections.rules.visits import VisitKind
from treaty.models import Verification


def waiting(at: datetime) -> list[Report]:
    """Return the submitted reports of pause verifications whose stand-down has not heard of them."""
    found = Report.objects.filter(
        state=ReportState.SUBMITTED, received_at__lte=at, visit__kind=VisitKind.PAUSE_VERIFICATION
    )
    declared = found.filter(visit__pause__ended_at=None, visit__pause__lapsed_at=None)
    known = Verification.objects.exclude(visit_key="").values("visit_key")
    return list(declared.exclude(visit__key__in=known).select_related("visit"))
