import pytest
from django.core.files.storage import FileSystemStorage

from core.canonical import parse
from inspections.models import Evidence
from ledger.models import Entry


@pytest.fixture(autouse=True)
def sealed_storage(tmp_path, monkeypatch):
    """Each test has a storage of its own."""
    folder = tmp_path / "evidence"
    for field in ("file", "published"):
        monkeypatch.setattr(Evidence._meta.get_field(field), "storage", FileSystemStorage(folder))
    return folder


@pytest.fixture
def recorded(db):
    """What has been recorded since the test's last question, as (kind, payload)."""
    seen = Entry.objects.count()

    def since() -> list[tuple[str, dict]]:
        nonlocal seen
        entries = list(Entry.objects.order_by("pk")[seen:])
        seen += len(entries)
        return [(entry.kind, parse(bytes(entry.data))["payload"]) for entry in entries]

    return since
