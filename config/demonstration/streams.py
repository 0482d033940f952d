"""Seals that are read day by day after the visits of the story: at two sites without a gap, at one until somebody forgot."""

from datetime import datetime
from functools import partial
from typing import Final

from config.demonstration.story import Story
from inspections.actions.streams import read_stream
from labs.models import Facility

DAYS: Final = 9  # before the present
READ: Final = {
    "aster-thunder-bay": 0,
    "borealis-narvik": 0,
    "ganges-navi-mumbai": 4,
}  # site → days before the present of the last


def tell(story: Story) -> None:
    """Let a body read the seals on the breakers each day."""
    for days in range(DAYS, 0, -1):
        story.before(partial(_read, story, days), days=days - 0.5)


def _read(story: Story, days: int, at: datetime) -> None:
    body, by = story.body("ivb")
    for facility in Facility.objects.filter(key__in=[key for key, last in READ.items() if days > last]):
        read_stream(facility=facility, layer="power", observed_at=at, intact=True, body=body, by=by, at=at)
