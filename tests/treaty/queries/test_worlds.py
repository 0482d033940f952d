"""What conditions are judged by: few rows and few queries, and the same findings as over all readings."""

import random
from datetime import timedelta

import pytest

from tests import factories as make
from tests.factories import NOON
from treaty.queries.texts import rules_of
from treaty.queries.worlds import surroundings, world
from treaty.rules.conditions import Comparison, InLabs
from treaty.rules.evaluation import evaluate

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
AGGREGATES = ("latest", "mean", "max", "min", "sum", "count", "rate")


@pytest.fixture
def rules():
    make.parties()
    return rules_of(make.text())


def compared(dice):
    fields = {
        "indicator": dice.choice(["ai_research_share", "security_incident_open"]),
        "aggregate": dice.choice(AGGREGATES),
        "op": dice.choice([">", "<="]),
        "value": dice.choice(["0.5", "1"]),
        "minimum_readings": dice.choice([1, 1, 3]),
        "sources": dice.choice([(), ("declared",), ("verified", "declared")]),
    }
    if dice.random() < 0.7:
        fields["window"] = dice.choice(["10 d", "1 mo", "60 d"])
    if dice.random() < 0.4:
        fields["sustained_for"] = dice.choice(["3 d", "1 mo", "28 d"])
    return Comparison.model_validate(fields)


@pytest.mark.parametrize("seed", range(8))
def test_the_readings_that_can_count_give_the_same_finding_as_all_of_them(rules, seed):
    dice = random.Random(seed)
    for lab in dice.sample(sorted(make.LABS), 5):
        for indicator, top in (("ai_research_share", 1), ("security_incident_open", 3)):
            newest = dice.choice([0, 5, 29, 30, 31, 45, 80, 200])  # days before the instant; some have long been silent
            for number in range(dice.randrange(8)):
                make.reading(
                    indicator, of=make.laboratory(lab), value=str(dice.randrange(100 * top) / 100), unit="share",
                    source=dice.choice(["declared", "verified"]), series=f"{lab}:{indicator}:{number}",
                    observed_at=NOON - DAY * (newest + number * dice.choice([1, 7, 30])),
                )  # fmt: skip
    for _ in range(12):
        condition = InLabs(n=2, affiliates_together=dice.random() < 0.3, of=compared(dice))
        few, whole = (world([condition], rules, NOON, whole=whole) for whole in (False, True))
        assert len(few.readings) <= len(whole.readings)
        assert evaluate(condition, few, NOON).to_json() == evaluate(condition, whole, NOON).to_json()


def test_old_readings_are_left_in_the_database_and_a_silent_labs_last_one_is_not(rules):
    share = Comparison(indicator="ai_research_share", op=">", value="0.5")
    for days in range(0, 400, 10):
        make.reading("ai_research_share", of=make.laboratory("aster"), value="0.4", observed_at=NOON - DAY * days)
        make.reading(
            "ai_research_share", of=make.laboratory("cobalt"), value="0.4", observed_at=NOON - DAY * (100 + days)
        )
    found = world([InLabs(n=1, of=share)], rules, NOON)
    assert "cobalt" not in {one.lab for one in found.readings}  # nobody declared or verified them
    observed = InLabs(n=1, of=share.model_copy(update={"sources": ("observed",)}))
    of = [one.lab for one in world([observed], rules, NOON).readings]
    assert (of.count("aster"), of.count("cobalt")) == (5, 1)


def test_twenty_conditions_take_as_many_queries_as_one(rules, django_assert_max_num_queries):
    conditions = [InLabs(n=1, of=compared(random.Random(seed))) for seed in range(20)]
    with django_assert_max_num_queries(5):
        world(conditions, rules, NOON)


def test_what_is_read_once_for_a_page_gives_the_same_findings_as_reading_for_each(rules, django_assert_num_queries):
    for number, lab in enumerate(sorted(make.LABS)):
        for days in range(number * 9, 200, 30):
            make.reading("ai_research_share", of=make.laboratory(lab), value="0.7", observed_at=NOON - DAY * days)
    around = surroundings(rules, NOON)
    for stated in (*rules.triggers.values(), *rules.resumption.criteria.values()):
        with django_assert_num_queries(0):
            shared = evaluate(stated.condition, world([stated.condition], rules, NOON, around=around), NOON)
        alone = evaluate(stated.condition, world([stated.condition], rules, NOON), NOON)
        assert shared.to_json() == alone.to_json()
