"""The order of events: each at its instant before the present, with the clock's own sweeps in between."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from accounts.models import Organisation, User
from config.demonstration.cast import Cast
from inspections.actions import challenges, conclusions, grades, plan, specials, tips, visits
from inspections.models import Visit
from inspections.queries.challenges import unsettled
from inspections.queries.conclusions import waiting
from inspections.queries.specials import unsettled as specials_unsettled
from inspections.queries.visits import due_for_moving
from inspections.rules.visits import VisitState
from labs.models import Facility
from treaty.actions import advance, declarations, drills, effects, parties, triggers, votes
from treaty.models import TreatyText
from treaty.queries.pauses import in_force

type Event = Callable[[datetime], object]

# Triggers are judged, and the clock is looked at between events: now and then at first, often in the last fortnight.
JUDGED = (
    (timedelta(days=300), timedelta(days=15), timedelta(days=19)),
    (timedelta(days=15), timedelta(0), timedelta(hours=4)),
)
CLOCK_EVERY = timedelta(hours=4)  # events that are closer together share one look at the clock


@dataclass
class Story:
    """Events by instant; `run` lets them happen in order."""

    cast: Cast
    now: datetime
    facilities: dict[str, Facility] = field(default_factory=dict)
    events: list[tuple[datetime, int, Event]] = field(default_factory=list)

    def before(self, event: Event, *, days: float = 0, hours: float = 0, minutes: float = 0) -> None:
        """Let `event` happen this long before the present; it is called with its instant."""
        at = self.now - timedelta(days=days, hours=hours, minutes=minutes)
        self.events.append((at, len(self.events), event))

    def run(self, note: Callable[[], object] = lambda: None) -> None:
        """Let everything happen, the clock's sweeps before each event; `note` is called after each."""
        looked = self.now - timedelta(days=3650)
        for at, event in self._in_order():
            _give_notices(at)
            if at - looked >= CLOCK_EVERY:
                clock(at)
                looked = at
            event(at)
            note()
        _give_notices(self.now)
        judge(self.now)
        clock(self.now)

    def __len__(self) -> int:
        return sum(1 for _ in self._in_order())

    def _in_order(self) -> Iterator[tuple[datetime, Event]]:
        looks = [
            (self.now - first + number * step, -1, judge)
            for first, last, step in JUDGED
            for number in range((first - last) // step)
        ]
        for at, _, event in sorted([*self.events, *looks], key=lambda one: one[:2]):
            yield at, event

    def lab(self, key: str) -> tuple[Organisation, User]:
        """Return a laboratory and its first representative."""
        return self.cast.labs[key], self.cast.representative(key)

    def body(self, key: str) -> tuple[Organisation, User]:
        """Return a monitoring body and its officer."""
        return self.cast.bodies[key], self.cast.representative(key)


def judge(at: datetime) -> None:
    """Judge the triggers, as Celery does when readings arrive and when a datum lapses."""
    triggers.evaluate_triggers(at=at)


def _give_notices(until: datetime) -> None:
    """Give each notice that falls due before `until` at its own instant: a late one would cancel the visit."""
    for visit in Visit.objects.filter(state=VisitState.PLANNED, notice_due_at__lte=until).order_by("notice_due_at"):
        plan.give_notice(visit=visit, at=visit.notice_due_at)


def clock(at: datetime) -> None:
    """Do what Celery's sweeps would have done at `at`: the same actions in the same order."""
    for text in TreatyText.objects.defer("source").filter(in_force_at__lte=at, entry_recorded_at=None):
        parties.enter_into_force(text=text, at=at)
    declarations.ask_due(at=at)
    declarations.mark_late(at=at)
    votes.advance_due(at=at)
    effects.apply_due(at=at)
    advance.advance_due(at=at)
    drills.end_due(at=at)
    for challenge in unsettled(at):
        challenges.settle_challenge(challenge=challenge, at=at)
    for special in specials_unsettled(at):
        specials.settle_special(special=special, at=at)
    for pause in in_force(at=at):
        plan.plan_visits(pause=pause, at=at)
    for visit in due_for_moving(at):
        visits.move_on(visit=visit, at=at)
    for report in waiting(at):
        conclusions.conclude(report=report, at=at)
    tips.record_tips(at=at)
    grades.publish_grades(at=at)
