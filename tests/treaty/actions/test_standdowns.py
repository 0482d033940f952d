from datetime import timedelta

import pytest

from core.canonical import parse
from core.errors import NotAllowed
from labs.actions.deployments import GateOpen
from labs.models import Deployment, TrainingRun
from ledger.models import Entry
from tests import factories as make
from tests.factories import NOON
from treaty.actions.advance import advance_pause
from treaty.actions.standdowns import (
    NotIndependent,
    NotInScope,
    StageNotReady,
    acknowledge,
    declare_stand_down,
    extend_deadline,
    record_halt,
    record_roll_back,
    state_nothing_deployed,
    state_nothing_runs,
    verify_stand_down,
)
from treaty.models import Case, Pause, StandDown
from treaty.queries.standdowns import board, stages_of
from treaty.rules.pauses import PauseInAnotherState
from treaty.rules.standdowns import StageKey, StageState
from treaty.rules.standing import Standing

pytestmark = pytest.mark.django_db
COMMITMENT = "ab" * 32


def hours(number):
    return NOON + timedelta(hours=number)


def entries(prefix="standdown."):
    return [parse(bytes(entry.data)) for entry in Entry.objects.filter(kind__startswith=prefix).order_by("pk")]


@pytest.fixture
def pause():
    return make.pause_in_force(labs=("aster", "borealis"))


@pytest.fixture
def aster(pause):
    return make.stand_down(pause, "aster")


@pytest.fixture
def ada(aster):
    return make.representative(aster.organisation)


def standing(pause, lab, at):
    return next(
        row for row in board(Pause.objects.with_rows().get(pk=pause.pk), at).rows if row.organisation.key == lab
    ).standing


def test_acknowledging_twice_leaves_one_entry(aster, ada):
    for at in (hours(1), hours(2)):
        acknowledge(stand_down=aster, by=ada, at=at)
    assert StandDown.objects.get(pk=aster.pk).acknowledged_at == hours(1)
    assert [entry["payload"] for entry in entries()] == [{"pause": "2026-01", "lab": "aster"}]


def test_a_rivals_representative_cannot_acknowledge(aster):
    rival = make.representative(make.laboratory("borealis"))
    with pytest.raises(NotAllowed):
        acknowledge(stand_down=aster, by=rival, at=hours(1))
    assert not entries()


def test_the_last_run_halted_completes_the_stage(aster, ada):
    runs = [make.training_run(aster.organisation, planned_flop=flop) for flop in ("2e24", "9e25")]
    small = make.training_run(aster.organisation, planned_flop="1e24")
    for run, at in zip(runs, (hours(1), hours(2)), strict=True):
        record_halt(stand_down=aster, run=run, checkpoint_commitment=COMMITMENT, by=ada, at=at)
    assert StandDown.objects.get(pk=aster.pk).halted_at == hours(2)
    assert [entry["payload"]["complete"] for entry in entries()] == [False, True]
    assert TrainingRun.objects.get(pk=small.pk).status == "running"


def test_halting_a_run_twice_halts_it_once(aster, ada):
    run = make.training_run(aster.organisation)
    for at in (hours(1), hours(2)):
        record_halt(stand_down=aster, run=run, checkpoint_commitment=COMMITMENT, by=ada, at=at)
    assert len(entries()) == 1
    assert len(entries("run.")) == 1


@pytest.mark.parametrize("flop", ["1e24", "9e23"])
def test_a_run_that_is_not_above_the_threshold_is_not_in_scope(aster, ada, flop):
    run = make.training_run(aster.organisation, planned_flop=flop)
    with pytest.raises(NotInScope):
        record_halt(stand_down=aster, run=run, checkpoint_commitment=COMMITMENT, by=ada, at=hours(1))
    assert not entries()


