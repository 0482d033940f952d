"""The signed link by which an invitation is accepted."""

from django.conf import settings
from django.core import signing
from django.urls import reverse

from accounts.models import Invitation

SALT = "fermata/invitation/v1"


def invitation_link(invitation: Invitation) -> str:
    """Return the whole address that accepts `invitation`. Only the invited person gets to see it."""
    token = signing.dumps(invitation.pk, salt=SALT)
    return settings.SITE_URL + reverse("accounts:invitation", args=[token])


def invitation_of(token: str) -> Invitation | None:
    """Return the invitation that a link names; None if the link was not made here. Whether it is still open is the action's question."""
    try:
        return Invitation.objects.select_related("organisation").filter(pk=signing.loads(token, salt=SALT)).first()
    except signing.BadSignature:
        return None
