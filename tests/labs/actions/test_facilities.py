import pytest

from core.canonical import commitment, parse
from core.errors import DomainError, NotAllowed
from labs.actions.facilities import FacilityRefused, close_facility, register_facility
from labs.actions.inventories import declare_inventory
from labs.models import Annex, Facility
from ledger.models import Entry
from tests.factories import LONG_AGO, NOON, accelerator, facility


def register(aster, by, **changes):
    fields = {"name": "Aster North", "jurisdiction": "CA", "location": "12 Confidential Road", "opened_at": LONG_AGO}
    return register_facility(organisation=aster, by=by, at=NOON, **(fields | changes))


def test_registering_a_site_enters_its_place_as_a_commitment_only(aster, ada, entries):
    site = register(aster, ada)
    annex = Annex.objects.get(facility=site)
    text = bytes(Entry.objects.last().data).decode()
    assert entries() == ["facility.registered"]
    assert "Confidential" not in text
    assert (
        parse(text)["payload"]["location_commitment"]
        == annex.commitment
        == commitment(annex.salt, "12 Confidential Road")
    )


def test_registering_a_site_again_changes_nothing(aster, ada, entries):
    assert register(aster, ada) == register(aster, ada)
    assert entries() == ["facility.registered"]


def test_a_rival_cannot_register_a_site_for_another_laboratory(aster, rival, entries):
    with pytest.raises(NotAllowed):
        register(aster, rival)
    assert entries() == []
    assert not Facility.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [("jurisdiction", "Canada"), ("opened_at", NOON.replace(year=2027)), ("name", "Aster\u200bNorth")],
)
def test_a_site_that_does_not_fit_is_refused_with_its_field_named(aster, ada, entries, field, value):
    with pytest.raises(DomainError) as refusal:
        register(aster, ada, **{field: value})
    assert set(refusal.value.fields) == {field}
    assert entries() == []


def test_a_site_closes_once_it_is_empty(aster, ada, entries):
    site = facility(aster)
    accelerator("h100")
    declare_inventory(facility=site, quantities={"h100": 8}, as_of=LONG_AGO, by=ada, at=NOON)
    with pytest.raises(FacilityRefused):
        close_facility(facility=site, by=ada, at=NOON)
    declare_inventory(facility=site, quantities={}, as_of=NOON, by=ada, at=NOON)
    close_facility(facility=site, by=ada, at=NOON)
    close_facility(facility=site, by=ada, at=NOON)
    assert entries() == ["inventory.declared", "inventory.declared", "facility.closed"]
