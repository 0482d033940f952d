import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Malformed
from ledger.rules.checkpoints import Head, OfflineProof, tlog_proof
from ledger.rules.merkle import EMPTY_ROOT
from ledger.rules.notes import KeyType, Note, NoteInvalid, NoteSigner, Signature, VerifierKey

FOO = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"


def signer(name="example.com/log", seed=1, kind=KeyType.ED25519):
    return NoteSigner(name, kind, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


def test_the_specifications_test_key_is_read_and_written_back():
    key = VerifierKey.parse(FOO)
    assert (key.name, key.id.hex(), str(key)) == ("example.com/foo", "530d903a", FOO)


@pytest.mark.parametrize(
    "text",
    [
        FOO.replace("530d903a", "530d903b"),
        FOO.replace("530d", "530D"),
        FOO[:-4],
        "foo",
        "a b+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        FOO + "=",
    ],
)
def test_a_key_whose_id_or_spelling_is_wrong_is_refused(text):
    with pytest.raises(Malformed):
        VerifierKey.parse(text)


def test_a_key_of_an_unknown_type_is_refused():
    with pytest.raises(NoteInvalid):
        VerifierKey.parse("a+00000000+" + "CA" + "AA" * 21)


def test_a_private_key_is_read_back():
    assert NoteSigner.parse(signer().encoded()).verifier == signer().verifier


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n"), max_size=200))
def test_any_text_is_signed_and_read_back(text):
    text += "\n"
    note = Note(text, (signer().sign(text),))
    again = Note.parse(str(note).encode())
    assert again == note
    assert list(again.verified([signer().verifier])) == [signer().verifier]


def test_a_changed_text_is_rejected():
    note = Note("a\n", (signer().sign("b\n"),))
    with pytest.raises(NoteInvalid):
        note.verified([signer().verifier])


def test_signatures_by_nobody_known_are_ignored():
    note = Note("a\n", (Signature("other", b"abcd", b"x" * 64), signer().sign("a\n")))
    assert len(note.verified([signer().verifier])) == 1
    assert note.verified([]) == {}


def test_the_name_of_a_known_key_with_another_id_is_ignored():
    note = Note("a\n", (Signature("example.com/log", b"abcd", b"x" * 64),))
    assert note.verified([signer().verifier]) == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n",
        "a\n\n",
        "a\n\n- n YWJjZGVm\n",
        "a\n\n— n YWJjZGVm",
        "a\n\n— n  YWJjZGVm\n",
        "a\n\n— n+n YWJjZGVm\n",
        "a\n\n— n YWJjZA==\n",
        "a\n\n— n YWJjZB==\n",
        "a\n\n— n YWJj\n",
        "a\t\n\n— n YWJjZGVm\n",
        "a\n\n— n YWJjZGVm\n\n",
    ],
)
def test_what_is_no_note_is_refused(text):
    with pytest.raises(Malformed):
        Note.parse(text)


def test_bytes_that_are_not_utf8_are_refused():
    with pytest.raises(NoteInvalid):
        Note.parse(b"\xff\n\n\xe2\x80\x94 n YWJjZGVm\n")


def test_a_note_may_hold_empty_lines():
    text = "a\n\nb\n"
    assert Note.parse(str(Note(text, (signer().sign(text),)))).text == text


def test_sixteen_signatures_are_accepted():
    signatures = tuple(signer(f"w{number}", number + 1).sign("a\n") for number in range(16))
    assert len(Note.parse(str(Note("a\n", signatures))).signatures) == 16


def test_no_line_is_written_twice():
    note = Note("a\n", (signer().sign("a\n"),))
    assert note.with_signatures([signer().sign("a\n")]) == note


def test_a_cosignature_binds_its_time_and_the_whole_text():
    witness = signer("example.com/w", 2, KeyType.COSIGNATURE)
    line = witness.sign("a\n", timestamp=1_763_000_000)
    assert line.timestamp == 1_763_000_000
    assert witness.verifier.verifies("a\n", line.data)
    assert not witness.verifier.verifies("b\n", line.data)
    assert not witness.verifier.verifies("a\n", (1).to_bytes(8) + line.data[8:])
    assert not VerifierKey(witness.name, KeyType.ED25519, witness.verifier.key).verifies("a\n", line.data[8:])


def test_the_empty_trees_checkpoint_is_written_as_everywhere():
    assert (
        Head("example.com/log", 0, EMPTY_ROOT).text
        == "example.com/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\n",
        "a\n01\nAAAA\n",
        "a\n-1\n" + "A" * 43 + "=\n",
        "a\n1\n" + "A" * 43 + "=",
        "a\n1\nAAAA\n",
        "a b\n1\n" + "A" * 43 + "=\n",
        "a\n١\n" + "A" * 43 + "=\n",
        "a\n1\n" + "A" * 43 + "=\n\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(Malformed):
        Head.parse(text)


def test_extension_lines_of_others_are_read_over():
    assert Head.parse("a\n1\n" + "A" * 43 + "=\nmore\n").size == 1


def test_an_offline_proof_is_read_back():
    text = Head("example.com/log", 2, b"r" * 32).text
    note = Note(text, (signer().sign(text),))
    proof = OfflineProof.parse(tlog_proof(1, [b"h" * 32], str(note)))
    assert (proof.index, proof.proof, proof.checkpoint) == (1, (b"h" * 32,), note)
    assert str(proof).startswith("c2sp.org/tlog-proof@v1\nindex 1\n")
