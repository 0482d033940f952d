from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from core.errors import Malformed, NotAllowed
from inspections.actions.conclusions import conclude
from inspections.actions.findings import BasisNeeded, NotYetReported, settle_finding
from inspections.actions.reports import (
    AlreadyCommented,
    CommentsClosed,
    DraftConflict,
    NotSignedEnough,
    ReportIncomplete,
    comment_on_report,
    open_report,
    save_draft,
    sign_report,
    submit_report,
)
from inspections.models import Evidence, Finding, Report, ReportSignature
from inspections.queries.conclusions import waiting
from inspections.queries.reports import sealing_of
from inspections.rules.findings import FindingEvent, FindingSettled, Severity
from inspections.rules.reports import Answer, Conclusion, ReportLocked, ReportState, SectionValue
from inspections.rules.visits import OutOfTurn, VisitState
from tests import factories as make
from tests.factories import NOON
from treaty.models import StandDown, Verification

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    return make.inspectors(each=2)


@pytest.fixture
def visit(people):
    return make.visit(state=VisitState.IN_PROGRESS, team=people[:1] + people[2:3])


@pytest.fixture
def pair(visit):
    return [one.designation.user for one in visit.team.all()]


def sign(report, user, at=NOON):
    return sign_report(report=report, revision=report.revision, by=user, at=at)


# --- drafts


def test_a_report_is_begun_once_however_often_it_is_opened(visit, pair, recorded):
    assert open_report(visit=visit, by=pair[0], at=NOON) == open_report(visit=visit, by=pair[1], at=NOON)
    assert recorded() == []


def test_no_report_before_the_inspection_has_begun(people):
    early = make.visit(make.facility(), state=VisitState.ACKNOWLEDGED, team=people[:2])
    with pytest.raises(OutOfTurn):
        open_report(visit=early, by=people[0].user, at=NOON)


def test_saving_the_same_again_changes_nothing(visit, pair):
    report = make.draft(visit)
    assert save_draft(report=report, value=make.report_value(), revision=0, by=pair[0], at=NOON).revision == 1


def test_a_draft_that_is_newer_on_the_server_is_not_overwritten(visit, pair):
    report = make.draft(visit)
    other = make.report_value(conclusion=Conclusion.INCONCLUSIVE)
    with pytest.raises(DraftConflict) as conflict:
        save_draft(report=report, value=other, revision=0, by=pair[1], at=NOON)
    assert conflict.value.revision == 1
    report.refresh_from_db()
    assert report.conclusion == Conclusion.CONSISTENT
    assert save_draft(report=report, value=other, revision=1, by=pair[1], at=NOON).conclusion == Conclusion.INCONCLUSIVE


def test_only_the_team_sees_to_its_report(visit, people, recorded):
    for stranger in (people[1].user, make.representative(visit.facility.organisation), make.officer(people[0].body)):
        with pytest.raises(NotAllowed):
            open_report(visit=visit, by=stranger, at=NOON)
        with pytest.raises(NotAllowed):
            save_draft(report=make.draft(visit), value=make.report_value(), revision=1, by=stranger, at=NOON)
    assert recorded() == []


@pytest.mark.parametrize(
    "wrong",
    [{"sections": {"cellar": SectionValue(Answer.VERIFIED)}}, {"findings": (make.finding_value(layer="cellar"),)}],
)
def test_a_layer_that_the_text_does_not_have_is_refused(visit, wrong):
    with pytest.raises(Malformed, match="cellar"):
        make.draft(visit, **wrong)


@pytest.mark.parametrize("hours", [-31, 1])
def test_evidence_is_collected_between_notice_and_now(visit, hours):
    with pytest.raises(Malformed, match="collected"):
        make.draft(visit, collected_at=NOON + timedelta(hours=hours))


# --- signing and submitting


def test_a_report_with_one_signature_is_refused(visit, pair, recorded):
    report = make.draft(visit)
    sign(report, pair[0])
    recorded()
    with pytest.raises(NotSignedEnough, match="1 of 2"):
        submit_report(report=report, submission_key="k", by=pair[0], at=NOON)
    report.refresh_from_db()
    visit.refresh_from_db()
    assert (report.state, visit.state, recorded()) == (ReportState.AWAITING, VisitState.IN_PROGRESS, [])


def test_one_inspector_signing_twice_is_one_signature(visit, pair, recorded):
    report = make.draft(visit)
    assert sign(report, pair[0]) == sign(report, pair[0])
    assert [kind for kind, _ in recorded()] == ["report.signed"]
    with pytest.raises(NotSignedEnough):
        submit_report(report=report, submission_key="k", by=pair[0], at=NOON)


