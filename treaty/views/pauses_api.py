"""Pauses for programs: /api/v1/pauses."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.views.api import Public
from treaty.models import Pause
from treaty.queries.commitments import commitment_rows
from treaty.queries.pauses import PauseSummary, summary
from treaty.queries.resumption import criteria
from treaty.queries.standdowns import board
from treaty.rules.pauses import BINDING
from treaty.views.boards import board_data
from treaty.views.shapes import PAUSE, WHOLE_PAUSE
from web.api.filters import Equal, Since
from web.api.shapes import page


class PauseFilter(filters.FilterSet):  # type: ignore[misc] # the package is untyped
    """What chooses pauses."""

    level = Equal("level", "only pauses of this level of the text")
    since = Since("adopted_at")


class PausesView(Public, GenericAPIView[Pause]):
    """Every pause, newest first."""

    filterset_class = PauseFilter

    def get_queryset(self) -> QuerySet[Pause]:
        """Return the pauses adopted by now."""
        return Pause.objects.started_by(self.at).with_rows().select_related("vote", "text")

    @extend_schema(operation_id="pauses_list", responses={200: page(PAUSE)})
    def get(self, request: Request) -> Response:  # noqa: ARG002 - a view's signature
        """Answer a page of them."""
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        return self.get_paginated_response([pause_json(summary(one, self.at)) for one in rows])


class PauseView(Public):
    """One pause with its terms, roll, board and criteria: all that is needed to recompute its state."""

    @extend_schema(responses={200: WHOLE_PAUSE})
    def get(self, request: Request, key: str) -> Response:  # noqa: ARG002 - a view's signature
        """Answer the pause."""
        at = timezone.now()
        pause = get_object_or_404(
            Pause.objects.with_rows().select_related("vote", "text").defer("text__source"), key=key
        )
        found = summary(pause, at)
        return Response(
            {
                **pause_json(found),
                "terms": pause.parameters,
                "commitments": [
                    {
                        "lab": row.commitment.organisation.key,
                        "condition": row.commitment.condition or None,
                        "compute": row.commitment.compute or None,
                        "confirmed_at": row.commitment.confirmed_at,
                        "withdrawn_at": row.commitment.withdrawn_at,
                        "bound": row.commitment.bound,
                        "reason": row.reason.code if row.reason else None,
                    }
                    for row in commitment_rows(pause)
                ],
                "board": board_data(board(pause, at)) if found.bound else [],
                "criteria": [one.evaluation.to_json() | one.to_json() for one in criteria(pause, at)]
                if found.state in BINDING
                else [],
            }
        )


def pause_json(found: PauseSummary) -> dict[str, Any]:
    """Return a pause as the list shows it."""
    pause = found.pause
    return {
        "key": pause.key,
        "title": pause.title,
        "level": pause.level,
        "state": found.state.value,
        "provisional": found.provisional,
        "vote": pause.vote.key,
        "text": found.terms.text,
        "adopted_at": pause.adopted_at,
        "activating_at": pause.activating_at,
        "confirm_by": None if pause.emergency else found.confirm_by,
        "in_force_at": pause.in_force_at,
        "lapses_at": found.lapses_at,
        "lapsed_at": pause.lapsed_at,
        "resuming_at": pause.resuming_at,
        "ended_at": pause.ended_at,
        "bound": found.bound,
        "roll": found.roll,
        "url": reverse("treaty:api_pause", args=[pause.key]),
    }
