"""Readings in quarantine, for the page and for those who are asked to review them."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from labs.models import Quarantine
from treaty.queries.texts import rules_of, text_at


@dataclass(frozen=True)
class QuarantineRow:
    """A reading in quarantine: what it is of, and whether the reader is still to be asked about it."""

    quarantine: Quarantine
    title: str
    is_reviewed: bool  # by one person; another one's word lifts it
    is_asked: bool


def in_quarantine(at: datetime, user: User | None = None) -> list[QuarantineRow]:
    """Return what is in quarantine at `at`, the oldest first; a reading that a newer version replaced is left out."""
    text = text_at(at)
    titles = {key: one.title for key, one in rules_of(text).indicators.items()} if text else {}
    held = Quarantine.objects.in_force(at).filter(reading__superseded_by=None)
    return [
        QuarantineRow(
            one,
            titles.get(one.reading.indicator, one.reading.indicator),
            is_reviewed=one.first_reviewer_id is not None,
            is_asked=user is not None and one.first_reviewer_id != user.pk,
        )
        for one in held.select_related("reading__organisation").order_by("opened_at", "pk")
    ]
