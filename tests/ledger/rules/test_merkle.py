import json
from base64 import b64decode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.rules.merkle import (
    EMPTY_ROOT,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    perfect_root,
    range_root,
    verify_consistency,
    verify_inclusion,
)

# The leaves and roots that implementations of RFC 6962 share.
LEAVES = [
    bytes.fromhex(text)
    for text in ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
]
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def naive_root(hashes):
    """RFC 6962, 2.1, word for word."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node_hash(naive_root(hashes[:split]), naive_root(hashes[split:]))


def leaves_of(count):
    return [leaf_hash(str(number).encode()) for number in range(count)]


def subtrees_of(hashes):
    return lambda level, index: naive_root(hashes[index << level : (index + 1) << level])


sizes = st.integers(1, 600)


def test_the_empty_tree_has_the_hash_of_nothing():
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(("size", "root"), ROOTS.items())
def test_the_published_examples_have_their_roots(size, root):
    hashes = [leaf_hash(leaf) for leaf in LEAVES[:size]]
    assert range_root(0, size, subtrees_of(hashes)).hex() == root


@given(sizes)
def test_any_range_from_the_first_leaf_has_the_root_of_a_naive_tree(size):
    hashes = leaves_of(size)
    assert range_root(0, size, subtrees_of(hashes)) == naive_root(hashes)


@given(st.integers(0, 9))
def test_a_perfect_tree_has_the_root_of_a_naive_tree(level):
    hashes = leaves_of(1 << level)
    assert perfect_root(b"".join(hashes)) == naive_root(hashes)


@given(sizes, st.data())
def test_every_inclusion_proof_verifies_and_no_altered_one_does(size, data):
    hashes = leaves_of(size)
    index = data.draw(st.integers(0, size - 1))
    proof, root = inclusion_proof(index, size, subtrees_of(hashes)), naive_root(hashes)
    assert verify_inclusion(index, size, hashes[index], proof, root)
    assert not verify_inclusion(index, size, leaf_hash(b"another"), proof, root)
    assert not verify_inclusion(index, size, hashes[index], [*proof, root], root)
    if proof:
        assert not verify_inclusion(index, size, hashes[index], proof[:-1], root)
        at = data.draw(st.integers(0, len(proof) - 1))
        bit = data.draw(st.integers(0, 255))
        altered = (int.from_bytes(proof[at]) ^ 1 << bit).to_bytes(32)
        assert not verify_inclusion(index, size, hashes[index], [*proof[:at], altered, *proof[at + 1 :]], root)
        other = data.draw(st.integers(0, size - 1).filter(lambda position: position != index))
        assert not verify_inclusion(other, size, hashes[index], proof, root)


@given(sizes, st.data())
def test_every_consistency_proof_verifies_and_no_altered_one_does(new, data):
    hashes = leaves_of(new)
    old = data.draw(st.integers(1, new))
    old_root, root = naive_root(hashes[:old]), naive_root(hashes)
    proof = consistency_proof(old, new, subtrees_of(hashes))
    assert verify_consistency(old, new, old_root, root, proof)
    assert not verify_consistency(old, new, leaf_hash(b"another"), root, proof)
    assert not verify_consistency(old, new, old_root, leaf_hash(b"another"), proof)
    assert not verify_consistency(old, new, old_root, root, [*proof, root])
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        altered = (int.from_bytes(proof[at]) ^ 1 << data.draw(st.integers(0, 255))).to_bytes(32)
        assert not verify_consistency(old, new, old_root, root, [*proof[:at], altered, *proof[at + 1 :]])
        assert not verify_consistency(old, new, old_root, root, proof[:-1])


@given(st.integers(-3, 40), st.integers(-3, 40), st.lists(st.binary(min_size=0, max_size=40), max_size=8))
def test_nonsense_is_refused_without_an_exception(first, second, proof):
    assert not verify_inclusion(first, second, b"", proof, b"")
    assert not verify_consistency(first, second, b"", b"x", proof)


def decoded(texts):
    return [b64decode(text) for text in texts or []]


def test_the_shared_vectors_of_inclusion_proofs_get_their_answers(data_dir):
    files = sorted((data_dir / "merkle_vectors/inclusion").rglob("*.json"))
    assert len(files) == 98
    for file in files:
        case = json.loads(file.read_text())
        accepted = verify_inclusion(
            case["leafIdx"],
            case["treeSize"],
            b64decode(case["leafHash"]),
            decoded(case["proof"]),
            b64decode(case["root"]),
        )
        assert accepted is not case["wantErr"], file


def test_the_shared_vectors_of_consistency_proofs_get_their_answers(data_dir):
    files = sorted((data_dir / "merkle_vectors/consistency").rglob("*.json"))
    assert len(files) == 98
    for file in files:
        case = json.loads(file.read_text())
        accepted = verify_consistency(
            case["size1"], case["size2"], b64decode(case["root1"]), b64decode(case["root2"]), decoded(case["proof"])
        )
        assert accepted is not case["wantErr"], file
