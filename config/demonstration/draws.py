"""The draws of the story: one that was carried out with a value withheld, and one whose values are being committed to now."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from config.demonstration.story import Story
from core.canonical import tagged_digest
from inspections.actions.draws import carry_out_draw, commit_value, open_draw, reveal_value, seal_draw
from inspections.models import Draw
from inspections.rules.seeds import value_commitment

FIRST, SECOND = 189.0, 1.4  # days before the present: the text asks for the second half a year after the first
CONTRIBUTORS = ("aster", "borealis", "cobalt", "elbe", "hanbit", "ivb", "pacific")
WITHHOLDS = "cobalt"
COMMITTED_SO_FAR = ("borealis", "ivb", "hanbit")
BETWEEN = timedelta(hours=2.5)


def tell(story: Story) -> None:
    """Put both draws on the calendar."""
    _begin(story, FIRST, CONTRIBUTORS)
    story.before(lambda at: seal_draw(draw=_newest(), at=at), days=FIRST - 3.005)
    first = tuple(key for key in CONTRIBUTORS if key != WITHHOLDS)
    for number, key in enumerate(first, start=1):
        story.before(partial(_reveal, story, key), days=FIRST - 3.01 - number * 0.1)
    story.before(_carry_out, days=FIRST - 5.05)
    _begin(story, SECOND, COMMITTED_SO_FAR)


def _begin(story: Story, days: float, contributors: Sequence[str]) -> None:
    story.before(lambda at: open_draw(at=at), days=days)
    for number, key in enumerate(contributors, start=1):
        story.before(partial(_commit, story, key), days=days - number * (BETWEEN / timedelta(days=1)))


def _newest() -> Draw:
    return Draw.objects.latest("opened_at")


def _value(draw: Draw, key: str) -> str:
    """Return an organisation's value: no secret in a story, where everybody can read how it is made."""
    return tagged_digest("fermata/demonstration/draw-value", {"draw": draw.key, "organisation": key})


def _commit(story: Story, key: str, at: datetime) -> None:
    draw = _newest()
    organisation, by = (story.lab if key in story.cast.labs else story.body)(key)
    commitment = value_commitment(draw.key, key, _value(draw, key))
    commit_value(draw=draw, organisation=organisation, commitment=commitment, by=by, at=at)


def _reveal(story: Story, key: str, at: datetime) -> None:
    draw = _newest()
    organisation, by = (story.lab if key in story.cast.labs else story.body)(key)
    reveal_value(draw=draw, organisation=organisation, value=_value(draw, key), by=by, at=at)


def _carry_out(at: datetime) -> None:
    carry_out_draw(draw=_newest(), at=at)
