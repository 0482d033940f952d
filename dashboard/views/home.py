"""The first page."""

from collections.abc import Mapping
from typing import Any

from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _

from core.truth import Truth
from dashboard.queries.home import Home, home
from dashboard.queries.situation import Situation
from dashboard.queries.way import way
from dashboard.views.parties import overview
from dashboard.words import HEADLINES
from inspections.models.reports import CONCLUSION_LABELS
from inspections.rules.reports import Conclusion
from inspections.views.overview import country_rows
from ledger.queries import position
from ledger.views.past import OfAnInstant
from notices.queries.events import titles
from treaty.queries.past import require_rows
from treaty.queries.triggers import voice
from treaty.rules.resumption import CriterionStanding
from treaty.rules.words_conditions import evaluation_in_words, owed_in_words
from web.caching import cached_by
from web.listings import FindForm
from web.past import PARAMETER

TRUTHS = {Truth.TRUE: (_("Met"), "ok"), Truth.FALSE: (_("Not met"), "na"), Truth.UNKNOWN: (_("Unknown"), "un")}
MOST_COUNTRIES = 8


@method_decorator(cached_by(position, PARAMETER), name="dispatch")
class HomePage(OfAnInstant):
    """Is there a pause, who is in it, how do we know, and what is not covered."""

    template_name = "dashboard/home.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the answer with its words; of the past, what the rows of then tell."""
        require_rows(self.at)
        found = home(self.at, past=self.past is not None)
        return super().get_context_data(
            **context,
            home=found,
            headline=HEADLINES[found.situation],
            ended=found.situation is Situation.OVER,
            way=way(found.pause, found.rules) if found.pause and found.rules else (),
            find=FindForm(),
            countries=country_rows(found.evidence, MOST_COUNTRIES) if found.evidence else (),
            table=overview(found.parties, found.pause.pause if found.pause and found.is_paused else None),
            reports=[
                (one, CONCLUSION_LABELS[Conclusion(one.conclusion)], list(one.findings.all())) for one in found.reports
            ],
            criteria=_criteria(found),
            owing=_owing(found),
        )


def _criteria(found: Home) -> list[dict[str, Any]]:
    """Return the criteria of the pause with what was found and who owes what, by their names."""
    if found.pause is None or found.rules is None:
        return []
    names = {one.key: one.name for one in found.parties}
    named = {**titles(found.rules), **names}
    return [criterion(one, named) for one in found.pause.criteria]


def criterion(one: CriterionStanding, named: Mapping[str, str]) -> dict[str, Any]:
    """Return a criterion with its finding and with who owes what."""
    said = voice()
    label, sign = TRUTHS[one.truth]
    return {
        "title": one.title,
        "label": label,
        "sign": sign,
        "words": evaluation_in_words(one.evaluation, named, said),
        "owed": [owed_in_words(owed, named, said) for owed in one.owed],
    }


def _owing(found: Home) -> list[str]:
    """Return which laboratories are still missing for the treaty to enter into force, by name."""
    if found.answer.entry is None:
        return []
    missing = set(found.answer.entry.missing)
    return [party.name for party in found.parties if party.key in missing]
