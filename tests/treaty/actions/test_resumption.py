from datetime import timedelta

import pytest
from django.core.cache import cache

from core.canonical import parse
from core.errors import NotAllowed
from core.truth import Truth
from ledger.models import Entry
from tests import factories as make
from tests.factories import NOON
from treaty.actions.advance import advance_pause
from treaty.actions.determinations import NotDeterminable, determine_criterion
from treaty.actions.pauses import start_pause
from treaty.actions.resumption import CriteriaNotMet, ResumptionVoteOpen, begin_resumption, open_resumption_vote
from treaty.actions.standdowns import verify_stand_down
from treaty.actions.triggers import evaluate_triggers
from treaty.models import Determination, Pause, TriggerFiring, Vote
from treaty.queries.pauses import state
from treaty.queries.resumption import criteria
from treaty.rules.pauses import PauseInAnotherState, PauseState

pytestmark = pytest.mark.django_db
DETERMINED = ("stand_downs_verified", "safety_case_reviewed", "security_review")
LABS = ("aster", "borealis")


def days(number):
    return NOON + timedelta(days=number)


def entries(prefix):
    return [parse(bytes(entry.data)) for entry in Entry.objects.filter(kind__startswith=prefix).order_by("pk")]


@pytest.fixture
def pause():
    make.accreditations()
    return make.pause_in_force(labs=LABS)


@pytest.fixture
def officer(pause):
    return make.officer(make.body("ivb"))


def determine(pause, officer, criterion, *, met=True, at=None, body="ivb", basis="Seen on site."):
    return determine_criterion(
        pause=pause, criterion=criterion, body=make.body(body), met=met, basis=basis, by=officer, at=at or days(1)
    )


def data_are_back(at, *, incidents="0"):
    for key in LABS:
        lab = make.laboratory(key)
        make.reading(
            "ai_research_share", of=lab, value="0.4", unit="share", observed_at=at, source="declared", series=f"s:{key}"
        )
        make.reading(
            "security_incident_open",
            of=lab,
            value=incidents,
            unit="incidents",
            observed_at=at,
            source="declared",
            series=f"i:{key}",
        )


def all_met(pause, officer, at=None):
    at = at or days(1)
    data_are_back(at)
    for criterion in DETERMINED:
        determine(pause, officer, criterion, at=at)


def ask(pause, at, lab="aster"):
    organisation = make.laboratory(lab)
    return open_resumption_vote(pause=pause, organisation=organisation, by=make.representative(organisation), at=at)


def adopted(pause, at):
    return make.adopted_vote("resume", subject={"effect": "resume", "pause": pause.key}, effective_at=at, pause=pause)


def fresh(pause):
    return Pause.objects.with_rows().get(pk=pause.pk)


def test_a_determination_leaves_one_entry_without_its_words_and_expires_by_the_text(pause, officer):
    for _ in range(2):
        made = determine(pause, officer, "security_review", basis="Weights are in enclaves.")
    assert made.expires_at == days(31)
    (entry,) = entries("criterion.determined")
    assert "enclaves" not in str(entry)
    assert Determination.objects.count() == 1


@pytest.mark.parametrize("who", ["representative", "inspector", "officer of another body"])
def test_only_the_bodys_officer_determines(pause, who):
    by = {
        "representative": lambda: make.representative(make.laboratory("aster")),
        "inspector": lambda: make.inspector(make.body("ivb")),
        "officer of another body": lambda: make.officer(make.body("nordic")),
    }[who]()
    with pytest.raises(NotAllowed):
        determine(pause, by, "security_review")
    assert not entries("criterion.")


def test_what_a_condition_over_readings_decides_no_body_determines(pause, officer):
    with pytest.raises(NotDeterminable):
        determine(pause, officer, "indicator_back")


def test_every_criterion_names_its_truth_and_who_owes_what_is_missing(pause, officer):
    determine(pause, officer, "safety_case_reviewed", met=False)
    found = {one.key: one for one in criteria(pause, days(2))}
    assert found["safety_case_reviewed"].truth is Truth.FALSE
    assert found["indicator_back"].truth is Truth.UNKNOWN
    assert {owed.by for owed in found["indicator_back"].owed} == {"labs"}
    assert {owed.by for owed in found["stand_downs_verified"].owed} == {"bodies"}


def test_bodies_that_disagree_leave_the_criterion_unknown(pause, officer):
    determine(pause, officer, "safety_case_reviewed")
    determine(pause, make.officer(make.body("nordic")), "safety_case_reviewed", met=False, body="nordic")
    assert {one.key: one.truth for one in criteria(pause, days(2))}["safety_case_reviewed"] is Truth.UNKNOWN


def test_a_tainted_determination_counts_as_none(pause, officer):
    made = determine(pause, officer, "safety_case_reviewed")
    Determination.objects.filter(pk=made.pk).update(tainted_at=days(2))
    assert {one.key: one.truth for one in criteria(pause, days(1))}["safety_case_reviewed"] is Truth.TRUE
    assert {one.key: one.truth for one in criteria(pause, days(2))}["safety_case_reviewed"] is Truth.UNKNOWN


def test_the_vote_on_resuming_is_refused_while_a_criterion_is_unknown_and_says_which(pause, officer):
    all_met(pause, officer)
    Determination.objects.filter(criterion="security_review").update(tainted_at=days(1))
    with pytest.raises(CriteriaNotMet, match="Security of weights was reviewed at every bound party: unknown"):
        ask(pause, days(2))
    assert not Vote.objects.filter(decision="resume").exists()
    assert not entries("vote.")


