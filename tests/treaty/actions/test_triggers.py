from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import IntegrityError, transaction

from core.canonical import digest, parse
from ledger.models import Entry
from tests import factories
from tests.factories import NOON
from treaty.actions.triggers import evaluate_triggers, fire_trigger
from treaty.models import TriggerEvaluation, TriggerFiring, Vote
from treaty.queries.texts import rules_at
from treaty.queries.triggers import standing

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _world(db):
    cache.clear()
    factories.text()
    factories.parties()
    factories.accreditations()


def sweep(at=NOON):
    cache.clear()
    return evaluate_triggers(at=at)


def horizon(low="500", *, at=NOON, series=None):
    """A reading by which the model treaty's trigger "horizon" is decided."""
    return factories.reading(
        "time_horizon", value="900", low=low, unit="minute", observed_at=at - DAY, received_at=at, series=series
    )


def kinds():
    return list(Entry.objects.order_by("pk").values_list("kind", flat=True))


def truth_of(key, at=NOON):
    return next(row.truth.value for row in standing(at) if row.key == key)


def test_every_trigger_is_unknown_without_readings_and_nothing_fires():
    assert sweep() == len(rules_at(NOON).triggers) == TriggerEvaluation.objects.filter(truth="unknown").count()
    assert set(kinds()) == {"trigger.evaluated"}
    assert Vote.objects.count() == 0


def test_a_finding_is_written_once_while_it_stays_the_same():
    sweep()
    before = (TriggerEvaluation.objects.count(), Entry.objects.count())
    sweep(NOON + timedelta(hours=1))
    assert (TriggerEvaluation.objects.count(), Entry.objects.count()) == before


def test_a_true_trigger_opens_its_vote_with_the_evidence_frozen_in():
    horizon()
    sweep()
    firing = TriggerFiring.objects.select_related("vote", "evaluation").get()
    assert (firing.trigger, firing.vote.decision) == ("horizon", "start_pause_ordinary")
    assert firing.vote.subject["level"] == "pause"
    assert firing.vote.subject["evidence"]["explanation"] == digest(firing.evaluation.explanation)
    assert "is 500 minute: above 480" in firing.vote.question
    assert kinds().count("trigger.fired") == kinds().count("vote.noticed") == 1


def test_the_entry_of_a_finding_holds_the_digest_of_its_explanation():
    horizon()
    sweep()
    row = TriggerEvaluation.objects.get(trigger="horizon")
    payloads = [parse(bytes(entry.data))["payload"] for entry in Entry.objects.filter(kind="trigger.evaluated")]
    (payload,) = [payload for payload in payloads if payload["trigger"] == "horizon"]
    assert payload["explanation"] == row.digest == digest(row.explanation)
    assert (payload["truth"], payload["text"]) == ("true", factories.text().sha256)


def test_the_same_trigger_never_opens_two_votes_however_often_it_comes_true():
    horizon("500", series="a")
    sweep()
    horizon("600", at=NOON + DAY, series="b")
    sweep(NOON + DAY)
    horizon("400", at=NOON + 2 * DAY, series="a")
    horizon("400", at=NOON + 2 * DAY, series="b")
    sweep(NOON + 2 * DAY)
    assert truth_of("horizon", NOON + 2 * DAY) == "false"
    horizon("700", at=NOON + 3 * DAY, series="c")
    sweep(NOON + 3 * DAY)
    assert Vote.objects.count() == TriggerFiring.objects.count() == 1
    assert kinds().count("trigger.fired") == 1


def test_a_second_call_of_fire_returns_the_latched_firing_and_records_nothing():
    horizon()
    sweep()
    firing = TriggerFiring.objects.get()
    before = Entry.objects.count()
    rule = rules_at(NOON).triggers["horizon"]
    again = fire_trigger(trigger="horizon", title="Again", rule=rule, evaluation=firing.evaluation, at=NOON + DAY)
    assert (again, Entry.objects.count()) == (firing, before)


def withdraw(vote, at):
    Vote.objects.filter(pk=vote.pk).update(withdrawn_at=at)


