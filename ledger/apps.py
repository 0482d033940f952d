from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """The record: entries, Merkle tree, checkpoints, witnesses, proofs."""

    name = "ledger"
