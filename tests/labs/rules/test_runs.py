import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs.rules.deployments import DeploymentEvent, DeploymentStatus, ProcedureIncomplete, procedure_lines
from labs.rules.deployments import next_state as next_deployment_state
from labs.rules.runs import TRANSITIONS, RunEvent, RunRefused, RunStatus, next_state


@given(st.lists(st.sampled_from(RunEvent), max_size=20))
def test_no_sequence_of_events_leads_back_from_finished(events):
    status = RunStatus.PLANNED
    finished = False
    for event in events:
        try:
            status = next_state(status, event)
        except RunRefused:
            assert (status, event) not in TRANSITIONS
        finished = finished or status is RunStatus.FINISHED
        assert not finished or status is RunStatus.FINISHED


def test_a_planned_run_halts_without_having_started():
    assert next_state(RunStatus.PLANNED, RunEvent.HALT) is RunStatus.HALTED


def test_a_rolled_back_deployment_is_restored_or_retired():
    assert next_deployment_state(DeploymentStatus.ROLLED_BACK, DeploymentEvent.RESTORE) is DeploymentStatus.LIVE
    assert next_deployment_state(DeploymentStatus.ROLLED_BACK, DeploymentEvent.RETIRE) is DeploymentStatus.RETIRED


@pytest.mark.parametrize(
    ("steps", "gates", "field"),
    [
        ([" "], ["Head"], "steps"),
        (["Stop"], [], "gates"),
        (["x" * 501], ["Head"], "steps"),
        (["x"] * 51, ["Head"], "steps"),
    ],
)
def test_a_procedure_names_its_steps_and_its_gates(steps, gates, field):
    with pytest.raises(ProcedureIncomplete) as refusal:
        procedure_lines(steps, gates)
    assert set(refusal.value.fields) == {field}


def test_blank_lines_of_a_procedure_are_dropped():
    assert procedure_lines(["Stop ", "", "Seal"], ["Head"]) == (["Stop", "Seal"], ["Head"])
