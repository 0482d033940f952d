"""Compliance cases as lists and pages show them."""

from datetime import datetime

from django.db.models import Prefetch, QuerySet

from accounts.models import Organisation
from treaty.models import Case, CaseStep


def with_steps() -> QuerySet[Case]:
    """Return every case with its names and all that was said in it, in two queries."""
    steps = Prefetch("steps", CaseStep.objects.select_related("organisation"))
    return Case.objects.select_related("organisation", "pause", "vote").prefetch_related(steps)


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
