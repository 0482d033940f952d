"""Readings for programs: /api/v1/readings."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Organisation, User
from accounts.views.readers import reader
from core.errors import Malformed
from core.times import instant
from labs.models import Reading
from labs.rules.readings import MOST_DIGITS, Source, written
from ledger.views.api import Public
from treaty.actions.readings import submit
from treaty.rules.readings import RowError, maybe_number, number
from web.api.filters import Equal, OneOf, Since


class ReadingSerializer(serializers.ModelSerializer[Reading]):
    """A reading: numbers are strings, so that none is rounded on its way."""

    lab = serializers.CharField(
        source="organisation.key", default=None, allow_null=True, help_text="about which laboratory; null: the world"
    )
    value = serializers.SerializerMethodField(method_name="exact_value", help_text="the value, exact")
    low = serializers.SerializerMethodField(
        method_name="exact_low", help_text="the lower edge of its interval, exact; null where there is none"
    )
    high = serializers.SerializerMethodField(
        method_name="exact_high", help_text="the upper edge, exact; null where there is none"
    )
    quarantined_for = serializers.SerializerMethodField(help_text="why it counts as no reading; empty where it counts")

    class Meta:
        model = Reading
        fields = [
            "indicator",
            "lab",
            "value",
            "low",
            "high",
            "unit",
            "observed_at",
            "received_at",
            "source",
            "provider",
            "series",
            "version",
            "evidence_url",
            "quarantined_for",
        ]
        extra_kwargs = {
            "indicator": {"help_text": "the indicator of the text"},
            "unit": {"help_text": "the indicator’s unit"},
            "observed_at": {"help_text": "when it was so"},
            "received_at": {"help_text": "when the site received it"},
            "source": {"help_text": "declared by the laboratory, observed by a third party, or verified by a body"},
            "provider": {"help_text": "who vouches for it"},
            "series": {"help_text": "names the datum; the same name again corrects it"},
            "version": {"help_text": "its version in its series; the highest counts"},
            "evidence_url": {"help_text": "where evidence is; may be empty"},
        }

    def exact_value(self, reading: Reading) -> str:
        """Return the value exactly."""
        return written(reading.value)

    def exact_low(self, reading: Reading) -> str | None:
        """Return the lower edge exactly."""
        return None if reading.low is None else written(reading.low)

    def exact_high(self, reading: Reading) -> str | None:
        """Return the upper edge exactly."""
        return None if reading.high is None else written(reading.high)

    def get_quarantined_for(self, reading: Reading) -> list[str]:
        """Return why it counts as no reading; empty where it counts."""
        return [reason for hold in reading.quarantines.all() if hold.lifted_at is None for reason in hold.reasons]


class SentSerializer(serializers.Serializer[Any]):
    """A reading as a program sends it; `series` names the datum, and the same name again corrects it."""

    indicator = serializers.SlugField(max_length=64)
    lab = serializers.SlugField(max_length=64, required=False, allow_null=True, default=None)
    value = serializers.CharField(max_length=2 * MOST_DIGITS)
    low = serializers.CharField(max_length=2 * MOST_DIGITS, required=False, allow_blank=True, default="")
    high = serializers.CharField(max_length=2 * MOST_DIGITS, required=False, allow_blank=True, default="")
    unit = serializers.CharField(max_length=40)
    observed_at = serializers.CharField(max_length=40, help_text="RFC 3339 in UTC, ending in Z")
    source = serializers.ChoiceField(choices=[source.value for source in Source])  # type: ignore[assignment] # a member called as an attribute of DRF's fields
    provider = serializers.CharField(max_length=120)
    series = serializers.CharField(max_length=200)
    evidence_url = serializers.URLField(max_length=500, required=False, allow_blank=True, default="")


class ReadingFilter(filters.FilterSet):  # type: ignore[misc] # the package is untyped
    """What chooses readings."""

    indicator = Equal("indicator", "only readings of this indicator of the text")
    lab = Equal("organisation__key", "only readings about this laboratory")
    source = OneOf("source", "only readings from this kind of source", [one.value for one in Source])
    since = Since("received_at")


class ReadingsView(Public, ListAPIView[Reading]):
    """Readings, the newest received first, in pages."""

    serializer_class = ReadingSerializer
    filterset_class = ReadingFilter
    permission_classes = [IsAuthenticatedOrReadOnly]

    def get_queryset(self) -> QuerySet[Reading]:
        """Return every version received by now."""
        found = Reading.objects.filter(received_at__lte=self.at)
        return found.select_related("organisation").prefetch_related("quarantines")

    @extend_schema(request=SentSerializer, responses={201: ReadingSerializer})
    def post(self, request: Request) -> Response:
        """Take in one reading; 409 with a code where it is refused, 403 where the sender may not vouch for it."""
        if not isinstance(request.data, dict):
            raise Malformed("A reading is a JSON object.")
        if unknown := set(request.data) - set(SentSerializer().fields):
            raise Malformed(f"A reading has no member {', '.join(sorted(unknown))}.")
        sent = SentSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        reading = _submit(sent.validated_data, reader(request))
        return Response(ReadingSerializer(reading).data, status=status.HTTP_201_CREATED)


def _submit(values: dict[str, Any], user: User | None) -> Reading:
    lab = values.pop("lab")
    organisation = Organisation.objects.filter(key=lab).first() if lab else None
    if lab and organisation is None:
        raise Malformed(f"There is no organisation {lab!r}.")
    try:
        numbers = {
            "value": number(values["value"], "value"),
            "low": maybe_number(values["low"], "low"),
            "high": maybe_number(values["high"], "high"),
        }
    except RowError as error:
        raise Malformed(str(error)) from None
    observed_at = instant(values["observed_at"])
    given = {**values, **numbers, "observed_at": observed_at}
    return submit(organisation=organisation, by=user, at=timezone.now(), **given)
