"""What a submitted report means for the stand-down that it verifies."""

from datetime import datetime

from django.db import transaction

from inspections.models import Report, Visit
from inspections.queries.candidates import all_consistent
from inspections.queries.reports import standing_signatures
from inspections.rules.reports import Conclusion
from inspections.rules.visits import VisitKind
from treaty.actions.standdowns import verify_stand_down
from treaty.models import StandDown, Verification
from treaty.queries.pauses import state
from treaty.rules.pauses import BINDING


@transaction.atomic
def conclude(*, report: Report, at: datetime) -> Verification | None:
    """Pass the report's conclusion on to the stand-down, in the name of the inspector who signed last.

    A discrepancy, or being unable to conclude, counts at once. "Consistent" counts once every facility of the laboratory was found
    consistent: one clean site verifies nobody. Until the laboratory has declared its stand-down there is nothing to verify; the sweep
    tries again. A second call changes nothing.
    """
    visit = Visit.objects.select_for_update(of=("self",)).with_names().get(pk=report.visit_id)
    stand_down = _stand_down(visit, at)
    if stand_down is None or not Report.objects.standing().filter(pk=report.pk).exists():
        return None
    if report.conclusion == Conclusion.CONSISTENT and not all_consistent(stand_down.pause, stand_down.organisation, at):
        return None
    last = standing_signatures(report)[-1]
    return verify_stand_down(
        stand_down=stand_down, visit_key=visit.key, conclusion=report.conclusion, by=last.user, body=last.body, at=at
    )


def _stand_down(visit: Visit, at: datetime) -> StandDown | None:
    if visit.kind != VisitKind.PAUSE_VERIFICATION or visit.pause is None or state(visit.pause, at) not in BINDING:
        return None
    found = StandDown.objects.filter(
        pause=visit.pause, organisation=visit.facility.organisation, declared_at__isnull=False
    )
    return found.exclude(verifications__visit_key=visit.key).select_related("pause", "organisation").first()
