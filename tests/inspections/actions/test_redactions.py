from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from core.canonical import commitment
from core.errors import Malformed, NotAllowed
from inspections.actions.evidence import attach_evidence, remove_evidence
from inspections.actions.redactions import ask_redaction, decide_redaction
from inspections.actions.reports import amend_report, comment_on_report, save_draft, sign_report, submit_report
from inspections.models import Evidence, Redaction, Report
from inspections.queries.reports import changed, opened, public_report, value_of
from inspections.rules.passages import part_commitment, whole_commitment
from inspections.rules.redactions import AskedAlready, NotRedactable, RedactionDecided, RedactionState
from inspections.rules.reports import Answer, Conclusion, Mark
from inspections.rules.visits import VisitState
from tests import factories as make
from tests.factories import NOON

pytestmark = pytest.mark.django_db
SECRET = "Vault behind the stairs."
GRANTED, REFUSED = RedactionState.GRANTED, RedactionState.REFUSED


@pytest.fixture
def visit():
    people = make.inspectors(each=1, bodies=("ivb", "nordic"))
    return make.visit(state=VisitState.IN_PROGRESS, team=people)


@pytest.fixture
def team(visit):
    return [one.designation.user for one in visit.team.all()]


@pytest.fixture
def report(visit, team):
    sections = dict(make.report_value().sections)
    sections["weights"] = replace(sections["weights"], notes=SECRET)
    draft = make.draft(visit, sections=sections)
    attach_evidence(report=draft, data=make.photograph(), name="a.jpg", by=team[0], at=NOON)
    for user in team:
        sign_report(report=draft, revision=draft.revision, by=user, at=NOON)
    return submit_report(report=draft, submission_key="k", by=team[0], at=NOON)


@pytest.fixture
def ada(report):
    return make.representative(report.visit.facility.organisation)


def ask(report, by, place="layers.weights", ground="security", at=NOON):
    return ask_redaction(report=report, place=place, ground=ground, reason="It shows the way in.", by=by, at=at)


def decide(redaction, by, state=GRANTED):
    return decide_redaction(redaction=redaction, state=state, basis="It does.", by=by, at=NOON)


def shown(report, user=None):
    found = public_report(report.visit.key, report.version, user, NOON)
    return {one.layer: one.words for one in found.sections}["weights"], found


def test_a_passage_is_taken_out_by_a_body_that_did_not_ask_and_the_rest_can_still_be_checked(report, ada, recorded):
    assert shown(report)[0].text == SECRET
    recorded()
    redaction = ask(report, ada)
    assert ask(report, ada) == redaction
    nordic = make.officer(make.body("nordic"))
    decide(redaction, nordic)
    decide(redaction, nordic)
    [(asked, reason), (granted, payload)] = recorded()
    assert (asked, granted, payload["body"]) == ("redaction.asked", "redaction.granted", "nordic")
    assert "way in" not in str(reason) + str(payload)
    words, found = shown(report)
    assert (words.text, words.redaction) == (None, redaction)
    file = opened(found)
    assert SECRET not in str(file)
    assert file["parts"]["public"]["passages"]["layers.weights"] == payload["passage"]
    leaves = dict(file["parts"]["public"]["passages"])
    for place, one in file["opened"].items():
        leaves[place] = commitment(one["salt"], one["value"])
    assert part_commitment(Mark.PUBLIC, leaves) == file["parts"]["public"]["commitment"]
    assert whole_commitment({it: one["commitment"] for it, one in file["parts"].items()}) == report.commitment
    for insider in (ada, make.officer(make.body("ivb"))):
        assert shown(report, insider)[0].text == SECRET


def test_who_may_not_ask_or_decide_changes_nothing(report, ada, team, recorded):
    recorded()
    strangers = (
        make.representative(make.laboratory("borealis")),
        make.officer(make.body("pacific")),
        team[0],
        make.depositary(),
    )
    for stranger in strangers:
        with pytest.raises(NotAllowed):
            ask(report, stranger)
    redaction = ask(report, make.officer(make.body("ivb")))
    for stranger in (*strangers, ada, make.officer(make.body("ivb"), name="Another Officer")):
        with pytest.raises(NotAllowed):
            decide(redaction, stranger)
    assert [kind for kind, _ in recorded()] == ["redaction.asked"]
    assert shown(report)[0].text == SECRET


