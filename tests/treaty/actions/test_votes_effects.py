from datetime import timedelta

import pytest

from core.errors import DomainError
from ledger.models import Entry
from tests import factories
from tests.conftest import NOON
from treaty.actions import effects
from treaty.actions.ballots import cast_ballot
from treaty.actions.effects import apply, apply_due
from treaty.actions.votes import advance_due, advance_vote, notice_vote
from treaty.models import Pause, Vote
from treaty.queries.votes import course_of, get_vote
from treaty.rules.profiles import Choice
from treaty.rules.vote_states import State

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
SILENCE = 48 * HOUR


@pytest.fixture
def vote():
    factories.parties("aster", "borealis", "cobalt")
    made = notice_vote(
        decision="start_pause_ordinary",
        title="Start a pause",
        question="Shall a pause start?",
        subject={"level": "pause"},
        requester=None,
        subject_organisation=None,
        by=None,
        at=NOON,
    )
    return advance_vote(vote=made, at=NOON + SILENCE)


def kinds(start):
    return list(Entry.objects.filter(kind__startswith=start).order_by("pk").values_list("kind", flat=True))


def test_an_adopted_pause_starts_once_however_often_the_sweep_runs(vote):
    for late in (SILENCE, SILENCE, 100 * HOUR):
        apply_due(at=NOON + late)
    assert Pause.objects.get().vote == vote
    assert kinds("vote.") == ["vote.noticed", "vote.closed", "vote.applied"]
    assert course_of(get_vote(vote.key), NOON + 200 * HOUR).state is State.IN_EFFECT


def test_an_effect_that_is_refused_leaves_nothing_and_is_not_tried_again(vote, monkeypatch):
    class NoLonger(DomainError):
        """The world has changed."""

        code = "no_longer"

    def refuse(*, vote, at):
        Vote.objects.filter(pk=vote.pk).update(effect_note="half done")
        raise NoLonger

    monkeypatch.setattr(effects, "EFFECTS", {"start_pause_ordinary": refuse})
    for _ in range(2):
        apply_due(at=NOON + SILENCE)
    vote.refresh_from_db()
    assert (vote.effect_note, vote.effect_applied_at) == ("The world has changed.", None)
    assert kinds("vote.effect") == ["vote.effect_refused"]


def test_an_effect_that_answers_its_refusal_keeps_its_own_entry(vote, monkeypatch):
    def refuse(*, vote, at):
        effects.record(kind="resumption.refused", payload={"vote": vote.key}, by=None, at=at)
        return effects.ResumptionRefused()

    monkeypatch.setattr(effects, "EFFECTS", {"start_pause_ordinary": refuse})
    apply_due(at=NOON + SILENCE)
    vote.refresh_from_db()
    assert vote.effect_note.startswith("Not every criterion was met")
    assert kinds("resumption.") + kinds("vote.effect") == ["resumption.refused", "vote.effect_refused"]


def test_an_effect_that_breaks_does_not_stop_the_others(vote, monkeypatch, caplog):
    other = notice_vote(
        decision="advisory",
        title="T",
        question="Q?",
        subject={},
        requester=None,
        subject_organisation=None,
        by=None,
        at=NOON,
    )
    Vote.objects.filter(pk=other.pk).update(
        closed_at=NOON + HOUR, outcome="adopted", reason="threshold_met", effective_at=NOON + HOUR, next_at=None
    )

    def broken(*, vote, at):
        raise RuntimeError("broken")

    monkeypatch.setattr(effects, "EFFECTS", {"start_pause_ordinary": broken})
    assert apply_due(at=NOON + SILENCE) == 1
    assert "could not be applied" in caplog.text
    vote.refresh_from_db()
    assert vote.effect_applied_at is None


def test_nothing_is_applied_before_its_timelock_has_run():
    factories.parties("aster")
    factories.accreditations("ivb")
    made = notice_vote(
        decision="resume",
        title="T",
        question="Q?",
        subject={},
        requester=None,
        subject_organisation=None,
        by=None,
        at=NOON,
    )
    for of, person in (
        (factories.laboratory("aster"), factories.representative()),
        (factories.body("ivb"), factories.officer()),
    ):
        cast_ballot(vote=made, organisation=of, choice=Choice.CONSENT, by=person, at=NOON + HOUR)
    advance_vote(vote=made, at=NOON + 500 * HOUR)
    assert apply(made, at=made.effective_at - timedelta(microseconds=1)).effect_applied_at is None
    assert apply_due(at=made.effective_at - timedelta(microseconds=1)) == 0
    assert kinds("vote.") == ["vote.noticed", "vote.closed"]


def test_a_decision_that_was_not_adopted_has_no_effect():
    factories.parties("aster")
    made = notice_vote(
        decision="ratify_emergency",
        title="T",
        question="Q?",
        subject={},
        requester=None,
        subject_organisation=None,
        by=None,
        at=NOON,
    )
    advance_due(at=NOON + 500 * HOUR)
    assert apply_due(at=NOON + 500 * HOUR) == 0
    assert apply(made, at=NOON + 500 * HOUR).effect_applied_at is None
    assert Pause.objects.count() == 0
