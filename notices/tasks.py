"""What the clock does for those who follow."""

from celery import shared_task
from django.utils import timezone

from notices.actions import hooks, mails


@shared_task
def tell() -> None:
    """Mail what went on record since each subscriber was told last."""
    mails.tell_due(at=timezone.now())


@shared_task
def push() -> None:
    """Queue for each webhook what went on record since, and send what is due."""
    hooks.queue_due(at=timezone.now())
    hooks.push_due(at=timezone.now())
