from copy import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from core.durations import Duration
from core.errors import Malformed
from treaty.rules.orders import (
    Exemption,
    Obligation,
    Order,
    Work,
    answer,
    is_renewal_due,
    next_instant,
    quantity,
    written,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = Duration.parse("24 h")
HASH = "ab" * 32
flops = some.integers(0, 10**33).map(lambda thousandths: Decimal(f"{thousandths}e-3"))
limits = some.one_of(some.none(), flops)


def obligation(train="1e24", **fields):
    above = {Work.TRAIN: Decimal(train), Work.DEPLOY: None, Work.RELEASE: Decimal("1e25")}
    return Obligation(**({"pause": "2026-01", "level": "pause", "state": "in_force", "text": HASH, "since": NOON, "above_flop": above} | fields))  # fmt: skip


def order(*obligations, **fields):
    said = {"lab": "aster", "log": "localhost/tlog", "sequence": 2, "replaces": HASH, "position": 40, "text": HASH}
    return Order(**(said | {"not_before": NOON, "expires_at": NOON + timedelta(hours=24)} | fields), obligations=obligations)  # fmt: skip


@given(some.lists(some.tuples(limits, limits, limits, some.booleans()), max_size=3), some.integers(1, 10**6))
def test_an_order_is_read_as_it_was_written(stated, sequence):
    made = order(
        *(obligation(above_flop=dict(zip(Work, one[:3], strict=True)), drill=one[3]) for one in stated),
        sequence=sequence,
    )
    read = Order.parse(made.note)
    assert (read.hash, read.content, read.note) == (made.hash, made.content, made.note)
    assert [one.above_flop for one in read.obligations] == [one.above_flop for one in made.obligations]
    assert read.is_drill == any(one[3] for one in stated)


@given(flops)
def test_a_quantity_is_written_exactly_and_in_one_way(number):
    assert quantity(written(number)) == number
    assert written(quantity(f"{number:f}000" if "." in f"{number:f}" else f"{number:f}")) == written(number)


@pytest.mark.parametrize(
    ("text", "value"), [("3e25", "3e25"), ("1E+24", "1e24"), ("12", "12"), ("2.50e24", "2.5e24"), ("0", "0")]
)
def test_quantities_are_read_exactly(text, value):
    assert written(quantity(text)) == value


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "NaN", "Infinity", "inf", "1_000", "1e999999999", "1e61", "٣e25", " 3", "3 ", "0x10", "1" * 90]
)  # fmt: skip
def test_what_is_no_number_of_operations_is_refused(text):
    with pytest.raises(Malformed):
        quantity(text)


@pytest.mark.parametrize(
    "note",
    [
        "", "{}\n", "[]\n", "null\n", '{"v":1}\n', order(obligation()).note.rstrip("\n"), f" {order().note}",
        order().note.replace('"v":1', '"v":2'), order().note.replace('"drill":false', '"drill":true'),
        order().note.replace('"sequence":2', '"sequence":true'), order().note.replace("{", '{"extra":1,', 1),
        order(obligation()).note.replace('"train":"1e24"', '"train":"1e24 "'), order(obligation()).note.replace('"deploy":null,', ""),
    ],
)  # fmt: skip
def test_whatever_this_version_would_not_have_written_is_no_order(note):
    with pytest.raises(Malformed):
        Order.parse(note)


@given(flops, flops)
def test_work_is_held_above_its_limit_and_at_no_quantity_below(limit, flop):
    found = answer([obligation(str(limit))], Work.TRAIN, flop, run="", at=NOON, obey_drills=False)
    assert found.is_clear == (flop <= limit)


@given(some.lists(limits, min_size=1, max_size=4), flops)
def test_more_pauses_never_allow_more(stated, flop):
    asked = [obligation(above_flop=dict.fromkeys(Work, limit)) for limit in stated]
    for work in Work:
        clear = [answer(asked[:n], work, flop, run="", at=NOON, obey_drills=False).is_clear for n in range(5)]
        assert clear == sorted(clear, reverse=True)


def test_what_is_not_limited_is_clear():
    assert answer([obligation()], Work.DEPLOY, Decimal("1e30"), run="", at=NOON, obey_drills=False).is_clear


def test_a_drill_holds_those_who_obey_drills():
    drill = [obligation(drill=True)]
    ignored = answer(drill, Work.TRAIN, Decimal("1e25"), run="", at=NOON, obey_drills=False)
    assert (ignored.is_clear, len(ignored.drills)) == (True, 1)
    assert not answer(drill, Work.TRAIN, Decimal("1e25"), run="", at=NOON, obey_drills=True).is_clear


@pytest.mark.parametrize(
    ("work", "run", "flop", "hours", "clear"),
    [
        (Work.TRAIN, "safe", "9e24", 0, True), (Work.TRAIN, "safe", "9.1e24", 0, False), (Work.TRAIN, "other", "9e24", 0, False),
        (Work.TRAIN, "safe", "9e24", 1, False), (Work.RELEASE, "safe", "1e26", 0, False),
    ],
)  # fmt: skip
def test_an_exemption_covers_one_run_up_to_its_limit_until_its_end(work, run, flop, hours, clear):
    exempt = Exemption("safe", Decimal("9e24"), NOON + timedelta(hours=1))
    asked = [obligation(exemptions=(exempt,))]
    at = NOON + timedelta(hours=hours)
    assert answer(asked, work, Decimal(flop), run=run, at=at, obey_drills=False).is_clear == clear


def test_the_place_of_an_order_is_no_part_of_what_it_says():
    one = order(obligation())
    assert replace(one, sequence=9, position=99, replaces=None).content == one.content
    assert replace(one, text="cd" * 32).content != one.content


@given(some.timedeltas(timedelta(days=-400), timedelta(days=400)))
def test_orders_go_back_in_time_only_after_a_clock_that_ran_wild(step):
    found = next_instant(NOON + step, NOON, DAY)
    assert found == (NOON if timedelta(hours=-24) <= step < timedelta(0) else NOON + step)


def test_a_renewal_is_due_at_the_instant_and_not_before():
    assert not is_renewal_due(NOON, NOON + timedelta(hours=6) - timedelta.resolution, Duration.parse("6 h"))
    assert is_renewal_due(NOON, NOON + timedelta(hours=6), Duration.parse("6 h"))
