"""What the clock does for those who follow."""

from celery import shared_task
from django.utils import timezone

from notices.actions import mails


@shared_task
def tell() -> None:
    """Mail what went on record since each subscriber was told last."""
    mails.tell_due(at=timezone.now())
