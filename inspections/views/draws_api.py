"""Public draws for programs: /api/v1/draws."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Organisation, User
from accounts.queries.organisations import by_key
from core.errors import Malformed
from inspections.actions.draws import commit_value, reveal_value
from inspections.models import Draw, DrawValue
from inspections.queries.draws import draws, stage_of, transcript
from inspections.views.shapes import TRANSCRIPT
from ledger.views.api import Public
from treaty.views.keys_api import read
from web.api.filters import Since


class DrawSerializer(serializers.ModelSerializer[Draw]):
    """A draw in a list. `drawn`: the keys of the facilities, in their order; empty before the result."""

    stage = serializers.SerializerMethodField(help_text="computed for this instant")
    url = serializers.SerializerMethodField(help_text="where all of the draw is")

    class Meta:
        model = Draw
        fields = ["key", "stage", "opened_at", "commit_by", "sealed_at", "reveal_by", "drawn_at", "drawn", "url"]
        extra_kwargs = {
            "key": {"help_text": "such as 2026-01"},
            "opened_at": {"help_text": "when it was opened"},
            "commit_by": {"help_text": "until when values may be committed to"},
            "sealed_at": {"help_text": "when the values were sealed; null before"},
            "reveal_by": {"help_text": "until when they may be revealed; null before they are sealed"},
            "drawn_at": {"help_text": "when it was carried out; null before"},
            "drawn": {"help_text": "the keys of the sites drawn, in order"},
        }

    def get_stage(self, draw: Draw) -> str:
        """Return the stage at the instant of the request."""
        return stage_of(draw, self.context["at"]).value

    def get_url(self, draw: Draw) -> str:
        """Return where all of the draw is."""
        return reverse("inspections_api:draw", args=[draw.key])


class DrawFilter(filters.FilterSet):  # type: ignore[misc] # the package is untyped
    """What chooses draws."""

    since = Since("opened_at")


class DrawsView(Public, ListAPIView[Draw]):
    """Every draw, newest first, in pages."""

    serializer_class = DrawSerializer
    filterset_class = DrawFilter

    def get_serializer_context(self) -> dict[str, Any]:
        """Say for which instant the stage is computed."""
        return {**super().get_serializer_context(), "at": self.at}

    def get_queryset(self) -> QuerySet[Draw]:
        """Return the draws opened by now."""
        return draws().filter(opened_at__lte=self.at)


class DrawView(Public):
    """All that is public of one draw: what `fermata draw` repeats it from."""

    @extend_schema(responses={200: TRANSCRIPT})
    def get(self, request: Request, key: str) -> Response:  # noqa: ARG002 - a view's signature
        """Answer the draw."""
        draw = _draw(key)
        return Response({**DrawSerializer(draw, context={"at": self.at}).data, **transcript(draw)})


class CommitmentRequest(serializers.Serializer[Any]):
    """Whose commitment, and the commitment: what `fermata draw value` prints."""

    organisation = serializers.SlugField(max_length=64)
    commitment = serializers.CharField(max_length=64)


class ValueRequest(serializers.Serializer[Any]):
    """Whose value, and the value: 64 hexadecimal digits."""

    organisation = serializers.SlugField(max_length=64)
    value = serializers.CharField(max_length=64)


class DrawValueSerializer(serializers.ModelSerializer[DrawValue]):
    """A commitment as it stands on record, with its value once that is known."""

    organisation = serializers.SlugRelatedField[Organisation](slug_field="key", read_only=True)

    class Meta:
        model = DrawValue
        fields = ["organisation", "commitment", "committed_at", "value", "revealed_at"]


class CommitmentsView(Public):
    """Committing to a value, with a token of somebody who represents the organisation."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(request=CommitmentRequest, responses={201: DrawValueSerializer})
    def post(self, request: Request, key: str) -> Response:
        """Commit; 409 with a code where the draw does not take it."""
        values = read(CommitmentRequest, request)
        row = commit_value(
            draw=_draw(key),
            organisation=_organisation(values["organisation"]),
            commitment=values["commitment"],
            by=_person(request),
            at=timezone.now(),
        )
        return Response(DrawValueSerializer(row).data, status=status.HTTP_201_CREATED)


class ValuesView(Public):
    """Handing in a value that was committed to, with a token of somebody of any party or body."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(request=ValueRequest, responses={200: DrawValueSerializer})
    def post(self, request: Request, key: str) -> Response:
        """Reveal; 409 with a code where it opens nothing or comes at the wrong time."""
        values = read(ValueRequest, request)
        row = reveal_value(
            draw=_draw(key),
            organisation=_organisation(values["organisation"]),
            value=values["value"],
            by=_person(request),
            at=timezone.now(),
        )
        return Response(DrawValueSerializer(row).data)


def _draw(key: str) -> Draw:
    return get_object_or_404(draws(), key=key, opened_at__lte=timezone.now())


def _organisation(key: str) -> Organisation:
    if (organisation := by_key(key)) is None:
        raise Malformed(f"There is no organisation {key!r}.")
    return organisation


def _person(request: Request) -> User:
    assert isinstance(request.user, User)
    return request.user
