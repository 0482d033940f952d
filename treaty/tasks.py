"""What the clock does for the treaty: short sweeps that may run late, twice, or at the same time as each other."""

import logging

from celery import shared_task
from django.utils import timezone

from treaty.actions import effects, letters, orders, pushes, receipts, triggers, votes
from treaty.actions.advance import advance_due
from treaty.actions.cases import open_missing_cases
from treaty.actions.declarations import ask_due, mark_late
from treaty.actions.drills import end_due
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


@shared_task
def sweep_declarations() -> None:
    """Ask the parties for what the calendar of declarations has reached, enter what is overdue, and ask about what long is."""
    at = timezone.now()
    ask_due(at=at)
    mark_late(at=at)
    open_missing_cases(at=at)


@shared_task
def sweep_pauses() -> None:
    """Write down what time did to pauses (activation, lapse, lateness, stages of resumption, the end), then to drills."""
    at = timezone.now()
    advance_due(at=at)
    end_due(at=at)


@shared_task
def sweep_orders() -> None:
    """Issue orders where laboratories are asked something new, and renew all others in time."""
    orders.issue_due(at=timezone.now())


@shared_task
def push_orders() -> None:
    """Send orders to the addresses that laboratories named, and try again what did not arrive."""
    pushes.push_due(at=timezone.now())


@shared_task
def evaluate_triggers() -> None:
    """Judge the triggers of the text in force by what has been received, and open the votes of those that came true."""
    triggers.evaluate_triggers(at=timezone.now())


@shared_task
def sweep_votes() -> None:
    """Write down which votes opened, were contested, extended or closed; then let adopted ones take effect."""
    at = timezone.now()
    votes.advance_due(at=at)
    effects.apply_due(at=at)


@shared_task
def mail_receipts() -> None:
    """Mail the receipts of new ballots, repudiations and delegations to all who act for their organisations."""
    at = timezone.now()
    receipts.mail_due(at=at)
    letters.mail_due(at=at)
