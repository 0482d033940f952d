"""The schedule as far as it is opened, what keeps it from being better, and the scheduler's log."""

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from accounts.models import Organisation
from inspections.models.schedules import OUTCOME_LABELS
from inspections.models.visits import KIND_LABELS
from inspections.queries.schedules import (
    LogLine,
    burdens,
    newest_schedule,
    opened_of_schedules,
    pulse,
    run_log,
    sealed_visits,
    terms_at,
    uses,
)
from inspections.rules.schedules import Burden, Parity, RunOutcome
from inspections.rules.visits import VisitKind
from inspections.views.overview import visit_row
from inspections.views.words import OUTCOME_SIGNS, PROVISION_LABELS
from labs.models import Facility
from ledger.queries import position


class SchedulePage(TemplateView):
    """Not cached: that the scheduler runs, or does not, is in no entry of the record."""

    template_name = "inspections/schedule.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the schedule as it stands now."""
        at = timezone.now()
        here = {"at": at, "position": position(), "crumbs": [(reverse("inspections:list"), _("Inspections"))]}
        terms = terms_at(at)
        if terms is None:
            return super().get_context_data(terms=None, **here, **context)
        schedule = newest_schedule(at)
        return super().get_context_data(
            terms=terms,
            schedule=schedule,
            sealed=sealed_visits(at).count(),
            opened=[visit_row(row) for row in opened_of_schedules(at)],
            missed=_missed(schedule.missed) if schedule else [],
            uses=[(PROVISION_LABELS[use.rule.value], use) for use in uses(at)],
            parity=_named(burdens(at)),
            pulse=pulse(at),
            log=[_line(line) for line in run_log(at)],
            **here,
            **context,
        )


def _named(found: Parity) -> list[tuple[str, Burden]]:
    """Return the burdens with the laboratories' names."""
    labs = Organisation.objects.filter(key__in=[one.lab for one in found.burdens])
    names = dict(labs.values_list("key", "name"))
    return [(names[one.lab], one) for one in found.burdens]


def _missed(missed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what a schedule leaves out or late, in words."""
    names = dict(Facility.objects.filter(key__in=[one["facility"] for one in missed]).values_list("key", "name"))
    return [
        {
            "site": names[one["facility"]],
            "kind": KIND_LABELS[VisitKind(one["kind"])],
            "late": one["late"],
            "provisions": [PROVISION_LABELS.get(rule, rule) for rule in one["provisions"]],
        }
        for one in missed
    ]


def _line(line: LogLine) -> dict[str, Any]:
    if line.run is None:
        return {"line": line, "sign": "br", "label": _("Missed: it should have looked, and did not")}
    outcome = RunOutcome(line.run.outcome)
    return {"line": line, "sign": OUTCOME_SIGNS[outcome], "label": OUTCOME_LABELS[outcome]}
