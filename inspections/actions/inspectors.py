"""Designating inspectors, ending a designation, giving mandates."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from accounts.models import Organisation, User
from accounts.permissions import inspects_for, is_depositary
from core.errors import DomainError, Malformed, require
from core.times import stamp
from inspections.models import Availability, Designation, Mandate
from inspections.permissions import can_designate
from ledger.actions import record
from treaty.queries.parties import participating_bodies
from treaty.queries.texts import rules_at


class BodyNotParticipating(DomainError):
    """The body has not accepted its mandate under the treaty."""

    code = "body_not_participating"


class NotAnInspector(DomainError):
    """The person is not an inspector of the body."""

    code = "not_an_inspector"


class DesignatedElsewhere(DomainError):
    """The person is designated by another body at present."""

    code = "designated_elsewhere"


@transaction.atomic
def designate(*, user: User, body: Organisation, by: User, at: datetime) -> Designation:
    """Designate an inspector for as long as the text says. Designating them again while that holds changes nothing."""
    User.objects.select_for_update().get(pk=user.pk)
    require(can_designate(by, body, at=at), "Only an officer of the body designates its inspectors.")
    if body not in participating_bodies(at):
        raise BodyNotParticipating
    if not inspects_for(user, body, at=at):
        raise NotAnInspector
    held = Designation.objects.valid(at).filter(user=user).first()
    if held and held.body_id == body.pk:
        return held
    if held:
        raise DesignatedElsewhere
    until = rules_at(at).monitoring.designation_validity.after(at)
    made = Designation.objects.create(user=user, body=body, designated_at=at, valid_until=until)
    payload = {"body": body.key, "inspector": user.handle, "until": stamp(until)}
    record(kind="inspector.designated", payload=payload, by=by, at=at)
    return made


@transaction.atomic
def end_designation(*, designation: Designation, by: User, at: datetime) -> Designation:
    """End a designation now. Visits that the inspector is booked for stay booked until they are planned anew."""
    designation.refresh_from_db(
        from_queryset=Designation.objects.select_for_update(of=("self",)).select_related("body", "user")
    )
    require(can_designate(by, designation.body, at=at), "Only an officer of the body ends a designation.")
    if designation.valid_until <= at:
        return designation
    designation.valid_until = at
    designation.save(update_fields=["valid_until"])
    payload = {"body": designation.body.key, "inspector": designation.user.handle}
    record(kind="designation.ended", payload=payload, by=by, at=at)
    return designation


@transaction.atomic
def state_availability(
    *, designation: Designation, from_at: datetime, until_at: datetime, by: User, at: datetime
) -> Availability:
    """Say when the inspector can be sent. The record holds only that something was stated, not when somebody is away."""
    designation.refresh_from_db(
        from_queryset=Designation.objects.select_for_update(of=("self",)).select_related("body", "user")
    )
    require(
        by == designation.user or can_designate(by, designation.body, at=at),
        "Only the inspector or an officer of the body states it.",
    )
    if until_at <= from_at:
        raise Malformed("The time ends after it begins.", fields={"until_at": "The time ends after it begins."})
    made, is_new = Availability.objects.get_or_create(designation=designation, from_at=from_at, until_at=until_at)
    if is_new:
        record(
            kind="availability.stated",
            payload={"body": designation.body.key, "inspector": designation.user.handle},
            by=by,
            at=at,
        )
    return made


@transaction.atomic
def give_mandate(*, body: Organisation, layers: Collection[str], by: User, at: datetime) -> Mandate:
    """Say which verification layers of the text a body may look at, from now on; the earlier mandate ends."""
    Organisation.objects.select_for_update().get(pk=body.pk)
    require(is_depositary(by, at=at), "Only the depositary enters mandates.")
    unknown = set(layers) - rules_at(at).monitoring.layers.keys()
    if unknown or not layers:
        raise Malformed(f"Name layers of the text; there is no {', '.join(sorted(unknown)) or 'empty mandate'}.")
    wanted = sorted(set(layers))
    held = Mandate.objects.in_force(at).filter(body=body).first()
    if held and held.layers == wanted:
        return held
    if held:
        held.until_at = at
        held.save(update_fields=["until_at"])
    made = Mandate.objects.create(body=body, layers=wanted, from_at=at)
    record(kind="mandate.given", payload={"body": body.key, "layers": wanted}, by=by, at=at)
    return made
