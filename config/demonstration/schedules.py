"""The schedule of the story: sealed some hours ago, a refusal of an inspector, and what had to move for it."""

from datetime import datetime
from functools import partial

from config.demonstration.story import Story
from inspections.actions.inspectors import refuse_inspector
from inspections.actions.schedules import run_scheduler
from inspections.queries.candidates import pool
from inspections.scheduling.solver import Effort

FIRST, REFUSED, AGAIN = 9, 6, 5  # hours before the present
REFUSES = "cobalt"
QUICK = Effort(seconds=20, workers=1, work=2)


def tell(story: Story) -> None:
    """Put the runs of the scheduler and the refusal on the calendar."""
    story.before(_plan, hours=FIRST)
    story.before(partial(_refuse, story), hours=REFUSED)
    story.before(_plan, hours=AGAIN)


def _plan(at: datetime) -> None:
    run_scheduler(clock=lambda: at, effort=QUICK)


def _refuse(story: Story, at: datetime) -> None:
    lab, by = story.lab(REFUSES)
    refuse_inspector(designation=pool(lab, at)[0], lab=lab, by=by, at=at)
