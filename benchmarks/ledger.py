"""The record: commits, tiles, proofs, publication, reading and full verification, each beside its floor.

make bench ARGS=ledger              (LEDGER_ENTRIES=1000000 chooses the size of the large log)
"""

import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path

from benchmarks.place import run_apart
from benchmarks.table import Row, show

ENTRIES = int(os.environ.get("LEDGER_ENTRIES", "1000000"))
SECONDS = 3.0

ENTRY = "INSERT INTO ledger_entry (kind, at, data, subjects) VALUES ('thing.done', now(), %s, '{vote:17}')"
PLAIN = """WITH entry AS (INSERT INTO plain_entry (kind, at, data, subjects) VALUES ('thing.done', now(), %s, '{vote:17}') RETURNING id, data)
INSERT INTO plain_leaf (entry_id, hash) SELECT id, sha256('\\x00'::bytea || data) FROM entry"""
PLAIN_TABLES = """
CREATE TABLE plain_entry (LIKE ledger_entry INCLUDING ALL);
CREATE TABLE plain_leaf (index bigserial PRIMARY KEY, entry_id bigint UNIQUE NOT NULL, hash bytea NOT NULL);
CREATE INDEX ON plain_leaf (hash);
"""
MANY = """INSERT INTO ledger_entry (kind, at, data, subjects)
SELECT 'thing.done', now(), convert_to('{"at":"2026-11-22T12:00:00Z","by":null,"kind":"thing.done","payload":{"number":' || number
    || ',"text":"' || repeat('x', 250) || '","vote":"17"},"v":1}', 'UTF8'), '{}' FROM generate_series(%s::bigint, %s::bigint) AS number"""


def main() -> None:
    code = run_apart("benchmarks.ledger")
    if code:
        sys.exit(code)


def inside() -> None:
    import django

    django.setup()
    from django.utils import timezone

    from ledger.actions import open_log

    open_log(at=timezone.now())
    show("The record: commits", commits())
    show("The record: publication", publication())
    show(f"The record: a log of {ENTRIES:,} entries", large_log())


def commits() -> list[Row]:
    import psycopg

    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(PLAIN_TABLES)
    rows = []
    for clients in (1, 4, 16):
        plain, positioned = per_second(clients, PLAIN), per_second(clients, ENTRY)
        rows.append(
            Row(
                f"commits of one entry, {clients} clients",
                positioned,
                plain,
                "a second",
                note="floor: the same two rows without a position; goal at least 0.5",
            )
        )
    rows.append(
        Row(
            "commits of one entry, 1 client",
            rows[0].measured,
            pymerkle_per_second(),
            "a second",
            note="peer: pymerkle on SQLite",
        )
    )
    return rows


def per_second(clients: int, statement: str) -> float:
    """Commits a second of so many processes, each on its own connection."""
    reader, writer = os.pipe()
    children = []
    for number in range(clients):
        child = os.fork()
        if not child:
            os.write(writer, f"{_commit(statement, number)}\n".encode())
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    os.close(writer)
    with os.fdopen(reader) as counts:
        return sum(map(int, counts.read().split())) / SECONDS


def _commit(statement: str, number: int) -> int:
    import psycopg

    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        count, end = 0, time.monotonic() + SECONDS
        while time.monotonic() < end:
            connection.execute(statement, [f"{number}-{count}-{'x' * 380}".encode()])
            count += 1
    return count


def pymerkle_per_second() -> float:
    from pymerkle import SqliteTree

    with tempfile.TemporaryDirectory() as folder:
        tree = SqliteTree(str(Path(folder) / "tree.sqlite"))
        count, end = 0, time.monotonic() + SECONDS
        while time.monotonic() < end:
            tree.append_entry(f"{count}-{'x' * 380}".encode())
            count += 1
        return count / SECONDS


def publication() -> list[Row]:
    """Seconds from commit to a published checkpoint, with a publisher that sweeps each second as the beat has it."""
    from django.utils import timezone

    from ledger import published
    from ledger.actions import record
    from ledger.actions.publish import publish
    from ledger.models import Leaf

    publish(at=timezone.now())
    stop = threading.Event()

    def sweep() -> None:
        while not stop.wait(1.0):
            publish(at=timezone.now())

    publisher = threading.Thread(target=sweep)
    publisher.start()
    waits = []
    for number in range(20):
        time.sleep(random.uniform(0, 0.7))
        entry = record(kind="thing.done", payload={"number": number}, by=None, at=timezone.now())
        start = time.monotonic()
        index = Leaf.objects.get(entry=entry).index
        while published.head().size <= index:
            time.sleep(0.005)
        waits.append(time.monotonic() - start)
    stop.set()
    publisher.join()
    waits.sort()
    return [
        Row("commit to published checkpoint, median", statistics.median(waits), None, "s"),
        Row("commit to published checkpoint, p95", waits[int(len(waits) * 0.95) - 1], None, "s", note="goal at most 2"),
    ]


def fill_log(entries: int) -> None:
    """Put so many entries on record, that mean nothing, in batches of their own transactions."""
    from django.db import connection

    with connection.cursor() as cursor:
        # Within one transaction each position is a new version of the head row, so large batches cost their square.
        for start in range(0, entries, 2_000):
            cursor.execute(MANY, [start, min(start + 2_000, entries) - 1])


