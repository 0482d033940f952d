from datetime import UTC, datetime

import pytest

from core.canonical import canonical
from core.times import stamp
from ledger.actions import open_log, record
from ledger.actions.publish import publish
from ledger.models import Entry
from ledger.rules.entries import subjects_of
from ledger.signer import Signer

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def log_folders(settings, tmp_path):
    """Each test has a signer, a storage and settings of its own."""
    settings.LEDGER = {"ORIGIN": "localhost/tlog", "SIGNER_DIR": tmp_path / "signer", "WITNESSES": [], "QUORUM": 0}
    settings.STORAGES = {
        **settings.STORAGES,
        "tlog": {"BACKEND": "ledger.storage.DurableFiles", "OPTIONS": {"location": tmp_path / "tlog"}},
    }
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": str(tmp_path)}
    }
    return tmp_path


@pytest.fixture
def signer(log_folders):
    return Signer(log_folders / "signer")


@pytest.fixture
def tlog(log_folders):
    return log_folders / "tlog"


@pytest.fixture
def write():
    """Record so many entries."""

    def write_entries(count, start=0):
        payloads = [{"number": start + number, "vote": str(number % 3)} for number in range(count)]
        if count < 20:
            return [record(kind="thing.done", payload=payload, by=None, at=NOON) for payload in payloads]
        # Many at once, as `record` would write them one by one.
        entries = [
            Entry(
                kind="thing.done",
                at=NOON,
                data=canonical({"v": 1, "kind": "thing.done", "at": stamp(NOON), "by": None, "payload": payload}),
                subjects=subjects_of(payload),
            )
            for payload in payloads
        ]
        return Entry.objects.bulk_create(entries)

    return write_entries


@pytest.fixture
def published_log(transactional_db, write):
    """A log of genesis and 300 entries, published."""
    open_log(at=NOON)
    write(300)
    assert publish(at=NOON).size == 301
