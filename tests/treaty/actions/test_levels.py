from datetime import timedelta

import pytest
from django.db import ProgrammingError, transaction

from core.canonical import parse
from ledger.models import Entry
from tests.factories import NOON, activating_pause, adopted_vote, pause_in_force, stand_down
from treaty.actions.levels import move_level
from treaty.models import LevelChange, Pause
from treaty.queries.pauses import terms
from treaty.queries.standdowns import stages_of
from treaty.queries.texts import rules_of
from treaty.rules.pauses import LevelNotMoved, Move, PauseInAnotherState, levels_beyond, moved
from treaty.rules.standdowns import StageKey

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
LATER = NOON + 2 * DAY


@pytest.fixture
def pause():
    return pause_in_force()


def decided(decision, pause, level, effective_at=LATER):
    return adopted_vote(decision, subject={"effect": decision, "level": level}, pause=pause, effective_at=effective_at)


def entries(*kinds):
    found = [parse(bytes(entry.data)) for entry in Entry.objects.order_by("pk")]
    return [one["payload"] for one in found if one["kind"] in kinds]


def due(pause, lab="elbe", at=LATER):
    return {stage.key: stage for stage in stages_of(stand_down(pause, lab), at)}


def test_escalated_to_a_halt_every_bound_laboratory_stands_down_anew_from_the_instant_of_effect(pause):
    stand_down(pause, "elbe", acknowledged_at=NOON + DAY, halted_at=NOON + DAY)
    move_level(vote=decided("escalate", pause, "halt"), at=LATER + DAY)
    pause.refresh_from_db()
    found = due(pause)
    assert (pause.level, terms(pause).level.rank) == ("halt", 3)
    assert StageKey.ROLL_BACK in found
    assert [stage.done_at for stage in found.values()] == [None] * 5
    assert found[StageKey.ACKNOWLEDGE].due_at == LATER + timedelta(hours=12)
    [entry] = entries("pause.escalated", "pause.relaxed")
    assert (entry["before"], entry["level"], len(entry["labs"])) == ("pause", "halt", 8)


def test_relaxed_to_a_slowdown_what_was_done_counts(pause):
    stand_down(pause, "elbe", acknowledged_at=NOON + DAY)
    move_level(vote=decided("relax", pause, "slowdown"), at=LATER)
    pause.refresh_from_db()
    found = due(pause)
    assert pause.level == "slowdown"
    assert found[StageKey.ACKNOWLEDGE].done_at == NOON + DAY
    assert found[StageKey.VERIFY].due_at == NOON + 30 * DAY
    assert entries("pause.relaxed")[0]["labs"] == []


def test_a_second_call_moves_nothing(pause):
    vote = decided("escalate", pause, "halt")
    assert move_level(vote=vote, at=LATER) == move_level(vote=vote, at=LATER + DAY)
    assert (LevelChange.objects.count(), len(entries("pause.escalated"))) == (1, 1)


@pytest.mark.parametrize(
    ("decision", "level"), [("escalate", "slowdown"), ("escalate", "pause"), ("relax", "halt"), ("escalate", "freeze")]
)
def test_a_level_that_does_not_lie_beyond_is_refused(pause, decision, level):
    with pytest.raises(LevelNotMoved):
        move_level(vote=decided(decision, pause, level), at=LATER)
    assert (entries("pause.escalated", "pause.relaxed"), LevelChange.objects.count()) == ([], 0)


def test_a_pause_that_is_not_in_force_is_not_moved():
    pause = activating_pause()
    with pytest.raises(PauseInAnotherState):
        move_level(vote=decided("escalate", pause, "halt", NOON), at=NOON)
    assert LevelChange.objects.count() == 0


def test_the_terms_of_a_pause_change_by_a_kept_decision_only(pause):
    with pytest.raises(ProgrammingError, match="frozen"), transaction.atomic():
        Pause.objects.update(level="halt")


@pytest.mark.parametrize("start", ["slowdown", "pause", "halt"])
def test_no_level_lies_both_above_and_below_and_all_others_lie_somewhere(pause, start):
    text = rules_of(pause.text)
    at_start = terms(pause).model_copy(update={"level_key": start, "level": text.levels[start]})
    up, down = (set(levels_beyond(at_start, text, move)) for move in Move)
    assert up | down == set(text.levels) - {start}
    assert not up & down
    for key in up:
        assert moved(moved(at_start, text, key, Move.ESCALATE), text, start, Move.RELAX) == at_start