def test_the_vote_on_resuming_opens_once_every_criterion_is_met(pause, officer):
    all_met(pause, officer)
    vote = ask(pause, days(2))
    assert vote.pause == pause
    assert vote.decision == "resume"
    with pytest.raises(ResumptionVoteOpen):
        ask(pause, days(2), "borealis")


def test_a_body_that_disputes_a_verified_stand_down_stops_the_resumption_until_another_visit(pause, officer):
    stages = dict.fromkeys(("acknowledged_at", "halted_at", "declared_at"), NOON)
    stand_down = make.stand_down(pause, "aster", **stages, site_mode="powered_off")

    def concludes(conclusion, day, visit=""):
        about = {"body": make.body("ivb"), "by": officer, "at": days(day)}
        verify_stand_down(stand_down=stand_down, visit_key=visit, conclusion=conclusion, **about)

    concludes("consistent", 0.5, "v-1")
    all_met(pause, officer)
    concludes("inconclusive", 2)
    concludes("consistent", 2.5)
    assert {one.truth for one in criteria(pause, days(2) - timedelta(microseconds=1))} == {Truth.TRUE}
    with pytest.raises(CriteriaNotMet, match="was verified: unknown"):
        ask(pause, days(3))
    assert begin_resumption(vote=adopted(pause, days(3)), at=days(3)).refused_at == days(3)
    (entry,) = entries("resumption.")
    assert [it["criterion"] for it in entry["payload"]["criteria"] if it["truth"] != "true"] == ["stand_downs_verified"]
    concludes("consistent", 3.5, "v-2")
    assert ask(pause, days(4)).decision == "resume"


@pytest.mark.parametrize("who", ["observer", "lab that is not bound"])
def test_whoever_is_not_bound_cannot_ask(pause, officer, who):
    all_met(pause, officer)
    organisation = make.observer().memberships.get().organisation if who == "observer" else make.laboratory("cobalt")
    by = organisation.memberships.first().user if who == "observer" else make.representative(organisation)
    with pytest.raises(NotAllowed):
        open_resumption_vote(pause=pause, organisation=organisation, by=by, at=days(2))


def test_an_adopted_vote_begins_the_resumption_and_the_sweep_takes_it_to_the_end(pause, officer):
    all_met(pause, officer)
    vote = adopted(pause, days(3))
    for at in (days(3), days(4)):
        begin_resumption(vote=vote, at=at)
    assert state(fresh(pause), days(3)) is PauseState.RESUMING
    assert len(entries("resumption.begun")) == 1
    for day in (3, 3, 9):
        advance_pause(pause=pause, at=days(day))
    assert len(entries("resumption.stage_reached")) == 1
    data_are_back(days(10))
    for day in (10, 17, 17, 18):
        advance_pause(pause=pause, at=days(day))
    assert fresh(pause).ended_at == days(17)
    assert state(fresh(pause), days(17)) is PauseState.ENDED
    assert [entry["payload"]["reason"] for entry in entries("pause.ended")] == ["resumed"]


def test_a_criterion_that_fell_during_the_timelock_refuses_the_effect(pause, officer):
    all_met(pause, officer)
    vote = adopted(pause, days(40))
    for at in (days(40), days(41)):
        found = begin_resumption(vote=vote, at=at)
    assert found.refused_at == days(40)
    assert state(fresh(pause), days(41)) is PauseState.IN_FORCE
    (entry,) = entries("resumption.")
    assert entry["kind"] == "resumption.refused"
    assert "unknown" in {row["truth"] for row in entry["payload"]["criteria"]}


def test_a_failing_stage_snaps_back_to_the_pause(pause, officer):
    all_met(pause, officer)
    begin_resumption(vote=adopted(pause, days(3)), at=days(3))
    data_are_back(days(10), incidents="1")
    advance_pause(pause=pause, at=days(10))
    assert state(fresh(pause), days(10)) is PauseState.IN_FORCE
    assert len(entries("resumption.snapped_back")) == 1
    advance_pause(pause=pause, at=days(11))
    assert len(entries("resumption.snapped_back")) == 1


def test_a_stage_whose_condition_is_unknown_holds(pause, officer):
    all_met(pause, officer)
    begin_resumption(vote=adopted(pause, days(3)), at=days(3))
    for day in (60, 61):
        advance_pause(pause=pause, at=days(day))
    assert state(fresh(pause), days(61)) is PauseState.RESUMING
    assert len(entries("resumption.stage_reached")) == 1


def test_a_trigger_that_comes_true_while_a_resumption_waits_opens_its_own_vote_and_the_two_pauses_go_their_own_ways(
    pause, officer
):
    all_met(pause, officer)
    waiting = adopted(pause, days(3))
    cache.clear()
    make.reading("time_horizon", value="900", low="500", unit="minute", observed_at=days(1), received_at=days(2))
    evaluate_triggers(at=days(2))
    opened = TriggerFiring.objects.select_related("vote").get().vote
    assert (opened.decision, opened.subject["trigger"]) == ("start_pause_ordinary", "horizon")
    begin_resumption(vote=waiting, at=days(3))
    second = start_pause(vote=make.adopted_vote(effective_at=days(4)), at=days(4))
    assert state(fresh(pause), days(4)) is PauseState.RESUMING
    assert state(fresh(second), days(4)) is PauseState.ACTIVATING


def test_nothing_is_determined_once_the_pause_is_over(pause, officer):
    Pause.objects.filter(pk=pause.pk).update(ended_at=days(1))
    with pytest.raises(PauseInAnotherState):
        determine(pause, officer, "security_review", at=days(1))
