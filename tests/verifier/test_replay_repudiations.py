"""A repudiated ballot and the recount that follows it are replayed; whatever the operator makes of them is named."""

from dataclasses import replace
from datetime import timedelta

import pytest

from accounts.models import Organisation
from core.times import stamp
from ledger.models import Entry
from tests.conftest import NOON
from tests.signing import Voter, enrolled
from tests.texts import model_text
from tests.verifier.records import Record
from tests.verifier.signed import IN_FORCE, person_of, root_of, treaty_once
from treaty.actions.ballots import cast_ballot
from treaty.actions.effects import apply
from treaty.actions.repudiations import repudiate_ballot
from treaty.actions.signed_ballots import cast_signed_ballot
from treaty.actions.votes import advance_vote, notice_vote
from treaty.models import Ballot
from treaty.rules.profiles import Choice

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
SOURCE = model_text().replace(b"    minimum_open: 12 h\n", b"").replace(b"timelock: 0 h", b"timelock: 48 h")


treaty = treaty_once(SOURCE)


@pytest.fixture
def root():
    return root_of()


@pytest.fixture
def vote(root):
    """Three of five consent: one of them with a signed ballot of `aster`."""
    key = Voter()
    enrolled(key, root, at=IN_FORCE)
    vote = notice_vote(
        decision="escalate", title="T", question="Q?", subject={}, requester=Organisation.objects.get(key="borealis"),
        subject_organisation=None, by=person_of("borealis"), at=NOON,
    )  # fmt: skip
    cast_signed_ballot(vote=vote, envelope=key.casts(vote), by=None, at=NOON + HOUR)
    for lab, choice in (("borealis", "consent"), ("cobalt", "consent"), ("daxing", "object"), ("elbe", "object")):
        reason = "No." if choice == "object" else ""
        cast_ballot(
            vote=vote, organisation=Organisation.objects.get(key=lab), choice=Choice(choice), reason=reason,
            by=person_of(lab), at=NOON + HOUR,
        )  # fmt: skip
    return advance_vote(vote=vote, at=vote.closes_at)


def repudiate(vote, root, *, after=HOUR, of="aster"):
    ballot = Ballot.objects.get(organisation__key=of)
    return repudiate_ballot(ballot=ballot, signature=root.repudiates(ballot), by=None, at=vote.closed_at + after)


def record():
    lines = [bytes(data) for data in Entry.objects.order_by("pk").values_list("data", flat=True)]
    return replace(Record.of(lines), fetch=lambda _sha256: SOURCE)


def named(told, kind, code, *words):
    problems = told.problems()
    assert problems, "the record follows"
    found = problems[0]
    assert (found.kind, found.code) == (kind, code), found
    assert all(word in found.text for word in words), found.text


def test_a_recount_that_defeats_the_vote_follows_and_nothing_takes_effect(vote, root):
    assert vote.outcome == "adopted"
    assert repudiate(vote, root).recounted
    told = record()
    assert told.problems() == []
    assert told.payload("ballot.repudiated")["recount"]["outcome"] == "rejected"
    forged = told.copy()
    forged.entries.append(
        {
            **forged.entries[forged.find("vote.closed")],
            "kind": "vote.applied",
            "at": stamp(vote.effective_at),
            "payload": {"vote": vote.key, "decision": "escalate", "effective_at": stamp(vote.effective_at)},
        }
    )
    named(forged, "vote.applied", "state", "rejected")


def test_a_repudiation_after_the_effect_follows_as_evidence(vote, root):
    apply(vote, at=vote.effective_at)
    assert not repudiate(vote, root, after=49 * HOUR).recounted
    assert record().problems() == []


@pytest.fixture
def other():
    return root_of("cobalt")


def test_a_repudiation_of_a_rejected_vote_follows_as_evidence(other, vote, root):
    repudiate(vote, root)
    assert not repudiate(vote, other, of="cobalt").recounted
    assert record().problems() == []


@pytest.fixture
def told(vote, root):
    repudiate(vote, root)
    return record()


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("recount", None, "recount"),
        ("ballot", "0" * 64, "ballot"),
        ("sequence", 2, "ballot"),
        ("organisation", "borealis", "ballot"),
        ("signature", "A" * 86, "bad_signature"),
    ],
)
def test_a_repudiation_that_was_altered_is_named(told, member, value, code):
    told.entries[told.find("ballot.repudiated")]["payload"][member] = value
    named(told, "ballot.repudiated", code)


def test_a_recount_that_keeps_the_ballot_is_named(told):
    payload = told.entries[told.find("ballot.repudiated")]["payload"]
    payload["recount"] |= {"outcome": "adopted", "reason": "threshold_met"}
    named(told, "ballot.repudiated", "recount", "adopted")


def test_a_repudiation_by_the_operators_own_key_is_named(told, vote):
    forger, ballot = Voter(), Ballot.objects.get(organisation__key="aster")
    told.entries[told.find("ballot.repudiated")]["payload"]["signature"] = forger.repudiates(ballot)
    named(told, "ballot.repudiated", "bad_signature")


def test_a_repudiation_after_the_window_is_named(told, vote):
    told.entries[told.find("ballot.repudiated")]["at"] = stamp(vote.closed_at + 72 * HOUR)
    named(told, "ballot.repudiated", "window")


def test_a_repudiation_before_the_close_is_named(told, vote):
    entry = told.entries.pop(told.find("ballot.repudiated"))
    told.entries.insert(told.find("vote.closed"), entry | {"at": stamp(vote.opens_at + 2 * HOUR)})
    named(told, "ballot.repudiated", "window")


def test_a_ballot_repudiated_twice_is_named(told):
    told.entries.append(told.copy().entries[told.find("ballot.repudiated")])
    named(told, "ballot.repudiated", "repeated")
