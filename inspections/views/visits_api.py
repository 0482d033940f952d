"""Visits and special visits for programs: /api/v1/visits and /api/v1/specials."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.urls import reverse
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from inspections.models import Report, Special, Visit
from inspections.queries.specials import SpecialRow, rows_of, specials
from inspections.queries.visits import VisitRow, announced, rows
from inspections.rules.reports import ReportState
from inspections.rules.visits import VisitKind, VisitState
from inspections.views.shapes import SPECIAL, VISIT
from ledger.views.api import Public
from web.api.filters import Equal, OneOf, Since
from web.api.shapes import page


class VisitFilter(filters.FilterSet):  # type: ignore[misc] # the package is untyped
    """What chooses visits."""

    lab = Equal("facility__organisation__key", "only visits to this laboratory")
    facility = Equal("facility__key", "only visits to this site")
    pause = Equal("pause__key", "only visits that verify under this pause")
    kind = OneOf("kind", "only visits of this kind", [one.value for one in VisitKind])
    state = OneOf(
        "state", "only visits in this state", [one.value for one in VisitState if one is not VisitState.PLANNED]
    )
    since = Since("notified_at")


class VisitsView(Public, GenericAPIView[Visit]):
    """Every visit of which notice was given, newest first, with its stages and reports; the plan stays sealed."""

    filterset_class = VisitFilter

    def get_queryset(self) -> QuerySet[Visit]:
        """Return the visits announced by now."""
        submitted = Report.objects.filter(state=ReportState.SUBMITTED, received_at__lte=self.at).order_by("version")
        return announced(self.at).prefetch_related(Prefetch("reports", submitted))

    @extend_schema(operation_id="visits_list", responses={200: page(VISIT)})
    def get(self, request: Request) -> Response:  # noqa: ARG002 - a view's signature
        """Answer a page of them."""
        found = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or ()
        return self.get_paginated_response([_visit(row) for row in rows(found, self.at)])


class SpecialFilter(filters.FilterSet):  # type: ignore[misc] # the package is untyped
    """What chooses special visits."""

    lab = Equal("facility__organisation__key", "only special visits to this laboratory")
    facility = Equal("facility__key", "only special visits to this site")
    body = Equal("body__key", "only those that this body asked for")
    since = Since("requested_at")


class SpecialsView(Public, GenericAPIView[Special]):
    """Every special visit that a body asked for, newest first, with its reason, its answer and what follows."""

    filterset_class = SpecialFilter

    def get_queryset(self) -> QuerySet[Special]:
        """Return the special visits asked for by now."""
        return specials().filter(requested_at__lte=self.at)

    @extend_schema(operation_id="specials_list", responses={200: page(SPECIAL)})
    def get(self, request: Request) -> Response:  # noqa: ARG002 - a view's signature
        """Answer a page of them."""
        found = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or ()
        return self.get_paginated_response([_special(row) for row in rows_of(found, self.at)])


def _visit(row: VisitRow) -> dict[str, Any]:
    visit = row.visit
    return {
        "key": visit.key,
        "lab": visit.facility.organisation.key,
        "facility": visit.facility.key,
        "kind": visit.kind,
        "state": visit.state,
        "bodies": sorted({booking.designation.body.key for booking in visit.team.all()}),
        "pause": visit.pause.key if visit.pause else None,
        "challenge": visit.challenge.key if visit.challenge else None,
        "special": visit.special.key if visit.special else None,
        "draw": visit.draw.key if visit.draw else None,
        "drawn_place": visit.drawn_place,
        "passed": [{"day": day, "provision": provision} for day, provision in visit.passed],
        "planned_from": visit.planned_from,
        "planned_until": visit.planned_until,
        "due_at": visit.due_at,
        "notified_at": visit.notified_at,
        "access_at": visit.access_at,
        "began_at": visit.began_at,
        "ended_at": visit.ended_at,
        "stages": [
            {
                "stage": timer.stage,
                "due_at": timer.due_at,
                "done_at": timer.done_at,
                "late_seconds": int(timer.late.total_seconds()),
            }
            for timer in row.timers
        ],
        "reports": [
            {"version": one.version, "received_at": one.received_at, "conclusion": one.conclusion}
            for one in visit.reports.all()
        ],
        "commitment": visit.commitment,
        "text": visit.text.sha256,
        "page": reverse("inspections:visit", args=[visit.key]),
    }


def _special(row: SpecialRow) -> dict[str, Any]:
    special = row.special
    return {
        "key": special.key,
        "lab": special.facility.organisation.key,
        "facility": special.facility.key,
        "body": special.body.key,
        "reason": special.reason,
        "standing": row.standing.value,
        "requested_at": special.requested_at,
        "answer_by": special.answer_by,
        "agrees": special.agrees,
        "answer": special.answer or None,
        "answered_at": special.answered_at,
        "visit": row.visit.key if row.visit else None,
        "is_sealed": row.is_sealed,
        "case": row.case.key if row.case else None,
        "page": reverse("inspections:special", args=[special.key]),
    }
