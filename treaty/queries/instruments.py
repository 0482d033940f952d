"""Which instruments an organisation of the annexes has still to deposit."""

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Organisation, User
from treaty.models import Accreditation, Party
from treaty.queries.parties import may_be_signed_for, status_of, with_instruments
from treaty.queries.texts import rules_of, text_at
from treaty.rules.parties import Status
from web.asks import Task


def instruments_asked(user: User, at: datetime) -> Iterator[Task]:
    """Yield the signature, ratification or acceptance that is still open for each organisation that `user` may bind."""
    text = text_at(at)
    if text is None:
        return
    stated = rules_of(text)
    keyed = {it.key: it for it in Organisation.objects.filter(pk__in=may_be_signed_for(user, at))}
    parties = {it.organisation.key: it for it in with_instruments(Party.objects.all())}
    accepted = set(Accreditation.objects.in_force(at).values_list("organisation__key", flat=True))
    for lab in [keyed[member.key] for member in stated.labs if member.key in keyed]:
        match status_of(parties.get(lab.key), at):
            case Status.NOT_SIGNED:
                yield _asked(_("Sign the Treaty"), "treaty:sign", lab, _("Sign"))
            case Status.SIGNATORY:
                yield _asked(_("Ratify the Treaty"), "treaty:ratify", lab, _("Ratify"))
    for body in [keyed[it.key] for it in stated.bodies if it.key in keyed and it.key not in accepted]:
        yield _asked(_("Accept the mandate of a monitoring body"), "treaty:accept_mandate", body, _("Accept"))


def _asked(title: str, name: str, organisation: Organisation, action: str) -> Task:
    return Task(title=title, url=reverse(name, args=[organisation.key]), detail=organisation.name, action=action)