def test_a_trigger_is_reset_when_its_reset_condition_holds_and_its_vote_is_over_and_can_fire_again():
    horizon("500", series="a")
    sweep()
    horizon("400", at=NOON + DAY, series="a")
    sweep(NOON + DAY)
    assert TriggerFiring.objects.latched(NOON + DAY).count() == 1  # the vote still runs
    withdraw(Vote.objects.get(), NOON + DAY)
    sweep(NOON + 2 * DAY)
    assert TriggerFiring.objects.get().reset_at == NOON + 2 * DAY
    sweep(NOON + 3 * DAY)
    assert kinds().count("trigger.reset") == 1
    horizon("500", at=NOON + 4 * DAY, series="b")
    sweep(NOON + 4 * DAY)
    assert TriggerFiring.objects.count() == Vote.objects.count() == 2


def test_unknown_resets_nothing():
    horizon("500", series="a")
    sweep()
    withdraw(Vote.objects.get(), NOON)
    later = NOON + timedelta(days=800)
    sweep(later)
    assert truth_of("horizon", later) == "unknown"
    assert TriggerFiring.objects.latched(later).count() == 1


def test_a_text_that_is_not_in_force_yet_opens_no_vote():
    text = factories.text()
    type(text).objects.filter(pk=text.pk).update(in_force_at=None)
    horizon()
    sweep()
    assert truth_of("horizon") == "true"
    assert TriggerFiring.objects.count() == 0


def test_one_trigger_that_fails_does_not_hold_up_the_others(monkeypatch, caplog):
    def fail(**fields):
        raise RuntimeError("the roll is gone")

    monkeypatch.setattr("treaty.actions.triggers.notice_vote", fail)
    horizon()
    assert sweep() == len(rules_at(NOON).triggers)
    assert "the trigger horizon could not be judged" in caplog.text
    assert TriggerFiring.objects.count() == 0
    assert TriggerEvaluation.objects.count() == len(rules_at(NOON).triggers)


def test_nothing_is_judged_again_while_nothing_changed_and_no_datum_lapsed():
    horizon()
    cache.clear()
    assert evaluate_triggers(at=NOON) > 0
    assert evaluate_triggers(at=NOON + timedelta(seconds=5)) == 0
    horizon(at=NOON + timedelta(seconds=6))
    assert evaluate_triggers(at=NOON + timedelta(seconds=10)) > 0


def test_a_datum_that_lapses_is_noticed_without_new_data():
    horizon()
    cache.clear()
    evaluate_triggers(at=NOON)
    assert evaluate_triggers(at=NOON + timedelta(days=800)) > 0
    assert TriggerEvaluation.objects.filter(trigger="horizon").first().truth == "unknown"


def test_a_clock_that_jumps_back_writes_nothing_and_fires_nothing():
    sweep(NOON)
    before = Entry.objects.count()
    horizon(at=NOON - DAY)
    sweep(NOON - timedelta(hours=1))
    assert TriggerEvaluation.objects.filter(at__lt=NOON).count() == 0
    assert Entry.objects.count() == before


def test_a_finding_cannot_be_changed_and_a_second_latch_cannot_be_made():
    horizon()
    sweep()
    firing = TriggerFiring.objects.get()
    with pytest.raises(Exception, match="append-only"), transaction.atomic():
        TriggerEvaluation.objects.update(truth="false")
    other = TriggerEvaluation.objects.exclude(trigger="horizon").first()
    with pytest.raises(IntegrityError, match="firing_latched_once"), transaction.atomic():
        TriggerFiring.objects.create(
            trigger="horizon", evaluation=other, vote=factories.adopted_vote(), fired_at=firing.fired_at
        )


def test_standing_takes_as_many_queries_for_three_labs_as_for_eight(django_assert_max_num_queries):
    with django_assert_max_num_queries(8):
        standing(NOON)


def test_standing_names_who_owes_what():
    factories.reading(
        "ai_research_share",
        of=factories.laboratory("aster"),
        value="0.9",
        unit="share",
        source="declared",
        observed_at=NOON - 60 * DAY,
    )
    row = next(row for row in standing(NOON) if row.key == "research_share")
    words = [owed.words for owed in row.owed]
    assert (
        "Aster Institute: “Share of the laboratory's merged code that AI wrote”, due since 7 November 2026, 12:00 UTC"
        in words
    )
    assert "Borealis Research: “Share of the laboratory's merged code that AI wrote”, never received" in words
