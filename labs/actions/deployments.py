from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accounts.models import Organisation, User
from accounts.rules.names import proper_name
from core.canonical import digest
from core.errors import DomainError, require
from core.times import stamp
from labs.actions.facilities import NOT_YOURS
from labs.actions.runs import LARGEST_FLOP
from labs.models import Deployment, RollbackProcedure
from labs.permissions import can_file_for
from labs.rules.deployments import DeploymentEvent, DeploymentStatus, next_state, procedure_lines
from labs.rules.keys import key_of
from labs.rules.readings import written
from ledger.actions import record


class DeploymentNotRegistered(DomainError):
    """The deployment cannot be registered so."""

    code = "deployment_refused"


class GateOpen(DomainError):
    """A gate of the registered procedure has not been approved."""

    code = "gate_open"


@transaction.atomic
def register_deployment(
    *,
    organisation: Organisation,
    name: str,
    model_name: str,
    flop: Decimal,
    released_at: datetime,
    steps: Sequence[str],
    gates: Sequence[str],
    by: User,
    at: datetime,
    key: str = "",
) -> Deployment:
    """Declare a model in use together with the procedure that rolls it back: steps in order, and whose approval each gate needs."""
    organisation.refresh_from_db(from_queryset=Organisation.objects.select_for_update(no_key=True))
    require(can_file_for(by, organisation, at=at), NOT_YOURS)
    title, model = proper_name(name), proper_name(model_name)
    own_key = key or key_of(organisation.key, title)
    known = Deployment.objects.filter(key=own_key).first()
    if known:
        return _same(known, organisation, title, model, flop)
    _check_deployment(flop, released_at, at)
    lines = procedure_lines(steps, gates)
    deployment = Deployment.objects.create(
        organisation=organisation,
        key=own_key,
        name=title,
        model_name=model,
        flop=flop,
        released_at=released_at,
        registered_at=at,
    )
    procedure = RollbackProcedure.objects.create(
        deployment=deployment, version=1, steps=lines[0], gates=lines[1], registered_at=at
    )
    record(
        kind="deployment.registered",
        payload={
            "lab": organisation.key,
            "deployment": deployment.key,
            "name": title,
            "model": model,
            "flop": written(flop),
            "released_at": stamp(released_at),
            "procedure": procedure_digest(procedure),
        },
        by=by,
        at=at,
    )
    return deployment


@transaction.atomic
def amend_procedure(
    *, deployment: Deployment, steps: Sequence[str], gates: Sequence[str], by: User, at: datetime
) -> RollbackProcedure:
    """Register a new version of the roll-back procedure."""
    deployment.refresh_from_db(from_queryset=Deployment.objects.select_for_update(no_key=True))
    require(can_file_for(by, deployment.organisation, at=at), NOT_YOURS)
    lines = procedure_lines(steps, gates)
    last = deployment.procedures.order_by("-version").first()
    if last and (last.steps, last.gates) == lines:
        return last
    procedure = RollbackProcedure.objects.create(
        deployment=deployment, version=last.version + 1 if last else 1, steps=lines[0], gates=lines[1], registered_at=at
    )
    record(
        kind="procedure.amended",
        payload={
            "lab": deployment.organisation.key,
            "deployment": deployment.key,
            "version": procedure.version,
            "procedure": procedure_digest(procedure),
        },
        by=by,
        at=at,
    )
    return procedure


@transaction.atomic
def roll_back_deployment(*, deployment: Deployment, approved: Collection[str], by: User, at: datetime) -> Deployment:
    """Declare that a deployment was rolled back by its newest procedure. `approved` names the gates that were approved: all of them."""
    deployment.refresh_from_db(from_queryset=Deployment.objects.select_for_update(no_key=True))
    require(can_file_for(by, deployment.organisation, at=at), NOT_YOURS)
    if deployment.status == DeploymentStatus.ROLLED_BACK:
        return deployment
    status = next_state(DeploymentStatus(deployment.status), DeploymentEvent.ROLL_BACK)
    procedure = deployment.procedures.order_by("-version").first()
    missing = [gate for gate in procedure.gates if gate not in approved] if procedure else []
    if procedure is None or missing:
        raise GateOpen(
            f"Not approved yet: {', '.join(missing)}." if missing else "No roll-back procedure is registered."
        )
    deployment.status, deployment.rolled_back_at = status, at
    deployment.save(update_fields=["status", "rolled_back_at"])
    record(
        kind="deployment.rolled_back",
        payload={
            "lab": deployment.organisation.key,
            "deployment": deployment.key,
            "procedure_version": procedure.version,
            "gates_approved": len(procedure.gates),
        },
        by=by,
        at=at,
    )
    return deployment


@transaction.atomic
def restore_deployment(*, deployment: Deployment, by: User, at: datetime) -> Deployment:
    """Declare that a rolled-back deployment is in use again."""
    deployment.refresh_from_db(from_queryset=Deployment.objects.select_for_update(no_key=True))
    require(can_file_for(by, deployment.organisation, at=at), NOT_YOURS)
    if deployment.status == DeploymentStatus.LIVE:
        return deployment
    deployment.status = next_state(DeploymentStatus(deployment.status), DeploymentEvent.RESTORE)
    deployment.save(update_fields=["status"])
    record(
        kind="deployment.restored",
        payload={"lab": deployment.organisation.key, "deployment": deployment.key},
        by=by,
        at=at,
    )
    return deployment


def procedure_digest(procedure: RollbackProcedure) -> str:
    """Return the hash by which the record holds a procedure: of its version, steps and gates."""
    return digest({"version": procedure.version, "steps": procedure.steps, "gates": procedure.gates})


def _check_deployment(flop: Decimal, released_at: datetime, at: datetime) -> None:
    if not flop.is_finite() or not 0 < flop < LARGEST_FLOP or flop != flop.to_integral_value():
        raise DeploymentNotRegistered(fields={"flop": "Write a whole number of operations above 0, such as 3e25."})
    if released_at > at:
        raise DeploymentNotRegistered(fields={"released_at": "A deployment is registered once it is released."})


def _same(known: Deployment, organisation: Organisation, name: str, model: str, flop: Decimal) -> Deployment:
    if (known.organisation_id, known.name, known.model_name, known.flop) != (organisation.pk, name, model, flop):
        raise DeploymentNotRegistered(
            fields={"name": "Another deployment is registered under this name. Choose another name."}
        )
    return known
