"""What is done in an organisation's name, mailed to all who act for it, so that nothing done behind their backs stays unseen.

As receipts are (`receipts`): not in the record, and nothing waits for it. Who gives a ballot away and who receives it are both told.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.core.mail import send_mass_mail
from django.db import transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Organisation
from accounts.queries.people import binding
from treaty.actions.receipts import AT_ONCE, OLDEST
from treaty.models import Delegation, Letter, Repudiation

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Written:
    """A letter: to whom, and what it says."""

    to: tuple[Organisation, ...]
    subject: str
    words: str
    url: str


@dataclass(frozen=True)
class About:
    """What is written about: rows, the instant at which each was done, and the letter."""

    rows: QuerySet[Any]
    done_at: str
    write: Callable[[Any], Written]


def _repudiated(row: Repudiation) -> Written:
    ballot = row.ballot
    names = {"name": ballot.organisation.name, "vote": ballot.vote.title, "number": ballot.sequence}
    return Written(
        (ballot.organisation,),
        _("A ballot of %(name)s was repudiated") % names,
        _("The root key of %(name)s signed that ballot number %(number)s in the vote “%(vote)s” is not its own.")
        % names,
        reverse("treaty:vote", args=[ballot.vote.key]),
    )


def _given(row: Delegation) -> Written:
    names = {
        "name": row.organisation.name,
        "delegate": row.delegate.name,
        "until": f"{row.expires_at:%Y-%m-%d %H:%M} UTC",
    }
    return Written(
        (row.organisation, row.delegate),
        _("The ballot of %(name)s was delegated") % names,
        _("Until %(until)s the ballot of %(delegate)s counts for %(name)s where it casts none itself.") % names,
        reverse("treaty:delegations"),
    )


def _revoked(row: Delegation) -> Written:
    names = {"name": row.organisation.name, "delegate": row.delegate.name}
    return Written(
        (row.organisation, row.delegate),
        _("A delegation by %(name)s was revoked") % names,
        _("In votes noticed from now on the ballot of %(delegate)s no longer counts for %(name)s.") % names,
        reverse("treaty:delegations"),
    )


_DELEGATIONS: Final = Delegation.objects.select_related("organisation", "delegate")
ABOUT: Final[Mapping[str, About]] = {
    "repudiation": About(
        Repudiation.objects.select_related("ballot__organisation", "ballot__vote"), "repudiated_at", _repudiated
    ),
    "delegation": About(_DELEGATIONS, "given_at", _given),
    "revocation": About(_DELEGATIONS, "revoked_at", _revoked),
}


def mail_due(*, at: datetime) -> int:
    """Mail what was done since OLDEST and was not written about; return how many letters were."""
    mailed = 0
    for key, about in ABOUT.items():
        fresh = about.rows.filter(**{f"{about.done_at}__gt": at - OLDEST, f"{about.done_at}__lte": at})
        for row in fresh.exclude(pk__in=Letter.objects.filter(about=key).values("row")).order_by("pk")[:AT_ONCE]:
            try:
                mailed += _mail(key, row.pk, about.write(row), at)
            except OSError:  # smtplib's errors are of this kind; one address must not hold up the others
                logger.exception("a letter about %s %s could not be mailed; it is tried again", key, row.pk)
    return mailed


@transaction.atomic
def _mail(key: str, row: int, written: Written, at: datetime) -> bool:
    """Mail one letter, unless another worker has done so."""
    if not Letter.objects.get_or_create(about=key, row=row, defaults={"sent_at": at})[1]:
        return False
    text = render_to_string("treaty/mail_letter.txt", {"words": written.words, "page": settings.SITE_URL + written.url})
    people = {person.email for organisation in written.to for person in binding(organisation, at)}
    send_mass_mail([(written.subject, text, None, [address]) for address in sorted(people)])
    return True
