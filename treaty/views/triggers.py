from datetime import datetime
from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.generic import TemplateView
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.times import stamp
from ledger.queries import entries_about, position
from treaty.models.triggers import TRUTH_LABELS
from treaty.queries.indicators import trigger_chart
from treaty.queries.triggers import TriggerStanding, detail, standing
from treaty.views.shapes import TRIGGER
from web.api.shapes import page
from web.api.views import ComputedList
from web.caching import cached_by

SHOWN_ENTRIES = 20


@method_decorator(cached_by(position), name="dispatch")
class TriggersPage(TemplateView):
    """Every trigger: what it asks, what it is found to be, and who owes the data that are missing."""

    template_name = "treaty/trigger_list.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the triggers of the text in force as they stand now."""
        at = timezone.now()
        rows = [(row, TRUTH_LABELS[row.truth]) for row in standing(at)]
        return super().get_context_data(rows=rows, at=at, position=position(), **context)


@method_decorator(cached_by(position), name="dispatch")
class TriggerPage(TemplateView):
    """One trigger: its condition in words, the tree of its evaluation, its chart, what is owed, its history."""

    template_name = "treaty/trigger_detail.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the trigger as it stands now."""
        at = timezone.now()
        found = detail(self.kwargs["key"], at)
        if found is None:
            raise Http404
        return super().get_context_data(
            one=found,
            row=found.standing,
            truth_label=TRUTH_LABELS[found.standing.truth],
            chart=trigger_chart(found.standing, at),
            entries=entries_about(f"trigger:{found.standing.key}", SHOWN_ENTRIES),
            crumbs=[(reverse("treaty:triggers"), _("Triggers"))],
            at=at,
            position=position(),
            **context,
        )


class TriggersView(ComputedList[dict[str, object]]):
    """Every trigger of the text in force as it stands now, with its whole explanation."""

    position = staticmethod(position)
    asked_by = {
        "level": "only triggers that ask for this level",
        "truth": "only those that are true, false or unknown",
    }

    def rows(self, at: datetime) -> list[dict[str, object]]:
        """Return the triggers."""
        return [as_json(row) for row in standing(at)]

    @extend_schema(operation_id="triggers_list", responses={200: page(TRIGGER)})
    def get(self, request: Request) -> Response:
        """Answer a page of them."""
        return self.page(request)


def as_json(row: TriggerStanding) -> dict[str, object]:
    """Return a trigger as programs read it."""
    return {
        "key": row.key,
        "title": row.title,
        "opens": row.rule.opens,
        "level": row.rule.level,
        "truth": row.truth.value,
        "words": row.found.words,
        "latched": row.firing is not None,
        "vote": row.firing.vote.key if row.firing else None,
        "holds_until": stamp(row.holds_until) if row.holds_until else None,
        "owed": [owed.to_json() for owed in row.found.owed],
        "condition": row.rule.condition.model_dump(mode="json", exclude_none=True),
        "explanation": row.found.to_json(),
    }
