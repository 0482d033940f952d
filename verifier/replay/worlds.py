"""What conditions are judged by at an instant, as the record shows it.

A decision reads the site a moment before its entry gets its place in the log. A reading that was committed in between
precedes the entry and was not seen by it, so a judgement follows if it follows from the record without the very newest
readings: those received in the last LAG before it.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from treaty.rules.conditions import AnyCondition, indicators_of
from treaty.rules.findings import DeterminationValue, World
from treaty.rules.text import Text
from verifier.replay.frame import Replay
from verifier.replay.organisations import Organisations
from verifier.replay.parties import Parties
from verifier.replay.readings import Readings
from verifier.replay.texts import Texts

LAG: Final = timedelta(seconds=60)


def worlds(
    replay: Replay,
    conditions: Collection[AnyCondition],
    rules: Text,
    at: datetime,
    determinations: tuple[DeterminationValue, ...] = (),
    *,
    disputed: Mapping[str, datetime] | None = None,
) -> Iterator[World]:
    """Yield the world at `at` by all that is on record, then by less and less of what arrived in the last LAG."""
    indicators = frozenset[str]().union(*(indicators_of(condition) for condition in conditions))
    readings = replay.of(Readings)
    labs, pairs = frozenset(replay.of(Parties).bound(at)), replay.of(Organisations).affiliations(at)
    for before in [None, *readings.recent(indicators, at - LAG, at)]:
        known, earlier = readings.standing(indicators, at, before), replay.of(Texts).before(rules.version)
        yield World(known, rules.indicators, labs, pairs, determinations, earlier, disputed or {})
