"""Workers killed, the broker emptied, two beats at once, in the middle of work: the same states, and each entry once."""

import json
import random
import signal
import time

import psycopg
import pytest
import redis

from config import processes

LABS = ("aster", "borealis", "cobalt", "daxing", "elbe", "fjord")
KILLS = 4
BEGIN = f"""
from datetime import timedelta
from django.utils import timezone
from tests import factories as make
make.pause_in_force(labs={LABS!r}, effective_at=timezone.now() - timedelta(hours=79))
"""
TOLD = """
import json
from ledger.models import Entry
from treaty.models import Case, Order, Pause
pause = Pause.objects.order_by("pk").last()
print(json.dumps({
    "cases": sorted([case.organisation.key, case.subject] for case in Case.objects.filter(pause=pause, kind="late")),
    "opened": Entry.objects.filter(kind="case.opened").count(),
    "late": Case.objects.count(),
    "orders": sorted([order.organisation.key, order.sequence] for order in Order.objects.all()),
    "issued": Entry.objects.filter(kind="order.issued").count(),
}))
"""


@pytest.mark.xdist_group("parties")
@pytest.mark.slow
def test_what_is_killed_emptied_or_doubled_changes_no_state_and_doubles_no_entry(bound_parties):
    dice, broker = random.Random(5), redis.Redis.from_url(bound_parties.environment["REDIS_URL"])
    (bound_parties.state / "second").mkdir()
    bound_parties.start("second beat", processes.beat(bound_parties.state / "second"))
    bound_parties.manage("shell", "-c", BEGIN)
    for _ in range(KILLS):
        time.sleep(dice.uniform(0.1, 3))
        bound_parties.stop("worker", signal.SIGKILL)
        broker.flushall()
        bound_parties.start("worker", processes.worker())

    def told():
        return json.loads(bound_parties.manage("shell", "-v", "0", "-c", TOLD).stdout)

    late = sorted([lab, stage] for lab in LABS for stage in ("acknowledge", "halt"))
    with psycopg.connect(bound_parties.environment["DATABASE_URL"], autocommit=True) as database:
        bound_parties.until(
            lambda: database.execute("SELECT count(*) FROM treaty_case WHERE kind = 'late'").fetchone()[0] == len(late),
            90,
            "the late stages have their cases",
        )
    time.sleep(6)  # a sweep of each kind more
    found = told()
    bound_parties.stop("second beat")
    assert found["cases"] == late
    assert found["opened"] == found["late"]
    assert found["issued"] == len(found["orders"]) == len({tuple(one) for one in found["orders"]})
    for lab in LABS:
        numbers = [number for key, number in found["orders"] if key == lab]
        assert numbers == list(range(1, len(numbers) + 1)), lab
    bound_parties.manage("verify_ledger")
