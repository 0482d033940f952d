from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from core.errors import Malformed, NotAllowed
from core.times import Period
from inspections.actions.inspectors import (
    BodyNotParticipating,
    DesignatedElsewhere,
    NotAnInspector,
    NotInThePool,
    PoolTooSmall,
    designate,
    end_designation,
    give_mandate,
    refuse_inspector,
    state_availability,
    withdraw_refusal,
)
from inspections.actions.training import record_training
from inspections.models import Availability, Designation, Mandate, Refusal, Training
from inspections.queries.bodies import overview as body_overview
from inspections.queries.candidates import candidates
from inspections.queries.reports import layers_of
from inspections.queries.tasks import tasks_for
from tests import factories as make
from tests.factories import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def body():
    return make.accreditation(make.body("ivb")).organisation


@pytest.fixture
def officer(body):
    return make.officer(body)


@pytest.fixture
def ines(body):
    return make.inspector(body)


def test_a_body_designates_its_inspector_for_as_long_as_the_text_says(body, officer, ines, recorded):
    made = designate(user=ines, body=body, by=officer, at=NOON)
    assert made.valid_until.year == NOON.year + 2
    assert designate(user=ines, body=body, by=officer, at=NOON) == made
    [(kind, payload)] = recorded()
    assert (kind, payload["inspector"]) == ("inspector.designated", ines.handle)


def test_only_an_officer_of_the_body_designates(body, ines, recorded):
    for stranger in (ines, make.officer(make.body("nordic"))):
        with pytest.raises(NotAllowed):
            designate(user=ines, body=body, by=stranger, at=NOON)
    assert recorded() == []


def test_nobody_is_designated_who_is_no_inspector_or_of_another_body(body, officer, ines):
    with pytest.raises(NotAnInspector):
        designate(user=make.inspector(make.body("nordic")), body=body, by=officer, at=NOON)
    make.accreditation(make.body("nordic"))
    designate(user=ines, body=body, by=officer, at=NOON)
    make.Membership.objects.create(user=ines, organisation=make.body("nordic"), role="inspector", from_at=NOON)
    with pytest.raises(DesignatedElsewhere):
        designate(user=ines, body=make.body("nordic"), by=make.officer(make.body("nordic")), at=NOON)


def test_a_body_without_a_mandate_under_the_treaty_designates_nobody():
    stranger = make.body("pacific")
    make.text()
    with pytest.raises(BodyNotParticipating):
        designate(user=make.inspector(stranger), body=stranger, by=make.officer(stranger), at=NOON)


def test_the_database_refuses_two_designations_at_once(body, ines):
    make.designation(body, person=ines)
    with pytest.raises(IntegrityError, match="designation_unique"), transaction.atomic():
        Designation.objects.create(
            user=ines, body=make.body("nordic"), designated_at=NOON, valid_until=NOON + timedelta(days=1)
        )


def test_a_designation_ends_once(body, officer, ines, recorded):
    made = make.designation(body, person=ines)
    for _ in range(2):
        end_designation(designation=made, by=officer, at=NOON)
    assert [kind for kind, _ in recorded()] == ["designation.ended"]
    assert not Designation.objects.valid(NOON).exists()


def test_when_somebody_is_away_is_not_on_record(body, ines, recorded):
    made = make.designation(body, person=ines)
    for _ in range(2):
        state_availability(designation=made, from_at=NOON, until_at=NOON + timedelta(days=2), by=ines, at=NOON)
    [(kind, payload)] = recorded()
    assert (kind, set(payload)) == ("availability.stated", {"body", "inspector"})
    assert Availability.objects.count() == 1
    with pytest.raises(Malformed):
        state_availability(designation=made, from_at=NOON, until_at=NOON, by=ines, at=NOON)


def test_a_mandate_limits_what_a_team_looks_at(body, recorded):
    people = make.inspectors(each=2, bodies=("ivb",))
    visit = make.visit(team=people, planned_from=NOON + timedelta(days=9), planned_at=NOON + timedelta(minutes=1))
    assert len(layers_of(visit)) == 8
    secretary = make.depositary()
    for _ in range(2):
        give_mandate(body=body, layers=["power", "chips"], by=secretary, at=NOON)
    assert list(layers_of(visit)) == ["chips", "power"]
    assert [kind for kind, _ in recorded()] == ["mandate.given"]
    give_mandate(body=body, layers=["chips"], by=secretary, at=NOON + timedelta(hours=1))
    assert Mandate.objects.in_force(NOON + timedelta(hours=1)).get().layers == ["chips"]


