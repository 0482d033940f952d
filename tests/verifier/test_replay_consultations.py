"""A consultation in the record, and what would be forged of it."""

from datetime import timedelta
from hashlib import sha256

import pytest

from tests.once import once_a_module
from tests.verifier.decisions import site_in_force
from tests.verifier.records import TEXT
from tests.verifier.test_replay_decisions import NEXT, codes
from treaty.actions.amendments import propose_amendment
from treaty.actions.consultations import (
    answer_submission,
    ask_to_submit,
    confirm_submission,
    hide_submission,
    submit,
    token_of,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def told():
    """An amendment about which an observer, a body and the public wrote; one is answered, one hidden, and the vote is decided."""
    site = site_in_force()
    watch = site.cast.people["openwatch"][0]
    observer = watch.memberships.get().organisation
    site.cast.labs["openwatch"] = observer
    site.decide(site.ask("accredit", by="aster", organisation="openwatch"))
    amendment = propose_amendment(
        source=NEXT, title="A week to answer", question="Shall it be so?", requester=site.organisation("aster"),
        by=site.person("aster"), at=site.now,
    )  # fmt: skip
    at = site.now + DAY
    first = submit(amendment=amendment, organisation=observer, words="Too long.", by=watch, at=at)
    submit(amendment=amendment, organisation=site.organisation("ivb"), words="Well.", by=site.person("ivb"), at=at)
    letter = ask_to_submit(amendment=amendment, name="", email="a@example.org", words="Why?", at=at)
    third = confirm_submission(token=token_of(letter), at=at + DAY)
    answer_submission(submission=first, words="No.", by=site.person("aster"), at=at + 35 * DAY)
    hide_submission(submission=third, ground="foreign", by=site.person("secretariat"), at=at + 36 * DAY)
    site.decide(amendment.vote)
    record = site.record()
    record.fetch = {sha256(source).hexdigest(): source for source in (TEXT, NEXT)}.__getitem__
    return record


once = once_a_module(told)


@pytest.fixture
def consulted(once):
    return once.copy()


@pytest.mark.parametrize(
    ("kind", "change", "code"),
    [
        ("submission.received", {}, None),
        ("submission.received", {"submission": 2}, "number"),
        ("submission.received", {"organisation": "cobalt"}, "authority"),
        ("submission.received", {"organisation": None}, "authority"),
        ("submission.received", {"amendment": "2020-01"}, "unknown_amendment"),
        ("submission.answered", {"organisation": "borealis"}, "authority"),
        ("submission.answered", {"submission": 4}, "unknown"),
        ("submission.hidden", {"ground": "awkward"}, "ground"),
    ],
)
def test_a_consultation_follows_and_what_is_forged_of_it_is_named(consulted, kind, change, code):
    consulted.payload(kind).update(change)
    assert codes(consulted)[:1] == ([code] if code else [])


@pytest.mark.parametrize("kind", ["submission.received", "submission.answered"])
def test_what_comes_after_its_time_is_named(consulted, kind):
    closed = consulted.entries[consulted.find("vote.closed", last=True)]
    consulted.move(consulted.find(kind), closed["at"])
    assert "instant" in codes(consulted)


def test_a_vote_that_opens_while_answers_may_come_is_named(consulted):
    notice = next(one for one in consulted.entries if one["payload"].get("decision") == "amend")
    notice["payload"]["opens_at"] = consulted.entries[consulted.find("submission.hidden")]["at"]
    assert "instant" in codes(consulted)