def test_another_labs_run_is_not_in_scope(aster, ada):
    run = make.training_run(make.laboratory("borealis"))
    with pytest.raises(NotInScope):
        record_halt(stand_down=aster, run=run, checkpoint_commitment=COMMITMENT, by=ada, at=hours(1))


def test_nothing_runs_is_stated_and_refused_while_something_does(aster, ada):
    run = make.training_run(aster.organisation)
    with pytest.raises(StageNotReady, match=r"Still to be halted: A large run\."):
        state_nothing_runs(stand_down=aster, by=ada, at=hours(1))
    TrainingRun.objects.filter(pk=run.pk).delete()
    state_nothing_runs(stand_down=aster, by=ada, at=hours(2))
    assert entries()[0]["payload"]["nil"] is True


def test_a_declaration_needs_the_stages_before_it_and_a_mode_of_the_text(aster, ada):
    with pytest.raises(StageNotReady, match="acknowledge, halt"):
        declare_stand_down(stand_down=aster, site_mode="powered_off", by=ada, at=hours(1))
    acknowledge(stand_down=aster, by=ada, at=hours(1))
    state_nothing_runs(stand_down=aster, by=ada, at=hours(1))
    with pytest.raises(NotInScope):
        declare_stand_down(stand_down=aster, site_mode="asleep", by=ada, at=hours(1))
    for at in (hours(2), hours(3)):
        declare_stand_down(stand_down=aster, site_mode="powered_off", by=ada, at=at)
    assert StandDown.objects.get(pk=aster.pk).declared_at == hours(2)
    assert len(entries("standdown.declared")) == 1


def test_a_run_declared_after_the_halt_keeps_the_declaration_open(aster, ada):
    acknowledge(stand_down=aster, by=ada, at=hours(1))
    state_nothing_runs(stand_down=aster, by=ada, at=hours(1))
    make.training_run(aster.organisation)
    with pytest.raises(StageNotReady, match="Declared since"):
        declare_stand_down(stand_down=aster, site_mode="powered_off", by=ada, at=hours(2))


def test_the_halt_level_rolls_deployments_back_with_every_gate_approved():
    pause = make.pause_in_force(level="halt", labs=("aster",))
    aster = make.stand_down(pause, "aster")
    ada, service = make.representative(aster.organisation), make.deployment(aster.organisation)
    with pytest.raises(StageNotReady):
        state_nothing_deployed(stand_down=aster, by=ada, at=hours(1))
    with pytest.raises(GateOpen):
        record_roll_back(stand_down=aster, deployment=service, approved=[], by=ada, at=hours(1))
    assert not entries()
    record_roll_back(stand_down=aster, deployment=service, approved=["Head of safety"], by=ada, at=hours(2))
    assert StandDown.objects.get(pk=aster.pk).rolled_back_at == hours(2)
    assert Deployment.objects.get(pk=service.pk).status == "rolled_back"
    assert len(entries()) == 1


def declared(pause, lab="aster"):
    return make.stand_down(
        pause, lab, acknowledged_at=hours(1), halted_at=hours(2), declared_at=hours(3), site_mode="powered_off"
    )


def verify(stand_down, conclusion, *, at, visit="v-1", by=None, body=None):
    return verify_stand_down(
        stand_down=stand_down, visit_key=visit, conclusion=conclusion, by=by or body_officer(), body=body, at=at
    )


def body_officer(key="ivb"):
    make.accreditation(make.body(key))
    return make.officer(make.body(key))


def test_verification_makes_compliant_and_the_same_visit_concludes_once(pause):
    stand_down = declared(pause)
    assert standing(pause, "aster", hours(4)).standing is Standing.ONGOING
    for at in (hours(5), hours(6)):
        verify(stand_down, "consistent", at=at)
    assert standing(pause, "aster", hours(7)).standing is Standing.COMPLIANT
    assert len(entries("standdown.verified")) == 1
    assert StandDown.objects.get(pk=stand_down.pk).verified_at == hours(5)


