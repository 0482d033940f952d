from datetime import date, timedelta
from fractions import Fraction

import pytest

from dashboard.queries.coverage import coverage
from labs.models import OpenWeightRelease
from tests import factories as make

pytestmark = pytest.mark.django_db
NOON = make.NOON


def release(key, flop, *, version=1, received_at=NOON):
    return OpenWeightRelease.objects.create(
        name=key,
        developer="Somebody",
        released_at=date(2026, 5, 1),
        flop=flop,
        source="epoch",
        source_key=key,
        version=version,
        received_at=received_at,
    )


def test_without_a_text_there_is_no_threshold_to_count_by():
    assert coverage(NOON) is None


def test_an_empty_register_is_unknown_and_not_nought():
    make.text()
    assert coverage(NOON).open_weights is None
    release("small", "1e22")
    assert coverage(NOON).open_weights == 0


def test_the_register_counts_releases_above_the_texts_threshold_in_their_newest_version():
    make.text()
    release("at the threshold", "1e24")
    release("above", "2e24")
    release("not estimated", None)
    release("corrected", "5e24")
    release("corrected", "5e23", version=2, received_at=NOON + timedelta(hours=1))
    assert (coverage(NOON).open_weights, coverage(NOON).unestimated) == (2, 1)
    assert coverage(NOON + timedelta(hours=1)).open_weights == 1


def test_capacity_outside_is_unknown_until_somebody_outside_declares_it():
    make.parties("aster")
    make.inventory(make.facility(make.laboratory("aster")), quantities={"h100": 300})
    assert coverage(NOON).capacity.outside_share is None
    make.inventory(make.facility(make.laboratory("outsider")), quantities={"h100": 100})
    assert coverage(NOON).capacity.outside_share == Fraction(1, 4)


def test_capacity_without_any_visit_is_capacity_without_evidence():
    make.parties("aster")
    assert coverage(NOON).capacity.verified_share is None, "nothing is declared"
    make.inventory(make.facility(make.laboratory("aster")))
    assert coverage(NOON).capacity.verified_share == 0
