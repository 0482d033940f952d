import csv
import io
import json
from datetime import timedelta
from hashlib import sha256
from zipfile import ZipFile

import pytest
from django.core.files.storage import storages
from django.db import connection

from config.celery import app
from dashboard import bundles
from dashboard.queries.tables import tables
from ledger.rules.checkpoints import Head
from tests import factories as make
from tests.factories import NOON

LATER = NOON + timedelta(hours=3)


@pytest.fixture
def store(settings, tmp_path, monkeypatch):
    """A folder for bundles, and a record whose newest entry is of noon and covered by a checkpoint."""
    settings.STORAGES = settings.STORAGES | {
        "data": {"BACKEND": "ledger.storage.DurableFiles", "OPTIONS": {"location": tmp_path}}
    }
    head = Head("localhost/tlog", 7, bytes(32))
    entry = type("Entry", (), {"value": type("Value", (), {"at": NOON})})
    tree = type("Tree", (), {"root_at": lambda _self, _size: head.root})
    monkeypatch.setattr(bundles, "position", lambda: 7)
    monkeypatch.setattr(bundles, "entry_at", lambda _index: entry)
    monkeypatch.setattr(bundles.published, "head", lambda: head)
    monkeypatch.setattr(bundles.published, "tree", lambda _size: tree())
    return tmp_path


def bytes_of(bundle):
    with storages["data"].open(bundle.name) as file:
        return file.read()


@pytest.mark.django_db
def test_the_same_position_gives_the_same_bytes_and_each_file_hashes_to_what_the_package_says(store, client):
    make.pause_in_force()
    make.reading(unit="=1+1")
    first = bundles.make(at=LATER)
    data = bytes_of(first)
    assert (first.sha256, first.bytes, first.position) == (sha256(data).hexdigest(), len(data), 7)
    assert bytes_of(bundles.make(at=LATER + timedelta(days=9))) == data
    archive = ZipFile(io.BytesIO(data))
    package = json.loads(archive.read("datapackage.json"))
    assert {one["path"] for one in package["resources"]} | {"head.txt", "datapackage.json"} == set(archive.namelist())
    for one in package["resources"]:
        assert one["hash"] == f"sha256:{sha256(archive.read(one['path'])).hexdigest()}"
    assert Head.parse(archive.read("head.txt").decode()).size == 7
    [pause] = [json.loads(line) for line in archive.read("pauses.jsonl").splitlines()]
    assert (pause["key"], pause["state"], first.rows["pauses"]) == ("2026-01", "in_force", 1)
    [reading] = csv.DictReader(io.StringIO(archive.read("readings.csv").decode()))
    assert reading["unit"] == "'=1+1"
    parties = list(csv.DictReader(io.StringIO(archive.read("figures/parties.csv").decode())))
    assert len(parties) == first.rows["figures/parties"]
    assert "aster" in {party["lab"] for party in parties}
    page = client.get("/data/").content.decode()
    assert first.sha256 in page
    answer = client.get(f"/data/{first.stem}.zip")
    assert (b"".join(answer.streaming_content), answer["ETag"]) == (data, f'"{first.sha256}"')
    assert client.get("/data/nothing.zip").status_code == 404


@pytest.mark.django_db
def test_a_day_has_one_bundle_however_often_the_clock_asks(store):
    assert bundles.make_due(at=LATER)
    assert bundles.make_due(at=LATER + timedelta(hours=1)) is None
    assert bundles.make_due(at=LATER + timedelta(days=1))
    assert bundles.progress() is None


@pytest.mark.django_db
def test_nothing_is_made_before_a_checkpoint_covers_the_record_or_while_another_makes_it(store, monkeypatch):
    with monkeypatch.context() as early:
        early.setattr(bundles.published, "head", lambda: None)
        assert bundles.make_due(at=LATER) is None
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [bundles.LOCK])
    assert bundles.make_due(at=LATER) is None
    assert bundles.kept() == []
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s)", [bundles.LOCK])
    other.close()
    assert bundles.make_due(at=LATER)


@pytest.mark.django_db
def test_the_pages_say_what_every_table_and_column_means(client):
    assert {table.key for table in tables()} >= {"pauses", "votes", "readings", "matrix", "ledger-entries"}
    undescribed = [f"{table.key}.{column.name}" for table in tables() for column in table.columns if not column.means]
    assert undescribed == []
    page = client.get("/data/dictionary/").content.decode()
    assert all(f"<code>{column.name}</code>" in page for table in tables() for column in table.columns)
    assert "365 days" in client.get("/data/policy/").content.decode()
    assert "No bundle is made yet" in client.get("/data/").content.decode()


def test_the_clock_makes_bundles():
    assert "dashboard.tasks.make_bundle" in {one["task"] for one in app.conf.beat_schedule.values()}
