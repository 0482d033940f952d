from datetime import timedelta

import pytest

from accounts.actions.people import (
    InvitationRefused,
    LastOne,
    RoleRefused,
    accept_invitation,
    appoint,
    end_membership,
    invite,
)
from accounts.models import Invitation, Membership, User
from accounts.permissions import inspects_for, is_depositary, may_appoint, represents
from accounts.queries.people import holders, organisations_of, people_by_organisation
from accounts.rules.organisations import Role
from core.canonical import parse
from core.errors import NotAllowed
from ledger.models import Entry
from tests.factories import LONG_AGO, NOON, body, depositary, inspector, laboratory, officer, representative, user

WEEK = timedelta(days=7)
PASSWORD = "correct horse battery staple"


@pytest.fixture
def entries(db):
    before = Entry.objects.count()
    return lambda: list(Entry.objects.order_by("pk").values_list("kind", flat=True))[before:]


@pytest.fixture
def ada(db):
    return representative(laboratory("aster"), name="Ada")


def ask(by, role=Role.REPRESENTATIVE, organisation=None, at=NOON):
    return invite(email="Grace@Example.org", organisation=organisation or laboratory("aster"), role=role, by=by, at=at)


def accept(invitation, at=NOON):
    return accept_invitation(invitation=invitation, name="Grace", password=PASSWORD, at=at)


def test_a_representative_appoints_another_once_and_the_record_has_no_name(ada, entries):
    grace = user("Grace Hopeful")
    for _ in range(2):
        appoint(user=grace, organisation=laboratory("aster"), role=Role.REPRESENTATIVE, by=ada, at=NOON)
    assert represents(grace, laboratory("aster"), at=NOON)
    text = bytes(Entry.objects.last().data).decode()
    assert "Grace" not in text
    assert parse(text)["payload"]["member"] == grace.handle
    assert entries() == ["member.appointed"]


def test_a_rival_appoints_nobody(entries, db):
    rival = representative(laboratory("borealis"))
    with pytest.raises(NotAllowed):
        appoint(user=rival, organisation=laboratory("aster"), role=Role.REPRESENTATIVE, by=rival, at=NOON)
    assert entries() == []


def test_the_depositary_names_the_first_person_of_a_laboratory_and_no_other(entries, db):
    by, lab = depositary(), laboratory("aster")
    appoint(user=user("First"), organisation=lab, role=Role.REPRESENTATIVE, by=by, at=NOON)
    with pytest.raises(NotAllowed):
        appoint(user=user("Mole"), organisation=lab, role=Role.REPRESENTATIVE, by=by, at=NOON)
    assert entries() == ["member.appointed"]


def test_the_operators_command_names_nobody_once_somebody_binds_the_organisation(ada):
    assert not may_appoint(None, laboratory("aster"), at=NOON)
    assert may_appoint(None, laboratory("borealis"), at=NOON)


@pytest.mark.parametrize("role", [Role.INSPECTOR, Role.OFFICER, Role.DEPOSITARY, Role.OBSERVER])
def test_a_laboratory_has_representatives_only(ada, entries, role):
    with pytest.raises(RoleRefused):
        ask(ada, role)
    assert entries() == []


def test_an_accepted_invitation_makes_the_account_and_the_role(ada, entries):
    grace = accept(ask(ada))
    assert grace.email == "grace@example.org"
    assert grace.check_password(PASSWORD)
    assert grace.emailaddress_set.get().verified
    assert represents(grace, laboratory("aster"), at=NOON)
    assert entries() == ["member.invited", "member.appointed"]


def test_an_invitation_is_good_for_once(ada, entries):
    asked = ask(ada)
    accept(asked)
    with pytest.raises(InvitationRefused):
        accept(asked)
    assert entries() == ["member.invited", "member.appointed"]


def test_an_invitation_ends_at_its_seventh_day(ada):
    asked = ask(ada)
    with pytest.raises(InvitationRefused):
        accept(asked, at=NOON + WEEK)
    assert not User.objects.filter(email="grace@example.org").exists()
    assert accept(asked, at=NOON + WEEK - timedelta(microseconds=1))


def test_the_same_person_is_invited_once_while_the_invitation_is_open(ada, entries):
    first = ask(ada)
    assert ask(ada) == first
    assert ask(ada, at=NOON + WEEK) != first
    assert Invitation.objects.open_at(NOON + WEEK).count() == 1
    assert entries() == ["member.invited", "member.invited"]


def test_an_invitation_by_somebody_who_has_left_is_void(ada, entries):
    asked = ask(ada)
    appoint(user=user("Successor"), organisation=laboratory("aster"), role=Role.REPRESENTATIVE, by=ada, at=NOON)
    end_membership(membership=ada.memberships.get(), by=ada, at=NOON)
    with pytest.raises(NotAllowed):
        accept(asked)
    assert not User.objects.filter(email="grace@example.org").exists()


def test_somebody_with_an_account_keeps_their_password(ada):
    known = user("Grace", email="grace@example.org")
    accept(ask(ada))
    known.refresh_from_db()
    assert not known.has_usable_password()
    assert represents(known, laboratory("aster"), at=NOON)


def test_the_last_one_who_binds_an_organisation_stays(ada, entries):
    with pytest.raises(LastOne):
        end_membership(membership=ada.memberships.get(), by=ada, at=NOON)
    assert entries() == []


def test_an_ended_role_ends_at_its_instant_and_once(ada, entries):
    other = representative(laboratory("aster"), name="Other")
    for _ in range(2):
        end_membership(membership=other.memberships.get(), by=ada, at=NOON)
    assert represents(other, laboratory("aster"), at=NOON - timedelta(microseconds=1))
    assert not represents(other, laboratory("aster"), at=NOON)
    assert entries() == ["member.ended"]


def test_predicates_tell_roles_and_organisations_apart(db):
    agency, watch = body(), body("compute-watch")
    boss, looker, keeper = officer(agency), inspector(agency), depositary()
    assert (represents(boss, agency, at=NOON), represents(boss, watch, at=NOON)) == (True, False)
    assert (represents(looker, agency, at=NOON), inspects_for(looker, agency, at=NOON)) == (False, True)
    assert (is_depositary(keeper, at=NOON), is_depositary(boss, at=NOON), is_depositary(None, at=NOON)) == (
        True,
        False,
        False,
    )
    assert organisations_of(looker, NOON) == [agency]
    assert holders(agency, Role.INSPECTOR, NOON) == [looker]
    assert organisations_of(None, NOON) == []


def test_a_person_whose_account_is_closed_holds_no_role(ada):
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert not represents(ada, laboratory("aster"), at=NOON)


def test_the_list_of_people_takes_two_queries(ada, django_assert_num_queries):
    for key in ("borealis", "cobalt"):
        representative(laboratory(key))
    with django_assert_num_queries(2):
        assert [group.organisation.key for group in people_by_organisation(NOON)] == ["aster", "borealis", "cobalt"]
    assert Membership.objects.in_force(LONG_AGO - WEEK).count() == 0
