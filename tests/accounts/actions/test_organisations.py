import pytest

from accounts.actions.organisations import (
    AffiliationRefused,
    OrganisationRefused,
    declare_affiliation,
    end_affiliation,
    found_organisation,
)
from accounts.models import Affiliation, Organisation
from accounts.queries.organisations import affiliates
from accounts.rules.names import NameRefused
from accounts.rules.organisations import Kind
from core.errors import NotAllowed
from ledger.models import Entry
from tests.factories import NOON, depositary, laboratory, representative


@pytest.fixture
def entries(db):
    before = Entry.objects.count()
    return lambda: list(Entry.objects.order_by("pk").values_list("kind", flat=True))[before:]


def found(by=None, **changes):
    fields = {"key": "nova", "name": "Nova Laboratory", "kind": Kind.LABORATORY, "jurisdiction": "FR"}
    return found_organisation(by=by, at=NOON, **(fields | changes))


def test_the_depositary_founds_an_organisation_once(entries):
    by = depositary()
    assert found(by) == found(by)
    assert entries() == ["organisation.founded"]


def test_a_representative_founds_nothing(entries):
    with pytest.raises(NotAllowed):
        found(representative())
    assert entries() == []
    assert not Organisation.objects.filter(key="nova").exists()


@pytest.mark.parametrize("name", ["Aster lnstitute", "aster institute", "Äster-Institute", "АSTER INSTITUTE"])
def test_a_name_like_one_that_is_taken_is_refused(entries, name):
    laboratory("aster")
    with pytest.raises(NameRefused):
        found(name=name)
    assert entries() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "N"},
        {"key": "no va"},
        {"key": "nova:1"},
        {"jurisdiction": ""},
        {"jurisdiction": "fr"},
        {"jurisdiction": "FRA"},
    ],
)
def test_a_key_or_jurisdiction_that_does_not_fit_is_refused(entries, changes):
    with pytest.raises(OrganisationRefused):
        found(**changes)
    assert entries() == []


def test_a_key_that_is_taken_is_refused_under_another_name(entries):
    found()
    with pytest.raises(OrganisationRefused):
        found(name="Quite Different")
    assert entries() == ["organisation.founded"]


def test_an_affiliation_holds_both_ways_through_others_and_is_declared_once(entries):
    aster, borealis, cobalt = (laboratory(key) for key in ("aster", "borealis", "cobalt"))
    ada = representative(aster)
    assert declare_affiliation(
        organisation=aster, affiliate=borealis, basis="ownership", by=ada, at=NOON
    ) == declare_affiliation(organisation=borealis, affiliate=aster, basis="ownership", by=ada, at=NOON)
    declare_affiliation(organisation=cobalt, affiliate=borealis, basis="chips", by=depositary(), at=NOON)
    assert affiliates(aster, NOON) == {borealis.pk, cobalt.pk}
    assert affiliates(cobalt, NOON) == {aster.pk, borealis.pk}
    assert entries() == ["affiliation.declared", "affiliation.declared"]


def test_a_third_laboratory_declares_no_affiliation_of_others(entries):
    with pytest.raises(NotAllowed):
        declare_affiliation(
            organisation=laboratory("aster"),
            affiliate=laboratory("borealis"),
            basis="x",
            by=representative(laboratory("cobalt")),
            at=NOON,
        )
    with pytest.raises(AffiliationRefused):
        declare_affiliation(
            organisation=laboratory("aster"), affiliate=laboratory("aster"), basis="x", by=None, at=NOON
        )
    assert entries() == []


def test_an_organisation_cannot_end_its_own_affiliation(entries):
    aster, borealis = laboratory("aster"), laboratory("borealis")
    made = Affiliation.objects.create(organisation=aster, affiliate=borealis, basis="ownership", from_at=NOON)
    with pytest.raises(NotAllowed):
        end_affiliation(affiliation=made, by=representative(aster), at=NOON)
    for _ in range(2):
        end_affiliation(affiliation=made, by=depositary(), at=NOON)
    assert affiliates(aster, NOON) == frozenset()
    assert entries() == ["affiliation.ended"]
