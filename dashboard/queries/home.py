"""The first page: one frozen answer put together from every app, in a number of queries that does not grow with the laboratories."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from core.truth import Truth
from dashboard.queries.coverage import Coverage, coverage_of
from dashboard.queries.parties import Party, parties
from dashboard.queries.situation import PAUSED, Answer, PauseView, Situation, situation
from inspections.models import Report
from inspections.queries.matrix import Matrix, matrix
from inspections.queries.reports import recent_reports
from inspections.queries.visits import VisitRow, sealed_count, soonest
from inspections.rules.evidence import EvidenceState
from ledger.queries.health import Health, health
from notices.queries.events import Event, newest_events, titles
from treaty.models import TreatyText
from treaty.queries.drills import DrillSummary, current
from treaty.queries.indicators import trigger_charts
from treaty.queries.texts import rules_of, text_at
from treaty.queries.triggers import TriggerStanding, standing
from treaty.queries.vote_pages import VoteRow, rows
from treaty.queries.votes import newest_votes
from treaty.queries.worlds import Surroundings, surroundings
from treaty.rules.parties import BOUND
from treaty.rules.text import Text
from web.charts import Chart

MOST_OPEN = 3
MOST_RECENT = 2
MOST_VISITS = 3
MOST_CHARTS = 2


@dataclass(frozen=True)
class TriggerChart:
    """A trigger that one chart can show."""

    standing: TriggerStanding
    chart: Chart


@dataclass(frozen=True)
class Home:
    """Everything that the first page says; nothing on it comes from elsewhere."""

    at: datetime
    text: TreatyText | None
    rules: Text | None
    answer: Answer
    parties: Sequence[Party]
    evidence: Matrix | None
    triggers: Sequence[TriggerStanding]
    charts: Sequence[TriggerChart]
    open_votes: Sequence[VoteRow]
    recent_votes: Sequence[VoteRow]
    visits: Sequence[VisitRow]
    sealed_visits: int
    reports: Sequence[Report]
    coverage: Coverage | None
    events: Sequence[Event]
    record: Health
    drill: DrillSummary | None  # announced or running; never a pause

    @property
    def situation(self) -> Situation:
        """What the first line says."""
        return self.answer.situation

    @property
    def is_paused(self) -> bool:
        """Whether a pause binds anybody now."""
        return self.situation in PAUSED

    @property
    def pause(self) -> PauseView | None:
        """The pause to speak of."""
        return self.answer.pause

    @property
    def bound(self) -> int:
        """How many laboratories the treaty binds."""
        return sum(1 for party in self.parties if party.status in BOUND)

    @property
    def true_triggers(self) -> int:
        """How many triggers are true."""
        return sum(1 for one in self.triggers if one.truth is Truth.TRUE)

    @property
    def unknown_triggers(self) -> int:
        """How many triggers cannot be judged, because data are missing."""
        return sum(1 for one in self.triggers if one.truth is Truth.UNKNOWN)

    @property
    def closest(self) -> TriggerStanding | None:
        """The trigger that is not true and nearest to its threshold, of those whose distance can be said."""
        apart = [one for one in self.triggers if one.truth is not Truth.TRUE and one.share is not None]
        return max(apart, key=lambda one: one.share or 0, default=None)

    @property
    def cells_verified(self) -> int:
        """How many cells of the evidence matrix are verified."""
        return self.evidence.count(EvidenceState.VERIFIED) if self.evidence else 0

    @property
    def cells(self) -> int:
        """How many cells of the evidence matrix are in scope."""
        return self.evidence.total if self.evidence else 0

    @property
    def checkpoint_age(self) -> timedelta | None:
        """How old the newest published checkpoint is."""
        return self.at - self.record.published_at if self.record.published_at else None


def home(at: datetime, *, past: bool = False) -> Home:
    """Return the first page at `at`. Of the `past` it leaves out what rows do not keep: votes, visits, and who had cosigned the record."""
    text = text_at(at)
    rules = rules_of(text) if text else None
    around = surroundings(rules, at) if rules else None
    answer = situation(text, at, around)
    evidence = matrix(at, rules) if rules else None
    open_votes, decided = ((), ()) if past else newest_votes(at, MOST_RECENT)
    triggers = standing(at, around)
    return Home(
        at=at,
        text=text,
        rules=rules,
        answer=answer,
        parties=parties(
            rules, answer.pause.board if answer.pause and answer.situation in PAUSED else None, evidence, at
        ),
        evidence=evidence,
        triggers=triggers,
        charts=_charts(triggers, at, around),
        open_votes=rows(open_votes[:MOST_OPEN], at),
        recent_votes=rows(decided, at),
        visits=() if past else soonest(at, MOST_VISITS),
        sealed_visits=sealed_count(at),
        reports=() if past else recent_reports(at, MOST_VISITS),
        coverage=coverage_of(rules, evidence, at) if rules and evidence else None,
        events=newest_events(titles=titles(rules) if rules else None, until=at if past else None),
        record=health(),
        drill=current(at),
    )


def _charts(triggers: Sequence[TriggerStanding], at: datetime, around: Surroundings | None) -> list[TriggerChart]:
    """Draw the triggers that one line can show: those that fired, those with a gap in their data, then the nearest."""
    order = sorted(triggers, key=lambda one: (one.firing is None, one.truth is not Truth.UNKNOWN, -(one.share or 0)))
    drawn = trigger_charts(order, at, around)
    return list(islice((TriggerChart(one, chart) for one, chart in drawn if not chart.is_empty), MOST_CHARTS))
