"""Orders for programs: /api/v1/labs/<lab>/order."""

import json
from typing import Any

from django.http import Http404
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.views.readers import reader
from ledger.views.api import Public
from treaty.actions.orders import acknowledge_order
from treaty.models import Order
from treaty.queries.orders import document, newest_note, order_key
from treaty.views.keys_api import LONGEST_SIGNATURE, read
from treaty.views.orders import answer_tagged, webhook_key
from treaty.views.shapes import ORDER_ACKNOWLEDGED


def order_json(order: Order) -> dict[str, Any]:
    """Return an order with its note, which alone is to be believed, and the keys to check it by."""
    key = order_key()
    return {
        "lab": order.organisation.key,
        "sequence": order.sequence,
        "order": order.hash,
        "not_before": order.not_before.isoformat(),
        "expires_at": order.expires_at.isoformat(),
        "drill": order.drill,
        "document": document(order).to_json(),
        "note": order.note,
        "key": key.verifier_key if key else None,
        "webhook_key": webhook_key(key) if key else None,
    }


class OrderSerializer(serializers.Serializer[Any]):
    """An order: the document, and the signed note that it stands in."""

    lab = serializers.CharField()
    sequence = serializers.IntegerField()
    order = serializers.CharField(help_text="SHA-256 of the text that is signed")
    not_before = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    drill = serializers.BooleanField()
    document = serializers.DictField()
    note = serializers.CharField(help_text="the signed note, which alone is to be believed")
    key = serializers.CharField(help_text="the verifier key of the note")
    webhook_key = serializers.CharField(help_text="the same key as Standard Webhooks write it")


class OrderView(Public):
    """The newest order to a laboratory. Its tag is its hash: a reader that has it is answered 304."""

    tagged = False

    @extend_schema(operation_id="order_retrieve", responses={200: OrderSerializer})
    def get(self, request: Request, key: str) -> HttpResponseBase:
        """Answer the order."""
        found = newest_note(key)
        if found is None:
            raise Http404
        return answer_tagged(request._request, found[0], lambda: _json(found[0]), "application/json")  # noqa: SLF001 - DRF's own way to the request it wraps


def _json(order: str) -> str:
    return json.dumps(order_json(Order.objects.select_related("organisation").get(hash=order)))


class AcknowledgementSerializer(serializers.Serializer[Any]):
    """An acknowledgement: by a token of a representative, or by a key's signature under the statement of purpose `acknowledgement`."""

    order = serializers.RegexField(r"^[0-9a-f]{64}$", help_text="hash of the order")
    by_key = serializers.CharField(required=False, default="", max_length=32, help_text='"root", or the id of a key')
    signature = serializers.CharField(required=False, default="", max_length=LONGEST_SIGNATURE, trim_whitespace=False)


class AcknowledgementView(Public):
    """Acknowledging the newest order."""

    permission_classes = (AllowAny,)  # a signature may be the authority; the action decides

    @extend_schema(request=AcknowledgementSerializer, responses={201: ORDER_ACKNOWLEDGED})
    def post(self, request: Request, key: str) -> Response:
        """Acknowledge it; 409 where a newer one was issued, 403 without authority."""
        values = read(AcknowledgementSerializer, request)
        found = Order.objects.filter(organisation__key=key, hash=values.pop("order")).select_related("organisation")
        order = found.first()
        if order is None:
            raise Http404
        by = reader(request)
        made = acknowledge_order(order=order, by=by, at=timezone.now(), **values)
        answer = {"order": order.hash, "sequence": order.sequence, "acknowledged_at": made.acknowledged_at}
        return Response(answer, status=status.HTTP_201_CREATED)
