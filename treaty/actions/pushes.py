"""Orders pushed to the laboratories' own addresses as Standard Webhooks, tried again by a sweep until they arrive.

Addresses and deliveries are a laboratory's own concern and not in the record: an order is read at its stable address
whether or not it was pushed.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import Organisation, User
from core.errors import DomainError, require
from core.times import stamp
from treaty.actions.standdowns import LABS_ONLY
from treaty.models import Order, OrderDelivery, OrderEndpoint
from treaty.permissions import can_act_for_lab
from treaty.signer import order_signer
from web import deliveries, egress
from web.deliveries import Send

MOST_ENDPOINTS: Final = 5


class EndpointRefused(DomainError):
    """Orders cannot be pushed there."""

    code = "endpoint_refused"


@transaction.atomic
def add_endpoint(*, organisation: Organisation, url: str, by: User, at: datetime) -> OrderEndpoint:
    """Let the laboratory's orders be pushed to `url` from now on; the newest goes there at once."""
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    require(can_act_for_lab(by, organisation, at=at), LABS_ONLY)
    egress.target_of(url)
    standing = OrderEndpoint.objects.filter(organisation=organisation, removed_at=None)
    if known := standing.filter(url=url).first():
        return known
    if standing.count() >= MOST_ENDPOINTS:
        raise EndpointRefused(f"A laboratory has {MOST_ENDPOINTS} addresses at most: remove one first.")
    endpoint = OrderEndpoint.objects.create(organisation=organisation, url=url, added_by=by, added_at=at)
    newest = Order.objects.filter(organisation=organisation).order_by("-sequence").first()
    if newest:
        OrderDelivery.objects.create(endpoint=endpoint, order=newest, next_at=at)
    return endpoint


@transaction.atomic
def remove_endpoint(*, endpoint: OrderEndpoint, by: User, at: datetime) -> None:
    """Push nothing to the address any more."""
    require(can_act_for_lab(by, endpoint.organisation, at=at), LABS_ONLY)
    OrderEndpoint.objects.filter(pk=endpoint.pk, removed_at=None).update(removed_at=at)
    _stop(OrderDelivery.objects.filter(endpoint=endpoint), "the address was removed")


def queue_deliveries(orders: Iterable[Order], *, at: datetime) -> None:
    """Send each order to every address of its laboratory; what still waits to be sent there is overtaken."""
    by_lab = {order.organisation_id: order for order in orders}
    standing = list(OrderEndpoint.objects.filter(organisation__in=by_lab, removed_at=None))
    _stop(OrderDelivery.objects.filter(endpoint__in=standing), "a newer order overtook it")
    OrderDelivery.objects.bulk_create(
        OrderDelivery(endpoint=one, order=by_lab[one.organisation_id], next_at=at) for one in standing
    )


def _stop(deliveries: QuerySet[OrderDelivery], why: str) -> None:
    deliveries.filter(next_at__isnull=False).update(next_at=None, outcome=why)


def push_due(*, at: datetime, send: Send = egress.post) -> int:
    """Send what is due; return how many attempts were made. Each is settled in a transaction of its own."""
    claimed = claim_due(at=at)
    for delivery in claimed:
        body = message(delivery.order)
        outcome = deliveries.sent(delivery.endpoint.url, body, signed_headers(delivery.order, body, at=at), send)
        settle(delivery=delivery, outcome=outcome, at=at)
    return len(claimed)


@transaction.atomic
def claim_due(*, at: datetime) -> list[OrderDelivery]:
    """Take deliveries that are due; the next order overtakes whatever still waits."""
    return deliveries.claim(OrderDelivery.objects.select_related("endpoint", "order", "order__organisation"), at=at)


@transaction.atomic
def settle(*, delivery: OrderDelivery, outcome: str, at: datetime) -> None:
    """Write down what an attempt came to; an address that says that it is gone is removed."""
    row = OrderDelivery.objects.select_for_update(no_key=True).get(pk=delivery.pk)
    if deliveries.settle(row, outcome, at=at):
        OrderEndpoint.objects.filter(pk=row.endpoint_id, removed_at=None).update(removed_at=at)


def message(order: Order) -> bytes:
    """Return what is pushed: the event, and the order itself as it stands at its address."""
    data = {"lab": order.organisation.key, "sequence": order.sequence, "order": order.hash, "note": order.note}
    event = {"type": "order.issued", "timestamp": stamp(order.not_before), "data": data}
    return json.dumps(event, ensure_ascii=False).encode()


def signed_headers(order: Order, body: bytes, *, at: datetime) -> dict[str, str]:
    """Return the headers of a Standard Webhook, signed with the key of the orders."""
    return deliveries.signed_headers(f"msg_{order.hash[:40]}", body, order_signer().key.private, at=at)
