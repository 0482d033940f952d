import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core.errors import Malformed
from ledger.rules.checkpoints import Head
from ledger.rules.notes import KeyType, Note, NoteSigner
from ledger.rules.witnesses import AddCheckpoint, Policy, Witness, policy_text


def signer(name, seed, kind=KeyType.COSIGNATURE):
    return NoteSigner(name, kind, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


LOG = signer("example.com/log", 1, KeyType.ED25519)
WITNESSES = [
    Witness(f"w{number}", f"https://w{number}.example", signer(f"w{number}.example", number + 2).verifier)
    for number in range(3)
]


def test_a_request_is_read_back():
    text = Head("example.com/log", 2, b"r" * 32).text
    request = AddCheckpoint(1, (b"p" * 32,), Note(text, (LOG.sign(text),)))
    assert AddCheckpoint.parse(request.body.encode()) == request


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 1\n",
        b"old 01\n\nx",
        b"new 1\n\nx",
        b"old 1\nAAAA\n\nx",
        b"old 1\n\n\xff",
        b"old 1\n" + b"A" * 43 + b"=\n" * 64 + b"\nx",
    ],
)
def test_what_is_no_request_is_refused(body):
    with pytest.raises(Malformed):
        AddCheckpoint.parse(body)


def test_a_witness_is_read_from_a_setting():
    key = WITNESSES[0].key
    assert Witness.parse(f"w0=https://w0.example/={key}") == WITNESSES[0]


@pytest.mark.parametrize("text", ["w0", "w0=ftp://x=k", f"w0=https://x={LOG.verifier}"])
def test_a_witness_without_address_or_cosignature_key_is_refused(text):
    with pytest.raises(Malformed):
        Witness.parse(text)


@pytest.mark.parametrize("quorum", [0, 1, 2, 3])
def test_a_written_policy_is_met_by_its_quorum_only(quorum):
    policy = Policy.parse(policy_text(LOG.verifier, "https://example.com/tlog", WITNESSES, quorum))
    keys = [witness.key for witness in WITNESSES]
    assert policy.logs == (LOG.verifier,)
    assert policy.keys == keys
    for count in range(4):
        assert policy.is_met_by(keys[:count]) is (count >= quorum)


def test_groups_of_groups_are_understood():
    lines = [f"witness {witness.name} {witness.key}" for witness in WITNESSES]
    policy = Policy.parse("\n".join([*lines, "group a any w0 w1", "group b all a w2", "quorum b", ""]))
    keys = [witness.key for witness in WITNESSES]
    assert policy.is_met_by([keys[1], keys[2]])
    assert not policy.is_met_by([keys[0], keys[1]])


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["quorum nobody"],
        ["quorum none", "quorum none"],
        ["group a any none", "quorum a"],
        [f"witness w {WITNESSES[0].key}", "group a 2 w", "quorum a"],
        [f"witness w {WITNESSES[0].key}", "group a 1 w w", "quorum a"],
        [f"witness w {WITNESSES[0].key}", f"witness w {WITNESSES[1].key}", "quorum none"],
        ["something else", "quorum none"],
    ],
)
def test_a_policy_that_cannot_mean_anything_is_refused(lines):
    with pytest.raises(Malformed):
        Policy.parse("\n".join(lines))
