"""Which replica readers are given, as one process sees them; tests/concurrency/test_replica.py has a real one."""

from copy import deepcopy

import pytest
import time_machine
from django.core.cache import cache
from django.db import OperationalError, connection, connections
from django.test.utils import CaptureQueriesContext
from psycopg import IsolationLevel

from accounts.models import Organisation
from ledger.models import Head
from ledger.queries import position
from tests import factories as make
from tests.together import together
from web import replicas
from web.replicas import LOOKED_AT_EVERY, RESTS_FOR, Replica, WrittenWhileReading, read

LAG = 5


class Pair:
    """A primary and a replica with a position each (None: it does not answer), and a clock to turn."""

    def __init__(self):
        self.positions, self.now, self.asked = {"default": 7, "replica1": 7}, 100.0, 0
        self.replica = Replica("replica1", lambda: self.now)

    def ask(self, alias, _position):
        self.asked += alias == "replica1"
        return self.positions[alias]

    def at(self, seconds=LOOKED_AT_EVERY, **positions):
        """Whether readers are given the replica, so many seconds on and with these positions."""
        self.now += seconds
        self.positions |= positions
        return self.replica.serves(lambda: 0)


@pytest.fixture
def pair(settings, monkeypatch):
    settings.REPLICA_LAG = LAG
    found = Pair()
    monkeypatch.setattr(replicas, "_ask", found.ask)
    return found


def test_a_replica_is_looked_at_once_a_second(pair):
    assert [pair.at(0), pair.at(0.5), pair.at(0.4)] == [True] * 3
    assert pair.asked == 1
    assert pair.at(0.1)
    assert pair.asked == 2


def test_readers_are_given_a_replica_that_is_behind_for_a_few_seconds_and_not_for_longer(pair):
    pair.at()
    assert pair.at(default=9)
    assert pair.replica.behind == 2
    assert pair.at(LAG - 2)
    assert not pair.at(2)
    assert pair.at(replica1=9)
    assert pair.replica.behind == 0


def test_a_replica_that_follows_at_a_distance_is_well_however_much_is_written(pair):
    pair.at()
    found = [pair.at(default=9 + number, replica1=8 + number) for number in range(3 * LAG)]
    assert all(found)


def test_a_replica_that_follows_at_too_great_a_distance_is_not(pair):
    pair.at()
    found = [pair.at(default=90 + number, replica1=80 + number) for number in range(3 * LAG)]
    assert not any(found[LAG + 1 : 10])


def test_a_process_that_begins_beside_a_replica_that_is_behind_does_not_give_it_to_readers(pair):
    assert not pair.at(default=9)
    assert pair.at(replica1=9)


def test_what_has_more_than_the_primary_is_another_history(pair):
    assert not pair.at(replica1=8)


def test_while_the_primary_is_away_the_replica_is_all_there_is(pair):
    pair.at(default=None)
    assert pair.at(60 * LAG)


def test_a_replica_that_does_not_answer_is_let_alone_for_a_while(pair):
    assert not pair.at(replica1=None)
    asked = pair.asked
    assert not pair.at(RESTS_FOR - 1, replica1=7)
    assert pair.asked == asked
    assert pair.at(1)


@pytest.fixture
def reading(pair, monkeypatch):
    """Read from the pair's replica, which is the test's own database by another name; the aliases that answers came from."""
    monkeypatch.setattr(replicas, "replicas", lambda: (pair.replica,))
    monkeypatch.setattr(pair.replica, "reading", lambda: replicas._reading("replica1"))
    monkeypatch.setattr(connection, "in_atomic_block", False)
    return []


def where(found, *, failing=()):
    def answer():
        found.append(replicas.Router().db_for_read(Organisation))
        if found[-1] in failing:
            raise OperationalError
        return len(found)

    return answer


def test_a_page_is_read_from_the_replica_and_from_the_primary_where_that_fails(pair, reading):
    assert read(where(reading), int) == 1
    assert read(where(reading, failing={"replica1"}), int) == 3
    assert reading == ["replica1", "replica1", "default"]
    assert not pair.replica.is_well


def test_what_fails_on_the_primary_too_fails(reading):
    with pytest.raises(OperationalError):
        read(where(reading, failing={"replica1", "default"}), int)


def test_all_parts_of_a_page_are_read_from_one_place(pair, reading):
    pair.at(replica1=None)
    read(lambda: (where(reading)(), pair.at(RESTS_FOR, replica1=7), read(where(reading), int)), int)
    assert (reading, pair.replica.is_well) == (["default", "default"], True)


def test_nothing_is_written_while_a_page_is_read(reading):
    with pytest.raises(WrittenWhileReading):
        read(lambda: replicas.Router().db_for_write(Organisation), int)
    assert replicas.Router().db_for_write(Organisation) == "default"


@pytest.mark.django_db
def test_what_stands_in_a_transaction_is_read_there(pair, monkeypatch):
    monkeypatch.setattr(replicas, "replicas", lambda: (pair.replica,))
    found = []
    read(where(found), int)
    assert found == ["default"]


@pytest.fixture
def second(transactional_db, settings):
    """The test's own database once more, under a replica's name and as its connections are."""
    settings.REPLICAS, settings.REPLICA_LAG = ["replica1"], LAG
    own = deepcopy(connection.settings_dict)
    own["OPTIONS"] |= {
        "isolation_level": IsolationLevel.REPEATABLE_READ,
        "options": "-c default_transaction_read_only=on",
    }
    connections.databases["replica1"] = own
    connections["replica1"].connect()  # Django's tests would let nobody else
    replicas.replicas.cache_clear()
    yield connections["replica1"]
    replicas.replicas.cache_clear()
    connections["replica1"].close()
    del connections["replica1"], connections.databases["replica1"]


def test_a_page_is_of_one_instant_though_something_is_recorded_while_it_is_read(second):
    def page():
        before = Organisation.objects.count()
        together(make.laboratory, ["aster"])
        return before, Organisation.objects.count()

    assert read(page, position) == (0, 0)
    assert Organisation.objects.count() == 1


PAGES = (
    "/", "/votes/", "/pauses/", "/pauses/2026-01/", "/labs/", "/labs/aster/", "/parties/", "/inspections/",
    "/inspections/draws/", "/treaty/", "/triggers/", "/indicators/", "/keys/", "/cases/", "/drills/", "/figures/",
    "/feeds/all.atom", "/calendar.ics", "/badge.svg", "/sitemap.xml",
    "/api/v1/votes/", "/api/v1/pauses/", "/api/v1/pauses/2026-01/", "/api/v1/keys/", "/api/v1/readings/",
    "/api/v1/matrix/", "/api/v1/ledger/", "/api/v1/ledger/entries/",
)  # fmt: skip


def test_whatever_a_public_page_says_is_read_from_the_replica(second, client):
    cache.clear()
    make.visit(pause=make.pause_in_force(labs=("aster", "borealis")))
    with (
        time_machine.travel(make.NOON, tick=False),
        CaptureQueriesContext(connections["default"]) as primary,
        CaptureQueriesContext(second) as replica,
    ):
        found = {path: client.get(path).status_code for path in PAGES}
    assert found == dict.fromkeys(PAGES, 200)
    assert {query["sql"] for query in primary if Head._meta.db_table not in query["sql"]} == set()
    assert len(replica) > 3 * len(PAGES)
