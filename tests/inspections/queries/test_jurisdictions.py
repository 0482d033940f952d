from fractions import Fraction

import pytest

from inspections.queries.jurisdictions import jurisdictions
from inspections.queries.matrix import matrix
from inspections.rules.evidence import EvidenceState, of_facility
from inspections.rules.visits import VisitState
from tests import factories as make

VERIFIED, UNKNOWN = EvidenceState.VERIFIED, EvidenceState.UNKNOWN


@pytest.mark.parametrize(
    ("states", "whole"),
    [
        ((), EvidenceState.OUT_OF_SCOPE),
        ((UNKNOWN, VERIFIED), VERIFIED),
        ((VERIFIED, EvidenceState.DISCREPANCY), EvidenceState.DISCREPANCY),
        ((EvidenceState.STALE, UNKNOWN), EvidenceState.STALE),
        ((EvidenceState.OUT_OF_SCOPE, UNKNOWN), UNKNOWN),
    ],
)
def test_a_facility_is_what_its_weightiest_layer_says(states, whole):
    assert of_facility(states) is whole


@pytest.mark.django_db
def test_facilities_are_counted_by_country_and_what_is_not_declared_is_not_nought(django_assert_max_num_queries):
    make.parties()
    seen = make.facility(make.laboratory("aster"), name="Hall", jurisdiction="CA")
    make.inventory(seen, quantities={"h100": 100})
    make.facility(make.laboratory("borealis"), name="Barn", jurisdiction="CA")
    make.facility(make.laboratory("borealis"), name="Mine", jurisdiction="NO")
    make.submitted_report(make.visit(seen, state=VisitState.IN_PROGRESS, team=make.inspectors(1)[:2]))
    evidence = matrix(make.NOON)
    with django_assert_max_num_queries(0):
        canada, norway = jurisdictions(evidence)
    assert (canada.code, canada.facilities, canada.undeclared, round(canada.capacity)) == ("CA", 2, 1, 100)
    assert (canada.count(VERIFIED), canada.count(UNKNOWN)) == (1, 1)
    assert (norway.facilities, norway.undeclared, norway.capacity) == (1, 1, Fraction(0))
