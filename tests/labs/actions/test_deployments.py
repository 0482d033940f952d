from decimal import Decimal

import pytest

from core.errors import Malformed, NotAllowed
from labs.actions.deployments import (
    DeploymentNotRegistered,
    GateOpen,
    amend_procedure,
    register_deployment,
    restore_deployment,
    roll_back_deployment,
)
from labs.models import Deployment
from labs.rules.deployments import DeploymentStatus, ProcedureIncomplete
from tests.factories import LONG_AGO, NOON, deployment


def register(aster, by, **changes):
    fields = {
        "name": "Aster Assistant",
        "model_name": "Aster 3",
        "flop": Decimal("2e25"),
        "released_at": LONG_AGO,
        "steps": ["Route to Aster 2", "Seal the weights"],
        "gates": ["Head of safety", "Duty engineer"],
    }
    return register_deployment(organisation=aster, by=by, at=NOON, **(fields | changes))


def test_a_deployment_is_registered_once_with_its_procedure(aster, ada, entries):
    made = register(aster, ada)
    assert register(aster, ada) == made
    assert made.procedures.get().gates == ["Head of safety", "Duty engineer"]
    assert entries() == ["deployment.registered"]


@pytest.mark.parametrize("change", [{"steps": []}, {"gates": ["  "]}])
def test_a_deployment_without_steps_or_gates_is_refused(aster, ada, entries, change):
    with pytest.raises(ProcedureIncomplete):
        register(aster, ada, **change)
    assert entries() == []
    assert not Deployment.objects.exists()


@pytest.mark.parametrize(
    "change", [{"flop": Decimal("0.5")}, {"flop": Decimal("NaN")}, {"released_at": NOON.replace(year=2027)}]
)
def test_a_deployment_that_cannot_be_is_refused(aster, ada, entries, change):
    with pytest.raises(DeploymentNotRegistered):
        register(aster, ada, **change)
    assert entries() == []


def test_a_rival_can_neither_register_nor_roll_back(aster, rival, entries):
    with pytest.raises(NotAllowed):
        register(aster, rival)
    with pytest.raises(NotAllowed):
        roll_back_deployment(deployment=deployment(aster), approved=["Head of safety"], by=rival, at=NOON)
    assert entries() == []


def test_a_roll_back_needs_every_gate_of_the_newest_procedure(aster, ada, entries):
    service = deployment(aster)
    amend_procedure(deployment=service, steps=["Stop"], gates=["Head of safety", "Board"], by=ada, at=NOON)
    with pytest.raises(GateOpen, match="Board"):
        roll_back_deployment(deployment=service, approved=["Head of safety"], by=ada, at=NOON)
    roll_back_deployment(deployment=service, approved=["Board", "Head of safety"], by=ada, at=NOON)
    roll_back_deployment(deployment=service, approved=[], by=ada, at=NOON)
    service.refresh_from_db()
    assert (service.status, service.rolled_back_at) == (DeploymentStatus.ROLLED_BACK, NOON)
    assert entries() == ["procedure.amended", "deployment.rolled_back"]


def test_the_same_procedure_again_is_no_new_version(aster, ada, entries):
    service = deployment(aster)
    current = service.procedures.get()
    assert amend_procedure(deployment=service, steps=current.steps, gates=current.gates, by=ada, at=NOON) == current
    assert entries() == []


def test_a_rolled_back_deployment_is_restored_once(aster, ada, entries):
    service = deployment(aster)
    roll_back_deployment(deployment=service, approved=["Head of safety"], by=ada, at=NOON)
    for _ in range(2):
        restore_deployment(deployment=service, by=ada, at=NOON)
    assert entries() == ["deployment.rolled_back", "deployment.restored"]


def test_a_procedure_in_any_form_of_unicode_is_kept_in_one_and_what_no_reader_sees_is_refused(aster, ada, entries):
    made = register(aster, ada, steps=["Cafe\u0301 first"])
    assert made.procedures.get().steps == ["Café first"]
    with pytest.raises(Malformed, match="U\\+202E"):
        register(aster, ada, name="Another service", steps=["Seal\u202e it"])
    assert entries() == ["deployment.registered"]
