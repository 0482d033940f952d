"""Telling subscribers by mail what went on record since they were told last. The record leads; each subscription has its own place in it."""

import logging
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from hashlib import sha256
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import ngettext

from ledger.queries import position
from ledger.queries.entries import Recorded, entries_between
from notices.actions.subscriptions import token_of
from notices.models import Subscription
from notices.queries.feeds import Item, items
from notices.rules.mails import Fact, Wish, due, next_digest
from notices.rules.topics import Topic

logger = logging.getLogger(__name__)

AT_ONCE: Final = 100
MOST: Final = 500  # entries that one mail is made from; what is beyond goes into the next


def tell_due(*, at: datetime) -> int:
    """Mail every subscriber whom something waits for; return how many mails went out.

    A worker that dies between the mail and its commit mails it again, under the same Message-ID: twice is better than not at all.
    """
    size, sent = position(), 0
    for pk in Subscription.objects.behind(size).values_list("pk", flat=True)[:AT_ONCE]:
        try:
            sent += _tell(pk, size, at)
        except OSError:  # smtplib's errors are of this kind; one address must not hold up the others
            logger.exception("subscription %s could not be told; it is tried again", pk)
    return sent


@transaction.atomic
def _tell(pk: int, size: int, at: datetime) -> bool:
    """Tell one subscriber, unless another worker does so; return whether a mail went out."""
    waiting = Subscription.objects.behind(size).select_for_update(of=("self",), no_key=True, skip_locked=True)
    found = waiting.select_related("lab").filter(pk=pk).first()
    if found is None:
        return False
    since = found.told_up_to
    new = entries_between(since, min(size, since + MOST))
    wish = Wish([Topic(one) for one in found.topics], found.daily, found.lab.key if found.lab else "")
    told = due(wish, [_fact(one) for one in new], found.digest_at, at)
    if told is None:
        return False
    found.told_up_to = min(size, since + MOST)
    if found.digest_at is not None:
        found.digest_at = next_digest(found.digest_at, at)
    found.save(update_fields=["told_up_to", "digest_at"])
    if not told:
        return False
    indices = {one.index for one in told}
    _mail(found, since, items([one for one in new if one.index in indices], at), at)
    return True


def _fact(one: Recorded) -> Fact:
    assert one.index is not None
    lab = one.value.payload.get("lab")
    return Fact(one.index, one.value.kind, lab if isinstance(lab, str) else "")


def _mail(subscription: Subscription, since: int, told: Sequence[Item], at: datetime) -> None:
    site, token = settings.SITE_URL, token_of(subscription)
    end = site + reverse("notices:end", args=[token])
    subject = told[-1].title if len(told) == 1 else _subject(told)
    name = sha256(f"{token}/{since}".encode()).hexdigest()[:32]
    EmailMessage(
        Truncator(" ".join(subject.split())).chars(150),
        render_to_string(
            "notices/mail_events.txt", {"items": told, "site": site, "end": end, "daily": subscription.daily}
        ),
        to=[subscription.email],
        headers={
            "Message-ID": f"<{name}@{settings.SITE_URL.rpartition('/')[2].partition(':')[0]}>",
            "Date": format_datetime(at),
            "List-Unsubscribe": f"<{end}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",
        },
    ).send()


def _subject(told: Sequence[Item]) -> str:
    words = {"title": told[-1].title, "count": len(told) - 1}
    return ngettext("%(title)s, and one more event", "%(title)s, and %(count)s more events", len(told) - 1) % words
