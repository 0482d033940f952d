from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from core.errors import NotAllowed
from inspections.actions.clarifications import (
    DissentsAlready,
    WordsNeeded,
    acknowledge_clarification,
    answer_clarification,
    ask_clarification,
    dissent,
)
from inspections.actions.conclusions import conclude
from inspections.actions.findings import refer_finding, settle_finding
from inspections.models import Clarification, Dissent, Visit
from inspections.queries.candidates import facilities_to_visit
from inspections.queries.conclusions import conclusions
from inspections.queries.tasks import tasks_for
from inspections.rules.clarifications import NothingToAnswer, NotReferable, NotYetAnswered
from inspections.rules.conclusions import NotDrawn
from inspections.rules.findings import FindingEvent, FindingSettled
from inspections.rules.reports import Conclusion
from inspections.rules.visits import VisitState
from tests import factories as make
from tests.factories import NOON
from treaty.models import Case
from treaty.queries.standdowns import board
from treaty.rules.standing import Basis, Standing

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def report():
    """A report by inspectors of two bodies that found a discrepancy at Aster's site; the third body sent nobody."""
    make.accreditations()
    make.parties("aster")
    people = make.inspectors(each=1)
    visit = make.visit(state=VisitState.IN_PROGRESS, team=people[:2])
    return make.submitted_report(
        visit, conclusion=Conclusion.DISCREPANCY, findings=(make.finding_value(), make.finding_value(layer="chips"))
    )


@pytest.fixture
def finding(report):
    return report.findings.first()


@pytest.fixture
def inspector(report):
    return report.visit.team.first().designation.user


@pytest.fixture
def lab(report):
    return make.representative(report.visit.facility.organisation)


def test_the_ladder_is_climbed_with_an_entry_for_each_step(finding, inspector, lab, recorded):
    recorded()
    for _ in range(2):
        made = ask_clarification(finding=finding, question="Where are the missing 40?", by=inspector, at=NOON)
    assert (made.acknowledge_by, made.answer_by) == (NOON + 36 * HOUR, NOON + 120 * HOUR)
    assert "Answer" in [task.action for task in tasks_for(lab, NOON)]
    with pytest.raises(NotYetAnswered):
        settle_finding(finding=finding, event=FindingEvent.GRAVER, basis="x", by=inspector, at=made.answer_by - HOUR)
    for _ in range(2):
        acknowledge_clarification(finding=finding, by=lab, at=NOON + HOUR)
    for _ in range(2):
        answer_clarification(finding=finding, answer="In repair, see the receipts.", by=lab, at=NOON + 2 * HOUR)
    assert "Answer" not in [task.action for task in tasks_for(lab, NOON + 3 * HOUR)]
    assert "has answered" in tasks_for(inspector, NOON + 3 * HOUR)[0].title
    settle_finding(
        finding=finding, event=FindingEvent.CLARIFY, basis="Receipts seen.", by=inspector, at=NOON + 3 * HOUR
    )
    entries = recorded()
    assert [kind for kind, _ in entries] == [
        "clarification.asked", "clarification.acknowledged", "clarification.answered", "finding.clarified",
    ]  # fmt: skip
    assert "repair" not in str(entries)
    with pytest.raises(FindingSettled):
        ask_clarification(finding=finding, question="And then?", by=inspector, at=NOON + 4 * HOUR)


def test_each_step_belongs_to_one_side_and_what_was_said_stands(finding, inspector, lab, recorded):
    recorded()
    with pytest.raises(NotAllowed):
        ask_clarification(finding=finding, question="Why?", by=lab, at=NOON)
    with pytest.raises(WordsNeeded):
        ask_clarification(finding=finding, question=" ", by=inspector, at=NOON)
    with pytest.raises(NothingToAnswer):
        answer_clarification(finding=finding, answer="Because.", by=lab, at=NOON)
    assert (recorded(), Clarification.objects.count()) == ([], 0)
    ask_clarification(finding=finding, question="Why?", by=inspector, at=NOON)
    with pytest.raises(NotAllowed):
        answer_clarification(finding=finding, answer="Because.", by=inspector, at=NOON)
    answer_clarification(finding=finding, answer="Because.", by=lab, at=NOON)
    with pytest.raises(NothingToAnswer):
        answer_clarification(finding=finding, answer="Or not.", by=lab, at=NOON)
    with pytest.raises(DatabaseError), transaction.atomic():
        Clarification.objects.update(answer="Or not.")