@pytest.mark.parametrize("place", ["whole", "answers.weights", "findings.9", "photographs.2", ""])
def test_only_words_and_photographs_are_taken_out(report, ada, place, recorded):
    recorded()
    with pytest.raises(NotRedactable):
        ask(report, ada, place)
    assert (recorded(), Redaction.objects.count()) == ([], 0)


def test_a_ground_that_the_text_does_not_have_is_refused(report, ada):
    with pytest.raises(Malformed, match="ground"):
        ask(report, ada, ground="embarrassing")


def test_what_was_refused_may_be_asked_for_anew_and_what_was_decided_stays(report, ada, recorded):
    officer = make.officer(make.body("ivb"))
    redaction = ask(report, ada)
    with pytest.raises(AskedAlready):
        ask(report, ada, ground="personal")
    decide(redaction, officer, REFUSED)
    with pytest.raises(RedactionDecided):
        decide(redaction, officer, GRANTED)
    assert shown(report)[0].text == SECRET
    assert ask(report, ada).number == 2
    with pytest.raises(DatabaseError, match="refused"), transaction.atomic():
        Redaction.objects.filter(pk=redaction.pk).update(state="granted")
    with pytest.raises(DatabaseError, match="refused"), transaction.atomic():
        Redaction.objects.all().delete()


# --- amendments


def amended(report, team, at=NOON, **changes):
    draft = amend_report(report=report, reason="A row was counted twice.", by=team[0], at=at)
    value = replace(value_of(draft), **changes)
    draft = save_draft(report=draft, value=value, revision=draft.revision, by=team[0], at=at)
    for user in team:
        sign_report(report=draft, revision=draft.revision, by=user, at=at)
    return submit_report(report=draft, submission_key="k2", by=team[0], at=at)


def test_an_amendment_is_a_new_version_that_shows_what_changed_and_leaves_the_first_as_it_was(
    report, team, ada, recorded
):
    decide(ask(report, ada), make.officer(make.body("nordic")))
    recorded()
    sections = dict(value_of(report).sections)
    sections["chips"] = make.section_value("chips", Answer.UNABLE, "Counted anew.")
    sections["weights"] = replace(sections["weights"], mark=Mark.SEALED)
    later = NOON + timedelta(days=30)
    second = amended(report, team, later, sections=sections, conclusion=Conclusion.INCONCLUSIVE)
    assert [kind for kind, _ in recorded()] == ["report.signed", "report.signed", "report.amended"]
    report.visit.refresh_from_db()
    assert (report.visit.state, report.visit.reported_at) == (VisitState.PRELIMINARY, NOON)
    assert list(Report.objects.standing()) == [second]
    found = {one.place: (one.before, one.after, is_open) for one, is_open in changed(shown(second)[1])}
    assert found["answers.chips"] == ("verified", "unable_to_verify", True)
    assert found["layers.chips"] == ("Seen: chips.", "Counted anew.", True)
    assert found["conclusion"] == ("consistent", "inconclusive", True)
    assert found["layers.weights"] == (SECRET, SECRET, False)  # what was taken out is sealed in the next version
    assert Report.objects.get(version=1).commitment == report.commitment
    comment_on_report(report=second, text="Better.", by=ada, at=later + timedelta(days=4))


def test_an_amendment_needs_its_reason_and_the_team_and_is_begun_once(report, team, ada, recorded):
    recorded()
    with pytest.raises(Malformed):
        amend_report(report=report, reason=" ", by=team[0], at=NOON)
    with pytest.raises(NotAllowed):
        amend_report(report=report, reason="Wrong.", by=ada, at=NOON)
    first = amend_report(report=report, reason="Wrong.", by=team[0], at=NOON)
    assert amend_report(report=report, reason="Again.", by=team[1], at=NOON) == first
    assert (first.sections, recorded()) == (report.sections, [])


def test_a_photograph_removed_from_an_amendment_stays_in_the_version_before(
    report, team, sealed_storage, django_capture_on_commit_callbacks
):
    draft = amend_report(report=report, reason="Wrong.", by=team[0], at=NOON)
    with django_capture_on_commit_callbacks(execute=True):
        remove_evidence(evidence=draft.evidence.get(), by=team[0], at=NOON)
    kept = Evidence.objects.get()
    assert (kept.report, kept.file.read()) == (report, make.photograph())
    kept.file.close()


def test_what_counts_is_the_newest_version(report, team):
    grave = make.finding_value()
    amended(report, team, conclusion=Conclusion.DISCREPANCY, findings=(grave,))
    assert [one.conclusion for one in Report.objects.standing()] == ["discrepancy"]
