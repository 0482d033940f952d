from celery import shared_task
from django.utils import timezone

from dashboard.queries.health import note_beat


@shared_task
def beat() -> None:
    """Show that beat and worker are alive."""
    note_beat(at=timezone.now())
