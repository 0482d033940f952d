from datetime import timedelta

import pytest

from core.canonical import parse
from core.errors import DomainError, Malformed, NotAllowed
from ledger.models import Entry
from tests.factories import (
    LABS,
    NOON,
    accreditation,
    accreditations,
    adopted_vote,
    body,
    breach,
    depositary,
    laboratory,
    observer,
    officer,
    parties,
    pause_in_force,
    representative,
    secretariat,
    stand_down,
)
from treaty.actions.cases import close_case, determine_breach, open_case, report_remedy
from treaty.actions.requests import AlreadyAsked, NotDeterminable, request_vote
from treaty.actions.standdowns import extend_deadline
from treaty.models import Vote
from treaty.queries.requests import determinable_cases, movable_deadlines, requestable
from treaty.rules.requests import NotExtendable, Requestable

pytestmark = pytest.mark.django_db

HOUR, TICK = timedelta(hours=1), timedelta(microseconds=1)
ELBE_VERIFY = {"stage": "verify", "lab": "elbe", "by": "7 d"}


def noticed():
    return [parse(bytes(entry.data))["kind"] for entry in Entry.objects.all()].count("vote.noticed")


def ask(decision=Requestable.ADVISORY, *, of="elbe", by=None, at=NOON + HOUR, **fields):
    asker = laboratory(of) if isinstance(of, str) else of
    fields = {"title": "Publish compute", "question": "Shall compute be published every month?", "subject": {}} | fields
    return request_vote(decision=decision, requester=asker, by=by or representative(asker), at=at, **fields)


@pytest.fixture
def pause(db):
    accreditations()
    return pause_in_force()


@pytest.fixture
def case(pause):
    aster = laboratory("aster")
    return open_case(
        pause=pause,
        lab=laboratory("cobalt"),
        organisation=aster,
        reason="The second hall is lit.",
        by=representative(aster),
        at=NOON,
    )


def more_time(pause, **fields):
    subject = ELBE_VERIFY | {"pause": pause.key} | fields.pop("subject", {})
    return ask(Requestable.EXTEND_DEADLINE, subject=subject, **fields)


@pytest.mark.parametrize("decision", [Requestable.ADVISORY, Requestable.PROCEDURAL])
def test_a_party_asks_and_one_vote_is_noticed_under_the_rule_of_the_decision(decision):
    parties()
    vote = ask(decision)
    assert (vote.decision, vote.profile_key, vote.requester.key) == (decision, decision, "elbe")
    assert vote.subject == {"effect": decision}
    assert noticed() == 1


def test_the_same_request_sent_again_returns_its_vote_and_records_nothing():
    parties()
    ada = representative(laboratory("elbe"))
    first = ask(by=ada, question="Shall it?\r\nWhy not?")
    assert ask(by=ada, question="Shall it?\r\nWhy not?", at=NOON + 2 * HOUR) == first
    assert noticed() == 1


def test_two_advisory_votes_on_different_questions_stand_beside_each_other():
    parties()
    assert ask() != ask(question="Shall power be published?")


@pytest.mark.parametrize("of", ["stranger", "elbe"])
def test_only_a_bound_laboratory_asks(of):
    parties(*(key for key in LABS if key != "elbe"))
    laboratory("elbe")
    with pytest.raises(NotAllowed):
        ask(of=of)
    assert (noticed(), Vote.objects.count()) == (0, 0)


def test_nobody_asks_in_the_name_of_a_rival():
    parties()
    with pytest.raises(NotAllowed):
        ask(of="elbe", by=representative(laboratory("aster")))
    assert noticed() == 0


def test_an_observer_asks_for_nothing():
    parties()
    watcher = observer()
    with pytest.raises(NotAllowed):
        ask(of=watcher.memberships.get().organisation, by=watcher)


def test_an_accredited_body_asks_and_one_that_is_not_does_not():
    parties()
    accreditation(body("ivb"))
    assert ask(of=body("ivb"), by=officer(body("ivb"))).requester == body("ivb")
    with pytest.raises(NotAllowed):
        ask(of=body("nordic"), by=officer(body("nordic")))


def test_the_secretariat_asks_and_is_nobodys_requester():
    parties()
    assert ask(of=secretariat(), by=depositary()).requester is None


def test_more_time_is_about_the_laboratory_which_is_recused(pause):
    vote = more_time(pause)
    assert vote.subject == {"effect": "extend_deadline", "pause": pause.key, **ELBE_VERIFY}
    assert (vote.pause, vote.subject_organisation.key) == (pause, "elbe")
    assert [entry.organisation.key for entry in vote.roll.filter(recused=True)] == ["elbe"]


def test_the_effect_of_such_a_vote_moves_the_deadline_that_was_asked_for(pause):
    vote = more_time(pause)
    due = stand_down(pause, "elbe")
    vote.outcome, vote.reason = "adopted", "threshold_met"
    vote.closed_at = vote.effective_at = NOON + 25 * HOUR
    vote.save()
    extension = extend_deadline(vote=vote, at=NOON + 25 * HOUR)
    assert (extension.stand_down, extension.stage) == (due, "verify")


@pytest.mark.parametrize("by", ["soon", "0 d", "7", "-1 d", "7 weeks"])
def test_a_length_that_is_none_is_refused_beside_its_field(pause, by):
    with pytest.raises(Malformed) as refused:
        more_time(pause, subject={"by": by})
    assert set(refused.value.fields) == {"by"}
    assert noticed() == 0


