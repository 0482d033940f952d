from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace

import pytest

from core.durations import Duration
from core.truth import Truth
from labs.rules.readings import ReadingValue
from treaty.rules.conditions import Comparison, Not
from treaty.rules.evaluation import World, evaluate
from treaty.rules.triggers import TRANSITIONS, TriggerEvent, TriggerState, due, next_state, progress, reset_condition

TRUE, FALSE, UNKNOWN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
IDLE, LATCHED = TriggerState.IDLE, TriggerState.LATCHED
FIRE, RESET = TriggerEvent.FIRE, TriggerEvent.RESET
COMPARE = Comparison(indicator="code", op=">", value="0.1")


@pytest.mark.parametrize(
    ("state", "condition", "reset", "is_settled", "event"),
    [
        (IDLE, TRUE, FALSE, False, FIRE),
        (IDLE, UNKNOWN, FALSE, False, None),
        (IDLE, FALSE, TRUE, False, None),
        (LATCHED, TRUE, FALSE, True, None),
        (LATCHED, FALSE, TRUE, True, RESET),
        (LATCHED, FALSE, TRUE, False, None),
        (LATCHED, FALSE, UNKNOWN, True, None),
        (LATCHED, FALSE, FALSE, True, None),
        (LATCHED, UNKNOWN, TRUE, True, RESET),
        (LATCHED, TRUE, TRUE, True, None),
    ],
)
def test_only_true_fires_and_only_true_resets_what_is_settled(state, condition, reset, is_settled, event):
    assert due(state, condition=condition, reset=reset, is_settled=is_settled) is event


def test_no_event_leads_outside_the_table():
    for state in TriggerState:
        for event in TriggerEvent:
            assert next_state(state, event) is TRANSITIONS.get((state, event), state)


def test_without_a_word_of_the_text_a_trigger_is_reset_when_its_condition_is_false():
    assert reset_condition(SimpleNamespace(reset_when=None, condition=COMPARE)) == Not(of=COMPARE)
    assert reset_condition(SimpleNamespace(reset_when=COMPARE, condition=COMPARE)) == COMPARE


def found(value, condition=COMPARE):
    at = datetime(2026, 1, 1, tzinfo=UTC)
    readings = (
        [] if value is None else [ReadingValue(1, "code", None, Decimal(value), None, None, at, at, "observed", "s", 1)]
    )
    indicator = SimpleNamespace(
        title="Code", unit="share", about="world", validity=Duration.parse("1 d"), sources=("observed",), owed_by="labs"
    )
    return evaluate(condition, World(readings=readings, indicators={"code": indicator}), at)


def test_progress_is_the_share_of_the_threshold():
    assert progress(found("0.082")).share == Fraction(82, 100)


@pytest.mark.parametrize(
    ("value", "condition"), [(None, COMPARE), ("0.1", Not(of=COMPARE)), ("0.1", COMPARE.model_copy(update={"op": "<"}))]
)
def test_missing_data_and_other_conditions_have_no_progress(value, condition):
    assert progress(found(value, condition)) is None
