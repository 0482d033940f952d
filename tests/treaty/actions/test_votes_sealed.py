"""Sealed until the close: the record holds commitments, everybody sees turnout alone, and all is opened at once."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse

from core.canonical import commitment
from ledger.models import Entry
from tests import factories
from tests.conftest import NOON
from tests.factories import LONG_AGO
from tests.signing import Voter, enrolled, with_root
from treaty.actions.ballots import cast_ballot
from treaty.actions.keys import ask_for_signers
from treaty.actions.signed_ballots import cast_signed_ballot
from treaty.actions.votes import advance_vote, notice_vote, withdraw_vote
from treaty.queries.votes import course_of, get_vote, sealing_proof, summary
from treaty.rules.profiles import Choice

pytestmark = pytest.mark.django_db

YES, NO = Choice.CONSENT, Choice.OBJECT
HOUR, WEEK = timedelta(hours=1), timedelta(days=7)
LABS = ("aster", "borealis", "cobalt")


@pytest.fixture(autouse=True)
def parties():
    factories.parties(*LABS)


@pytest.fixture
def vote():
    return advisory()


def advisory():
    return notice_vote(
        decision="advisory", title="A view", question="Is it wise?", subject={}, requester=None,
        subject_organisation=None, by=None, at=NOON,
    )  # fmt: skip


def cast(vote, key, choice, after=HOUR):
    lab = factories.laboratory(key)
    reason = "It is not." if choice is NO else ""
    return cast_ballot(
        vote=vote, organisation=lab, choice=choice, reason=reason, by=factories.representative(lab), at=NOON + after
    )


def entries(kind):
    return [
        json.loads(bytes(data))["payload"]
        for data in Entry.objects.filter(kind=kind).order_by("pk").values_list("data", flat=True)
    ]


def test_a_sealed_ballot_is_recorded_as_a_commitment_and_nothing_else(vote):
    ballot = cast(vote, "aster", NO)
    [said] = entries("ballot.sealed")
    assert set(said) == {"vote", "organisation", "sequence", "commitment", "received_at"}
    assert entries("ballot.cast") == []
    proof = sealing_proof(ballot)
    assert commitment(proof["salt"], proof["value"]) == said["commitment"] == proof["commitment"]
    assert proof["value"]["ballot"]["choice"] == "object"


def test_all_versions_are_opened_together_right_before_the_close(vote):
    first = cast(vote, "aster", YES)
    cast(vote, "borealis", NO)
    last = cast(vote, "aster", NO, 2 * HOUR)
    for late in (WEEK - HOUR, WEEK, WEEK + HOUR):
        advance_vote(vote=vote, at=NOON + late)
    kinds = list(Entry.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["vote.noticed", *["ballot.sealed"] * 3, *["ballot.opened"] * 3, "vote.closed"]
    opened = entries("ballot.opened")
    assert [(one["organisation"], one["sequence"], one["ballot"]["choice"]) for one in opened] == [
        ("aster", 1, "consent"),
        ("borealis", 1, "object"),
        ("aster", 2, "object"),
    ]
    assert opened[2]["hash"] == last.hash
    assert opened[2]["ballot"]["supersedes"] == first.entry_hash
    assert (vote.outcome, vote.reason) == ("rejected", "threshold")


def test_the_count_is_empty_until_the_close(vote):
    for key in LABS:
        cast(vote, key, YES)
    before, after = (course_of(get_vote(vote.key), NOON + at) for at in (WEEK - HOUR, WEEK))
    assert before.tally.counts[0].consents == 0
    assert after.tally.counts[0].consents == 3
    assert summary(get_vote(vote.key), NOON + 2 * HOUR).cells == ("s", "s", "s")


def test_a_sealed_vote_that_is_withdrawn_is_never_opened(vote):
    cast(vote, "aster", YES)
    withdraw_vote(vote=vote, reason="No need.", by=factories.depositary(), at=NOON + 2 * HOUR)
    advance_vote(vote=vote, at=NOON + 2 * WEEK)
    assert entries("ballot.opened") == []
    assert summary(get_vote(vote.key), NOON + 2 * WEEK).cells.count("s") == 1


def test_a_receipt_is_its_voters_alone_until_the_close(vote, client, time_machine):
    ballot = cast(vote, "aster", NO)
    url = reverse("treaty:ballot_receipt", args=[vote.key, ballot.hash])
    time_machine.move_to(NOON + 2 * HOUR, tick=False)
    assert client.get(url).status_code == 403
    client.force_login(factories.representative(factories.laboratory("borealis")))
    assert client.get(url).status_code == 403
    client.force_login(factories.representative(factories.laboratory("aster")))
    page = client.get(url).content.decode()
    assert ballot.salt in page
    time_machine.move_to(NOON + WEEK, tick=False)
    client.logout()
    assert ballot.salt in client.get(url).content.decode()


def test_signatures_and_signed_ballots_are_sealed_until_the_close():
    root, voters = with_root(), [Voter(), Voter()]
    for voter in voters:
        enrolled(voter, root)
    ask_for_signers(organisation=factories.laboratory(), signers=2, signature=root.asks_for(2), by=None, at=LONG_AGO)
    vote = advisory()
    ballot = voters[0].ballot(vote, NO, "It is not.")
    for voter in voters:
        cast_signed_ballot(vote=vote, envelope=voter.envelope(ballot), reason="It is not.", by=None, at=NOON + HOUR)
    said = json.dumps([*entries("signature.sealed"), *entries("ballot.sealed")])
    assert [word for word in (ballot.hash, "object", "proof", voters[0].id, voters[1].id) if word in said] == []
    assert len(entries("signature.sealed")) == len(entries("ballot.sealed")) == 1
    advance_vote(vote=vote, at=NOON + WEEK)
    [opened] = entries("ballot.opened")
    assert [proof["key"] for proof in opened["envelope"]["proofs"]] == [voter.id for voter in voters]
