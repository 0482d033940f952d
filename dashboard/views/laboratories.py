"""The pages of laboratories with what only the apps above `labs` know.

`labs` has the addresses, the pages and their templates, with empty blocks for what it cannot know. These two views are mounted at the same
addresses before `labs`' own, extend its templates and fill the blocks; `labs:list` and `labs:lab` stay the names to link to.
"""

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.decorators import method_decorator

from dashboard.queries.laboratories import Rival, obligations, standings
from dashboard.words import STAGES, standing_words, status_words
from inspections.models.reports import CONCLUSION_LABELS
from inspections.models.visits import STATE_LABELS
from inspections.rules.reports import Conclusion
from inspections.rules.visits import VisitState
from inspections.views.challenges import challenge_row
from inspections.views.overview import frequency_words
from inspections.views.words import EVIDENCE_LABELS, layer_title
from labs.rules.terms import Terms
from labs.views.laboratories import LaboratoriesView, LaboratoryView
from ledger.queries import position
from notices.queries.events import events
from treaty.queries.terms import terms_at
from treaty.rules.parties import Status
from treaty.rules.standdowns import StageState
from web.caching import cached_by
from web.listings import SOUGHT, listing

MOST_READINGS = 12
MOST_EVENTS = 12
STAGE_SIGNS = {StageState.DONE: "ok", StageState.DONE_LATE: "br", StageState.DUE: "on", StageState.LATE: "br"}


class KnowsText:
    """Numbers of the text in force for `labs`' pages."""

    def terms(self, at: datetime) -> Terms | None:
        """Return them; None before any text is published."""
        return terms_at(at)


@method_decorator(cached_by(position, SOUGHT, "page"), name="dispatch")
class LaboratoriesPage(KnowsText, LaboratoriesView):
    """Every laboratory, with its status and its standing under the pause that binds."""

    template_name = "dashboard/laboratory_list.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add both to the rows."""
        found = super().get_context_data(**context)
        pause, boards, statuses = standings(found["at"])
        rows = [
            vars(row)
            | standing_words(boards[row.organisation.pk].standing if row.organisation.pk in boards else None)
            | status_words(statuses.get(row.organisation.pk, Status.NOT_SIGNED))
            for row in found["rows"]
        ]
        return found | {"rows": rows, "pause": pause}


@method_decorator(cached_by(position, SOUGHT, "rivals"), name="dispatch")
class LaboratoryPage(KnowsText, LaboratoryView):
    """One laboratory: obligations with their deadlines, inspections, and every rival's figures beside its own."""

    template_name = "dashboard/laboratory_detail.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add what the apps above know."""
        found = super().get_context_data(**context)
        own = obligations(found["lab"], timezone.now())
        rivals = listing(self.request.GET, own.rivals, lambda one: one.organisation.name, name="rivals")
        return (
            found
            | status_words(own.status)
            | standing_words(own.board.standing if own.board else None)
            | {
                "own": own,
                "stages": [
                    (stage, STAGES[stage.key.value], STAGE_SIGNS[stage.state])
                    for stage in (own.board.stages if own.board else ())
                ],
                "challenges": [challenge_row(row) for row in own.challenges],
                "frequency": frequency_words(list(own.frequency)),
                "visits": [(row, STATE_LABELS[VisitState(row.visit.state)]) for row in own.visits],
                "reports": [(one, CONCLUSION_LABELS[Conclusion(one.conclusion)]) for one in own.reports],
                "evidence": [
                    (row.facility, [(cell, EVIDENCE_LABELS[cell.state]) for cell in row.cells]) for row in own.evidence
                ],
                "layers": [layer_title(key) for key in own.layers],
                "page": rivals,
                "rivals": [rival_words(one) for one in rivals.rows],
                "readings": [
                    (reading, own.titles.get(reading.indicator, reading.indicator))
                    for reading in found["overview"].readings[:MOST_READINGS]
                ],
                "events": events(found["overview"].entries, own.titles)[:MOST_EVENTS],
            }
        )


def rival_words(one: Rival) -> dict[str, Any]:
    """Return a rival's figures with the words of its standing."""
    return {"rival": one} | standing_words(one.board.standing if one.board else None)
