from datetime import datetime
from decimal import Decimal

from accounts.models import Organisation
from labs.models import TrainingRun
from labs.rules.runs import UNFINISHED


def runs_in_scope(organisation: Organisation, above_flop: Decimal | None, at: datetime) -> list[TrainingRun]:
    """Return the laboratory's registered, unfinished runs planned above `above_flop` at `at`; None is no threshold: every run."""
    runs = TrainingRun.objects.filter(
        organisation=organisation, registered_at__lte=at, status__in=UNFINISHED
    ).select_related("facility")
    return list((runs if above_flop is None else runs.filter(planned_flop__gt=above_flop)).order_by("key"))
