"""What the clock does for inspections. Each sweep may run late, twice or beside itself."""

import logging
from collections.abc import Callable, Iterable

from celery import shared_task
from django.utils import timezone

from core.errors import DomainError
from inspections.actions import (
    accounting,
    challenges,
    conclusions,
    draws,
    grades,
    plan,
    schedules,
    specials,
    tips,
    visits,
)
from inspections.queries.accounting import long_undeclared, observed_sites
from inspections.queries.challenges import unsettled
from inspections.queries.conclusions import waiting
from inspections.queries.draws import unfinished
from inspections.queries.specials import unsettled as specials_unsettled
from inspections.queries.visits import due_for_moving, due_for_notice
from inspections.scheduling.solver import Effort
from treaty.queries.pauses import in_force
from treaty.queries.texts import text_at

log = logging.getLogger(__name__)


@shared_task
def plan_visits() -> None:
    """Settle the challenges whose vote has closed and the special visits, and plan what the pauses in force ask for; challenges come first."""
    at = timezone.now()
    _each(lambda challenge: challenges.settle_challenge(challenge=challenge, at=at), unsettled(at))
    _each(lambda special: specials.settle_special(special=special, at=at), specials_unsettled(at))
    _each(lambda pause: plan.plan_visits(pause=pause, at=at), in_force(at=at))


@shared_task(soft_time_limit=240, time_limit=300)
def run_scheduler() -> None:
    """Plan the coming months anew where something moved or the time for it has come; one run at a time."""
    schedules.run_scheduler(clock=timezone.now, effort=Effort())


@shared_task
def sweep_visits() -> None:
    """Give notice, make reports final, end visits, pass conclusions on, as far as each is due."""
    at = timezone.now()
    _each(lambda visit: plan.give_notice(visit=visit, at=at), due_for_notice(at))
    _each(lambda visit: visits.move_on(visit=visit, at=at), due_for_moving(at))
    _each(lambda report: conclusions.conclude(report=report, at=at), waiting(at))


@shared_task
def sweep_draws() -> None:
    """Open the draw that is due; seal, carry out and open the days of those whose time has come."""
    at = timezone.now()
    if text_at(at):
        draws.open_draw(at=at)
    _each(lambda draw: draws.advance_draw(draw=draw, at=at), unfinished(at))


@shared_task
def tell_tips() -> None:
    """Tell the record of the tips of every hour that is over."""
    tips.record_tips(at=timezone.now())


@shared_task
def publish_grades() -> None:
    """Publish the table of grades that is due."""
    grades.publish_grades(at=timezone.now())


@shared_task
def note_alarms() -> None:
    """Write down the alarms of the balances that passed a limit, one a site and sweep, and ask about work that was not declared."""
    at = timezone.now()
    _each(lambda row: accounting.ask_about_work(facility=row[0], at=at), long_undeclared(at))
    _each(lambda facility: accounting.note_alarm(facility=facility, at=at), observed_sites(at))


def _each[Row](act: Callable[[Row], object], rows: Iterable[Row]) -> None:
    for row in rows:
        try:
            act(row)
        except DomainError as error:
            log.warning("%s: %s", row, error.detail)
        except Exception:  # one bad row does not stop the rest; it is in the error log and is tried again
            log.exception("%s", row)
