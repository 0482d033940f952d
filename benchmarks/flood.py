"""The day on which everybody looks: more readers than the site can serve, while representatives vote; and what its memory does.

python -m config.servers --state .state/bench -- python -m benchmarks.flood --minutes 10

FLOOD_LABS chooses the number of laboratories; --only memory (or pools, overload, flood) does one part.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

from benchmarks.load import TOOL, WRK, pooled, served
from benchmarks.place import run_apart
from benchmarks.table import Row, show
from config import processes
from config.servers import valkey

LABS = int(os.environ.get("FLOOD_LABS", "200"))
WORKERS = 2
READERS = 64  # connections of the flood
FLOOD = 30  # seconds
KEPT = ("/", "/votes/", "/labs/", "/pauses/", "/inspections/", "/parties/", "/treaty/")
PARTS = ("pools", "overload", "flood", "memory")
NEXT = count()

type Seen = tuple[int, float]  # an answer's status, and how long it took


def main(minutes: float = 1, parts: Sequence[str] = PARTS) -> None:
    with tempfile.TemporaryDirectory() as folder, valkey(Path(folder)) as redis:
        os.environ["REDIS_URL"] = redis
        code = run_apart("benchmarks.flood", [str(minutes), *parts])
    if code:
        sys.exit(code)


def inside(minutes: float, parts: Sequence[str]) -> None:
    import django

    django.setup()
    from benchmarks.population import populate

    made = populate(LABS)
    readers = f"readers by {TOOL}" + (
        "" if WRK else ": wrk is not on PATH, so the flood is far smaller than it could be"
    )
    if "pools" in parts and processes.NGINX:
        with pooled() as site:
            warm(site)
            show(
                f"Ballots in a flood of {READERS} connections, a pool of their own, {readers}",
                flood(site, made, "two pools"),
            )
    elif "pools" in parts:
        print("\npools: skipped, as nginx is not on PATH.", flush=True)
    if {"overload", "flood", "memory"}.isdisjoint(parts):
        return
    with served(workers=WORKERS) as site:
        warm(site)
        if "overload" in parts:
            show(f"More readers than can be served, {LABS} laboratories, {WORKERS} web processes", overload(site))
        if "flood" in parts:
            show(f"Ballots in a flood of {READERS} connections, one pool, {readers}", flood(site, made, "one pool"))
        if "memory" in parts:
            show(f"Memory of {WORKERS} web processes under load for {minutes:g} minutes", memory(site, minutes))


def warm(site: str) -> None:
    """Ask for the pages that readers ask for until every process has them."""
    for path in KEPT:
        together(4, 2, lambda path=path: get(site, path))  # type: ignore[misc]


def get(site: str, path: str) -> Seen:
    """Ask as a reader does."""
    return ask(HTTPConnection(urlsplit(site).netloc, timeout=120), "GET", path)


def ask(connection: HTTPConnection, method: str, path: str, body: str = "", **headers: str) -> Seen:
    start = time.perf_counter()
    connection.request(method, path, body or None, headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status, time.perf_counter() - start


def fresh() -> str:
    """Return the address of a page that nobody has asked for yet, so that it has to be made."""
    return f"/parties/?q={next(NEXT)}"


# --- four times the sustained rate ---------------------------------------------------------------------------------


def overload(site: str) -> list[Row]:
    """Send four times as many requests for pages that have to be made as can be; arrivals do not wait for answers."""
    alone = together(WORKERS, 10, lambda: get(site, fresh()))
    sustained = len(alone) / 10
    seen = arriving(4 * sustained, 20, lambda: get(site, fresh()))
    made, shed = of(seen, HTTPStatus.OK), of(seen, HTTPStatus.SERVICE_UNAVAILABLE)
    others = len(seen) - len(made) - len(shed)
    return [
        Row("pages made, sustained", sustained, None, "requests/s", None, f"p99 {at(99, of(alone, 200)):,.0f} ms"),
        Row("offered", len(seen) / 20, sustained, "requests/s"),
        Row("… made", len(made) / 20, sustained, "requests/s", None, f"p50 {at(50, made):,.0f} ms"),
        Row("… p99 of what was made", at(99, made), at(99, of(alone, 200)), "ms"),
        Row("… turned away (503, Retry-After)", len(shed) / 20, sustained, "requests/s", None, f"p99 {at(99, shed):,.0f} ms"),
        Row("… anything else", others, None, "answers", None, str(dict(Counter(status for status, _ in seen)))),
    ]  # fmt: skip


def together(clients: int, seconds: float, once: Callable[[], Seen]) -> list[Seen]:
    """Let each client send one request after the other."""
    end = time.perf_counter() + seconds

    def client(_number: int) -> list[Seen]:
        found = []
        while time.perf_counter() < end:
            found.append(once())
        return found

    with ThreadPoolExecutor(clients) as pool:
        return [one for found in pool.map(client, range(clients)) for one in found]


def arriving(rate: float, seconds: float, once: Callable[[], Seen]) -> list[Seen]:
    """Send requests at a constant rate, whatever becomes of those before."""
    start, number = time.perf_counter(), round(rate * seconds)
    with ThreadPoolExecutor(256) as pool:
        waiting = []
        for place in range(number):
            time.sleep(max(0.0, start + place / rate - time.perf_counter()))
            waiting.append(pool.submit(once))
        return [one.result() for one in waiting]


def of(seen: Sequence[Seen], status: int) -> list[float]:
    return [took for found, took in seen if found == status]


def at(percentile: int, times: Sequence[float]) -> float:
    """Return a percentile in milliseconds; nought of nothing."""
    ordered = sorted(times)
    return 1000 * ordered[min(len(ordered) - 1, len(ordered) * percentile // 100)] if ordered else 0.0


# --- a flood in mid-pause ------------------------------------------------------------------------------------------


def flood(site: str, made: Any, how: str) -> list[Row]:
    """Cast ballots while nobody reads, then while everybody does: the same pages, and pages that have to be made."""
    quiet = ballots(site, made, f"Before the flood, {how}")
    with drowning(site) as read:
        loud = ballots(site, made, f"In the flood, {how}")
    refused = [status for status, _ in loud if status != HTTPStatus.CREATED]
    return [
        Row("ballot, nobody reads, p50", at(50, of(quiet, 201)), None, "ms", None, f"{len(quiet)} ballots"),
        Row("ballot in the flood, p50", at(50, of(loud, 201)), at(50, of(quiet, 201)), "ms", None, f"{len(loud)} ballots"),
        Row("ballot in the flood, p99 (goal 1,000)", at(99, of(loud, 201)), at(99, of(quiet, 201)), "ms"),
        Row("ballots refused (goal 0)", len(refused), None, "ballots", None, str(Counter(refused)) if refused else ""),
        Row("readers answered meanwhile", read[0], None, "requests/s", None, f"{read[1]} turned away or failed"),
    ]  # fmt: skip


def ballots(site: str, made: Any, title: str) -> list[Seen]:
    """Let four representatives at a time vote for FLOOD seconds, twice a second each, until all have."""
    from benchmarks.population import DAY, open_vote
    from benchmarks.votes import tokens

    path = f"/api/v1/votes/{open_vote(title, made.now - DAY, 'start_pause_ordinary').key}/ballots/"
    voters = iter(tokens(made))

    def vote() -> Seen:
        lab, token = next(voters)
        body = json.dumps({"organisation": lab.key, "choice": "consent"})
        headers = {"Content-Type": "application/json", "Authorization": f"Token {token}"}
        return ask(HTTPConnection(urlsplit(site).netloc, timeout=60), "POST", path, body, **headers)

    return arriving(min(8, len(made.labs) / FLOOD), FLOOD - 5, vote)


@contextmanager
def drowning(site: str) -> Iterator[list[float]]:
    """Let readers flood the site; at the end, how many a second were answered and how many were not."""
    told: list[float] = []
    over = Event()

    def strangers() -> None:
        while not over.is_set():
            get(site, fresh())

    def load() -> None:
        told.extend(rate(site, "/", FLOOD))

    threads = [Thread(target=load), *(Thread(target=strangers) for _ in range(8))]
    for thread in threads:
        thread.start()
    time.sleep(2)
    try:
        yield told
    finally:
        threads[0].join()
        over.set()
        for thread in threads[1:]:
            thread.join()


def rate(site: str, path: str, seconds: float) -> tuple[float, float]:
    """Return how many requests a second were answered for READERS connections, and how many answers were none."""
    if not WRK:
        seen = together(READERS, seconds, lambda: get(site, path))
        return len(of(seen, 200)) / seconds, len(seen) - len(of(seen, 200))
    command = [
        WRK,
        "--threads",
        "1",
        "--connections",
        str(READERS),
        "--duration",
        f"{seconds:.0f}s",
        "--timeout",
        "10s",
    ]
    said = subprocess.run([*command, site + path], capture_output=True, text=True, check=True).stdout
    found = re.search(r"Requests/sec:\s*([0-9.]+)", said)
    errors = re.findall(r"(?:connect|read|write|timeout|responses:) (\d+)", said)
    return float(found[1]) if found else 0.0, sum(map(int, errors))


# --- memory --------------------------------------------------------------------------------------------------------


def memory(site: str, minutes: float) -> list[Row]:
    """Load the site for `minutes`: pages from memory, pages made anew, in turn; look at its resident memory each minute."""
    rate(site, "/", 5)
    sizes, asked, end = [resident()], 0.0, time.monotonic() + 60 * minutes
    while time.monotonic() < end:
        for path in KEPT:
            asked += 3 * rate(site, path, 3)[0]
            asked += len(together(4, 4, lambda: get(site, fresh())))
        sizes.append(resident())
    after = sizes[max(1, len(sizes) // 4)]
    return [
        Row("resident, at the beginning", sizes[0], None, "MiB"),
        Row("resident, after a quarter of the time", after, sizes[0], "MiB"),
        Row("resident, at the end", sizes[-1], after, "MiB", None, f"{asked:,.0f} requests"),
    ]


def resident() -> float:
    """Return the memory of the web processes that this one has started, in MiB."""
    told = {}
    for path in Path("/proc").glob("[0-9]*/status"):
        try:
            told[int(path.parent.name)] = dict(line.split(":", 1) for line in path.read_text().splitlines())
        except OSError:
            continue
    mine = {os.getpid()}
    while found := {pid for pid, one in told.items() if int(one["PPid"]) in mine} - mine:
        mine |= found
    served = (told[pid] for pid in mine - {os.getpid()} if "granian" in told[pid]["Name"])
    return sum(int(one["VmRSS"].split()[0]) for one in served) / 1024


if __name__ == "__main__":
    if "--inside" in sys.argv:
        told = sys.argv[sys.argv.index("--inside") + 1 :]
        inside(float(told[0]), told[1:])
    else:
        parser = argparse.ArgumentParser(description=__doc__)
        parser.add_argument("--minutes", type=float, default=1, help="how long memory is watched")
        parser.add_argument("--only", choices=PARTS, help="one part alone")
        options = parser.parse_args()
        main(options.minutes, [options.only] if options.only else PARTS)
