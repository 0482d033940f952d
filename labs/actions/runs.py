import re
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accounts.models import Organisation, User
from accounts.rules.names import proper_name
from core.errors import DomainError, require
from core.times import stamp
from labs.actions.facilities import NOT_YOURS
from labs.models import Facility, TrainingRun
from labs.permissions import can_file_for
from labs.rules.keys import key_of
from labs.rules.readings import written
from labs.rules.runs import RunEvent, RunStatus, next_state
from ledger.actions import record

LARGEST_FLOP = Decimal("1e39")


class RunNotRegistered(DomainError):
    """The run cannot be registered so."""

    code = "run_refused"


class CommitmentMalformed(DomainError):
    """A checkpoint commitment is 64 hexadecimal digits: a salted SHA-256 (docs/ledger-entries.md says how)."""

    code = "commitment_malformed"


@transaction.atomic
def register_run(
    *,
    organisation: Organisation,
    facility: Facility,
    name: str,
    planned_flop: Decimal,
    started_at: datetime | None,
    by: User,
    at: datetime,
    key: str = "",
) -> TrainingRun:
    """Declare a training run, planned (`started_at` None) or under way. The same name again returns what is registered."""
    organisation.refresh_from_db(from_queryset=Organisation.objects.select_for_update(no_key=True))
    require(can_file_for(by, organisation, at=at), NOT_YOURS)
    title, whole = proper_name(name), _whole(planned_flop)
    own_key = key or key_of(organisation.key, title)
    known = TrainingRun.objects.filter(key=own_key).first()
    if known:
        return _same(known, organisation, title, facility, whole)
    if facility.organisation_id != organisation.pk:
        raise RunNotRegistered(fields={"facility": "The facility is not this laboratory's."})
    if started_at and started_at > at:
        raise RunNotRegistered(fields={"started_at": "Leave the start empty for a run that is planned."})
    run = TrainingRun.objects.create(
        organisation=organisation,
        facility=facility,
        key=own_key,
        name=title,
        planned_flop=whole,
        status=RunStatus.RUNNING if started_at else RunStatus.PLANNED,
        started_at=started_at,
        registered_at=at,
    )
    record(
        kind="run.registered",
        payload={
            "lab": organisation.key,
            "run": run.key,
            "facility": facility.key,
            "name": title,
            "planned_flop": written(whole),
            "started_at": stamp(started_at) if started_at else None,
        },
        by=by,
        at=at,
    )
    return run


@transaction.atomic
def start_run(*, run: TrainingRun, by: User, at: datetime) -> TrainingRun:
    """Declare that a planned run begins, or that a halted one goes on."""
    run.refresh_from_db(from_queryset=TrainingRun.objects.select_for_update(no_key=True))
    require(can_file_for(by, run.organisation, at=at), NOT_YOURS)
    if run.status == RunStatus.RUNNING:
        return run
    run.status = next_state(RunStatus(run.status), RunEvent.START)
    run.started_at = run.started_at or at
    run.save(update_fields=["status", "started_at"])
    record(kind="run.started", payload={"lab": run.organisation.key, "run": run.key}, by=by, at=at)
    return run


@transaction.atomic
def halt_run(*, run: TrainingRun, checkpoint_commitment: str, by: User, at: datetime) -> TrainingRun:
    """Declare that a run has stopped, with the salted hash of its last checkpoint ("" for a run that never started)."""
    run.refresh_from_db(from_queryset=TrainingRun.objects.select_for_update(no_key=True))
    require(can_file_for(by, run.organisation, at=at), NOT_YOURS)
    if run.status == RunStatus.HALTED:
        return run
    status = next_state(RunStatus(run.status), RunEvent.HALT)
    if not re.fullmatch("[0-9a-f]{64}", checkpoint_commitment) and (run.started_at or checkpoint_commitment):
        raise CommitmentMalformed(
            fields={
                "checkpoint_commitment": "Write the 64 hexadecimal digits of the salted SHA-256 of the last checkpoint."
            }
        )
    run.status, run.halted_at, run.checkpoint_commitment = status, at, checkpoint_commitment
    run.save(update_fields=["status", "halted_at", "checkpoint_commitment"])
    record(
        kind="run.halted",
        payload={"lab": run.organisation.key, "run": run.key, "checkpoint_commitment": checkpoint_commitment},
        by=by,
        at=at,
    )
    return run


@transaction.atomic
def finish_run(*, run: TrainingRun, by: User, at: datetime) -> TrainingRun:
    """Declare that a run is complete."""
    run.refresh_from_db(from_queryset=TrainingRun.objects.select_for_update(no_key=True))
    require(can_file_for(by, run.organisation, at=at), NOT_YOURS)
    if run.status == RunStatus.FINISHED:
        return run
    run.status, run.finished_at = next_state(RunStatus(run.status), RunEvent.FINISH), at
    run.save(update_fields=["status", "finished_at"])
    record(kind="run.finished", payload={"lab": run.organisation.key, "run": run.key}, by=by, at=at)
    return run


def _whole(flop: Decimal) -> Decimal:
    if not flop.is_finite() or not 0 < flop < LARGEST_FLOP or flop != flop.to_integral_value():
        raise RunNotRegistered(fields={"planned_flop": "Write a whole number of operations above 0, such as 3e25."})
    return flop


def _same(known: TrainingRun, organisation: Organisation, name: str, facility: Facility, flop: Decimal) -> TrainingRun:
    if (known.organisation_id, known.name, known.facility_id, known.planned_flop) != (
        organisation.pk,
        name,
        facility.pk,
        flop,
    ):
        raise RunNotRegistered(fields={"name": "Another run is registered under this name. Choose another name."})
    return known
