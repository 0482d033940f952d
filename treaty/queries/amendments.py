"""Amendments as pages, the API and the effect of their vote need them."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.db.models import QuerySet

from treaty.models import Amendment
from treaty.queries.texts import rules_of_bytes
from treaty.queries.vote_pages import VoteRow, vote_row
from treaty.queries.votes import get_vote
from treaty.rules.amendments import Changes, changes


@dataclass(frozen=True)
class AmendmentRow:
    """An amendment in a list: what it changes, in numbers, and how its vote stands."""

    amendment: Amendment
    vote: VoteRow
    changes: Changes


def amendments() -> QuerySet[Amendment]:
    """Return every amendment, the newest first, without bytes."""
    found = Amendment.objects.select_related("vote", "base", "proposer", "text")
    return found.defer("source", "base__source", "text__source")


def amendment_row(amendment: Amendment, at: datetime) -> AmendmentRow:
    """Return the amendment with its changes and its vote as it stands at `at`."""
    return AmendmentRow(amendment, vote_row(get_vote(amendment.vote.key), at), changes_of(amendment))


def changes_of(amendment: Amendment) -> Changes:
    """Return what the amendment changes; compared once for each pair of texts."""
    return _changes(amendment.base.sha256, amendment.sha256)


@lru_cache(maxsize=32)
def _changes(base: str, sha256: str) -> Changes:
    return changes(rules_of_bytes(base), rules_of_bytes(sha256))