@pytest.mark.parametrize("wrong", [{"lab": "nobody"}, {"stage": "roll_back"}, {"pause": "2020-01"}])
def test_a_deadline_that_there_is_not_cannot_be_moved(pause, wrong):
    with pytest.raises(NotExtendable):
        more_time(pause, subject=wrong)
    assert noticed() == 0


def test_a_deadline_is_moved_before_it_passes_only(pause):
    acknowledge = {"stage": "acknowledge"}
    with pytest.raises(NotExtendable):
        more_time(pause, subject=acknowledge, at=NOON + 24 * HOUR)
    assert more_time(pause, subject=acknowledge, at=NOON + 24 * HOUR - TICK)


def test_a_stage_that_is_done_needs_no_time(pause):
    stand_down(pause, "elbe", acknowledged_at=NOON)
    with pytest.raises(NotExtendable):
        more_time(pause, subject={"stage": "acknowledge"})


def test_a_deadline_is_moved_once(pause):
    subject = {"effect": "extend_deadline", "pause": pause.key, **ELBE_VERIFY}
    extend_deadline(vote=adopted_vote("extend_deadline", subject=subject, pause=pause), at=NOON)
    with pytest.raises(NotExtendable):
        more_time(pause)


def test_while_one_vote_on_a_deadline_is_open_another_is_refused(pause):
    first = more_time(pause)
    with pytest.raises(AlreadyAsked, match=first.key):
        more_time(pause, subject={"by": "14 d"})
    assert more_time(pause, subject={"stage": "declare"})


def test_what_can_be_moved_is_listed_the_next_deadline_first(pause):
    found = movable_deadlines(NOON + 24 * HOUR)
    assert {one.stage.key for one in found} == {"halt", "declare", "verify"}
    assert [one.stage.due_at for one in found] == sorted(one.stage.due_at for one in found)


def test_a_determination_names_its_case_and_recuses_subject_and_requester(case):
    vote = ask(Requestable.DETERMINE_NON_COMPLIANCE, subject={"case": case.key})
    assert (vote.subject["case"], vote.subject_organisation.key, vote.pause) == (case.key, "cobalt", case.pause)
    assert {entry.organisation.key for entry in vote.roll.filter(recused=True)} == {"cobalt", "elbe"}


def test_a_second_vote_on_one_case_is_refused(case):
    ask(Requestable.DETERMINE_NON_COMPLIANCE, subject={"case": case.key})
    with pytest.raises(AlreadyAsked):
        ask(Requestable.DETERMINE_NON_COMPLIANCE, of="aster", subject={"case": case.key})
    assert noticed() == 1


def test_a_case_that_is_closed_or_determined_cannot_be_determined(case):
    determined = {"effect": "determine_non_compliance", "case": case.key}
    assert determinable_cases(NOON) == [case]
    determine_breach(vote=adopted_vote("determine_non_compliance", subject=determined), at=NOON)
    with pytest.raises(NotDeterminable):
        ask(Requestable.DETERMINE_NON_COMPLIANCE, subject={"case": case.key})
    report_remedy(case=case, words="The hall is dark.", by=representative(case.organisation), at=NOON)
    ivb = body("ivb")
    close_case(case=case, body=ivb, words="Seen to be dark.", by=officer(ivb), at=NOON)
    with pytest.raises(NotDeterminable):
        ask(Requestable.DETERMINE_NON_COMPLIANCE, subject={"case": case.key})
    assert noticed() == 0


def test_every_decision_that_is_asked_for_by_hand_is_named_in_the_model_treaty(db):
    parties()
    assert set(requestable(NOON)) == set(Requestable)


@pytest.mark.parametrize(
    ("decision", "subject"),
    [
        (Requestable.ADMIT, {"lab": "elbe"}),
        (Requestable.ADMIT, {"lab": "nobody"}),
        (Requestable.ACCREDIT, {"organisation": "aster"}),
        (Requestable.SUSPEND, {"lab": "elbe"}),
        (Requestable.REINSTATE, {"lab": "elbe"}),
        (Requestable.MERGE, {"lab": "kestrel", "into": "elbe"}),
        (Requestable.MERGE, {"lab": "elbe", "into": "elbe"}),
        (Requestable.ESCALATE, {"pause": "2026-01", "level": "slowdown"}),
        (Requestable.RELAX, {"pause": "2026-09", "level": "slowdown"}),
    ],
)
def test_what_a_decision_cannot_be_about_is_refused_beside_its_field(pause, decision, subject):
    with pytest.raises(DomainError) as refused:
        ask(decision, of="aster", subject=subject)
    assert set(refused.value.fields) & {"lab", "into", "organisation", "level"}
    assert (noticed(), Vote.objects.count()) == (0, 1)


def test_only_a_party_in_breach_can_be_voted_on_for_suspension_and_it_is_recused(pause):
    breach("fjord")
    vote = ask(Requestable.SUSPEND, subject={"lab": "fjord"})
    assert vote.subject == {"effect": "suspend", "lab": "fjord"}
    assert {entry.organisation.key for entry in vote.roll.filter(recused=True)} == {"elbe", "fjord"}
    with pytest.raises(AlreadyAsked):
        ask(Requestable.SUSPEND, of="aster", subject={"lab": "fjord"})


def test_while_one_vote_moves_a_level_another_on_the_same_pause_is_refused(pause):
    first = ask(Requestable.ESCALATE, subject={"pause": pause.key, "level": "halt"})
    assert (first.pause, first.subject["level"]) == (pause, "halt")
    with pytest.raises(AlreadyAsked, match=first.key):
        ask(Requestable.ESCALATE, of="aster", subject={"pause": pause.key, "level": "halt"})
