"""Webhooks: whoever has an account names https addresses, and each entry of the topics asked for is sent there once it is on record."""

import json
from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import DomainError, require
from ledger.queries import position
from ledger.queries.entries import Recorded, entries_between, entry_at
from ledger.rules.merkle import leaf_hash
from ledger.words import sentence
from notices.models import Hook, HookDelivery
from notices.rules.topics import Topic, topic_of
from treaty.signer import order_signer
from web import deliveries, egress
from web.deliveries import Send

MOST: Final = 5
AT_ONCE: Final = 500  # entries that are queued for a hook in one go


class HookRefused(DomainError):
    """Nothing can be sent there."""

    code = "hook_refused"


@transaction.atomic
def add_hook(*, url: str, topics: Collection[Topic], by: User, at: datetime) -> Hook:
    """Send what goes on record from now on; naming the address again changes the topics."""
    User.objects.select_for_update(no_key=True).get(pk=by.pk)
    egress.target_of(url)
    standing = Hook.objects.filter(added_by=by, removed_at=None)
    if known := standing.filter(url=url).first():
        known.topics = sorted(topics)
        known.save(update_fields=["topics"])
        return known
    if standing.count() >= MOST:
        raise HookRefused(_("You have %(count)s addresses at most: remove one first.") % {"count": MOST})
    made: Hook = Hook.objects.create(url=url, topics=sorted(topics), added_by=by, added_at=at, told_up_to=position())
    return made


@transaction.atomic
def remove_hook(*, hook: Hook, by: User, at: datetime) -> None:
    """Send nothing there any more."""
    require(hook.added_by == by, _("Only who named the address removes it."))
    Hook.objects.filter(pk=hook.pk, removed_at=None).update(removed_at=at)
    hook.deliveries.filter(next_at__isnull=False).update(next_at=None, outcome="the address was removed")


def queue_due(*, at: datetime) -> int:
    """Queue for each hook what went on record since; return how many deliveries were queued. The record leads: none is forgotten."""
    size = position()
    behind = Hook.objects.filter(removed_at=None, told_up_to__lt=size).values_list("pk", flat=True)
    return sum(_queue(pk, size, at) for pk in behind)


@transaction.atomic
def _queue(pk: int, size: int, at: datetime) -> int:
    waiting = Hook.objects.select_for_update(no_key=True, skip_locked=True)
    hook = waiting.filter(pk=pk, removed_at=None, told_up_to__lt=size).first()
    if hook is None:
        return 0
    end = min(size, hook.told_up_to + AT_ONCE)
    told = [one for one in entries_between(hook.told_up_to, end) if topic_of(one.value.kind) in hook.topics]
    made = HookDelivery.objects.bulk_create(
        HookDelivery(hook=hook, index=one.index, next_at=at) for one in told if one.index is not None
    )
    hook.told_up_to = end
    hook.save(update_fields=["told_up_to"])
    return len(made)


def push_due(*, at: datetime, send: Send = egress.post) -> int:
    """Send what is due; return how many attempts were made. Each is settled in a transaction of its own."""
    signer = order_signer()
    if not signer.exists():  # it comes with the first order
        return 0
    claimed = claim_due(at=at)
    for delivery in claimed:
        entry = entry_at(delivery.index)
        assert entry is not None
        body = message(entry)
        name = f"msg_{leaf_hash(entry.data).hex()[:40]}"
        headers = deliveries.signed_headers(name, body, signer.key.private, at=at)
        settle(delivery=delivery, outcome=deliveries.sent(delivery.hook.url, body, headers, send), at=at)
    return len(claimed)


@transaction.atomic
def claim_due(*, at: datetime) -> list[HookDelivery]:
    """Take deliveries that are due."""
    return deliveries.claim(HookDelivery.objects.select_related("hook"), at=at)


@transaction.atomic
def settle(*, delivery: HookDelivery, outcome: str, at: datetime) -> None:
    """Write down what an attempt came to; an address that says that it is gone is removed."""
    row = HookDelivery.objects.select_for_update(no_key=True).get(pk=delivery.pk)
    if deliveries.settle(row, outcome, at=at):
        Hook.objects.filter(pk=row.hook_id, removed_at=None).update(removed_at=at)


def message(entry: Recorded) -> bytes:
    """Return what is sent: the entry exactly as it is on record, its position and hash, and a sentence."""
    data = {
        "index": entry.index,
        "hash": leaf_hash(entry.data).hex(),
        "sentence": sentence(entry.value),
        "entry": json.loads(entry.data),
    }
    event = {"type": entry.value.kind, "timestamp": data["entry"]["at"], "data": data}
    return json.dumps(event, ensure_ascii=False).encode()
