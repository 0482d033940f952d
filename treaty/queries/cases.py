"""Compliance cases as lists and pages show them."""

from datetime import datetime

from accounts.models import Organisation
from treaty.models import Case


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
