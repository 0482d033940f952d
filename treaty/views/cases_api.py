"""Compliance cases for programs: /api/v1/cases."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.views.api import OfAnInstant
from treaty.models import Case
from treaty.queries.cases import as_known, known_cases
from treaty.rules.cases import CaseKind, CaseState
from treaty.views.shapes import CASE
from web.api.filters import Equal, OneOf, Since
from web.api.shapes import page
from web.past import PARAMETER


class CaseFilter(filters.FilterSet):  # type: ignore[misc] # the package is untyped
    """What chooses cases."""

    lab = Equal("organisation__key", "only cases about this laboratory")
    pause = Equal("pause__key", "only cases under this pause")
    kind = OneOf("kind", "only cases of this kind", [one.value for one in CaseKind])
    state = OneOf("stands", "only cases in this state", [one.value for one in CaseState])
    since = Since("opened_at")


class CasesView(OfAnInstant, GenericAPIView[Case]):
    """Every compliance case, newest first: what is asked, what was said, how it stands, now or at a past instant."""

    asked_by = {PARAMETER: "as of this past instant: RFC 3339 in UTC, or a day; nothing that came later is told"}

    filterset_class = CaseFilter

    def get_queryset(self) -> QuerySet[Case]:
        """Return the cases opened by then."""
        return known_cases(self.at)

    @extend_schema(operation_id="cases_list", responses={200: page(CASE)})
    def get(self, request: Request) -> Response:  # noqa: ARG002 - a view's signature
        """Answer a page of them."""
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or ()
        return self.get_paginated_response([_json(as_known(case, self.at)) for case in rows])


def _json(case: Case) -> dict[str, Any]:
    return {
        "key": case.key,
        "lab": case.organisation.key,
        "kind": case.kind,
        "subject": case.subject or None,
        "pause": case.pause.key if case.pause else None,
        "reason": case.reason or None,
        "state": case.state,
        "opened_at": case.opened_at,
        "acknowledge_by": case.acknowledge_by,
        "answer_by": case.answer_by,
        "determined_at": case.determined_at,
        "vote": case.vote.key if case.vote else None,
        "closed_at": case.closed_at,
        "steps": [
            {
                "event": step.event,
                "organisation": step.organisation.key if step.organisation else None,
                "words": step.words or None,
                "at": step.at,
            }
            for step in case.steps.all()
        ],
        "page": reverse("treaty:case", args=[case.key]),
    }
