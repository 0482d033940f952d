"""Two beats, four workers, a pause that comes into force meanwhile: the same orders, each entered once."""

from collections import Counter
from datetime import timedelta

import pytest

from core.canonical import parse
from ledger.models import Entry
from tests import factories as make
from tests.concurrency.test_pauses import together
from tests.factories import NOON
from treaty.actions.advance import advance_pause
from treaty.actions.orders import issue_due
from treaty.models import Order, Pause
from treaty.queries.orders import document, newest_order

pytestmark = pytest.mark.django_db(transaction=True)
LABS = ("aster", "borealis", "cobalt", "daxing", "elbe")


@pytest.fixture(autouse=True)
def ledger(settings, tmp_path):
    settings.LEDGER = {**settings.LEDGER, "SIGNER_DIR": tmp_path / "signer"}


def issued():
    found = Entry.objects.filter(kind="order.issued").order_by("pk")
    return Counter(parse(bytes(entry.data))["payload"]["lab"] for entry in found)


def test_four_workers_at_once_issue_each_order_once():
    make.parties(*LABS)
    together(lambda _: issue_due(at=NOON), range(4))
    assert issued() == dict.fromkeys(LABS, 1)
    together(lambda _: issue_due(at=NOON + timedelta(hours=6)), range(4))
    assert Order.objects.count() == 10
    assert Entry.objects.filter(kind="order.renewed").count() == 1
    assert Entry.objects.filter(kind="order.key_declared").count() == 1


def test_orders_and_a_pause_that_comes_into_force_at_once_end_in_the_same_orders():
    pause = make.activating_pause(labs=LABS)
    pause.commitments.update(condition={"kind": "unconditional"}, confirmed_at=NOON)
    works = [lambda: issue_due(at=NOON), lambda: advance_pause(pause=Pause.objects.get(pk=pause.pk), at=NOON)]
    together(lambda number: works[number % 2](), range(4))
    issue_due(at=NOON)
    for lab in LABS:
        assert len(document(newest_order(lab)).obligations) == 1
    assert max(issued().values()) <= 2


def test_a_beat_that_stood_still_for_a_day_ends_in_the_same_orders():
    make.pause_in_force(labs=LABS)
    issue_due(at=NOON)
    issue_due(at=NOON + timedelta(days=1))
    assert issued() == dict.fromkeys(LABS, 1)
    assert newest_order("aster").content == Order.objects.get(organisation__key="aster", sequence=1).content
