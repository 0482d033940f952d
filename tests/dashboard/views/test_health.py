"""What operators and their programs ask."""

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.urls import reverse
from prometheus_client.parser import text_string_to_metric_families
from redis.exceptions import ConnectionError as RedisGone

from dashboard.queries import health
from tests.conftest import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon():
    cache.clear()
    with time_machine.travel(NOON, tick=False):
        health.note_beat(at=NOON)
        yield


def parts(client, status=200):
    answer = client.get(reverse("dashboard:ready"))
    assert answer.status_code == status
    return answer.json()["parts"]


def test_a_migrated_site_with_a_database_is_ready(client):
    found = parts(client)
    assert found["database"]["well"]
    assert (found["migrations"]["number"], found["beat"]["number"]) == (0, 0)


def test_a_release_that_is_not_migrated_is_not_ready(client):
    undone, _ = MigrationRecorder(connection).migration_qs.filter(app="notices").delete()
    assert undone
    assert parts(client, 503)["migrations"]["number"] == undone


def test_without_a_database_the_process_is_not_ready_and_says_why(client, monkeypatch):
    def away():
        raise OperationalError("connection refused\nmore")

    monkeypatch.setattr(health, "_database", away)
    assert parts(client, 503) == {"database": {"well": False, "words": "connection refused", "number": 0}}


def test_without_redis_and_without_tasks_it_is_ready_and_not_well(client, monkeypatch):
    def gone(*_args):
        raise RedisGone

    monkeypatch.setattr(health.cache, "get", gone)
    found = parts(client)
    assert (found["cache"]["well"], found["beat"]["well"], found["beat"]["number"]) == (False, False, None)


def test_a_database_that_only_reads_is_said(client):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL transaction_read_only = on")
    assert parts(client)["database"]["number"] == 0


def test_metrics_are_for_those_who_show_the_token(client, settings):
    address = reverse("dashboard:metrics")
    assert client.get(address).status_code == 404
    assert client.get(address, headers={"Authorization": "Bearer "}).status_code == 404
    settings.METRICS_TOKEN = "a-token"
    assert client.get(address, headers={"Authorization": "Bearer another"}).status_code == 404
    answer = client.get(address, headers={"Authorization": "Bearer a-token"})
    found = {one.name: one.samples for one in text_string_to_metric_families(answer.content.decode())}
    assert found["fermata_record_size"][0].value == 0
    assert {sample.labels["part"] for sample in found["fermata_well"]} >= {"database", "cache", "beat", "votes_late"}


def test_the_page_says_what_needs_a_look(client):
    with time_machine.travel(NOON + timedelta(minutes=5), tick=False):
        page = client.get(reverse("dashboard:status")).content.decode()
    assert "The last task ran 300 s ago" in page
    assert "Needs a look" in page


def test_every_part_is_looked_at_in_few_queries(client, django_assert_max_num_queries):
    with django_assert_max_num_queries(16):
        parts(client)
