"""Tips as the record shows them: what an operator would slip in, drop in twice or make up is named."""

from datetime import timedelta

import pytest

from core.times import instant, stamp
from inspections.actions.recipients import publish_recipient, withdraw_recipient
from inspections.actions.tips import answer_tip, close_tip, open_tip, receive_tip, record_tips
from inspections.rules.tips import Outcome, hour_of
from tests.signing import Voter, with_root
from tests.tips import recipient_of, seal, signature
from tests.verifier.decisions import HOUR, site_in_force

pytestmark = pytest.mark.django_db


@pytest.fixture
def record():
    """A body that publishes a key, two tips in an hour, one of them opened, answered and closed; the key withdrawn."""
    site = site_in_force()
    body, by, recipient = site.organisation("ivb"), site.person("ivb"), recipient_of()
    root = with_root("ivb", at=site.now, by=by)
    signed = {"signed_by": "root", "by": by}
    said = signature(root, recipient)
    key = publish_recipient(body=body, recipient=recipient, signature=said, at=site.now, **signed)
    tips = [receive_tip(sealed=seal(str(n)), handle=f"{n:064x}", nonce="", at=site.now) for n in range(2)]
    site.now = hour_of(site.now) + HOUR
    record_tips(at=site.now)
    about = {"tip": tips[0], "body": body, "by": by, "at": site.now}
    open_tip(**about)
    answer_tip(sealed=seal("And then?", "somebody"), **about)
    close_tip(outcome=Outcome.FOLLOWED, words="", **about)
    withdraw_recipient(recipient=key, signature=signature(root, recipient, stands=False), at=site.now, **signed)
    return site.record()


def codes(record):
    return [problem.code for problem in record.problems()]


def test_tips_follow_from_the_record_and_what_was_altered_is_named(record):
    replay, problems = record.replay()
    assert (problems, replay.unreplayed) == ([], {})
    forged = signature(Voter(), recipient_of())
    for kind, changes, code in (
        ("recipient.published", {"signature": forged}, "bad_signature"),
        ("recipient.published", {"recipient": recipient_of("nordic")}, "bad_signature"),
        ("recipient.published", {"usable_at": "2026-11-22T12:00:01Z"}, "instant"),
        ("recipient.withdrawn", {"body": "nordic"}, "body"),
        ("tips.received", {"from_at": "2026-11-22T12:01:00Z"}, "instant"),
        ("tips.received", {"tips": ["b" * 64, "a" * 64]}, "order"),
        ("tip.opened", {"tip": "a" * 64}, "unknown"),
        ("tip.opened", {"body": "nordic"}, "authority"),
        ("tip.closed", {"outcome": "forgotten"}, "payload"),
    ):
        altered = record.copy()
        altered.payload(kind).update(changes)
        assert code in codes(altered), (kind, changes)


def test_a_tip_told_twice_too_early_or_by_somebody_is_named(record):
    told = record.entries[record.find("tips.received")]
    for changes, code in (
        ({"at": told["at"]}, "repeated"),
        ({"at": stamp(instant(told["at"]) - timedelta(minutes=1))}, "too_early"),
        ({"by": record.entries[record.find("tip.opened")]["by"]}, "authority"),
    ):
        altered = record.copy()
        altered.add(len(altered.entries), told, **changes)
        assert code in codes(altered), changes


def test_an_answer_to_a_tip_that_was_not_opened_is_named(record):
    record.drop("tip.opened")
    assert "tip_not_open" in codes(record)