def test_two_inspectors_of_the_visit_sign_and_submit(visit, pair, recorded):
    report = make.draft(visit, findings=(make.finding_value(Severity.CONSISTENT),))
    for user in pair:
        sign(report, user)
    recorded()
    submit_report(report=report, submission_key="k", by=pair[1], at=NOON)
    [(kind, payload)] = recorded()
    visit.refresh_from_db()
    assert (kind, report.state, visit.state) == ("report.submitted", ReportState.SUBMITTED, VisitState.PRELIMINARY)
    assert payload["signatures"] == sorted(user.handle for user in pair)
    assert payload["findings"] == [{"number": 1, "layer": "power", "article": "13", "severity": "consistent"}]
    sealing = sealing_of(report)
    assert (payload["commitment"], payload["parts"]) == (sealing.whole, sealing.parts)
    assert payload["items"]["power"] == dict.fromkeys(("meters", "series", "now", "heat", "own_generation"), "verified")
    assert "Counters show" not in str(payload)
    assert "Seen:" not in str(payload)


def test_a_stranger_neither_signs_nor_submits(visit, people, recorded):
    report = make.draft(visit)
    for stranger in (people[1].user, make.officer(people[0].body)):
        with pytest.raises(NotAllowed):
            sign(report, stranger)
        with pytest.raises(NotAllowed):
            submit_report(report=report, submission_key="k", by=stranger, at=NOON)
    assert recorded() == []


def test_a_report_that_is_sent_again_is_received_once(visit, pair, recorded):
    report = make.submitted_report(visit)
    recorded()
    again = submit_report(
        report=Report.objects.get(), submission_key=report.submission_key, by=pair[0], at=NOON + timedelta(hours=1)
    )
    assert (again.received_at, recorded(), Report.objects.count()) == (NOON, [], 1)
    with pytest.raises(ReportLocked):
        submit_report(report=again, submission_key="another", by=pair[0], at=NOON)


def test_a_changed_text_needs_its_signatures_anew(visit, pair):
    report = make.draft(visit)
    for user in pair:
        sign(report, user)
    save_draft(
        report=report, value=make.report_value(conclusion=Conclusion.INCONCLUSIVE), revision=1, by=pair[0], at=NOON
    )
    assert report.state == ReportState.DRAFT
    with pytest.raises(NotSignedEnough, match="0 of 2"):
        submit_report(report=report, submission_key="k", by=pair[0], at=NOON)


def test_nobody_signs_a_text_that_has_changed_under_them(visit, pair, recorded):
    report = make.draft(visit)
    save_draft(
        report=report, value=make.report_value(conclusion=Conclusion.INCONCLUSIVE), revision=1, by=pair[0], at=NOON
    )
    with pytest.raises(DraftConflict):
        sign_report(report=report, revision=1, by=pair[1], at=NOON)
    assert recorded() == []


def test_an_incomplete_report_is_not_signed_and_says_what_is_missing(visit, pair, recorded):
    report = make.draft(visit, sections={"power": make.section_value("power", Answer.UNABLE, "")})
    with pytest.raises(ReportIncomplete) as refusal:
        sign(report, pair[0])
    assert refusal.value.fields["power"].startswith("Say why")
    assert "chips" in refusal.value.fields
    assert recorded() == []


@pytest.mark.parametrize(
    "change",
    ["report", "finding", "new finding", "delete finding", "delete report", "signature", "new signature", "evidence"],
)
def test_the_database_refuses_every_change_of_a_submitted_report(visit, pair, change):
    report = make.submitted_report(visit, conclusion=Conclusion.DISCREPANCY, findings=(make.finding_value(),))
    acts = {
        "report": lambda: Report.objects.update(conclusion=Conclusion.CONSISTENT),
        "finding": lambda: Finding.objects.update(text="Nothing to see."),
        "new finding": lambda: Finding.objects.create(
            report=report, number=9, layer="power", severity="anomaly", state="anomaly"
        ),
        "delete finding": lambda: Finding.objects.all().delete(),
        "delete report": lambda: Report.objects.all()._raw_delete("default"),
        "signature": lambda: ReportSignature.objects.update(commitment="0" * 64),
        "new signature": lambda: ReportSignature.objects.create(
            report=report, user=pair[0], body=make.body(), commitment="1" * 64, signed_at=NOON
        ),
        "evidence": lambda: Evidence.objects.create(
            report=report,
            sha256="a" * 64,
            published_sha256="a" * 64,
            name="a",
            media_type="image/png",
            published_type="image/png",
            size=1,
            width=1,
            height=1,
            received_at=NOON,
            by=pair[0],
            salt="s",
        ),
    }
    with pytest.raises(DatabaseError, match=r"submitted|only ever added"), transaction.atomic():
        acts[change]()


def test_saving_over_a_submitted_report_is_refused(visit, pair):
    report = make.submitted_report(visit)
    with pytest.raises(ReportLocked):
        save_draft(
            report=report, value=make.report_value(conclusion=Conclusion.INCONCLUSIVE), revision=1, by=pair[0], at=NOON
        )


# --- comments and findings


