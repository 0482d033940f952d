"""The balance of compute for programs: /api/v1/balances."""

from datetime import datetime
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Organisation
from accounts.views.readers import person
from core.errors import Malformed
from core.times import instant
from inspections.actions.accounting import declare_work, observe_compute
from inspections.queries.accounting import parties
from inspections.rules.accounting import MOST_HOURS, BalancePeriod
from inspections.views.accounting import margin, site_json, site_of, standing
from inspections.views.shapes import PARTY_BALANCE, SITE_BALANCE
from labs.models import Facility
from ledger.queries import position
from ledger.views.api import Public
from treaty.queries.texts import text_at
from web.api.shapes import page
from web.api.views import ComputedList


class PeriodSerializer(serializers.Serializer[Any]):
    """A balance period, half-open."""

    from_at = serializers.CharField(max_length=40, help_text="RFC 3339 in UTC, ending in Z")
    until_at = serializers.CharField(max_length=40, help_text="likewise; not included")

    def period(self) -> BalancePeriod:
        """Return the period that was sent."""
        return BalancePeriod(instant(self.validated_data["from_at"]), instant(self.validated_data["until_at"]))


class WorkSerializer(PeriodSerializer):
    """What a laboratory declares, in H100-hours."""

    work = serializers.DictField(
        child=serializers.IntegerField(min_value=0, max_value=MOST_HOURS),
        help_text="hours by use: a run's key, inference or other",
    )
    begun_with = serializers.IntegerField(min_value=0, max_value=MOST_HOURS, allow_null=True, default=None)
    in_progress = serializers.IntegerField(min_value=0, max_value=MOST_HOURS)


class ObservationSerializer(PeriodSerializer):
    """What a body saw, in H100-hours."""

    body = serializers.SlugField(max_length=64)
    measurement = serializers.SlugField(max_length=64)
    hours = serializers.IntegerField(min_value=0, max_value=MOST_HOURS)


class FiledSerializer(serializers.Serializer[Any]):
    """What was filed."""

    version = serializers.IntegerField()
    filed_at = serializers.DateTimeField()


class BalancesView(ComputedList[dict[str, Any]]):
    """The balance of compute of every bound laboratory."""

    position = staticmethod(position)
    name = ("lab",)
    asked_by = {"lab": "only this laboratory", "standing": "only laboratories that stand so"}

    def rows(self, at: datetime) -> list[dict[str, Any]]:
        """Return standing, what is unaccounted for in H100-hours with its margin, and the sites."""
        return [
            {
                "lab": one.organisation.key,
                "standing": standing(one.together, one.alarms)[0],
                "unaccounted": round(one.together.found.cumuf[-1]) if one.together else None,
                "margin": round(margin(one.together, -1)) if one.together else None,
                "sites": [site.facility.key for site in one.sites],
                "sites_with_an_account": one.covered,
            }
            for one in (parties(at) if text_at(at) else ())
        ]

    @extend_schema(operation_id="balances_list", responses={200: page(PARTY_BALANCE)})
    def get(self, request: Request) -> Response:
        """Answer a page of them."""
        return self.page(request)


class BalanceView(Public):
    """The balance of compute of one site: each account is what `fermata balance --periods` reads, with what it comes to."""

    @extend_schema(responses={200: SITE_BALANCE})
    def get(self, request: Request, key: str) -> Response:  # noqa: ARG002 - a view's signature
        """Answer the site's accounts."""
        return Response(site_json(site_of(key, timezone.now())))


class Filing(Public):
    """Something that is filed for a site's balance."""

    permission_classes = [IsAuthenticatedOrReadOnly]

    def sent[Sent: PeriodSerializer](self, request: Request, serializer: type[Sent]) -> Sent:
        """Return what was sent, with nothing in it that nobody knows."""
        if not isinstance(request.data, dict) or set(request.data) - set(serializer().fields):
            raise Malformed(f"Send an object with {', '.join(serializer().fields)} and nothing else.")
        found = serializer(data=request.data)
        found.is_valid(raise_exception=True)
        return found

    def site(self, key: str) -> Facility:
        """Return the site of the address."""
        return get_object_or_404(Facility.objects.select_related("organisation"), key=key)


class WorkView(Filing):
    """The laboratory's side."""

    @extend_schema(request=WorkSerializer, responses={201: FiledSerializer})
    def post(self, request: Request, key: str) -> Response:
        """Declare the work of a period; 409 with a code where it is refused, 403 for whoever does not file for the laboratory."""
        sent = self.sent(request, WorkSerializer)
        data = sent.validated_data
        made = declare_work(
            facility=self.site(key), period=sent.period(), work=data["work"], begun_with=data["begun_with"],
            in_progress=data["in_progress"], by=person(request), at=timezone.now(),
        )  # fmt: skip
        return Response(FiledSerializer(made).data, status=status.HTTP_201_CREATED)


class ObservationsView(Filing):
    """A body's side."""

    @extend_schema(request=ObservationSerializer, responses={201: FiledSerializer})
    def post(self, request: Request, key: str) -> Response:
        """Say what was seen in a declared period; 409 with a code where it is refused, 403 for whoever acts for no independent body."""
        sent = self.sent(request, ObservationSerializer)
        data = sent.validated_data
        body = get_object_or_404(Organisation.objects.bodies(), key=data["body"])
        made = observe_compute(
            facility=self.site(key), period=sent.period(), measurement=data["measurement"], hours=data["hours"],
            body=body, by=person(request), at=timezone.now(),
        )  # fmt: skip
        return Response(FiledSerializer(made).data, status=status.HTTP_201_CREATED)
