from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from accounts.models import Organisation
from config.demonstration import (
    balances,
    challenges,
    chapters,
    consultations,
    draws,
    schedules,
    specials,
    streams,
    tips,
    visits,
)
from config.demonstration.cast import FOUNDED, Cast, assemble
from config.demonstration.sites import register, works
from config.demonstration.story import Story
from ledger.actions import open_log


class Command(BaseCommand):
    """Loads the demonstration's story, once; a second call finds it there and changes nothing."""

    help = "Load the demonstration: a pause in force among fictional laboratories, as of now."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say whether the story is told, or only its people and sites are there."""
        parser.add_argument("--cast", action="store_true", help="only the organisations, their people and their sites")
        parser.add_argument("--migrate", action="store_true", help="bring the database's tables up to date first")

    def handle(self, *, cast: bool, migrate: bool, **_: Any) -> None:
        """Tell the story by calling the actions in their order."""
        if not settings.DEMO:
            raise CommandError("This is not a demonstration: set FERMATA_DEMO=1 outside production.")
        if migrate:
            call_command("migrate", verbosity=0)
        if Organisation.objects.exists():
            self.stdout.write("The demonstration is loaded already.")
            return
        now = timezone.now()
        if cast:
            assembled = _begin(now)
            register(assembled, now)
            for at, event in sorted(works(assembled, now), key=lambda one: one[0]):
                event(at)
        else:
            load(now, show=None)
        self.stdout.write("The demonstration is loaded.")


def _begin(now: datetime) -> Cast:
    """Open the record with the story's first instant, and assemble its people."""
    open_log(at=now - FOUNDED)
    return assemble(now)


def load(now: datetime, *, show: bool | None) -> None:
    """Tell the story as of `now`. `show` False hides the progress bar, None hides it where there is no terminal."""
    story = Story(_begin(now), now)
    chapters.tell(story)
    story.before(lambda _: story.facilities.update(register(story.cast, now)), days=290)
    for at, event in works(story.cast, now):
        story.before(event, days=(now - at) / timedelta(days=1))
    visits.tell(story)
    challenges.tell(story)
    tips.tell(story)
    draws.tell(story)
    balances.tell(story)
    consultations.tell(story)
    schedules.tell(story)
    specials.tell(story)
    streams.tell(story)
    with tqdm(
        total=len(story),
        desc="Telling the story",
        unit=" events",
        leave=False,
        disable=None if show is None else not show,
    ) as bar:
        story.run(bar.update)
