"""All that conditions are judged by at an instant, in few queries."""

from collections.abc import Iterable
from datetime import datetime

from accounts.models import Affiliation
from labs.queries.readings import values
from treaty.queries.parties import bound_labs
from treaty.queries.texts import earlier_indicators
from treaty.rules.conditions import AnyCondition, indicators_of
from treaty.rules.evaluation import DeterminationValue, World
from treaty.rules.text import Text


def world(
    conditions: Iterable[AnyCondition],
    rules: Text,
    at: datetime,
    determinations: tuple[DeterminationValue, ...] = (),
) -> World:
    """Return readings, indicators, bound labs and affiliations as known at `at`: four queries."""
    indicators = frozenset[str]().union(*(indicators_of(condition) for condition in conditions))
    pairs = Affiliation.objects.in_force(at).values_list("organisation__key", "affiliate__key")
    return World(
        readings=values(indicators=indicators, received_by=at) if indicators else [],
        indicators=rules.indicators,
        labs=frozenset(lab.key for lab in bound_labs(at)),
        affiliations=frozenset(frozenset(pair) for pair in pairs),
        determinations=determinations,
        earlier=earlier_indicators(rules.version),
    )
