"""Parity between laboratories and the bodies' own grades, each figure with the entries that it is computed from."""

from datetime import datetime, timedelta
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.generic import TemplateView
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Organisation
from inspections.models import GradeTable
from inspections.models.visits import KIND_LABELS
from inspections.queries.conclusions import conclusions, disputed
from inspections.queries.grades import GradedVisit, grades, organisations, visits_with_entries
from inspections.rules.grades import Grades
from inspections.views.shapes import ALL_GRADES
from ledger.queries import position
from ledger.views.api import Public
from treaty.queries.texts import rules_at, text_at
from web.caching import cached_by
from web.listings import SOUGHT, listing


@method_decorator(cached_by(position, SOUGHT, "page"), name="dispatch")
class GradesPage(TemplateView):
    """The same figures for every laboratory and for every body."""

    template_name = "inspections/grade_list.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the grades as of now, and which tables were published."""
        at = timezone.now()
        found = grades(at) if text_at(at) else None
        shown = figures(found) if found else {"labs": []}
        page = listing(self.request.GET, shown["labs"], lambda row: row[0].name)
        return super().get_context_data(
            at=at,
            position=position(),
            found=found,
            **shown | {"labs": page.rows, "page": page},
            disputed=disputed(conclusions(at), at) if found else [],
            published=GradeTable.objects.filter(published_at__lte=at)[:6],
            grading=rules_at(at).monitoring.grading if found else None,
            crumbs=[(reverse("inspections:list"), _("Inspections"))],
            **context,
        )


def figures(found: Grades) -> dict[str, Any]:
    """Return the rows with their organisations, and what lies between the largest and the smallest, as text and spans."""
    known = organisations([*(row.lab for row in found.labs), *(row.body for row in found.bodies)])
    spread = dict(found.spread)
    return {
        "labs": [(known[row.lab], row, hours(row.burden)) for row in found.labs],
        "bodies": [(known[row.body], row) for row in found.bodies],
        "spread": spread
        | {name: span(spread[name]) for name in ("notice", "access")}
        | {"burden": hours(spread["burden"])},
    }


def hours(thousandths: int | None) -> str:
    """Write thousandths of an hour with one decimal."""
    return "—" if thousandths is None else f"{thousandths / 1000:,.1f}"


def span(seconds: int | None) -> timedelta | None:
    """Return a number of seconds as a span."""
    return None if seconds is None else timedelta(seconds=seconds)


@method_decorator(cached_by(position, SOUGHT, "page"), name="dispatch")
class GradedPage(TemplateView):
    """One laboratory or body: its figures, and each visit with the entries behind them."""

    template_name = "inspections/grade_detail.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the organisation's row and its visits."""
        at = timezone.now()
        one = get_object_or_404(Organisation, key=self.kwargs["key"])
        found = grades(at) if text_at(at) else None
        if found is None:
            raise Http404
        lab = next((row for row in found.labs if row.lab == one.key), None)
        body = next((row for row in found.bodies if row.body == one.key), None)
        if lab is None and body is None:
            raise Http404
        held = visits_with_entries(at, lab=one) if lab else visits_with_entries(at, body=one)
        page = listing(self.request.GET, held, lambda visit: visit.facility.name)
        return super().get_context_data(
            at=at,
            position=position(),
            one=one,
            lab=lab,
            burden=hours(lab.burden) if lab else "",
            body=body,
            page=page,
            visits=[visit_row(visit, at) for visit in page.rows],
            crumbs=[
                (reverse("inspections:list"), _("Inspections")),
                (reverse("inspections:grades"), _("Parity and grades")),
            ],
            **context,
        )


def visit_row(visit: GradedVisit, at: datetime) -> dict[str, Any]:
    """Return a visit's figures with the positions of their entries."""
    story, entries = visit.story, visit.entries
    return {
        "story": story,
        "facility": visit.facility,
        "kind": KIND_LABELS[story.kind],
        "counts": story.stands(at),
        "notice": story.from_at - story.notified_at,
        "wait": story.wait(at),
        "reported_at": min(story.reported, default=None),
        "entries": {
            "notice": entries.get("visit.notified", [])[:1],
            "access": entries.get("access.granted", [])[-1:],
            "delays": entries.get("access.delayed", []),
            "refusals": entries.get("access.refused", []),
            "reports": [*entries.get("report.submitted", []), *entries.get("report.amended", [])],
        },
    }


class GradesView(Public):
    """Parity and grades as of now, and as they were published: what `fermata verify --json` makes again as `grades`."""

    @extend_schema(operation_id="grades_retrieve", responses={200: ALL_GRADES})
    def get(self, request: Request) -> Response:  # noqa: ARG002 - a view's signature
        """Answer the table."""
        at = timezone.now()
        if text_at(at) is None:
            return Response({"now": None, "published": []})
        published = GradeTable.objects.filter(published_at__lte=at).values_list("table", flat=True)[:24]
        return Response({"now": grades(at).as_json(), "published": list(published)})
