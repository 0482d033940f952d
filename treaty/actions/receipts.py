"""Receipts mailed to all who act for a ballot's organisation, so that a ballot cast behind their backs does not stay unseen.

A mail says that there is a ballot, never what it says: a sealed one stays sealed. It is not in the record, and nothing
waits for it: a ballot stands whether or not the mail went out.
"""

import logging
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.core.mail import send_mass_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.queries.people import binding
from treaty.models import Ballot, ReceiptMail

logger = logging.getLogger(__name__)

AT_ONCE: Final = 50
OLDEST: Final = timedelta(days=1)  # what could not be mailed for so long is left to the page of receipts


def mail_due(*, at: datetime) -> int:
    """Mail the receipts of ballots received since OLDEST that were not mailed; return how many ballots' were.

    A worker that dies between the mail and its commit mails it again: twice is better than not at all.
    """
    due = Ballot.objects.filter(receipt_mail=None, received_at__gt=at - OLDEST, received_at__lte=at)
    mailed = 0
    for ballot in due.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]:
        try:
            mailed += _mail(ballot, at)
        except OSError:  # smtplib's errors are of this kind; one address must not hold up the others
            logger.exception("the receipt of ballot %s could not be mailed; it is tried again", ballot)
    return mailed


@transaction.atomic
def _mail(pk: int, at: datetime) -> bool:
    """Mail one ballot's receipt, unless another worker does so or has done so."""
    waiting = Ballot.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
    ballot = waiting.select_related("vote", "organisation").filter(pk=pk).first()
    if ballot is None or ReceiptMail.objects.filter(ballot=ballot).exists():
        return False
    ReceiptMail.objects.create(ballot=ballot, sent_at=at)
    subject = _("A ballot of %(name)s was cast") % {"name": ballot.organisation.name}
    words = {
        "ballot": ballot,
        "receipt": settings.SITE_URL + reverse("ledger:receipt", args=[ballot.entry_hash]),
        "page": settings.SITE_URL + reverse("treaty:vote", args=[ballot.vote.key]),
        "keys": settings.SITE_URL + reverse("treaty:my_keys"),
    }
    text = render_to_string("treaty/mail_receipt.txt", words)
    send_mass_mail([(subject, text, None, [person.email]) for person in binding(ballot.organisation, at)])
    return True