def large_log() -> list[Row]:
    from django.utils import timezone

    from ledger import published
    from ledger.actions.publish import publish
    from ledger.bundle import write_bundle

    fill_log(ENTRIES)
    before, start = published.head().size, time.perf_counter()
    size = publish(at=timezone.now()).size
    rows = [
        Row(
            "entries extended into tiles, stored and signed",
            (size - before) / (time.perf_counter() - start),
            None,
            "a second",
            note="rows read, hashes checked, files on the disk; goal 100,000",
        )
    ]
    rows.append(Row("entries extended into tiles, hashes at hand", extended_per_second(size), None, "a second"))
    times = []
    for _ in range(200):
        began = time.perf_counter()
        published.tree(published.head().size).inclusion(random.randrange(size))
        times.append(time.perf_counter() - began)
    rows.append(
        Row(
            f"inclusion proof at {size:,} entries, median",
            statistics.median(times) * 1000,
            None,
            "ms",
            note="checkpoint and tiles read from the disk; goal at most 2",
        )
    )
    rows += served()
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle.zip"
        with bundle.open("wb") as target:
            write_bundle(target)
        rows += verified(bundle, size)
    return rows


def extended_per_second(size: int) -> float:
    from ledger.rules.tiles import Edge

    leaves = os.urandom(32 * 65_536)
    edge, rounds, start = Edge(), max(1, size // 65_536), time.perf_counter()
    for _ in range(rounds):
        edge, _tiles = edge.extend(leaves)
    _root = edge.root
    return rounds * 65_536 / (time.perf_counter() - start)


def verified(bundle: Path, size: int) -> list[Row]:
    """The verifier in a process of its own, beside SHA-256 over the same bytes."""
    from zipfile import ZipFile

    from ledger.rules.tiles import entries_of, tile_in
    from verifier.heads import Trust
    from verifier.sources import Bundle
    from verifier.verify import Report, checked_bundles, verify

    with ZipFile(bundle) as archive:
        floor_calls = floor_bytes = 0.0
        for index in range(-(-size // 256)):
            tile = tile_in(0, index, size).bundle
            entries = entries_of(archive.read(tile.path), tile.width)
            start = time.perf_counter()
            for entry in entries:
                sha256(entry).digest()
            floor_calls += time.perf_counter() - start
            whole = b"".join(entries)
            start = time.perf_counter()
            sha256(whole).digest()
            floor_bytes += time.perf_counter() - start
    start = time.perf_counter()
    for _ in checked_bundles(Bundle(bundle), size):
        pass
    leaves = time.perf_counter() - start
    start = time.perf_counter()
    verify(Bundle(bundle), Trust(), Report("bench"), kept=None, replaying=False, bar=False)
    transport = time.perf_counter() - start
    child = subprocess.run(
        [sys.executable, "-m", "verifier.cli", "verify", str(bundle), "--no-replay", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
    )
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return [
        Row(
            "full verification, Merkle part",
            transport,
            floor_calls,
            "s",
            note="floor: SHA-256 of each entry, one call each; goal at most 4",
        ),
        Row(
            "full verification, Merkle part",
            transport,
            floor_bytes,
            "s",
            note="floor: SHA-256 over the same bytes joined by 256",
        ),
        Row("of it: bundles cut, leaves hashed and compared", leaves, floor_calls, "s"),
        Row("peak memory of fermata verify", memory, None, "MiB", note=f"exit code {child.returncode}"),
    ]


def served() -> list[Row]:
    from config import processes
    from ledger.rules.tiles import Tile

    with tempfile.TemporaryDirectory() as folder:
        port, bare_port = _free_port(), _free_port()
        environment = {**os.environ, "FERMATA_STATE": folder, "BARE_BYTES": "8192"}
        site = subprocess.Popen(
            processes.web(port), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        command = [
            word.replace(str(port), str(bare_port)).replace("config.wsgi:application", "benchmarks.bare:application")
            for word in processes.web(port)
        ]
        bare = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait_for(port)
            _wait_for(bare_port)
            floor = requests_per_second(bare_port, lambda: "/")
            tile = requests_per_second(port, lambda: f"/tlog/{Tile(0, random.randrange(max(1, ENTRIES // 256))).path}")
            checkpoint = requests_per_second(port, lambda: "/tlog/checkpoint")
        finally:
            for process in (site, bare):
                process.terminate()
                process.wait()
    return [
        Row(
            "tiles served",
            tile,
            floor,
            "a second",
            queries=0,
            note="floor: a bare view of 8,192 bytes under the same server",
        ),
        Row("checkpoints served", checkpoint, floor, "a second", queries=0),
    ]


def requests_per_second(port: int, path: Callable[[], str]) -> float:
    connection = HTTPConnection("127.0.0.1", port)

    def get() -> None:
        asked = path()
        connection.request("GET", asked, headers={"Host": "localhost"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, (answer.status, asked)

    get()  # the first request of a process imports its views
    count, end = 0, time.monotonic() + SECONDS
    while time.monotonic() < end:
        get()
        count += 1
    return count / SECONDS


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            HTTPConnection("127.0.0.1", port, timeout=1).request("GET", "/")
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(port)


if __name__ == "__main__":
    inside() if "--inside" in sys.argv else main()
