"""Compliance cases as lists and pages show them."""

from datetime import datetime

from django.db.models import Case as Choose
from django.db.models import OuterRef, Prefetch, QuerySet, Subquery, Value, When

from accounts.models import Organisation
from core.times import known_at
from treaty.models import Case, CaseStep
from treaty.rules.cases import AFTER, CaseEvent, CaseState


def known_cases(at: datetime) -> QuerySet[Case]:
    """Return every case that was on record at `at`, with the names and steps of then; `stands`, its state then, is there to choose by. Each is read through `as_known`."""
    told = CaseStep.objects.filter(at__lte=at).order_by("pk")
    last = Subquery(told.filter(case=OuterRef("pk")).order_by("-pk").values("event")[:1])
    stood = [When(last=event.value, then=Value(state.value)) for event, state in AFTER.items()]
    found = Case.objects.filter(opened_at__lte=at).select_related("organisation", "pause", "vote")
    found = found.annotate(last=last).annotate(stands=Choose(*stood, default=Value(CaseState.OPEN.value)))
    return found.prefetch_related(Prefetch("steps", told.select_related("organisation")))


def as_known(case: Case, at: datetime) -> Case:
    """Give a case of `known_cases` its state at `at`, without what was entered later. It is to be read, never saved."""
    events = [CaseEvent(step.event) for step in case.steps.all()]
    case.state = AFTER[events[-1]].value if events else CaseState.OPEN.value
    if CaseEvent.DETERMINE not in events:
        case.determined_at = case.vote = None
    case.closed_at = known_at(case.closed_at, at)
    return case


def open_cases(at: datetime) -> list[Case]:
    """Return the cases open at `at`, the newest first."""
    return list(Case.objects.standing(at).select_related("organisation", "pause"))


def closed_cases(at: datetime, limit: int = 50) -> list[Case]:
    """Return the cases closed last."""
    found = Case.objects.filter(closed_at__lte=at).select_related("organisation", "pause")
    return list(found.order_by("-closed_at")[:limit])


def awaiting_answer(lab: Organisation, at: datetime) -> list[Case]:
    """Return the open cases that `lab` has not answered, the most urgent first."""
    return list(Case.objects.standing(at).filter(organisation=lab, state="open").order_by("answer_by"))
