"""The public overview: the plan as far as it is opened, reports and findings; and what is known of each facility."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from inspections.models.findings import SEVERITY_LABELS
from inspections.models.reports import CONCLUSION_LABELS
from inspections.models.visits import STATE_LABELS
from inspections.queries.challenges import rows as challenge_rows
from inspections.queries.conclusions import ConclusionRow, conclusions
from inspections.queries.draws import rows as draw_rows
from inspections.queries.frequency import FrequencyRow, frequency_rows
from inspections.queries.jurisdictions import jurisdictions
from inspections.queries.matrix import Matrix, MatrixRow, matrix
from inspections.queries.reports import recent_findings, recent_reports
from inspections.queries.specials import rows as special_rows
from inspections.queries.visits import newest_plans, past, sealed_count, upcoming
from inspections.rules.evidence import EvidenceState
from inspections.rules.findings import Severity
from inspections.rules.frequency import Timeliness
from inspections.rules.visits import VisitState
from inspections.views.challenges import challenge_row
from inspections.views.draws import draw_words
from inspections.views.specials import special_words
from inspections.views.words import (
    EVIDENCE_LABELS,
    NOT_DRAWN_LABELS,
    PROVISION_LABELS,
    TIMELINESS_LABELS,
    TIMER_LABELS,
    layer_title,
)
from ledger.queries import position
from treaty.queries.texts import rules_at, text_at
from web.caching import cached_by
from web.listings import SOUGHT, Listing, listing

LISTS: Final = ("matrix", "conclusions", "frequency")
PER_PAGE: Final = 20


@method_decorator(cached_by(position, SOUGHT, "visits"), name="dispatch")
class InspectionsPage(TemplateView):
    """Who looks at what, when, and what it showed."""

    template_name = "inspections/inspection_list.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add what the site knows now; without a text there is nothing to know."""
        at = timezone.now()
        if text_at(at) is None:
            return super().get_context_data(at=at, position=position(), text=None, **context)
        visits = listing(self.request.GET, upcoming(at), lambda row: _lab(row.visit), name="visits", per_page=PER_PAGE)
        return super().get_context_data(
            at=at,
            position=position(),
            text=True,
            listing=visits,
            upcoming=[visit_row(row) for row in visits.rows],
            past=[visit_row(row) for row in past(at, 10)],
            challenges=[challenge_row(row) for row in challenge_rows(at, limit=10)],
            specials=[special_words(row) for row in special_rows(at, limit=10)],
            draws=[draw_words(row) for row in draw_rows(at, limit=3)],
            sealed=sealed_count(at),
            plans=[plan_row(plan) for plan in newest_plans(at)],
            reports=recent_reports(at),
            findings=[
                (one, SEVERITY_LABELS[Severity(one.state)], layer_title(one.layer)) for one in recent_findings(at)
            ],
            **context,
        )


@method_decorator(cached_by(position, SOUGHT, *LISTS), name="dispatch")
class EvidencePage(TemplateView):
    """What was verified at each facility, until when that stands, and what is concluded from it."""

    template_name = "inspections/evidence.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add what is known of each facility now; without a text there is nothing to know."""
        at, crumbs = timezone.now(), [(reverse("inspections:list"), _("Inspections"))]
        found = _lists(self.request.GET, at) if text_at(at) else {"text": None}
        return super().get_context_data(at=at, position=position(), crumbs=crumbs, **found, **context)


def _lists(asked: QueryDict, at: datetime) -> dict[str, Any]:
    """Return the lists that grow with the facilities, a page of each, with words for its rows."""
    seen, often = matrix(at), frequency_rows(at)
    found: dict[str, Listing[Any]] = {
        "matrix": listing(asked, seen.rows, _lab, name="matrix", per_page=PER_PAGE),
        "conclusions": listing(asked, conclusions(at), _lab, name="conclusions", per_page=PER_PAGE),
        "frequency": listing(asked, often, _lab, name="frequency", per_page=PER_PAGE),
    }
    return {
        "text": True,
        "lists": found,
        "matrix": matrix_rows(seen, found["matrix"].rows),
        "where": country_rows(seen),
        "conclusions": [conclusion_row(row) for row in found["conclusions"].rows],
        "frequency": frequency_words(often, found["frequency"].rows),
    }


def _lab(row: Any) -> str:
    """Return what a row about a site is found by: its laboratory's name and its own."""
    return f"{row.facility.organisation.name} {row.facility.name}"


def conclusion_row(row: ConclusionRow) -> dict[str, Any]:
    """Return what is concluded about a facility, with its words."""
    found, url = row.standing, ""
    if found.report:
        visit, _slash, version = found.report.partition("/")
        url = reverse("inspections:report", args=[visit, int(version)])
    if found.conclusion:
        return {"row": row, "sign": found.conclusion, "label": CONCLUSION_LABELS[found.conclusion], "url": url}
    assert found.reason is not None
    return {"row": row, "sign": "un", "label": _("Not drawn"), "why": NOT_DRAWN_LABELS[found.reason], "url": url}


def visit_row(row: Any) -> dict[str, Any]:
    """Return a visit with its words."""
    timer = row.next_timer
    return {
        "visit": row.visit,
        "label": STATE_LABELS[VisitState(row.visit.state)],
        "bodies": row.bodies,
        "timer": timer,
        "stage": TIMER_LABELS[timer.stage] if timer else "",
    }


def plan_row(plan: Any) -> dict[str, Any]:
    """Return a run of the planner with the provisions in words."""
    unplaced = [
        (missed["facility"], [(PROVISION_LABELS.get(key, key), key, words) for key, words in missed["reasons"]])
        for missed in plan.unplaced
    ]
    return {"plan": plan, "unplaced": unplaced}


def matrix_rows(found: Matrix, shown: Sequence[MatrixRow]) -> dict[str, Any]:
    """Return the rows of the matrix that are shown with words for their cells, and what the whole of it counts."""
    return {
        "layers": [(layer_title(key), title) for key, title in found.layers.items()],
        "rows": [
            (
                row.facility,
                [(layer, one, EVIDENCE_LABELS[one.state]) for layer, one in zip(found.layers, row.cells, strict=True)],
            )
            for row in shown
        ],
        "verified": found.count(EvidenceState.VERIFIED),
        "total": found.total,
    }


def country_rows(found: Matrix, most: int | None = None) -> list[dict[str, Any]]:
    """Return the countries where facilities stand, those with the most first, with words for what is known of them."""
    return [
        {"country": one, "parts": [(state, EVIDENCE_LABELS[state], count) for state, count in one.parts]}
        for one in jurisdictions(found)[:most]
    ]


def frequency_words(found: Sequence[FrequencyRow], shown: Sequence[FrequencyRow] | None = None) -> dict[str, Any]:
    """Return how often facilities must be seen, with words for those `shown`; the text's terms, and how many visits cannot be timely for."""
    return {
        "rows": [
            {"row": row, "label": TIMELINESS_LABELS[row.frequency.timeliness]}
            for row in (found if shown is None else shown)
        ],
        "all": len(found),
        "terms": rules_at(timezone.now()).monitoring if found else None,
        "late": sum(row.frequency.timeliness is Timeliness.NOT_TIMELY for row in found),
    }