def test_a_finding_that_was_not_answered_about_becomes_a_case_that_only_a_vote_determines(finding, inspector, recorded):
    body, officer = make.body("pacific"), make.officer(make.body("pacific"))
    about = {"finding": finding, "body": body, "by": officer, "reason": "No answer came."}
    with pytest.raises(NotReferable):
        refer_finding(at=NOON, **about)
    made = ask_clarification(finding=finding, question="Why?", by=inspector, at=NOON)
    recorded()
    with pytest.raises(NotYetAnswered):
        refer_finding(at=made.answer_by - HOUR, **about)
    make.affiliation(body, make.laboratory("aster"), from_at=NOON + HOUR)
    with pytest.raises(Exception, match="affiliated"):
        refer_finding(at=made.answer_by, **about)
    nordic = make.officer(make.body("nordic"))
    about |= {"body": make.body("nordic"), "by": nordic}
    for _ in range(2):
        case = refer_finding(at=made.answer_by, **about)
    [(kind, payload)] = recorded()
    assert (kind, payload["about"], payload["body"]) == ("case.opened", "finding", "nordic")
    assert payload["subject"] == f"{finding.report.visit.key}/1#1"
    assert (Case.objects.get(), case.state) == (case, "open")


def test_dissent_stands_beside_the_report_and_keeps_its_conclusion_from_being_drawn(report, inspector, recorded):
    [row] = conclusions(NOON)
    assert row.standing.conclusion is Conclusion.DISCREPANCY
    own = report.visit.team.first().designation.body
    about = {"report": report, "finding": None, "at": NOON}
    recorded()
    for _ in range(2):
        dissent(body=own, words="I saw no discrepancy.", by=inspector, **about)
    with pytest.raises(DissentsAlready):
        dissent(body=own, words="Or did I?", by=inspector, **about)
    assert conclusions(NOON)[0].standing.reason is None
    pacific = make.officer(make.body("pacific"))
    dissent(body=make.body("pacific"), words="The register was misread.", by=pacific, **about)
    assert conclusions(NOON)[0].standing.reason is NotDrawn.DISAGREEMENT
    assert [payload["for_body"] for _, payload in recorded()] == [False, True]
    with pytest.raises(DatabaseError), transaction.atomic():
        Dissent.objects.all().delete()


def test_nobody_dissents_for_a_body_that_is_not_theirs_or_not_independent(report, inspector, lab, recorded):
    make.affiliation(make.body("pacific"), make.laboratory("aster"), from_at=NOON - HOUR)
    recorded()
    for by, body in (
        (lab, "pacific"),
        (inspector, "pacific"),
        (make.officer(make.body("pacific")), "pacific"),
        (make.inspector(make.body("nordic")), "nordic"),
    ):
        with pytest.raises(NotAllowed):
            dissent(report=report, finding=None, body=make.body(body), words="No.", by=by, at=NOON)
    assert (recorded(), Dissent.objects.count()) == ([], 0)


def test_a_consistent_report_from_which_a_body_dissents_verifies_no_stand_down():
    make.accreditations()
    people = make.inspectors(each=1)
    pause = make.pause_in_force(labs=["aster"], effective_at=NOON - 240 * HOUR)
    make.stand_down(pause, "aster", acknowledged_at=NOON, halted_at=NOON)
    visit = make.visit(pause=pause, state=VisitState.IN_PROGRESS, team=people[:2])
    report = make.submitted_report(visit)
    pacific = make.officer(make.body("pacific"))
    dissent(report=report, finding=None, body=make.body("pacific"), words="No.", by=pacific, at=NOON)
    make.stand_down(pause, "aster", declared_at=NOON, site_mode="powered_off")
    assert conclude(report=report, at=NOON + HOUR) is None
    assert conclusions(NOON)[0].standing.reason is NotDrawn.DISAGREEMENT


def test_dissent_from_the_report_on_which_a_stand_down_was_verified_leaves_it_disputed_until_a_new_visit(recorded):
    make.accreditations()
    people = make.inspectors(each=1)
    pause = make.pause_in_force(labs=["aster"], effective_at=NOON - 240 * HOUR)
    stages = dict.fromkeys(("acknowledged_at", "halted_at", "declared_at"), NOON - 20 * HOUR)
    make.stand_down(pause, "aster", **stages, site_mode="powered_off")
    visit = make.visit(pause=pause, state=VisitState.IN_PROGRESS, team=people[:2])
    report = make.submitted_report(visit)
    assert pause.stand_downs.get().verified_at == NOON
    assert facilities_to_visit(pause, NOON) == []
    recorded()
    about = {"report": report, "finding": None, "words": "Half the hall was shut.", "at": NOON + HOUR}
    for key, kinds in (("pacific", ["dissent.filed", "standdown.verified"]), ("nordic", ["dissent.filed"])):
        body = make.body(key)
        by = make.officer(body)
        for _again in range(2):
            dissent(body=body, by=by, **about)
        entries = recorded()
        assert [kind for kind, _payload in entries] == kinds
        if key == "pacific":
            said = entries[1][1]
            assert (said["conclusion"], said["visit"], said["body"]) == ("inconclusive", None, "pacific")
    [row] = [one for one in board(pause, NOON + HOUR).rows if one.organisation.key == "aster"]
    assert (row.standing.standing, row.standing.basis) == (Standing.UNABLE, Basis.DISPUTED)
    Visit.objects.filter(pk=visit.pk).update(state=VisitState.CLOSED, ended_at=NOON)
    assert [one.pk for one in facilities_to_visit(pause, NOON + HOUR)] == [visit.facility_id]  # the review
