"""The record: entries, Merkle tree, checkpoints, witnesses, proofs."""
