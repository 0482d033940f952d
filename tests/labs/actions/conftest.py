import pytest

from ledger.models import Entry
from tests.factories import laboratory, representative


@pytest.fixture
def aster(db):
    return laboratory("aster")


@pytest.fixture
def ada(aster):
    return representative(aster, name="Ada")


@pytest.fixture
def rival(db):
    return representative(laboratory("borealis"), name="Bo")


@pytest.fixture
def entries():
    """The kinds of entries made since the fixture was asked for."""
    before = Entry.objects.count()
    return lambda: list(Entry.objects.order_by("pk").values_list("kind", flat=True))[before:]
