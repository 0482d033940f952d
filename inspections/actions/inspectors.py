"""Designating inspectors, ending a designation, giving mandates."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from accounts.models import Organisation, User
from accounts.permissions import inspects_for, is_depositary, represents
from core.errors import DomainError, Malformed, require
from core.times import stamp
from inspections.models import Availability, Designation, Mandate, Refusal
from inspections.permissions import can_designate
from inspections.queries.candidates import pool
from inspections.rules.conflicts import may_refuse
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


class NotInThePool(DomainError):
    """The inspector is not one of those who could be sent to the laboratory."""

    code = "not_in_the_pool"


class PoolTooSmall(DomainError):
    """No more inspectors remain than the text asks for: none of them can be refused."""

    code = "pool_too_small"


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
def refuse_inspector(*, designation: Designation, lab: Organisation, by: User, at: datetime) -> Refusal:
    """Refuse an inspector, with effect after the text's time; what was notified by then stays. A second call changes nothing."""
    Organisation.objects.select_for_update().get(pk=lab.pk)
    require(represents(by, lab, at=at), "Only a representative of the laboratory refuses an inspector.")
    standing = Refusal.objects.standing(at).filter(designation=designation, lab=lab).first()
    if standing:
        return standing
    monitoring = rules_at(at).monitoring
    able = {one.pk for one in pool(lab, at)}
    if designation.pk not in able:
        raise NotInThePool
    if not may_refuse(len(able), monitoring.smallest_pool):
        raise PoolTooSmall
    effective_at = monitoring.refusal_effective_after.after(at, holidays=monitoring.holidays)
    made = Refusal.objects.create(designation=designation, lab=lab, received_at=at, effective_at=effective_at)
    record(kind="inspector.refused", payload={**_refusal(made), "effective_at": stamp(effective_at)}, by=by, at=at)
    return made


@transaction.atomic
def withdraw_refusal(*, refusal: Refusal, by: User, at: datetime) -> Refusal:
    """Take a refusal back, at once. A second call changes nothing."""
    refusal.refresh_from_db(
        from_queryset=Refusal.objects.select_for_update(of=("self",)).select_related(
            "lab", "designation__user", "designation__body"
        )
    )
    require(represents(by, refusal.lab, at=at), "Only a representative of the laboratory takes its refusal back.")
    if refusal.withdrawn_at is not None:
        return refusal
    refusal.withdrawn_at = at
    refusal.save(update_fields=["withdrawn_at"])
    record(kind="refusal.withdrawn", payload=_refusal(refusal), by=by, at=at)
    return refusal


def _refusal(refusal: Refusal) -> dict[str, str]:
    designation = refusal.designation
    return {"lab": refusal.lab.key, "body": designation.body.key, "inspector": designation.user.handle}


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
