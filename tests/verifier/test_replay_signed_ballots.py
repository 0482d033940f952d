"""What signed ballots and their keys put on record follows; whatever the operator makes of it is named."""

from datetime import timedelta

import pytest

from accounts.models import Organisation
from accounts.rules.signatures import b64url
from accounts.rules.statements import KeyKind
from core.canonical import canonical
from tests.conftest import NOON
from tests.signing import Voter, enrolled, passkey
from tests.verifier.signed import IN_FORCE, noticed, person_of, record, root_of, treaty_once
from treaty.actions.ballots import cast_ballot
from treaty.actions.keys import ask_for_signers, enrol_key, revoke_key
from treaty.actions.signed_ballots import cast_signed_ballot
from treaty.actions.votes import advance_vote
from treaty.rules.ballots import read_ballot
from treaty.rules.profiles import Choice

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


treaty = treaty_once()


@pytest.fixture
def root():
    return root_of()


def cast(vote, envelope, *, after=HOUR, reason=""):
    return cast_signed_ballot(vote=vote, envelope=envelope, reason=reason, by=None, at=vote.opens_at + after)


def first(told):
    problems = told.problems()
    assert problems, "the record follows"
    return problems[0]


def test_a_vote_signed_with_every_kind_of_key_follows(root, tmp_path):
    voters = [passkey(), Voter(KeyKind.SSH, tmp_path), Voter(), Voter(KeyKind.SOFTWARE)]
    for voter in voters:
        enrolled(voter, root, at=IN_FORCE)
    vote = noticed()
    for hours, voter in enumerate(voters, 1):
        cast(vote, voter.casts(vote, Choice.OBJECT, f"Reason {hours}"), after=hours * HOUR, reason=f"Reason {hours}")
    by = person_of("cobalt")
    lab = Organisation.objects.get(key="cobalt")
    cast_ballot(vote=vote, organisation=lab, choice=Choice.CONSENT, by=by, at=vote.opens_at + 5 * HOUR)
    advance_vote(vote=vote, at=vote.closes_at)
    told = record()
    assert told.problems() == []
    assert told.payload("vote.closed")["ballots_received"] == 5
    assert told.replay()[0].unreplayed == {}


def test_rotation_revocation_and_several_signatures_follow(root):
    old, new, second = passkey(), Voter(), Voter()
    row = enrolled(old, root, at=IN_FORCE)
    enrolled(second, root, at=IN_FORCE)
    enrol_key(
        organisation=row.organisation, **new.fields, signed_by=old.id, signature=old.enrols(new), by=None, at=IN_FORCE
    )
    revoke_key(key=row, by_key=second.id, signature=second.revokes(old.id), by=None, at=IN_FORCE + HOUR)
    ask_for_signers(organisation=row.organisation, signers=2, signature=root.asks_for(2), by=None, at=IN_FORCE + HOUR)
    vote = noticed()
    ballot = new.ballot(vote)
    cast(vote, new.envelope(ballot))
    cast(vote, second.envelope(ballot))
    told = record()
    assert told.problems() == []
    assert told.payload("ballot.signed")["key"] == new.id


@pytest.fixture
def told(root):
    """A record with a key enrolled by the root and a ballot that it signed."""
    voter = passkey()
    enrolled(voter, root, at=IN_FORCE)
    vote = noticed()
    cast(vote, voter.casts(vote))
    return record()


def named(told, kind, code, *words):
    found = first(told)
    assert (found.kind, found.code) == (kind, code), found
    assert all(word in found.text for word in words), found.text


def test_a_key_that_the_operator_enrolled_is_named_and_so_is_its_ballot(told, root):
    forger = passkey()
    entry = told.entries[told.find("key.enrolled")]
    entry["payload"] |= forger.fields | {"key": forger.id, "signature": forger.enrols(forger)}
    cast_entry = told.entries[told.find("ballot.cast")]["payload"]
    ballot = read_ballot(canonical(cast_entry["ballot"] | {"key": forger.id}))
    envelope = forger.envelope(ballot)
    cast_entry |= {
        "ballot": ballot.value(),
        "hash": ballot.hash,
        "envelope": {"ballot": b64url(envelope.ballot), "proofs": [{"key": forger.id, "proof": dict(envelope.proof)}]},
    }
    problems = told.problems()
    assert [(one.kind, one.code) for one in problems] == [
        ("key.enrolled", "not_enrolled"), ("ballot.cast", "key_refused"), ("ballot.cast", "signers"),
    ]  # fmt: skip
    assert forger.id in problems[0].text
    assert "root key" in problems[0].text


