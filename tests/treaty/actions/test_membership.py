from datetime import timedelta

import pytest

from accounts.rules.organisations import Kind
from core.canonical import parse
from core.errors import DomainError
from ledger.models import Entry
from tests.factories import (
    NOON,
    accreditation,
    accreditations,
    adopted_vote,
    body,
    breach,
    laboratory,
    observer,
    officer,
    parties,
    party,
    representative,
    suspension,
    text,
)
from treaty.actions.cases import close_case, report_remedy
from treaty.actions.membership import (
    AlreadyAnnexed,
    NotAnOrganisation,
    NotInBreach,
    NotMerged,
    NotSuspended,
    accredit,
    admit,
    merge,
    reinstate,
    suspend,
)
from treaty.actions.parties import NotInAnnex, accept_mandate, sign
from treaty.actions.pauses import VoteNotAdopted
from treaty.models import Annexed, Merger, Suspension
from treaty.queries.parties import annex, bound_labs, entitled_labs, participating_bodies, party_rows, status_of
from treaty.rules.parties import Status
from treaty.rules.votes import Outcome

pytestmark = pytest.mark.django_db

DAY, TICK = timedelta(days=1), timedelta(microseconds=1)


def decided(decision, **subject):
    return adopted_vote(decision, subject={"effect": decision, **subject})


def payloads(*kinds):
    found = [parse(bytes(entry.data)) for entry in Entry.objects.order_by("pk")]
    return [one["payload"] for one in found if one["kind"] in kinds]


KINDS = ("lab.admitted", "organisation.accredited", "party.suspended", "party.reinstated")


def test_a_laboratory_that_was_admitted_may_sign_and_none_may_before():
    newcomer = laboratory("kestrel")
    by, sha256 = representative(newcomer), text().sha256
    with pytest.raises(NotInAnnex):
        sign(organisation=newcomer, sha256=sha256, by=by, at=NOON)
    vote = decided("admit", lab="kestrel")
    admit(vote=vote, at=NOON)
    assert sign(organisation=newcomer, sha256=sha256, by=by, at=NOON).signed_at == NOON
    assert [row.member.key for row in party_rows(NOON)][-1] == "kestrel"
    assert payloads(*KINDS) == [{"lab": "kestrel", "vote": vote.key, "effective_at": "2026-11-22T12:00:00Z"}]


def test_a_second_admission_by_the_same_vote_returns_the_first_and_by_another_is_refused():
    laboratory("kestrel")
    vote = decided("admit", lab="kestrel")
    assert admit(vote=vote, at=NOON) == admit(vote=vote, at=NOON + DAY)
    with pytest.raises(AlreadyAnnexed):
        admit(vote=decided("admit", lab="kestrel"), at=NOON)
    assert (len(payloads(*KINDS)), Annexed.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("effect", "decision", "subject"),
    [
        (admit, "admit", {"lab": "ivb"}),
        (admit, "admit", {"lab": "nobody"}),
        (accredit, "accredit", {"organisation": "elbe"}),
    ],
)
def test_only_an_organisation_of_the_right_kind_is_added(effect, decision, subject):
    body("ivb"), laboratory("elbe")
    with pytest.raises(NotAnOrganisation):
        effect(vote=decided(decision, **subject), at=NOON)
    assert (payloads(*KINDS), Annexed.objects.count()) == ([], 0)


def test_a_vote_that_was_not_adopted_admits_nobody():
    laboratory("kestrel")
    vote = adopted_vote("admit", subject={"lab": "kestrel"}, outcome=Outcome.REJECTED)
    with pytest.raises(VoteNotAdopted):
        admit(vote=vote, at=NOON)
    assert (payloads(*KINDS), Annexed.objects.count()) == ([], 0)


def test_a_body_that_was_accredited_may_accept_its_mandate():
    alpine = body("alpine")
    accredit(vote=decided("accredit", organisation="alpine"), at=NOON)
    accept_mandate(organisation=alpine, sha256=text().sha256, by=officer(alpine), at=NOON)
    assert participating_bodies(NOON) == [alpine]
    assert payloads("organisation.accredited")[0]["role"] == "body"


def test_an_observer_is_accredited_and_neither_votes_nor_inspects():
    watcher = observer().memberships.get().organisation
    text()
    accredit(vote=decided("accredit", organisation=watcher.key), at=NOON)
    assert [one.key for one in annex(Kind.OBSERVER, NOON)] == [watcher.key]
    assert participating_bodies(NOON) == []


