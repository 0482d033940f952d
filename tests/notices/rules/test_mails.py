from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from ledger.words import SENTENCES
from notices.rules.mails import DIGEST_EVERY, Fact, Wish, due, next_digest, wanted
from notices.rules.topics import AT_ONCE, TOPICS, Topic, topic_of

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=5)
kinds = some.sampled_from(sorted(SENTENCES))
facts = some.lists(
    some.builds(Fact, some.integers(0, 99), kinds, some.sampled_from(["", "aster", "fjord"])), max_size=9
)
topics = some.sets(some.sampled_from(Topic), min_size=1)


def test_every_noun_with_a_topic_has_a_sentence_in_the_record():
    assert set(TOPICS) <= {kind.partition(".")[0] for kind in SENTENCES}
    assert set(SENTENCES) >= AT_ONCE


@given(topics, facts)
def test_nobody_is_told_of_a_topic_that_they_did_not_ask_for(asked, found):
    assert all(topic_of(one.kind) in asked for one in wanted(Wish(asked, daily=False), found))


@given(topics, facts)
def test_who_follows_a_laboratory_hears_of_it_and_of_pauses_alone(asked, found):
    told = wanted(Wish(asked, daily=False, lab="aster"), found)
    assert all(one.lab == "aster" or one.kind in AT_ONCE for one in told)
    assert set(told) <= set(wanted(Wish(asked, daily=False), found))


@given(topics, facts)
def test_what_was_asked_for_at_once_never_waits(asked, found):
    assert due(Wish(asked, daily=False), found, None, NOON) == wanted(Wish(asked, daily=False), found)


@given(topics, facts)
def test_a_digest_waits_until_it_is_due_unless_a_pause_is_among_it(asked, found):
    wish = Wish(asked, daily=True)
    told = due(wish, found, LATER, NOON)
    if any(one.kind in AT_ONCE for one in wanted(wish, found)):
        assert told == wanted(wish, found)
    else:
        assert told is None
    assert due(wish, found, LATER, LATER) == wanted(wish, found)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (NOON - timedelta(hours=1), NOON),
        (NOON, NOON + DIGEST_EVERY),
        (NOON + timedelta(days=3, hours=1), NOON + 4 * DIGEST_EVERY),
    ],
)
def test_the_next_digest_is_whole_days_from_the_last(at, expected):
    assert next_digest(NOON, at) == expected
