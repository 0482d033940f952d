import re
from datetime import UTC, datetime

import pytest

from ledger.rules.entries import EntryValue
from ledger.words import SENTENCES, facts, name_of, sentence, text_of
from tests.ledger.test_kinds import documented_kinds

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def entry(kind, payload):
    return EntryValue(kind, NOON, None, payload, "")


def test_every_documented_kind_has_its_sentence():
    assert sorted(set(documented_kinds()) ^ set(SENTENCES)) == []


@pytest.mark.parametrize("kind", SENTENCES)
def test_a_sentence_fills_in_what_the_payload_holds(kind):
    names = re.findall(r"%\((\w+)\)s", str(SENTENCES[kind]))
    words = sentence(entry(kind, {name: f"<{name}>" for name in names}))
    assert all(f"<{name}>" in words for name in names)
    assert "%" not in words


def test_a_kind_that_nobody_wrote_a_sentence_for_is_read_from_its_name():
    assert sentence(entry("thing.done_twice", {"lab": "aster", "count": 2})) == "Thing done twice: aster, 2"


def test_an_older_entry_with_fewer_members_is_still_read():
    assert sentence(entry("vote.closed", {"vote": "2026-07"})) == "Vote closed: 2026-07"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "—"), (True, "yes"), ([], "—"), (["a", "b"], "a, b"), ({"a": 1, "b_c": None}, "a: 1; b c: —")],
)
def test_any_value_of_a_payload_becomes_text(value, text):
    assert text_of(value) == text


def test_a_payload_becomes_pairs_of_words():
    assert facts({"opens_at": "x"}) == [("Opens at", "x")]
    assert name_of("vote.closed") == "Vote closed"
