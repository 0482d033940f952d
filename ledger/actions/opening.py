"""Opening the log: the key is made, and the entry at position 0 says who the log is."""

from datetime import datetime

from django.conf import settings
from django.db import connection, transaction

from ledger.actions.entries import record
from ledger.models import Checkpoint, Entry
from ledger.rules.witnesses import Witness, policy_text
from ledger.signer import Signer

PUBLISHING_LOCK = 0x6665726D


def signer() -> Signer:
    """Return this site's signer."""
    return Signer(settings.LEDGER["SIGNER_DIR"])


def witnesses() -> list[Witness]:
    """Return the configured witnesses."""
    return [Witness.parse(text) for text in settings.LEDGER["WITNESSES"]]


def policy() -> str:
    """Return the policy file: this log's key, its witnesses, and how many of them make a checkpoint valid."""
    return policy_text(
        signer().key.verifier, f"{settings.SITE_URL}/tlog", witnesses(), settings.LEDGER.get("QUORUM", 0)
    )


def lock_log() -> None:
    """Hold the log for this transaction: one publisher, one opening."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [PUBLISHING_LOCK])


@transaction.atomic
def open_log(*, at: datetime) -> bool:
    """Make the key and record `log.opened` as the first entry; return whether that was still to be done."""
    lock_log()
    if Entry.objects.exists():
        return False
    if not Checkpoint.objects.exists():
        signer().create(settings.LEDGER["ORIGIN"])
    key = signer().key.verifier
    record(kind="log.opened", payload={"origin": key.name, "log_key": str(key), "policy": policy()}, by=None, at=at)
    return True
