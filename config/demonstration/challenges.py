"""The challenge of the story: asked for, stopped within half a day, and found frivolous by a body."""

from datetime import datetime
from functools import partial

from config.demonstration import keys
from config.demonstration.story import Story, judge
from inspections.actions.challenges import find_frivolous, request_challenge
from inspections.models import Challenge
from labs.models import Facility
from treaty.rules.profiles import Choice

ASKED = 118.0  # days before the present
SITE = "aster-thunder-bay"
STOPPED_BY = ("borealis", "daxing", "elbe", "fjord", "ganges", "hanbit")
GROUND = "Trade journals report that the site takes on night staff."
REASONS = "Staff rotas are no sign of undeclared compute, and the site was seen seven weeks before. Nothing was said that bears on the Treaty."


def tell(story: Story) -> None:
    """Let Cobalt challenge a site of Aster's, six others stop it, and a body publish what it thinks of the request."""
    story.before(partial(_ask, story), days=ASKED)
    for number, key in enumerate(STOPPED_BY):
        story.before(partial(_stop, story, key), days=ASKED, hours=-1 - 0.9 * number)
    story.before(judge, days=ASKED, hours=-13)  # the clock is looked at soon after the close, too
    story.before(partial(_find_frivolous, story), days=ASKED - 4)


def _ask(story: Story, at: datetime) -> None:
    lab, by = story.lab("cobalt")
    site = Facility.objects.select_related("organisation").get(key=SITE)
    request_challenge(facility=site, ground=GROUND, requester=lab, by=by, at=at)


def _stop(story: Story, key: str, at: datetime) -> None:
    lab, by = story.lab(key)
    vote = Challenge.objects.get().vote
    keys.cast(vote=vote, organisation=lab, choice=Choice.CONSENT, reason="", by=by, at=at)


def _find_frivolous(story: Story, at: datetime) -> None:
    body, officer = story.body("ivb")
    find_frivolous(challenge=Challenge.objects.get(), body=body, reasons=REASONS, by=officer, at=at)
