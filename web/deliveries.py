"""Webhooks on their way to addresses that others name: Standard Webhooks, tried again by a sweep until they arrive.

What is delivered, to whom and from which rows, each app says for itself; here is how a delivery is claimed, sent and settled.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from web import egress

# How long to wait after each attempt that failed.
WAITS: Final = tuple(timedelta(seconds=one) for one in (5, 30, 120, 600, 1800, 3600, 7200))
LEASE: Final = timedelta(seconds=60)  # a worker that dies while it sends gives the delivery back
AT_ONCE: Final = 50
GONE: Final = 410  # the receiver says that there is nothing at the address any more

type Send = Callable[[str, bytes, Mapping[str, str]], int]


class Delivery(models.Model):
    """One message on its way to one address, tried again until it arrives or is given up."""

    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True, blank=True, help_text=_("Empty: nothing more is tried."))
    delivered_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=200, blank=True, help_text=_("What the last attempt came to."))

    class Meta:
        abstract = True


def claim[Row: Delivery](rows: models.QuerySet[Row], *, at: datetime) -> list[Row]:
    """Take those of `rows` that are due, in the caller's transaction, so that no other worker sends them for a while."""
    due = rows.filter(next_at__lte=at).select_for_update(of=("self",), skip_locked=True, no_key=True)
    claimed = list(due.order_by("next_at")[:AT_ONCE])
    for delivery in claimed:
        delivery.attempts, delivery.next_at = delivery.attempts + 1, at + LEASE
    rows.bulk_update(claimed, ["attempts", "next_at"])
    return claimed


def sent(url: str, body: bytes, headers: Mapping[str, str], send: Send) -> str:
    """Send the message; return what went wrong, or nothing."""
    try:
        status = send(url, body, headers)
    except (egress.Unanswered, DomainError) as error:
        return str(error)
    return "" if 200 <= status < 300 else f"status {status}"


def settle(row: Delivery, outcome: str, *, at: datetime) -> bool:
    """Write down what an attempt of the locked `row` came to; `outcome` is empty where it arrived. Return whether nobody is there.

    What was stopped meanwhile stays stopped.
    """
    if row.delivered_at:
        return False
    row.outcome = outcome[:200]
    if not outcome:
        row.delivered_at, row.next_at = at, None
    elif row.next_at:
        row.next_at = at + WAITS[row.attempts - 1] if row.attempts <= len(WAITS) else None
    row.save(update_fields=["outcome", "delivered_at", "next_at"])
    return outcome == f"status {GONE}"


def signed_headers(name: str, body: bytes, key: Ed25519PrivateKey, *, at: datetime) -> dict[str, str]:
    """Return the headers of a Standard Webhook with the id `name`, signed (v1a: Ed25519)."""
    second = str(int(at.timestamp()))
    signature = key.sign(f"{name}.{second}.".encode() + body)
    return {
        "Content-Type": "application/json",
        "User-Agent": "Fermata",
        "webhook-id": name,
        "webhook-timestamp": second,
        "webhook-signature": f"v1a,{b64encode(signature).decode()}",
    }