def test_being_unable_to_conclude_is_an_answer_that_verifies_nothing(pause):
    stand_down = declared(pause)
    verify(stand_down, "inconclusive", at=hours(5))
    assert standing(pause, "aster", hours(6)).standing is Standing.UNABLE
    assert StandDown.objects.get(pk=stand_down.pk).verified_at is None


def test_a_discrepancy_opens_a_case_once(pause):
    verify(declared(pause), "discrepancy", at=hours(5))
    assert standing(pause, "aster", hours(5)).standing is Standing.POTENTIAL_BREACH
    for at in (hours(6), hours(7)):
        advance_pause(pause=pause, at=at)
    assert Case.objects.filter(kind="discrepancy", subject="v-1").count() == 1
    assert len(entries("case.opened")) == 1


def test_nobody_verifies_what_has_not_been_declared(aster):
    with pytest.raises(StageNotReady):
        verify(aster, "consistent", at=hours(1))
    assert not entries()


def test_an_affiliated_body_cannot_verify_the_lab(pause):
    make.affiliation(make.body("ivb"), make.laboratory("aster"))
    with pytest.raises(NotIndependent):
        verify(declared(pause), "consistent", at=hours(5))


@pytest.mark.parametrize("who", ["representative", "unaccredited"])
def test_only_an_accredited_bodys_people_verify(pause, who):
    by = (
        make.representative(make.laboratory("borealis"))
        if who == "representative"
        else make.officer(make.body("nordic"))
    )
    with pytest.raises(NotAllowed):
        verify(declared(pause), "consistent", at=hours(5), by=by)
    assert not entries()


def test_an_adopted_vote_moves_a_deadline_once(pause, aster):
    subject = {"effect": "extend_deadline", "pause": pause.key, "lab": "aster", "stage": "verify", "by": "7 d"}
    vote = make.adopted_vote("extend_deadline", subject=subject, effective_at=hours(10), pause=pause)
    for at in (hours(11), hours(12)):
        extend_deadline(vote=vote, at=at)
    found = StandDown.objects.select_related("pause").get(pk=aster.pk)
    verify_stage = next(one for one in stages_of(found, hours(12)) if one.key is StageKey.VERIFY)
    assert verify_stage.due_at == hours(24 * 21)
    assert len(entries("standdown.extended")) == 1


def test_nothing_is_asked_before_the_pause_and_after_its_end(pause, aster, ada):
    Pause.objects.filter(pk=pause.pk).update(ended_at=hours(5))
    with pytest.raises(PauseInAnotherState):
        acknowledge(stand_down=aster, by=ada, at=hours(5))


def test_lateness_opens_one_case_a_stage_and_shows_on_the_board(pause, aster, ada):
    for at in (hours(24), hours(24), hours(30)):
        advance_pause(pause=pause, at=at)
    assert sorted(Case.objects.values_list("organisation__key", "subject")) == [
        ("aster", "acknowledge"),
        ("borealis", "acknowledge"),
    ]
    rows = board(Pause.objects.with_rows().get(pk=pause.pk), hours(30)).rows
    assert rows[0].stage(StageKey.ACKNOWLEDGE).state is StageState.LATE
    assert rows[0].delay == timedelta(hours=6)
    assert rows[0].standing.standing is Standing.POTENTIAL_BREACH


@pytest.mark.parametrize("labs", [8, 24])
def test_the_board_takes_the_same_number_of_queries_however_many_labs(labs, django_assert_max_num_queries):
    keys = [f"lab-{number}" for number in range(labs)]
    pause = make.pause_in_force(labs=keys)
    for key in keys:
        make.training_run(make.laboratory(key))
        declared(pause, key)
    advance_pause(pause=pause, at=hours(500))
    with django_assert_max_num_queries(11):
        found = board(Pause.objects.with_rows().get(pk=pause.pk), hours(500))
        assert len(found.rows) == labs
