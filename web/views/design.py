from typing import Any

from django.http import QueryDict
from django.views.generic import TemplateView

from web import design
from web.listings import listing


class DesignPage(TemplateView):
    """Every component in every state, with invented content."""

    template_name = "web/design.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the samples."""
        refused = design.SampleForm({"b-title": "Orion-4", "b-flop": "0", "b-choice": ""}, prefix="b")
        return super().get_context_data(
            noon=design.NOON,
            hash=design.HASH,
            statuses=design.STATUSES,
            stages=design.STAGES,
            events=design.EVENTS,
            parties=design.PARTIES,
            roll_call=design.ROLL_CALL,
            formula=design.FORMULA,
            tasks=design.TASKS,
            deliveries=design.DELIVERIES,
            colours=design.COLOURS,
            charts=design.charts(),
            form=design.SampleForm(),
            refused=refused,
            layers=("ok", "on", "un", "br", "na"),
            crumbs=[("/", "Now"), ("#", "About")],
            cells=["y", "y", "y", "y", "n", "a", "s", "", "r"],
            plain={
                "caption": "Cadence of inspections",
                "columns": ["Facility", "Conversion time", "Cadence"],
                "rows": [["Narvik", "41 d", "90 d"], ["Mesa 4", "9 d", "30 d"]],
            },
            long=listing(QueryDict("plain=2"), [f"Laboratory {number}" for number in range(90)], str, name="plain"),
            steps=["Choose", "Check the text", "Sign", "Receipt"],
            **context,
        )
