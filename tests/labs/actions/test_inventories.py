from datetime import timedelta

import pytest

from core.errors import NotAllowed
from labs.actions.inventories import InventoryRefused, declare_inventory, list_accelerator
from labs.models import AcceleratorModel, Inventory
from labs.queries.facilities import facilities_of, lines_of
from labs.rules.accelerators import CATALOGUE
from tests.factories import LONG_AGO, NOON, accelerator, facility


@pytest.fixture
def site(aster):
    accelerator("h100")
    return facility(aster)


def declare(site, by, quantities=None, as_of=LONG_AGO):
    return declare_inventory(
        facility=site, quantities={"h100": 1024} if quantities is None else quantities, as_of=as_of, by=by, at=NOON
    )


def test_a_changed_inventory_is_a_new_version_and_the_old_one_stays(site, ada, entries):
    first = declare(site, ada)
    second = declare(site, ada, {"h100": 2048}, as_of=NOON)
    assert (second.version, second.supersedes, Inventory.objects.count()) == (2, first, 2)
    assert [line.quantity for found in facilities_of([site.organisation], NOON) for line in lines_of(found)] == [2048]
    assert entries() == ["inventory.declared", "inventory.declared"]


def test_the_same_inventory_again_is_entered_once(site, ada, entries):
    assert declare(site, ada) == declare(site, ada)
    assert entries() == ["inventory.declared"]


def test_an_empty_inventory_is_a_declaration_that_nothing_is_there(site, ada):
    assert list(declare(site, ada, {}).lines.all()) == []


def test_a_rival_cannot_declare_the_inventory(site, rival, entries):
    with pytest.raises(NotAllowed):
        declare(site, rival)
    assert entries() == []
    assert not Inventory.objects.exists()


@pytest.mark.parametrize("quantities", [{"h100": 0}, {"h100": -1}, {"h100": 10_000_001}, {"abacus": 1}])
def test_quantities_that_cannot_be_are_refused(site, ada, entries, quantities):
    with pytest.raises(InventoryRefused):
        declare(site, ada, quantities)
    assert entries() == []
    assert not Inventory.objects.exists()


def test_an_inventory_is_neither_of_the_future_nor_older_than_the_last(site, ada):
    with pytest.raises(InventoryRefused):
        declare(site, ada, as_of=NOON + timedelta(seconds=1))
    declare(site, ada, as_of=NOON)
    with pytest.raises(InventoryRefused):
        declare(site, ada, {"h100": 1}, as_of=LONG_AGO)


def test_the_catalogue_is_listed_once(db, entries):
    for _ in range(2):
        for chip in CATALOGUE:
            list_accelerator(accelerator=chip, by=None, at=NOON)
    assert AcceleratorModel.objects.count() == len(CATALOGUE) == len(entries())


def test_a_representative_does_not_keep_the_catalogue(ada, entries):
    with pytest.raises(NotAllowed):
        list_accelerator(accelerator=CATALOGUE[0], by=ada, at=NOON)
    assert entries() == []
