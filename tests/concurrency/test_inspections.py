from datetime import timedelta

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import IntegrityError, OperationalError, transaction

from inspections.actions.deliveries import deliver_draft, deliver_photograph
from inspections.actions.draws import advance_draw, commit_value, open_draw
from inspections.actions.plan import give_notice, plan_visits
from inspections.actions.reports import open_report, submit_report
from inspections.models import Delivery, Draw, DrawValue, Evidence, Report, Visit, VisitInspector
from inspections.rules.reports import Conclusion
from inspections.rules.seeds import DrawRefused, value_commitment
from inspections.rules.visits import VisitState
from tests import factories as make
from tests.factories import NOON
from tests.together import entries, together

pytestmark = pytest.mark.django_db(transaction=True)


def test_four_planners_at_once_make_one_plan():
    pause = make.pause_in_force(labs=("aster", "borealis"))
    for lab in ("aster", "borealis"):
        make.facility(make.laboratory(lab))
    make.inspectors(each=1)
    together(lambda _: plan_visits(pause=type(pause).objects.get(pk=pause.pk), at=NOON), range(4))
    assert (Visit.objects.count(), entries("plan.made")) == (2, 1)


def test_four_sweeps_at_once_open_seal_and_carry_out_one_draw_once():
    make.parties("aster")
    make.facility(make.laboratory("aster"))
    together(lambda _: open_draw(at=NOON), range(4))
    draw = Draw.objects.get()
    for at in (draw.commit_by, draw.commit_by + timedelta(days=3)):
        together(lambda _, at=at: advance_draw(draw=Draw.objects.get(pk=draw.pk), at=at), range(4))
    assert [entries(f"draw.{kind}") for kind in ("opened", "sealed", "carried_out")] == [1, 1, 1]


def test_of_two_representatives_who_commit_at_once_one_does():
    aster, _others = make.parties("aster")[0].organisation, make.facility(make.laboratory("aster"))
    draw, people = open_draw(at=NOON), [make.representative(aster) for _ in range(2)]

    def commit(person):
        value = value_commitment(draw.key, aster.key, f"{person.pk:064x}")
        return commit_value(draw=Draw.objects.get(pk=draw.pk), organisation=aster, commitment=value, by=person, at=NOON)

    answers = together(commit, people)
    assert sum(isinstance(answer, DrawRefused) for answer in answers) == 1
    assert entries("draw.committed") == DrawValue.objects.count() == 1


def test_of_two_bookings_of_one_inspector_at_once_the_database_keeps_one():
    person = make.designation()
    visits = [
        make.visit(make.facility(key=f"s{number}"), planned_from=NOON + timedelta(hours=number)) for number in range(4)
    ]

    def book(visit):
        with transaction.atomic():
            return VisitInspector.objects.create(
                visit=visit, designation=person, period=(visit.planned_from, visit.planned_until)
            )

    # Insertions that wait on one another through an exclusion constraint are refused as a deadlock or as an overlap.
    refusals = (IntegrityError, OperationalError)
    answers = together(book, visits, refusals)
    assert sum(isinstance(answer, refusals) for answer in answers) == 3
    assert VisitInspector.objects.count() == 1


def test_notice_that_two_sweeps_give_at_once_is_given_once():
    visit = make.visit(team=make.inspectors(each=1)[:2], notice_due_at=NOON - timedelta(hours=48, minutes=15))
    together(lambda _: give_notice(visit=Visit.objects.get(pk=visit.pk), at=visit.notice_due_at), range(4))
    assert (Visit.objects.get().state, entries("visit.notified")) == (VisitState.NOTIFIED, 1)


def test_a_team_that_begins_its_report_at_once_begins_one():
    people = make.inspectors(each=1)[:2]
    visit = make.visit(state=VisitState.IN_PROGRESS, team=people)
    together(lambda one: open_report(visit=Visit.objects.get(pk=visit.pk), by=one.user, at=NOON), [*people, *people])
    assert Report.objects.count() == 1


def test_a_report_that_is_sent_four_times_at_once_is_received_once():
    people = make.inspectors(each=1)[:2]
    report = make.draft(make.visit(state=VisitState.IN_PROGRESS, team=people))
    for one in people:
        make.sign_report(report=report, revision=1, by=one.user, at=NOON)
    together(
        lambda _: submit_report(
            report=Report.objects.select_related("visit").get(),
            submission_key="the-one-key",
            by=people[0].user,
            at=NOON,
        ),
        range(4),
    )
    assert entries("report.submitted") == 1


def test_what_a_device_sends_four_times_at_once_is_one_save_and_one_photograph(tmp_path, monkeypatch):
    for field in ("file", "published"):
        monkeypatch.setattr(Evidence._meta.get_field(field), "storage", FileSystemStorage(tmp_path))
    people = make.inspectors(each=1)[:2]
    make.draft(make.visit(state=VisitState.IN_PROGRESS, team=people))
    value, photograph = make.report_value(conclusion=Conclusion.INCONCLUSIVE), make.photograph()

    def send(_):
        found = {"report": Report.objects.select_related("visit").get(), "by": people[0].user, "at": NOON}
        saved = deliver_draft(**found, value=value, revision=1, device="one", key="save")
        return saved.answer["revision"], deliver_photograph(**found, key="photograph", data=photograph, name="a.jpg").pk

    answers = together(send, range(4), refusals=())
    assert len(set(answers)) == 1
    assert (Report.objects.get().revision, entries("evidence.received"), Delivery.objects.count()) == (2, 1, 2)