def test_the_inspected_party_comments_once_within_the_texts_days(visit, recorded):
    report = make.submitted_report(visit)
    ada = make.representative(visit.facility.organisation)
    recorded()
    for _ in range(2):
        comment_on_report(report=report, text="We agree.", by=ada, at=NOON + timedelta(days=5) - timedelta(seconds=1))
    visit.refresh_from_db()
    [(kind, payload)] = recorded()
    assert (kind, visit.state) == ("report.commented", VisitState.COMMENTED)
    assert "We agree." not in str(payload)
    with pytest.raises(AlreadyCommented):
        comment_on_report(report=report, text="We changed our mind.", by=ada, at=NOON)


def test_a_comment_at_the_closing_instant_comes_too_late(visit, recorded):
    report = make.submitted_report(visit)
    recorded()
    with pytest.raises(CommentsClosed):
        comment_on_report(
            report=report,
            text="Late.",
            by=make.representative(visit.facility.organisation),
            at=NOON + timedelta(days=5),
        )
    assert recorded() == []


def test_a_rival_does_not_comment(visit):
    report = make.submitted_report(visit)
    with pytest.raises(NotAllowed):
        comment_on_report(report=report, text="Hm.", by=make.representative(make.laboratory("borealis")), at=NOON)


@pytest.fixture
def finding(visit):
    return make.submitted_report(
        visit, conclusion=Conclusion.DISCREPANCY, findings=(make.finding_value(),)
    ).findings.get()


def test_a_finding_is_clarified_beside_what_was_filed(finding, pair, recorded):
    recorded()
    settle_finding(
        finding=finding, event=FindingEvent.CLARIFY, basis="The meter was recalibrated.", by=pair[0], at=NOON
    )
    finding.refresh_from_db()
    assert (finding.severity, finding.state) == (Severity.DISCREPANCY, Severity.CLARIFIED)
    [(kind, payload)] = recorded()
    assert (kind, payload["state"]) == ("finding.clarified", "clarified")
    assert "recalibrated" not in str(payload)
    with pytest.raises(FindingSettled):
        settle_finding(finding=finding, event=FindingEvent.CLARIFY, basis="Again.", by=pair[0], at=NOON)


def test_settling_needs_a_ground_and_somebody_of_the_bodies(finding, pair, recorded):
    recorded()
    with pytest.raises(BasisNeeded):
        settle_finding(finding=finding, event=FindingEvent.CLARIFY, basis=" ", by=pair[0], at=NOON)
    with pytest.raises(NotAllowed):
        settle_finding(
            finding=finding, event=FindingEvent.CLARIFY, basis="We say so.", by=make.representative(), at=NOON
        )
    assert recorded() == []


def test_a_finding_of_a_draft_is_changed_in_the_draft(visit, pair):
    report = make.draft(visit, conclusion=Conclusion.DISCREPANCY, findings=(make.finding_value(),))
    with pytest.raises(NotYetReported):
        settle_finding(finding=report.findings.get(), event=FindingEvent.CLARIFY, basis="b", by=pair[0], at=NOON)


# --- what a report means for the stand-down


@pytest.fixture
def paused(people):
    pause = make.pause_in_force(labs=("aster",))
    make.stand_down(pause, "aster", acknowledged_at=NOON, halted_at=NOON, declared_at=NOON, site_mode="powered_off")
    return pause


def verifying(pause, people, key="one", **changes):
    site = make.facility(make.laboratory("aster"), key=f"aster-{key}")
    return make.visit(site, state=VisitState.IN_PROGRESS, pause=pause, team=people[:1] + people[2:3], **changes)


def test_a_consistent_report_verifies_the_stand_down(paused, people, recorded):
    make.submitted_report(verifying(paused, people))
    assert StandDown.objects.get().verified_at == NOON
    assert [kind for kind, _ in recorded()][-2:] == ["report.submitted", "standdown.verified"]


def test_one_clean_site_of_two_verifies_nobody(paused, people):
    first = verifying(paused, people)
    second = verifying(paused, people[1:2] + people[3:4], key="two")
    second.team.all().delete()
    for one in (people[1], people[3]):
        second.team.create(designation=one, period=(second.planned_from, second.planned_until))
    make.submitted_report(first)
    assert StandDown.objects.get().verified_at is None
    make.submitted_report(second)
    assert StandDown.objects.get().verified_at == NOON


def test_a_discrepancy_reaches_the_stand_down_and_verifies_nothing(paused, people):
    make.submitted_report(
        verifying(paused, people), conclusion=Conclusion.DISCREPANCY, findings=(make.finding_value(),)
    )
    assert (Verification.objects.get().conclusion, StandDown.objects.get().verified_at) == ("discrepancy", None)


def test_a_report_that_comes_before_the_declaration_counts_once_that_is_in(paused, people):
    make.stand_down(paused, "aster", declared_at=None, site_mode="")
    report = make.submitted_report(verifying(paused, people))
    assert not Verification.objects.exists()
    make.stand_down(paused, "aster", declared_at=NOON, site_mode="powered_off")
    assert waiting(NOON) == [report]
    assert conclude(report=report, at=NOON + timedelta(hours=1)) is not None
    assert (conclude(report=report, at=NOON + timedelta(hours=2)), waiting(NOON)) == (None, [])
    assert Verification.objects.count() == 1
