"""The table of parties: all of it on its own page, and as much as the first page has room for."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django import forms
from django.http import QueryDict
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _

from dashboard.queries.parties import Party, parties, with_something_open
from dashboard.queries.situation import PAUSED, situation
from dashboard.words import STATUS_LABELS, STATUS_SIGNS, standing_words, status_words
from inspections.queries.matrix import matrix
from ledger.queries import position
from ledger.views.past import OfAnInstant
from treaty.models import Pause
from treaty.queries.past import require_rows
from treaty.queries.texts import rules_of, text_at
from treaty.rules.parties import Status
from treaty.rules.standing import Standing
from treaty.views.words import STANDING_LABELS
from web.caching import cached_by
from web.listings import FindForm, listing
from web.past import PARAMETER

MOST_WHOLE: Final = 12  # so many parties the first page shows all of; of more it counts them and names the gravest
MOST_OPEN: Final = 6
OPEN: Final = "open"


class PartyFilter(FindForm):
    """Which of the parties are listed."""

    show = forms.ChoiceField(
        label=_("Show"),
        required=False,
        choices=[
            ("", _("all")),
            (OPEN, _("with something open")),
            (_("Standing"), [(one.value, label) for one, label in STANDING_LABELS.items()]),
            (_("Status"), [(one.value, label) for one, label in STATUS_LABELS.items()]),
        ],
    )

    field_order = ["show", "q"]


@dataclass(frozen=True)
class Count:
    """How many parties have one standing, or one status where there is no pause; `key` is what the page of all shows them by."""

    key: str
    sign: Standing | str
    label: Any
    number: int


@dataclass(frozen=True)
class Overview:
    """The parties on the first page: all of few; of many the counts and the gravest."""

    rows: Sequence[dict[str, Any]]
    total: int
    open: int
    counts: Sequence[Count]
    has_roll_back: bool

    @property
    def is_whole(self) -> bool:
        """Whether every party has a row here."""
        return len(self.rows) == self.total


def overview(found: Sequence[Party], pause: Pause | None) -> Overview:
    """Return as much of the table as the first page has room for."""
    pressing = with_something_open(found)
    shown = found if len(found) <= MOST_WHOLE else pressing[:MOST_OPEN]
    return Overview(
        [row(party) for party in shown], len(found), len(pressing), counts(found, pause), _rolls_back(found)
    )


def counts(found: Sequence[Party], pause: Pause | None) -> list[Count]:
    """Return how many have each standing under the pause, or without one each status; those that some have."""
    if pause is None:
        statuses = Counter(party.status for party in found)
        return [
            Count(one.value, STATUS_SIGNS[one], label, statuses[one])
            for one, label in STATUS_LABELS.items()
            if statuses[one]
        ]
    standings = Counter(map(_standing, found))
    return [Count(one.value, one, label, standings[one]) for one, label in STANDING_LABELS.items() if standings[one]]


def row(party: Party) -> dict[str, Any]:
    """Return a party with the words of its status and of its standing."""
    return {"party": party} | status_words(party.status) | standing_words(party.standing)


def _rolls_back(found: Sequence[Party]) -> bool:
    return any(party.rolled_back for party in found)


@method_decorator(cached_by(position, "show", "q", "page", PARAMETER), name="dispatch")
class PartiesPage(OfAnInstant):
    """Every party on the same terms, a page at a time."""

    template_name = "dashboard/party_list.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the parties that fit the filter."""
        require_rows(self.at)
        pause, found = all_parties(self.at)
        chosen = PartyFilter(self.request.GET)
        page = listing(self.request.GET, _chosen(found, self.request.GET), lambda party: party.name)
        return super().get_context_data(
            **context,
            pause=pause,
            filter=chosen,
            filtering=any(self.request.GET.get(name) for name in chosen.fields),
            table=page,
            rows=[row(party) for party in page.rows],
            total=len(found),
            counts=counts(found, pause),
            has_roll_back=_rolls_back(found),
        )


def _chosen(found: Sequence[Party], asked: QueryDict) -> Sequence[Party]:
    """Return the parties that the page is asked to show; all, where it is asked for what it does not know."""
    show = asked.get("show", "")
    if show == OPEN:
        return with_something_open(found)
    if show in set(Standing):
        return [party for party in found if _standing(party) is Standing(show)]
    return [party for party in found if party.status is Status(show)] if show in set(Status) else found


def _standing(party: Party) -> Standing:
    return party.standing.standing if party.standing else Standing.NOT_APPLICABLE


def all_parties(at: datetime) -> tuple[Pause | None, list[Party]]:
    """Return the pause that binds at `at`, and every party's row."""
    text = text_at(at)
    if text is None:
        return None, []
    answer, rules = situation(text, at), rules_of(text)
    paused = answer.pause if answer.situation in PAUSED else None
    rows = parties(rules, paused.board if paused else None, matrix(at, rules), at)
    return paused.pause if paused else None, rows
