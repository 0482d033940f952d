"""What the clock does for the record."""

from celery import shared_task
from django.utils import timezone

from ledger.actions.publish import publish as publish_record


@shared_task
def publish() -> None:
    """Publish what was recorded since the last checkpoint; one process at a time."""
    publish_record(at=timezone.now())
