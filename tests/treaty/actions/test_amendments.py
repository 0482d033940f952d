from datetime import timedelta
from hashlib import sha256

import pytest

from core.canonical import parse
from core.errors import NotAllowed
from ledger.models import Entry
from tests.factories import NOON, accreditations, laboratory, parties, representative, text
from tests.texts import model_text
from treaty.actions.amendments import AmendmentStale, amend, check_proposal, propose_amendment
from treaty.actions.pauses import VoteNotAdopted
from treaty.models import Amendment, TreatyText, Vote
from treaty.queries.texts import rules_at, source, text_at
from treaty.rules.amendments import AmendmentRefused
from treaty.rules.reading import TextInvalid

pytestmark = pytest.mark.django_db

DAY, TICK = timedelta(days=1), timedelta(microseconds=1)
LATER = NOON + 80 * DAY


def next_text(answer="7 d", version=2):
    made = model_text().replace(b"\nversion: 1\n", b"\nversion: %d\n" % version)
    return made.replace(b"answer_within: 5 d", b"answer_within: " + answer.encode())


@pytest.fixture(autouse=True)
def in_force():
    parties()
    accreditations()


def propose(source=None, *, of="aster", by=None, at=NOON):
    asker = laboratory(of)
    return propose_amendment(
        source=source or next_text(),
        title="A week to answer",
        question="Shall five days become seven?",
        requester=asker,
        by=by or representative(asker),
        at=at,
    )


def adopted(amendment, effective_at=LATER):
    Vote.objects.filter(pk=amendment.vote_id).update(
        closed_at=effective_at, outcome="adopted", reason="threshold_met", effective_at=effective_at
    )
    return Vote.objects.get(pk=amendment.vote_id)


def entries(*kinds):
    found = [parse(bytes(entry.data)) for entry in Entry.objects.order_by("pk")]
    return [one["payload"] for one in found if one["kind"] in kinds]


def test_a_proposal_puts_the_hash_of_its_bytes_to_a_vote_that_opens_after_consultation_and_answers():
    amendment = propose()
    digest = sha256(next_text()).hexdigest()
    assert (amendment.sha256, amendment.vote.subject["sha256"]) == (digest, digest)
    assert (amendment.vote.opens_at, amendment.vote.decision) == (NOON + 40 * DAY, "amend")
    [entry] = entries("amendment.proposed")
    assert entry["changes"]["provisions"] == [["clarification.answer_within", "5 d", "7 d"]]
    assert entry["changes"]["articles"] == [["19", "changed"]]
    assert source(digest) == next_text()


def test_a_proposal_governs_nothing():
    propose()
    assert text_at(LATER).version == 1
    assert TreatyText.objects.count() == 1


def test_the_same_bytes_proposed_again_return_the_amendment():
    ada = representative(laboratory("aster"))
    assert propose(by=ada) == propose(by=ada, at=NOON + DAY)
    assert (len(entries("amendment.proposed")), Vote.objects.count()) == (1, 1)


@pytest.mark.parametrize("bad", [model_text(), next_text(version=3), next_text("5 d")])
def test_what_is_not_the_next_version_with_a_change_is_refused(bad):
    with pytest.raises(AmendmentRefused):
        propose(bad)
    assert (entries("amendment.proposed", "vote.noticed"), Amendment.objects.count()) == ([], 0)


def test_a_text_with_a_mistake_is_refused_with_its_line():
    with pytest.raises(TextInvalid) as refused:
        propose(next_text("7 weeks"))
    assert refused.value.problems[0].path == "clarification.answer_within"
    assert (entries("amendment.proposed"), Vote.objects.count()) == ([], 0)


def test_a_stranger_proposes_nothing_and_learns_nothing_by_checking():
    stranger = laboratory("stranger")
    with pytest.raises(NotAllowed):
        propose(of="stranger")
    with pytest.raises(NotAllowed):
        check_proposal(source=next_text(), by=representative(stranger), at=NOON)
    assert Amendment.objects.count() == 0


def test_checking_says_what_would_change_and_keeps_nothing():
    found, changes = check_proposal(source=next_text(), by=representative(laboratory("aster")), at=NOON)
    assert (found.version, len(changes.provisions)) == (2, 1)
    assert (entries("amendment.proposed"), Amendment.objects.count()) == ([], 0)


def test_an_adopted_text_is_in_force_from_the_instant_of_effect_and_the_one_before_until_then():
    amend(vote=adopted(propose()), at=LATER + DAY)
    assert [str(rules_at(at).clarification.answer_within) for at in (LATER - TICK, LATER)] == ["5 d", "7 d"]
    [entry] = entries("text.amended")
    assert (entry["text"], entry["base"]) == (2, text().sha256)


def test_a_second_call_amends_nothing():
    vote = adopted(propose())
    assert amend(vote=vote, at=LATER) == amend(vote=vote, at=LATER + DAY)
    assert (len(entries("text.amended")), TreatyText.objects.count()) == (1, 2)


def test_an_amendment_of_a_text_that_is_no_longer_in_force_is_refused():
    first, second = propose(), propose(next_text("8 d"))
    amend(vote=adopted(first), at=LATER)
    with pytest.raises(AmendmentStale):
        amend(vote=adopted(second, LATER + DAY), at=LATER + DAY)
    assert (len(entries("text.amended")), TreatyText.objects.count()) == (1, 2)


def test_a_vote_that_was_not_adopted_amends_nothing():
    with pytest.raises(VoteNotAdopted):
        amend(vote=propose().vote, at=LATER)
    assert entries("text.amended") == []


def test_a_vote_noticed_before_goes_on_under_the_text_that_was_frozen_into_it():
    earlier = propose()
    amend(vote=adopted(earlier), at=LATER)
    later = propose(next_text("9 d", version=3), at=LATER + DAY)
    assert [one.vote.text.version for one in (earlier, later)] == [1, 2]
