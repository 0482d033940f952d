"""Ballots that can be repudiated, and what was."""

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Organisation
from treaty.models import Ballot, Vote
from treaty.queries.texts import rules_of
from treaty.queries.votes import repudiation_of

MOST_REPUDIABLE = 100


def repudiable_until(vote: Vote) -> datetime | None:
    """Return until when the ballots of a closed vote may be repudiated, by the text frozen with it."""
    return rules_of(vote.text).publication.objection_window.after(vote.closed_at) if vote.closed_at else None


def repudiable_ballots(organisation: Organisation, at: datetime) -> list[Ballot]:
    """Return the organisation's ballots that its root key can still repudiate, the newest first."""
    ballots = (
        Ballot.objects.filter(organisation=organisation, vote__closed_at__lte=at, repudiation=None)
        .select_related("vote__text")
        .defer("vote__text__source")
        .order_by("-vote__closed_at", "-sequence")
    )
    return [one for one in ballots[:MOST_REPUDIABLE] if at < (repudiable_until(one.vote) or at)]


def taken_out(vote: Vote) -> set[str]:
    """Return, by key, the organisations of ballots that a repudiation took out of the count."""
    found = [(ballot, repudiation_of(ballot)) for ballot in vote.ballots.all()]
    return {ballot.organisation.key for ballot, one in found if one and one.recounted}


def repudiated(vote: Vote) -> list[dict[str, object]]:
    """Return what was repudiated, and what that changed."""
    found = [(ballot, repudiation_of(ballot)) for ballot in vote.ballots.all()]
    return [
        {
            "title": _("%(name)s repudiated a ballot in its name") % {"name": ballot.organisation.name},
            "detail": _("It came before the effect: the vote is counted without that ballot. Its instants stand.")
            if one.recounted
            else _("It is evidence: the result stays as it was counted."),
            "at": one.repudiated_at,
            "entry_url": reverse("ledger:receipt", args=[one.entry_hash]),
        }
        for ballot, one in found
        if one
    ]
