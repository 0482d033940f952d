from celery import shared_task
from django.utils import timezone

from dashboard.bundles import make_due
from dashboard.queries.health import note_beat


@shared_task
def beat() -> None:
    """Show that beat and worker are alive."""
    note_beat(at=timezone.now())


@shared_task
def make_bundle() -> None:
    """Make the day's bundle of the public tables where it is not made yet."""
    make_due(at=timezone.now())
