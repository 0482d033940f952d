from celery import shared_task
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from accounts.links import invitation_link
from accounts.models import Invitation


@shared_task
def send_invitation(*, invitation_id: int) -> None:
    """Mail the link to the invited person; an invitation that is gone or used is skipped."""
    invitation = (
        Invitation.objects.select_related("organisation")
        .filter(pk=invitation_id, accepted_at=None, withdrawn_at=None)
        .first()
    )
    if invitation is None:
        return
    text = render_to_string(
        "accounts/mail_invitation.txt", {"invitation": invitation, "link": invitation_link(invitation)}
    )
    send_mail(
        _("You are asked to act for %(name)s") % {"name": invitation.organisation.name}, text, None, [invitation.email]
    )
