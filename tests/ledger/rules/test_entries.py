import pytest

from core.errors import Malformed
from ledger.rules.entries import is_kind, read_entry, subjects_of

ENTRY = b'{"at":"2026-11-22T12:00:00Z","by":null,"kind":"vote.closed","payload":{"vote":"17"},"v":1}'


def test_an_entry_is_read_from_its_bytes_alone():
    entry = read_entry(ENTRY)
    assert (entry.kind, entry.by, entry.payload) == ("vote.closed", None, {"vote": "17"})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        ENTRY.replace(b":null", b": null"),
        ENTRY.replace(b'"v":1', b'"v":2'),
        ENTRY.replace(b"vote.closed", b"closed"),
        ENTRY.replace(b"T12", b"T24"),
        ENTRY.replace(b"null", b"1"),
        ENTRY + b"\n",
    ],
)
def test_bytes_of_another_form_are_refused(data):
    with pytest.raises(Malformed):
        read_entry(data)


def test_only_ids_make_an_entry_searchable():
    assert subjects_of({"lab": "aster", "vote": 17, "reason": "x", "pause": None}) == ["lab:aster", "vote:17"]


@pytest.mark.parametrize(
    ("kind", "answer"), [("vote.closed", True), ("Vote.closed", False), ("vote", False), ("vote.closed.twice", False)]
)
def test_a_kind_is_a_noun_and_a_participle(kind, answer):
    assert is_kind(kind) is answer
