from decimal import Decimal

import pytest

from core.errors import NotAllowed
from labs.actions.runs import CommitmentMalformed, RunNotRegistered, finish_run, halt_run, register_run, start_run
from labs.models import TrainingRun
from labs.queries.runs import runs_in_scope
from labs.rules.runs import RunRefused, RunStatus
from tests.factories import LONG_AGO, NOON, facility, laboratory, training_run

COMMITMENT = "a" * 64


def register(aster, by, **changes):
    site = changes.pop("facility", None) or aster.facilities.first() or facility(aster)
    fields = {"name": "Polaris", "planned_flop": Decimal("3e25"), "started_at": None}
    return register_run(organisation=aster, facility=site, by=by, at=NOON, **(fields | changes))


def test_a_run_without_a_start_is_planned_and_with_one_is_running(aster, ada, entries):
    assert register(aster, ada).status == RunStatus.PLANNED
    assert register(aster, ada, name="Vega", started_at=LONG_AGO).status == RunStatus.RUNNING
    assert entries() == ["run.registered", "run.registered"]


def test_the_same_run_again_is_registered_once_and_another_of_its_name_refused(aster, ada, entries):
    assert register(aster, ada) == register(aster, ada)
    with pytest.raises(RunNotRegistered):
        register(aster, ada, planned_flop=Decimal("4e25"))
    assert entries() == ["run.registered"]


@pytest.mark.parametrize("flop", ["0", "-1", "0.5", "1e40", "NaN", "Infinity"])
def test_a_quantity_of_compute_that_cannot_be_is_refused(aster, ada, entries, flop):
    with pytest.raises(RunNotRegistered):
        register(aster, ada, planned_flop=Decimal(flop))
    assert entries() == []


def test_a_run_is_registered_at_a_site_of_its_own_laboratory(aster, ada, entries):
    with pytest.raises(RunNotRegistered):
        register(aster, ada, facility=facility(laboratory("cobalt")))
    assert entries() == []


def test_a_rival_can_neither_register_nor_halt(aster, rival, entries):
    with pytest.raises(NotAllowed):
        register(aster, rival)
    with pytest.raises(NotAllowed):
        halt_run(run=training_run(aster), checkpoint_commitment=COMMITMENT, by=rival, at=NOON)
    assert entries() == []


def test_halting_keeps_the_commitment_and_a_second_halt_changes_nothing(aster, ada, entries):
    run = training_run(aster)
    halt_run(run=run, checkpoint_commitment=COMMITMENT, by=ada, at=NOON)
    halt_run(run=run, checkpoint_commitment="b" * 64, by=ada, at=NOON)
    run.refresh_from_db()
    assert (run.status, run.checkpoint_commitment, run.halted_at) == (RunStatus.HALTED, COMMITMENT, NOON)
    assert entries() == ["run.halted"]


@pytest.mark.parametrize("commitment", ["", "A" * 64, "a" * 63, "a" * 65, "g" * 64])
def test_a_run_under_way_is_not_halted_without_a_commitment(aster, ada, entries, commitment):
    run = training_run(aster)
    with pytest.raises(CommitmentMalformed):
        halt_run(run=run, checkpoint_commitment=commitment, by=ada, at=NOON)
    run.refresh_from_db()
    assert run.status == RunStatus.RUNNING
    assert entries() == []


def test_a_planned_run_is_halted_without_a_checkpoint(aster, ada):
    assert (
        halt_run(run=training_run(aster, status=RunStatus.PLANNED), checkpoint_commitment="", by=ada, at=NOON).status
        == RunStatus.HALTED
    )


def test_a_run_goes_from_start_over_halt_to_its_end(aster, ada, entries):
    run = register(aster, ada)
    start_run(run=run, by=ada, at=NOON)
    halt_run(run=run, checkpoint_commitment=COMMITMENT, by=ada, at=NOON)
    start_run(run=run, by=ada, at=NOON)
    finish_run(run=run, by=ada, at=NOON)
    with pytest.raises(RunRefused):
        halt_run(run=run, checkpoint_commitment=COMMITMENT, by=ada, at=NOON)
    assert entries() == ["run.registered", "run.started", "run.halted", "run.started", "run.finished"]


def test_scope_is_above_the_threshold_not_at_it_and_leaves_out_finished_runs(aster):
    above, _at, _done = (
        training_run(aster, planned_flop=flop, status=status)
        for flop, status in [("2e25", RunStatus.RUNNING), ("1e25", RunStatus.RUNNING), ("3e25", RunStatus.FINISHED)]
    )
    assert runs_in_scope(aster, Decimal("1e25"), NOON) == [above]
    assert len(runs_in_scope(aster, None, NOON)) == 2
    assert TrainingRun.objects.count() == 3