def test_a_mandate_names_layers_of_the_text(body, officer):
    with pytest.raises(Malformed, match="cellar"):
        give_mandate(body=body, layers=["cellar"], by=make.depositary(), at=NOON) if make.text() else None
    with pytest.raises(NotAllowed):
        give_mandate(body=body, layers=["chips"], by=officer, at=NOON)


# --- refusals


@pytest.fixture
def aster():
    return make.party(make.laboratory("aster")).organisation


def test_article_14_a_refusal_takes_effect_after_the_texts_time(aster, recorded):
    people = make.inspectors(each=3)
    by = make.representative(aster)
    for _ in range(2):
        made = refuse_inspector(designation=people[0], lab=aster, by=by, at=NOON)
    assert made.effective_at == NOON + timedelta(days=30)
    [(kind, payload)] = recorded()
    assert (kind, payload["lab"], payload["inspector"]) == ("inspector.refused", "aster", people[0].user.handle)


def test_nobody_refuses_so_that_fewer_remain_than_the_text_asks_for(aster, recorded):
    people = make.inspectors(each=2)
    with pytest.raises(PoolTooSmall):
        refuse_inspector(designation=people[0], lab=aster, by=make.representative(aster), at=NOON)
    assert (recorded(), Refusal.objects.count()) == ([], 0)
    make.inspectors(each=1, bodies=("ivb",))
    assert refuse_inspector(designation=people[0], lab=aster, by=make.representative(aster), at=NOON)


def test_who_could_not_be_sent_anyway_is_not_refused_and_does_not_count_in_the_pool(aster):
    people = make.inspectors(each=3)
    make.affiliation(make.body("nordic"), aster)
    near = next(one for one in people if one.body.key == "nordic")
    with pytest.raises(NotInThePool):
        refuse_inspector(designation=near, lab=aster, by=make.representative(aster), at=NOON)
    with pytest.raises(PoolTooSmall):
        refuse_inspector(designation=people[0], lab=aster, by=make.representative(aster), at=NOON)


def test_only_a_representative_of_the_laboratory_refuses_and_takes_back(aster, recorded):
    people = make.inspectors(each=3)
    made = refuse_inspector(designation=people[0], lab=aster, by=make.representative(aster), at=NOON)
    recorded()
    for stranger in (make.representative(make.laboratory("borealis")), make.officer(people[0].body)):
        with pytest.raises(NotAllowed):
            refuse_inspector(designation=people[1], lab=aster, by=stranger, at=NOON)
        with pytest.raises(NotAllowed):
            withdraw_refusal(refusal=made, by=stranger, at=NOON)
    assert recorded() == []
    for _ in range(2):
        withdraw_refusal(refusal=made, by=make.representative(aster), at=NOON + timedelta(hours=1))
    assert [kind for kind, _ in recorded()] == ["refusal.withdrawn"]
    assert not Refusal.objects.standing(NOON + timedelta(hours=1)).exists()


def course(by):
    return {"course": "safety", "completed_at": NOON - timedelta(days=3), "by": by, "at": NOON}


def test_a_body_enters_what_its_inspector_was_trained_in_once(body, officer, ines, recorded):
    made = record_training(user=ines, body=body, **course(officer))
    assert record_training(user=ines, body=body, **course(officer)) == made
    assert made.valid_until == made.completed_at.replace(year=made.completed_at.year + 1)
    [(kind, payload)] = recorded()
    assert (kind, payload["inspector"], payload["course"]) == ("training.recorded", ines.handle, "safety")


@pytest.mark.parametrize(
    "changes", [{"course": "juggling"}, {"completed_at": NOON + timedelta(seconds=1)}, {"by": "stranger"}]
)
def test_training_that_cannot_be_is_refused(body, officer, ines, recorded, changes):
    if "by" in changes:
        changes = {"by": ines}
    with pytest.raises((Malformed, NotAllowed)):
        record_training(user=ines, body=body, **(course(officer) | changes))
    with pytest.raises(NotAnInspector):
        record_training(user=make.inspector(make.body("nordic")), body=body, **course(officer))
    assert (recorded(), Training.objects.count()) == ([], 0)


def test_an_inspector_whose_training_runs_out_is_not_sent_later(body):
    sent = make.designation(body)
    [before] = candidates(NOON)
    assert before.is_trained(Period(NOON, NOON + timedelta(days=400)))
    assert not before.is_trained(Period(NOON, NOON + timedelta(days=401)))
    assert body_overview(body, NOON).inspectors[0].courses[0].validity == "valid"
    late = NOON + timedelta(days=345)
    assert {task.title[:10] for task in tasks_for(make.officer(body), late)} == {"See to the"}
    assert {task.title[:13] for task in tasks_for(sent.user, late)} == {"Your training"}
