from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from labs.models import Inventory, Quarantine, Reading
from labs.queries.readings import newest_id, values, values_since
from tests.factories import NOON, facility, inventory, laboratory, reading

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def known(at, indicator="largest_training_flop"):
    return [(value.series, value.version, value.value) for value in values(indicators=[indicator], received_by=at)]


def test_a_correction_stands_from_the_instant_it_was_received():
    aster = laboratory()
    reading(of=aster, series="epoch:One", value="1e25", observed_at=NOON - 5 * HOUR)
    reading(of=aster, series="epoch:One", value="2e25", observed_at=NOON - 5 * HOUR, received_at=NOON)
    assert known(NOON - timedelta(microseconds=1)) == [("epoch:One", 1, Decimal("1e25"))]
    assert known(NOON) == [("epoch:One", 2, Decimal("2e25"))]


def test_a_correction_of_what_was_observed_later_does_not_revive_the_old_version():
    reading("world_share", series="share", value=1, observed_at=NOON - 2 * HOUR)
    reading("world_share", series="share", value=2, observed_at=NOON - 5 * HOUR, received_at=NOON)
    assert values_since({"world_share": NOON - 3 * HOUR}, received_by=NOON) == []


def test_one_series_name_of_two_laboratories_are_two_series():
    for key in ("aster", "borealis"):
        reading(of=laboratory(key), series="self:1", observed_at=NOON)
    assert {value.lab for value in values(indicators=["largest_training_flop"], received_by=NOON)} == {
        "aster",
        "borealis",
    }


def test_a_reading_in_quarantine_is_no_reading_until_it_is_lifted():
    first = reading("world_share", series="share", value=1, observed_at=NOON - 2 * HOUR)
    second = reading("world_share", series="share", value=9, observed_at=NOON - 2 * HOUR, received_at=NOON - HOUR)
    Quarantine.objects.create(reading=second, reasons=["impossible"], opened_at=NOON - HOUR)
    assert known(NOON, "world_share") == [("share", first.version, Decimal(1))]


def test_values_need_one_query_whatever_the_number(django_assert_num_queries):
    for number in range(5):
        reading(of=laboratory(), series=f"epoch:{number}", observed_at=NOON)
    with django_assert_num_queries(1):
        assert len(known(NOON)) == 5


def test_the_newest_id_is_zero_without_readings():
    assert newest_id() == 0
    assert newest_id() < reading().pk == newest_id()


def update(rows):
    rows.update(version=7)


def delete(rows):
    rows._raw_delete("default")


@pytest.mark.parametrize("change", [update, delete])
@pytest.mark.parametrize("model", [Reading, Inventory])
def test_the_database_refuses_to_change_what_was_filed(model, change):
    reading()
    inventory(facility())
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change(model.objects.all())
    assert model.objects.count() == 1
