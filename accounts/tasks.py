from celery import shared_task
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from accounts.links import invitation_link
from accounts.models import Invitation


@shared_task
def send_invitation(*, invitation_id: int) -> None:
    """Mail the link to the invited person; an invitation that is gone or used is skipped."""
    waiting = Invitation.objects.filter(pk=invitation_id, accepted_at=None, withdrawn_at=None)
    for invitation in waiting.select_related("organisation"):
        subject = _("You are asked to act for %(name)s") % {"name": invitation.organisation.name}
        words = {"invitation": invitation, "link": invitation_link(invitation)}
        send_mail(subject, render_to_string("accounts/mail_invitation.txt", words), None, [invitation.email])