def test_a_ballot_whose_choice_was_changed_is_named(told):
    payload = told.payload("ballot.cast")
    ballot = read_ballot(canonical(payload["ballot"] | {"choice": "abstain"}))
    payload |= {"ballot": ballot.value(), "hash": ballot.hash}
    named(told, "ballot.cast", "ballot", "not the ballot that is counted")
    payload["envelope"]["ballot"] = b64url(canonical(ballot.value()))
    named(told, "ballot.cast", "bad_signature", "another challenge")


def test_a_ballot_whose_signature_was_dropped_is_named(told):
    del told.payload("ballot.cast")["envelope"]
    assert {one.code for one in told.problems()} == {"authority", "key"}


def test_a_key_said_to_be_usable_sooner_than_the_text_allows_is_named(told):
    told.payload("key.enrolled")["usable_at"] = "2026-09-24T12:00:00Z"
    named(told, "key.enrolled", "instant", "usable")


def test_a_ballot_by_a_key_that_was_revoked_before_it_is_named(root):
    voter = passkey()
    row = enrolled(voter, root, at=IN_FORCE)
    vote = noticed()
    cast(vote, voter.casts(vote))
    revoke_key(key=row, by_key="root", signature=root.revokes(voter.id), by=None, at=vote.opens_at + HOUR)
    told = record()
    assert told.problems() == []
    told.entries[-2:] = reversed(told.entries[-2:])
    named(told, "ballot.cast", "key_refused", "revoked")


def test_a_ballot_by_a_key_that_was_still_cooling_off_is_named(told):
    told.move(told.find("key.enrolled"), "2026-11-21T12:00:00Z")
    told.payload("key.enrolled")["usable_at"] = "2026-11-24T12:00:00Z"
    named(told, "ballot.cast", "key_refused", "not usable yet")


def test_a_revocation_that_nobody_signed_is_named(root):
    voter = passkey()
    row = enrolled(voter, root, at=IN_FORCE)
    revoke_key(key=row, by_key="root", signature=root.revokes(voter.id), by=None, at=NOON)
    told = record()
    told.payload("key.revoked")["signature"] = Voter().revokes(voter.id)
    named(told, "key.revoked", "bad_signature")


def test_a_root_that_replaces_another_without_its_signature_is_named(root):
    enrolled(passkey(), root, at=IN_FORCE)
    told, forger = record(), Voter()
    entry = told.entries[told.find("key.root_declared")]
    told.add(
        told.find("key.enrolled"), entry, key=forger.id, public_key=forger.public_key, supersedes=root.id,
        signature=forger.declares(forger.public_key, root.id),
    )  # fmt: skip
    named(told, "key.root_declared", "bad_signature")


def test_too_few_signatures_and_a_session_ballot_are_named_where_the_root_asked_for_several(root):
    first_key, second_key = passkey(), Voter()
    for voter in (first_key, second_key):
        enrolled(voter, root, at=IN_FORCE)
    lab = Organisation.objects.get(key="aster")
    ask_for_signers(organisation=lab, signers=2, signature=root.asks_for(2), by=None, at=IN_FORCE)
    vote = noticed()
    ballot = first_key.ballot(vote)
    cast(vote, first_key.envelope(ballot))
    cast(vote, second_key.envelope(ballot))
    told = record()
    proofs = told.payload("ballot.cast")["envelope"]["proofs"]
    proofs[1] = proofs[0]
    named(told, "ballot.cast", "signers", "1 keys", "asked for 2")
    told.payload("signing.required")["signature"] = Voter().asks_for(2)
    named(told, "signing.required", "bad_signature")
