"""Run the scheduler by hand: what Celery does every minute where something is due."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from inspections.actions.schedules import run_scheduler
from inspections.scheduling.solver import Effort


class Command(BaseCommand):
    """Plans the coming months anew, where something moved or the time for it has come."""

    help = "Plan the visits of the coming months, and seal what keeps to every provision."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say how long the solver may look."""
        parser.add_argument("--seconds", type=float, default=Effort.seconds, help="how long the solver may look")
        parser.add_argument("--workers", type=int, default=Effort.workers, help="on how many cores")

    def handle(self, *, seconds: float, workers: int, **_: Any) -> None:
        """Run it, and say what came of it."""
        run = run_scheduler(clock=timezone.now, effort=Effort(seconds=seconds, workers=workers))
        if run is None:
            self.stdout.write("There is nothing to plan, or another run is under way.")
            return
        made = run.schedule
        self.stdout.write(f"{run.get_outcome_display()}.")
        if made:
            self.stdout.write(
                f"Schedule {made.key} until {made.until_at:%Y-%m-%d}: {made.visits.count()} visits sealed anew, "
                f"{len(made.missed)} left out or late; cost {made.cost}, bound {made.bound}."
            )
