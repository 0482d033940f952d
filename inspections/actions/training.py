"""Entering what an inspector has been trained in."""

from datetime import datetime

from django.db import transaction

from accounts.models import Organisation, User
from accounts.permissions import inspects_for
from core.errors import Malformed, require
from core.times import stamp
from inspections.actions.inspectors import NotAnInspector
from inspections.models import Training
from inspections.permissions import can_designate
from inspections.rules.training import valid_until
from ledger.actions import record
from treaty.queries.texts import rules_at


@transaction.atomic
def record_training(
    *, user: User, body: Organisation, course: str, completed_at: datetime, by: User, at: datetime
) -> Training:
    """Enter a course that an inspector has completed; it holds for the text's time. A second call changes nothing."""
    User.objects.select_for_update().get(pk=user.pk)
    require(can_designate(by, body, at=at), "Only an officer of the body enters what its inspectors are trained in.")
    if not inspects_for(user, body, at=at):
        raise NotAnInspector
    terms = rules_at(at).monitoring.training
    if terms is None or course not in terms.courses:
        raise Malformed("The text knows no such course.", fields={"course": "The text knows no such course."})
    if completed_at > at:
        words = "A course is entered once it is completed."
        raise Malformed(words, fields={"completed_at": words})
    known = Training.objects.filter(user=user, course=course, completed_at=completed_at).first()
    if known:
        return known
    until = valid_until(terms, course, completed_at)
    made = Training.objects.create(
        user=user, body=body, course=course, completed_at=completed_at, valid_until=until, recorded_at=at
    )
    record(
        kind="training.recorded",
        payload={
            "body": body.key,
            "inspector": user.handle,
            "course": course,
            "completed_at": stamp(completed_at),
            "until": stamp(until),
        },
        by=by,
        at=at,
    )
    return made
