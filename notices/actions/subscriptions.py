"""Asking for mail, confirming it, ending it. Whoever holds a signed address in a mail may do what that mail offers."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Organisation
from core.errors import DomainError
from ledger.queries import position
from notices.models import Subscription
from notices.rules.mails import DIGEST_EVERY
from notices.rules.topics import Topic

CONFIRMED_WITHIN: Final = timedelta(days=2)
ASKED_AGAIN_AFTER: Final = timedelta(minutes=10)
SALT: Final = "notices.subscription"


class NotASubscription(DomainError):
    """The address in the mail is not one of ours, or too old. Ask again on the page “Follow”."""

    code = "not_a_subscription"


def token_of(subscription: Subscription) -> str:
    """Return what only the mail's reader knows; it does not expire, as old mails offer to unsubscribe too."""
    return signing.dumps(subscription.pk, salt=SALT)


def subscription_of(token: str) -> Subscription:
    """Return whose token it is; raise NotASubscription."""
    try:
        found: Subscription = Subscription.objects.select_related("lab").get(pk=signing.loads(token, salt=SALT))
    except (signing.BadSignature, Subscription.DoesNotExist):
        raise NotASubscription from None
    return found


@transaction.atomic
def ask_for_mail(
    *, email: str, topics: Collection[Topic], lab: Organisation | None, daily: bool, at: datetime
) -> Subscription:
    """Mail the address a link to confirm with. Asked again within ten minutes nothing more is mailed: nobody floods a stranger."""
    Subscription.objects.forgotten(at - CONFIRMED_WITHIN).delete()
    recent = Subscription.objects.filter(email__iexact=email, confirmed_at=None, asked_at__gt=at - ASKED_AGAIN_AFTER)
    if found := recent.select_for_update().first():
        found.topics, found.lab, found.daily = sorted(topics), lab, daily
        found.save(update_fields=["topics", "lab", "daily"])
        return found
    made: Subscription = Subscription.objects.create(
        email=email, topics=sorted(topics), lab=lab, daily=daily, asked_at=at
    )
    link = settings.SITE_URL + reverse("notices:confirm", args=[token_of(made)])
    text = render_to_string("notices/mail_confirm.txt", {"link": link, "site": settings.SITE_URL, "subscription": made})
    mail = EmailMessage(_("Confirm that you want mail from Fermata"), text, to=[email])
    transaction.on_commit(mail.send)
    return made


@transaction.atomic
def confirm(*, token: str, at: datetime) -> Subscription:
    """Begin to mail, from the record's present position on. A second time this changes nothing."""
    found: Subscription = Subscription.objects.select_for_update(of=("self",)).get(pk=subscription_of(token).pk)
    if found.confirmed_at is not None:
        return found
    if at >= found.asked_at + CONFIRMED_WITHIN:
        raise NotASubscription
    # Whoever asks a second time has changed their mind about the first.
    Subscription.objects.standing().filter(email__iexact=found.email, lab=found.lab).update(ended_at=at)
    found.confirmed_at, found.told_up_to = at, position()
    found.digest_at = at + DIGEST_EVERY if found.daily else None
    found.save(update_fields=["confirmed_at", "told_up_to", "digest_at"])
    return found


@transaction.atomic
def end(*, token: str, at: datetime) -> Subscription:
    """Mail nothing more. A second time this changes nothing."""
    found = subscription_of(token)
    Subscription.objects.filter(pk=found.pk, ended_at=None).update(ended_at=at)
    return found
