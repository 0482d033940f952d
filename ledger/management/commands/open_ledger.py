from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from ledger.actions.opening import open_log
from ledger.actions.publish import publish


class Command(BaseCommand):
    """Open the log: run it once, after `migrate` and before anything is recorded."""

    help = "Make the log's key and record log.opened as entry 0; harmless when that is done."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Open and publish."""
        opened = open_log(at=timezone.now())
        publish(at=timezone.now())
        self.stdout.write("The log is open." if opened else "The log was open already.")
