"""Orders as the record shows them: they follow from the pauses, and what an operator would like instead is named."""

from copy import deepcopy
from datetime import timedelta
from hashlib import sha256

import pytest

from core.canonical import canonical
from core.times import stamp
from tests.once import once_a_module
from tests.verifier.decisions import HOUR, site_in_force
from treaty.actions.orders import acknowledge_order, issue_due
from treaty.queries.orders import newest_order

pytestmark = pytest.mark.django_db


founded = once_a_module(site_in_force)


@pytest.fixture
def site(founded, settings, tmp_path):
    settings.LEDGER = {**settings.LEDGER, "SIGNER_DIR": tmp_path / "signer"}
    return deepcopy(founded)


def paused(site, level="pause"):
    """Orders before a pause, in it, renewed, and at another level of it."""
    issue_due(at=site.now)
    site.pause(level)
    issue_due(at=site.now)
    order = newest_order("aster")
    acknowledge_order(order=order, by=site.person("aster"), at=site.now)
    site.now += 7 * HOUR
    issue_due(at=site.now)
    return site.record()


def codes(record):
    return [problem.code for problem in record.problems()]


def forge(record, kind="order.issued", *, last=True, **changes):
    """Alter an order's document as an operator would, who also gives it its hash."""
    payload = record.entries[record.find(kind, lab="aster", last=last)]["payload"]
    document = payload["document"] | changes
    payload |= {"document": document, "order": sha256(canonical(document) + b"\n").hexdigest()}
    return record


def test_orders_follow_from_the_pauses_on_record(site):
    record = paused(site)
    site.decide(site.ask("escalate", pause="2026-01", level="halt"))
    issue_due(at=site.now)
    record = site.record()
    replay, problems = record.replay()
    assert problems == []
    assert replay.unreplayed == {}
    assert replay.kinds["order.issued"] == 24
    assert replay.kinds["order.renewed"] >= 1


def test_orders_of_a_clock_set_back_follow_too(site):
    site.pause()
    issue_due(at=site.now)
    issue_due(at=site.now - timedelta(minutes=30))
    assert site.record().problems() == []


def test_an_order_that_asks_nothing_while_a_pause_is_in_force_is_named(site):
    assert "order" in codes(forge(paused(site), obligations=[]))


def test_an_order_with_a_higher_limit_is_named(site):
    record = paused(site)
    payload = record.entries[record.find("order.issued", lab="aster", last=True)]["payload"]
    [one] = payload["document"]["obligations"]
    one["above_flop"]["train"] = "1e26"
    [first, *_] = forge(record).problems()
    assert (first.code, "1e26" in first.text) == ("order", True)


def test_an_order_that_stands_for_longer_is_named(site):
    record = paused(site)
    begun = record.entries[record.find("order.issued", lab="aster", last=True)]["payload"]["document"]["not_before"]
    assert codes(forge(record, expires_at=begun.replace("2026", "2027")))[0] == "instant"


def test_a_number_that_was_used_is_named(site):
    assert "sequence" in codes(forge(paused(site), sequence=1))


def test_an_order_ahead_of_the_record_is_named(site):
    assert "position" in codes(forge(paused(site), position=10_000))


def test_an_order_that_was_left_out_is_missed_by_the_next(site):
    record = paused(site)
    record.drop("order.issued", lab="aster")
    assert "order" in codes(record)


def test_a_renewal_with_another_hash_is_named(site):
    record = paused(site)
    payload = record.entries[record.find("order.renewed")]["payload"]
    payload["orders"][0]["order"] = "0" * 64
    assert "order" in codes(record)


def test_a_renewal_that_hides_a_pause_is_named(site):
    """As if the pause had changed nothing: the renewal would have to say what the pause asks."""
    record = paused(site)
    record.entries = [
        entry
        for index, entry in enumerate(record.entries)
        if entry["kind"] not in {"order.issued", "order.acknowledged"} or index < record.find("pause.adopted")
    ]
    found = [problem for problem in record.problems() if problem.kind == "order.renewed"]
    assert any("no renewal" in problem.text for problem in found)


def test_orders_without_a_declared_key_are_named(site):
    record = paused(site)
    record.drop("order.key_declared")
    assert codes(record)[0] == "key"


def test_an_acknowledgement_by_a_rival_is_named(site):
    record = paused(site)
    other = record.entries[record.find("commitment.confirmed", lab="borealis")]["by"]
    record.entries[record.find("order.acknowledged")]["by"] = other
    assert "authority" in codes(record)


def test_an_acknowledgement_of_an_order_that_was_overtaken_is_named(site):
    record = paused(site)
    record.entries.append(record.entries[record.find("order.acknowledged")] | {"at": stamp(site.now)})
    assert codes(record) == ["order", "sequence", "repeated"]
