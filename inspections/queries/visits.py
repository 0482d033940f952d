"""Visits as pages, actions and tasks need them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, Q, QuerySet

from accounts.models import Organisation, User
from core.canonical import Json, commitment
from core.times import stamp
from inspections.models import Plan, Visit, VisitInspector
from inspections.models.visits import VisitQuerySet
from inspections.rules.visits import (
    ENDED,
    Timer,
    VisitEvent,
    VisitFacts,
    VisitKind,
    VisitState,
    can_follow,
    timers,
)
from treaty.queries.texts import rules_of
from treaty.rules.text import Monitoring
from web.prepared import at_hand, prepared


def monitoring_of(visit: Visit) -> Monitoring:
    """Return the provisions that govern the visit: those in force when it was planned."""
    return rules_of(visit.text).monitoring


def facts_of(visit: Visit) -> VisitFacts:
    """Return a visit as the value that the rules take."""
    return VisitFacts(
        planned_from=visit.planned_from,
        planned_until=visit.planned_until,
        notice_due_at=visit.notice_due_at,
        notified_at=visit.notified_at,
        acknowledged_at=visit.acknowledged_at,
        access_at=visit.access_at,
        began_at=visit.began_at,
        reported_at=visit.reported_at,
        commented_at=visit.commented_at,
        final_at=visit.final_at,
        kind=VisitKind(visit.kind),
    )


def sealed_value(visit: Visit, inspectors: Iterable[str]) -> Json:
    """Return what the commitment made at planning is a commitment to; `inspectors` are their handles."""
    return {
        "visit": visit.key,
        "facility": visit.facility.key,
        "from": stamp(visit.planned_from),
        "until": stamp(visit.planned_until),
        "inspectors": sorted(inspectors),
    }


def seal(visit: Visit, inspectors: Iterable[str]) -> str:
    """Return the commitment to the visit's place, time and team."""
    return commitment(visit.salt, sealed_value(visit, inspectors))


def team_of(visit: Visit) -> list[VisitInspector]:
    """Return the inspectors booked for the visit, with person and body."""
    return list(
        visit.team.filter(released_at=None).select_related("designation__user", "designation__body").order_by("pk")
    )


@dataclass(frozen=True)
class VisitRow:
    """A visit for a list: its team's bodies, its timers, what is late."""

    visit: Visit
    bodies: tuple[str, ...]
    timers: tuple[Timer, ...]

    @property
    def next_timer(self) -> Timer | None:
        """The first stage that is not done; None once it has ended."""
        if self.visit.state in ENDED:
            return None
        return next((timer for timer in self.timers if timer.done_at is None), None)


def rows(visits: Iterable[Visit], at: datetime) -> list[VisitRow]:
    """Return the visits for a list; they come `with_team`."""
    return [
        VisitRow(
            visit,
            tuple(sorted({booking.designation.body.name for booking in visit.team.all()})),
            timers(facts_of(visit), monitoring_of(visit), at),
        )
        for visit in visits
    ]


def with_team() -> Prefetch[str]:
    """Return the prefetch that `rows` needs."""
    return Prefetch(
        "team", VisitInspector.objects.filter(released_at=None).select_related("designation__body", "designation__user")
    )


def announced(at: datetime) -> VisitQuerySet:
    """Return every visit of which notice had been given by `at`, as `rows` takes them; the plan stays sealed."""
    return Visit.objects.opened().filter(notified_at__lte=at).with_names().prefetch_related(with_team())


def upcoming(at: datetime, limit: int = 50) -> list[VisitRow]:
    """Return the visits whose notice was given and that have not yet ended, the soonest first; the plan stays sealed."""
    return rows(announced(at).not_ended().order_by("planned_from", "key")[:limit], at)


def soonest(at: datetime, limit: int) -> list[VisitRow]:
    """Return the announced visits that have no report yet, the soonest first, with no more than a list says; the plan stays sealed."""
    found = {one.pk: one for one in _soonest(at, limit=limit)}
    at_hand(found, "team", _teams(list(found)), "visit_id")
    return rows(found.values(), at)


@prepared
def _soonest(at: datetime, *, limit: int) -> QuerySet[Visit]:
    found = Visit.objects.ahead(at).select_related("facility__organisation", "text").defer("text__source")
    return found.order_by("planned_from", "key")[:limit]


@prepared
def _teams(visits: list[int]) -> QuerySet[VisitInspector]:
    found = VisitInspector.objects.filter(released_at=None, visit__pk__among=visits)
    return found.select_related("designation__body")


def past(at: datetime, limit: int = 50) -> list[VisitRow]:
    """Return the visits that have ended, the newest first."""
    found = announced(at).filter(state__in=[state.value for state in ENDED])
    return rows(found.order_by("-planned_from", "-key")[:limit], at)


def sealed_count(at: datetime) -> int:
    """Return how many visits are planned and not yet opened."""
    unopened = Q(notified_at=None) | Q(notified_at__gt=at)
    return Visit.objects.filter(unopened, Q(ended_at=None) | Q(ended_at__gt=at), planned_at__lte=at).count()


def newest_plans(at: datetime, limit: int = 5) -> list[Plan]:
    """Return the newest runs of the planner that changed something."""
    return list(Plan.objects.filter(made_at__lte=at).select_related("pause")[:limit])


def visits_of(user: User, at: datetime) -> list[Visit]:
    """Return the open visits that `user` is booked for, the soonest first: inspectors see their own before notice."""
    booked = VisitInspector.objects.filter(designation__user=user, released_at=None, designation__valid_until__gt=at)
    return list(Visit.objects.not_ended().filter(pk__in=booked.values("visit")).with_names().order_by("planned_from"))


def visits_at(organisations: Iterable[Organisation], at: datetime) -> list[Visit]:
    """Return the open, notified visits at the facilities of these laboratories."""
    found = (
        Visit.objects.opened().not_ended().filter(facility__organisation__in=list(organisations), notified_at__lte=at)
    )
    return list(found.with_names().order_by("planned_from"))


def what_may_follow(visit: Visit) -> frozenset[VisitEvent]:
    """Return the events that the visit's state allows: what buttons to show."""
    return frozenset(event for event in VisitEvent if can_follow(VisitState(visit.state), event))


def due_for_notice(at: datetime) -> list[Visit]:
    """Return the visits whose notice falls due, for the sweep."""
    return list(Visit.objects.notice_due(at).with_names())


def due_for_moving(at: datetime) -> list[Visit]:
    """Return the visits that time may move on: reported ones, and those whose team never came in."""
    waiting = Q(state__in=[VisitState.PRELIMINARY, VisitState.COMMENTED, VisitState.FINAL])
    gone = Q(state__in=[VisitState.ACCESS_REFUSED, VisitState.ACCESS_DELAYED], planned_until__lte=at)
    return list(Visit.objects.filter(waiting | gone).with_names())
