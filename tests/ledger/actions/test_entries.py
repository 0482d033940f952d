from datetime import UTC, datetime

import pytest

from ledger.actions import record
from ledger.models import Head, Leaf

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
def test_the_database_gives_positions_without_gaps():
    first = sum(Head.objects.values_list("size", flat=True))
    for number in range(3):
        record(kind="thing.done", payload={"number": number}, by=None, at=NOON)
    assert list(Leaf.objects.order_by("index").values_list("index", flat=True)) == [first, first + 1, first + 2]
