"""What the clock does for the treaty: short sweeps that may run late, twice, or at the same time as each other."""

import logging

from celery import shared_task
from django.utils import timezone

from treaty.actions.parties import enter_into_force
from treaty.models import TreatyText

logger = logging.getLogger(__name__)


@shared_task
def sweep_parties() -> None:
    """Write on record that the treaty has entered into force, where the delay has run."""
    at = timezone.now()
    for text in TreatyText.objects.defer("source").filter(in_force_at__lte=at, entry_recorded_at=None):
        try:
            enter_into_force(text=text, at=at)
        except Exception:
            logger.exception("text %s could not enter into force", text.version)