def test_a_mandate_stands_for_the_texts_time_and_is_renewed_by_a_decision():
    ivb = body("ivb")
    held = accept_mandate(organisation=ivb, sha256=text().sha256, by=officer(ivb), at=NOON - 300 * DAY)
    assert participating_bodies(held.ended_at - TICK) == [ivb]
    assert participating_bodies(held.ended_at) == []
    vote = decided("accredit", organisation="ivb")
    assert accredit(vote=vote, at=NOON) == accredit(vote=vote, at=NOON)
    assert participating_bodies(NOON.replace(year=2029) - TICK) == [ivb]
    assert participating_bodies(NOON.replace(year=2029)) == []
    assert [one["until_at"] for one in payloads("organisation.accredited")] == ["2029-11-22T12:00:00Z"]


def test_a_party_in_breach_is_suspended_from_the_instant_of_effect_and_stays_bound():
    parties()
    breach("fjord", at=NOON - DAY)
    suspend(vote=decided("suspend", lab="fjord"), at=NOON)
    assert "fjord" in {lab.key for lab in entitled_labs(NOON - TICK)}
    assert "fjord" not in {lab.key for lab in entitled_labs(NOON)}
    assert "fjord" in {lab.key for lab in bound_labs(NOON)}
    assert len(payloads("party.suspended")) == 1


def test_a_second_call_suspends_nobody_twice():
    breach("fjord", at=NOON - DAY)
    vote = decided("suspend", lab="fjord")
    assert suspend(vote=vote, at=NOON) == suspend(vote=vote, at=NOON + DAY)
    with pytest.raises(NotInBreach):
        suspend(vote=decided("suspend", lab="fjord"), at=NOON)
    assert (len(payloads("party.suspended")), Suspension.objects.count()) == (1, 1)


def test_without_a_determination_nobody_is_suspended():
    parties("fjord")
    with pytest.raises(NotInBreach):
        suspend(vote=decided("suspend", lab="fjord"), at=NOON)
    assert (payloads(*KINDS), Suspension.objects.count()) == ([], 0)


def test_a_breach_that_was_settled_during_the_timelock_suspends_nobody():
    case = breach("fjord", at=NOON - DAY)
    accreditation(body("ivb"))
    fjord = laboratory("fjord")
    report_remedy(case=case, words="It is dark now.", by=representative(fjord), at=NOON - DAY)
    close_case(case=case, body=body("ivb"), words="Seen to be dark.", by=officer(body("ivb")), at=NOON - DAY)
    with pytest.raises(DomainError) as refused:
        suspend(vote=decided("suspend", lab="fjord"), at=NOON)
    assert refused.value.code == "not_in_breach"
    assert Suspension.objects.count() == 0


def test_a_reinstated_party_votes_again_and_what_was_before_stands():
    suspension("fjord", from_at=NOON - 9 * DAY)
    vote = decided("reinstate", lab="fjord")
    assert reinstate(vote=vote, at=NOON) == reinstate(vote=vote, at=NOON + DAY)
    assert (entitled_labs(NOON - TICK), [lab.key for lab in entitled_labs(NOON)]) == ([], ["fjord"])
    assert status_of(party(laboratory("fjord")), NOON - DAY) is Status.SUSPENDED
    assert len(payloads("party.reinstated")) == 1


def test_a_party_with_its_rights_is_not_reinstated():
    parties("fjord")
    accreditations("ivb")
    with pytest.raises(NotSuspended):
        reinstate(vote=decided("reinstate", lab="fjord"), at=NOON)
    assert payloads(*KINDS) == []


def test_a_party_that_merged_has_no_vote_from_the_instant_of_effect_and_stays_bound():
    parties()
    vote = decided("merge", lab="fjord", into="elbe")
    assert merge(vote=vote, at=NOON) == merge(vote=vote, at=NOON + DAY)
    assert "fjord" in {lab.key for lab in entitled_labs(NOON - TICK)}
    assert {"fjord", "elbe"} & {lab.key for lab in entitled_labs(NOON)} == {"elbe"}
    assert "fjord" in {lab.key for lab in bound_labs(NOON)}
    assert payloads("party.merged") == [
        {"lab": "fjord", "into": "elbe", "vote": vote.key, "effective_at": "2026-11-22T12:00:00Z"}
    ]


@pytest.mark.parametrize(("lab", "into"), [("fjord", "aster"), ("aster", "fjord"), ("aster", "aster")])
def test_nobody_merges_twice_or_into_a_party_that_has_merged_or_into_itself(lab, into):
    parties()
    merge(vote=decided("merge", lab="fjord", into="elbe"), at=NOON)
    with pytest.raises(NotMerged):
        merge(vote=decided("merge", lab=lab, into=into), at=NOON)
    assert (len(payloads("party.merged")), Merger.objects.count()) == (1, 1)
