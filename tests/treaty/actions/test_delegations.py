from datetime import timedelta

import pytest
from django.db import DatabaseError

from accounts.models import SigningRule
from core.canonical import parse
from core.errors import DomainError, NotAllowed
from ledger.models import Entry
from tests import factories
from tests.conftest import NOON
from treaty.actions.ballots import cast_ballot
from treaty.actions.delegations import give_delegation, revoke_delegation
from treaty.actions.votes import advance_vote, notice_vote
from treaty.models import Delegation, Party
from treaty.queries.votes import awaiting, course_of, get_vote, summary
from treaty.rules.profiles import Choice

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def members():
    factories.parties("aster", "borealis", "cobalt", "daxing")
    factories.accreditations()


def give(delegate="borealis", *, of="aster", decision="", expires_at=NOON + 30 * DAY, by=None, at=NOON - HOUR):
    lab = factories.laboratory(of)
    return give_delegation(
        organisation=lab,
        delegate=factories.organisation(delegate),
        decision=decision,
        expires_at=expires_at,
        by=by or factories.representative(lab),
        at=at,
    )


def notice(at=NOON, **fields):
    return notice_vote(
        decision="procedural", title="A matter", question="Shall it be so?", subject={}, requester=None,
        subject_organisation=None, by=None, at=at, **fields,
    )  # fmt: skip


def cast(vote, key, choice=Choice.CONSENT, at=NOON + HOUR):
    lab = factories.laboratory(key)
    return cast_ballot(
        vote=vote, organisation=lab, choice=choice, reason="No.", by=factories.representative(lab), at=at
    )


def count(vote, at=NOON + 2 * HOUR):
    return course_of(get_vote(vote.key), at).tally.counts[0]


def payloads(kind):
    return [parse(bytes(entry.data))["payload"] for entry in Entry.objects.filter(kind=kind)]


def test_a_delegation_is_one_row_and_one_entry_and_a_second_call_is_none():
    assert give() == give()
    assert Delegation.objects.count() == 1
    assert payloads("delegation.given") == [
        {"organisation": "aster", "delegate": "borealis", "decision": None, "expires_at": "2026-12-22T12:00:00Z"}
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"delegate": "aster"},
        {"delegate": "ivb"},
        {"delegate": "elbe"},
        {"decision": "nothing"},
        {"expires_at": NOON + 400 * DAY},
        {"expires_at": NOON - HOUR},
    ],
)
def test_what_the_text_does_not_allow_leaves_no_row_and_no_entry(fields):
    with pytest.raises(DomainError):
        give(**fields)
    assert not Delegation.objects.exists()
    assert not Entry.objects.filter(kind="delegation.given").exists()


def test_only_those_who_bind_a_member_delegate_its_ballot_or_revoke_that():
    stranger = factories.representative(factories.laboratory("cobalt"))
    with pytest.raises(NotAllowed):
        give(by=stranger)
    given = give()
    with pytest.raises(NotAllowed):
        revoke_delegation(delegation=given, by=stranger, at=NOON)
    assert Delegation.objects.get().revoked_at is None
    assert payloads("delegation.revoked") == []


def test_who_asked_for_signed_ballots_delegates_none_of_them_by_sign_in():
    given, lab = give(), factories.laboratory("aster")
    SigningRule.objects.create(organisation=lab, signers=1, number=1, required_at=NOON, signature="", entry_hash="")
    assert notice().roll.filter(delegate__isnull=False).count() == 0
    with pytest.raises(DomainError, match="signed ballots"):
        give("cobalt", at=NOON)
    assert [given] == list(Delegation.objects.all())


def test_the_roll_names_the_delegate_whose_ballot_counts_until_the_member_votes_itself():
    give()
    vote = notice()
    assert ["aster", "labs", "1", None, "borealis"] in payloads("vote.noticed")[0]["roll"]
    assert count(vote).consents == 0
    cast(vote, "borealis")
    assert (count(vote).consents, count(vote).delegated) == (2, 1)
    assert summary(get_vote(vote.key), NOON + 2 * HOUR).cells == ("y", "y", "", "")
    cast(vote, "aster", Choice.OBJECT)
    assert (count(vote).consents, count(vote).objections, count(vote).delegated) == (1, 1, 0)
    advance_vote(vote=vote, at=NOON + 48 * HOUR)
    assert [line[0] for line in payloads("vote.closed")[0]["ballots"]] == ["aster", "borealis"]


@pytest.mark.parametrize("edit", [{"delegate_id": 0}, {"expires_at": NOON + 300 * DAY}, {"revoked_at": None}])
def test_a_delegation_is_revoked_and_never_edited(edit):
    given = give()
    revoke_delegation(delegation=given, by=factories.representative(given.organisation), at=NOON)
    with pytest.raises(DatabaseError, match="revoked, never edited"):
        Delegation.objects.update(**edit)


def test_a_delegation_is_never_deleted():
    give()
    with pytest.raises(DatabaseError):
        Delegation.objects.all().delete()


def test_revoking_holds_for_the_next_notice_and_a_second_call_changes_nothing():
    given, by = give(), factories.representative(factories.laboratory("aster"))
    before = notice()
    for _ in range(2):
        revoke_delegation(delegation=given, by=by, at=NOON + HOUR)
    after = notice(at=NOON + HOUR)
    assert [vote.roll.filter(delegate__isnull=False).count() for vote in (before, after)] == [1, 0]
    assert payloads("delegation.revoked") == [{"organisation": "aster", "decision": None}]


def test_one_that_ran_out_or_is_for_another_decision_is_not_on_the_roll():
    give(expires_at=NOON)
    give("cobalt", decision="amend")
    assert not notice().roll.filter(delegate__isnull=False).exists()


def test_a_delegate_that_leaves_in_mid_vote_votes_for_nobody():
    give()
    vote = notice()
    cast(vote, "borealis")
    Party.objects.filter(organisation__key="borealis").update(
        withdrawal_noticed_at=factories.LONG_AGO, withdrawal_effective_at=NOON + 3 * HOUR
    )
    assert count(vote).consents == 2
    assert (count(vote, NOON + 3 * HOUR).consents, count(vote, NOON + 3 * HOUR).members) == (0, 3)


def test_nothing_is_asked_of_a_member_whose_delegate_can_vote():
    give()
    vote = notice()
    asked = [key for key in ("aster", "borealis") if vote in awaiting(factories.laboratory(key), NOON + HOUR)]
    assert asked == ["borealis"]
