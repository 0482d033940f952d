"""Orders: issued to a hundred laboratories, served to their machines, and read by a gate that has just been started.

python -m config.servers --state .state/bench -- python -m benchmarks orders
"""

import os
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from statistics import median

import httpx

from benchmarks.load import CLIENTS, TOOL, queries, requests_per_second, served
from benchmarks.place import run_apart
from benchmarks.table import Row, show
from config.servers import valkey

LABS = 100
STARTS = 21
CRYPTOGRAPHY = "from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, valkey(Path(folder)) as redis:
        os.environ["REDIS_URL"] = redis
        code = run_apart("benchmarks.orders")
    if code:
        sys.exit(code)


def inside() -> None:
    import django

    django.setup()
    from benchmarks.population import populate

    populate(LABS)
    show(f"Orders issued to {LABS} laboratories", issued())
    with served() as site:
        lab = laboratory()
        show(f"Orders served, {CLIENTS} clients, load by {TOOL}", served_rows(site, lab))
        show("A gate is started", started(site, lab))


def issued() -> list[Row]:
    """The sweep that issues all, that finds nothing due, and that renews all; beside the notes alone, signed and read."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    from django.utils import timezone

    from treaty.actions.orders import issue_due
    from treaty.models import Order
    from treaty.queries.orders import document
    from treaty.rules.orders import Order as Document
    from treaty.signer import order_signer

    def timed(at):
        with CaptureQueriesContext(connection) as captured:
            start = time.perf_counter()
            count = len(issue_due(at=at))
            return time.perf_counter() - start, len(captured), count

    now, rows = timezone.now(), []
    before = now - timedelta(hours=6)  # the renewal is the present one: a gate obeys no order of the future
    cases = [
        ("all are issued", before, LABS),
        ("nothing is due", before, 0),
        ("all are renewed", now, LABS),
    ]
    measured = [(what, timed(at), expected) for what, at, expected in cases]
    notes = [document(order).note for order in Order.objects.filter(renewal=True).select_related("organisation")]
    key, start = order_signer().key, time.perf_counter()
    for note in notes:
        key.sign(note)
        Document.parse(note)
    alone = time.perf_counter() - start
    for what, (seconds, statements, count), expected in measured:
        if count != expected:
            raise RuntimeError(f"{what}: {count} orders, not {expected}")
        floor = alone if expected else None
        rows.append(Row(what, 1000 * seconds, floor and 1000 * floor, "ms", statements, f"{count} orders"))
    return rows


def laboratory() -> str:
    from treaty.models import Order

    return Order.objects.select_related("organisation").first().organisation.key


def served_rows(site: str, lab: str) -> list[Row]:
    """The signed note, whole and not changed, beside a bare view of as many bytes."""
    rows = []
    for what, path in [("the signed note", f"/labs/{lab}/order"), ("the API", f"/api/v1/labs/{lab}/order")]:
        url = site + path
        answer = httpx.get(url, timeout=30)
        tag = {"If-None-Match": answer.headers["ETag"]}
        with (
            served("benchmarks.bare:application", BARE_BYTES=str(len(answer.content))) as full,
            served("benchmarks.bare:application", BARE_BYTES="0") as empty,
        ):
            whole = (requests_per_second(url), requests_per_second(full))
            same = (requests_per_second(url, tag, status=HTTPStatus.NOT_MODIFIED), requests_per_second(empty))
        rows += [
            Row(what, *whole, "requests/s", queries(path), f"{len(answer.content):,} bytes"),
            Row(f"{what}, not changed (304)", *same, "requests/s", queries(path, tag=True), "0 bytes"),
        ]
    return rows


def started(site: str, lab: str) -> list[Row]:
    """From the start of the process to its exit: from the cache, and asking the site; beside Python that does less."""
    with tempfile.TemporaryDirectory() as folder:
        gate = [
            *(sys.executable, "-m", "verifier.cli", "gate", "--site", site, "--lab", lab, "--cache", folder),
            *("--action", "train", "--flop", "3e25"),
        ]
        asking = median_start([*gate, "--max-age", "0"])
        kept = median_start(gate)
    nothing = median_start([sys.executable, "-c", "pass"])
    check = median_start([sys.executable, "-c", CRYPTOGRAPHY])
    least = median_start([sys.executable, "-c", f"import datetime, decimal, hashlib, json, re, typing; {CRYPTOGRAPHY}"])
    return [
        Row("answers from the cache", kept, nothing, "ms", note="beside `python -c pass`"),
        Row("answers from the cache", kept, check, "ms", note="beside importing what checks a signature"),
        Row("answers from the cache", kept, least, "ms", note="beside importing what it needs of others, no more"),
        Row("asks the site", asking, nothing, "ms", note="beside `python -c pass`"),
    ]


def median_start(command: list[str]) -> float:
    times = []
    for _ in range(STARTS):
        start = time.perf_counter()
        code = subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode
        times.append(time.perf_counter() - start)
        if code not in {0, 75}:
            raise RuntimeError(f"{command} exits with {code}")
    return 1000 * median(times)


if __name__ == "__main__":
    inside()
