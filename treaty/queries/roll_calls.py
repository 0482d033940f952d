"""The roll call of a vote: who is on its roll, and how each voted: itself, by its delegate, or not at all."""

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ledger.queries import Recorded
from treaty.models import Ballot, RollEntry, Vote
from treaty.models.votes import CHOICE_LABELS
from treaty.queries.repudiations import taken_out
from treaty.queries.triggers import voice
from treaty.queries.votes import cell_of, counted_by_delegate, departures_of, roll_at
from treaty.rules.courses import Course
from treaty.rules.parties import Status
from treaty.rules.profiles import Choice
from treaty.rules.vote_states import UNDECIDED
from treaty.rules.words_votes import class_in_words, weight_in_words

BALLOT_SIGNS = {Choice.CONSENT: "ok", Choice.OBJECT: "bad", Choice.ABSTAIN: "un"}
LEFT = {
    Status.WITHDRAWN: gettext_lazy("Its withdrawal took effect."),
    Status.SUSPENDED: gettext_lazy("It was suspended."),
    Status.MERGED: gettext_lazy("It merged into another party: the two have one vote."),
}


class RollCall:
    """Who is on the roll, and how each voted: itself, by its delegate, or not at all."""

    def __init__(
        self,
        vote: Vote,
        course: Course,
        standing: Mapping[str, Ballot],
        entries: list[Recorded],
        at: datetime,
        *,
        sealed: bool,
    ) -> None:
        self.vote, self.course, self.standing, self.sealed = vote, course, standing, sealed
        self.positions = {entry.value.hash: entry.index for entry in entries}
        self.by_delegate = counted_by_delegate(roll_at(vote, at), standing)
        self.left = {one.lab: one for one in departures_of(vote) if one.at <= at}
        self.repudiated = taken_out(vote)
        self.nothing = _("Not yet") if course.state in UNDECIDED else _("Did not vote")

    def classes(self) -> list[dict[str, object]]:
        """Return each class with its cells, its roll call and its count."""
        grouped: dict[str, list[RollEntry]] = {}
        for line in self.vote.roll.all():
            grouped.setdefault(line.electorate, []).append(line)
        return [
            {
                "name": class_in_words(name, voice()),
                "cells": [self._cell(line) for line in lines],
                "rows": [self._call(line) for line in lines],
                "cast": sum(line.organisation.key in self.standing for line in lines),
                "count": next((count for count in self.course.tally.counts if count.electorate == name), None),
            }
            for name, lines in grouped.items()
        ]

    def _ballot(self, line: RollEntry) -> Ballot | None:
        return self.standing.get(line.organisation.key) or self.by_delegate.get(line.organisation.key)

    def _cell(self, line: RollEntry) -> str:
        ballot = self._ballot(line)
        if line.recused or line.organisation.key in self.left:
            return "r"
        return cell_of(ballot, sealed=self.sealed) if ballot else ""

    def _call(self, line: RollEntry) -> dict[str, object]:
        key, weight = line.organisation.key, Fraction(line.weight_numerator, line.weight_denominator)
        row: dict[str, object] = {
            "name": line.organisation.name,
            "country": line.organisation.jurisdiction,
            "weight": "" if weight == 1 else weight_in_words(weight),
        }
        if line.recused:
            return row | {"sign": "na", "choice": _("Recused"), "reason": line.get_recusal_reason_display()}
        if gone := self.left.get(key):
            return row | {"sign": "na", "choice": _("Left the roll"), "reason": LEFT[gone.why], "at": gone.at}
        if ballot := self.standing.get(key):
            return row | self._cast(ballot)
        if ballot := self.by_delegate.get(key):
            words = _("By its delegate, %(delegate)s: it cast no ballot itself.") % {
                "delegate": ballot.organisation.name
            }
            return row | self._cast(ballot) | {"reason": words, "changed": False}
        choice = _("Repudiated") if key in self.repudiated else self.nothing
        return row | {"sign": "na", "choice": choice, "reason": self._awaited(line)}

    def _awaited(self, line: RollEntry) -> str:
        """Say by whom it would be represented, while that is open."""
        if line.delegate is None or line.delegate.key in self.left or self.course.state not in UNDECIDED:
            return ""
        return _("The ballot of its delegate, %(delegate)s, counts for it unless it votes itself.") % {
            "delegate": line.delegate.name
        }

    def _cast(self, ballot: Ballot) -> dict[str, object]:
        row: dict[str, object] = {
            "at": ballot.received_at,
            "changed": ballot.sequence > 1,
            "entry": self.positions.get(ballot.entry_hash),
            "entry_url": reverse("ledger:receipt", args=[ballot.entry_hash]),
        }
        if self.sealed:
            return row | {"sign": "on", "choice": _("Sealed"), "signed": _("sealed")}
        return row | {
            "sign": BALLOT_SIGNS[Choice(ballot.choice)],
            "choice": CHOICE_LABELS[Choice(ballot.choice)],
            "reason": ballot.reason,
            "signed": ballot.signed_with,
        }
