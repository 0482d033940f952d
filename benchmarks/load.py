"""A web server to load, and the loading: `wrk` where it is on PATH, else a small loop of threads."""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import httpx

from benchmarks.table import Row
from config import processes
from tests.site import free_port

CLIENTS = 4
ROUNDS = 2
ANEW = 15
WRK = shutil.which("wrk")
TOOL = "wrk" if WRK else "a loop of Python threads"


@contextmanager
def served(application: str = "config.wsgi:application", *, workers: int = 1, **environment: str) -> Iterator[str]:
    """Serve a WSGI application by the command line that the site itself uses; yield its address."""
    port = free_port()
    with _running([*processes.web(port, workers=workers)[:-1], application], port, **environment) as site:
        yield site


@contextmanager
def pooled() -> Iterator[str]:
    """Serve the site by two pools of one web process each, for who acts and for readers, behind nginx; yield its address."""
    acting, reading, port = free_port(), free_port(), free_port()
    with (
        tempfile.TemporaryDirectory() as folder,
        _running(processes.web(acting), acting),
        _running(processes.readers(processes.web(reading)), reading),
        _running(processes.proxy(Path(folder), port, actors=acting, readers=reading), port) as site,
    ):
        yield site


@contextmanager
def _running(command: list[str], port: int, **environment: str) -> Iterator[str]:
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=log, stderr=log)
        try:
            if not _answers(f"http://localhost:{port}/"):
                log.seek(0)
                raise RuntimeError(f"{' '.join(command)} does not answer\n{log.read()}")
            yield f"http://localhost:{port}"
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _answers(url: str) -> bool:
    """Wait until the server answers, two minutes at most: its first page is made from cold."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            httpx.get(url, timeout=120)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return True
    return False


def requests_per_second(url: str, headers: Mapping[str, str] | None = None, *, status: int = 200) -> float:
    """Load `url` with CLIENTS clients for a second; the answers have to have `status`."""
    sent = dict(headers or {})
    _expect(status, url, sent)
    _stay_in_the_minute()
    rate = _wrk(url, sent) if WRK else _threads(url, sent, status, seconds=1)
    _expect(status, url, sent)
    return rate


def milliseconds(url: str, headers: Mapping[str, str] | None = None) -> float:
    """Return the median time of one answer, of ANEW requests that one client sends one after the other."""
    with httpx.Client(headers=dict(headers or {}), timeout=60) as client:
        client.get(url)
        times = []
        for _ in range(ANEW):
            start = time.perf_counter()
            if client.get(url).status_code != HTTPStatus.OK:
                raise RuntimeError(f"{url} does not answer")
            times.append(time.perf_counter() - start)
    return median(times) * 1000


def _expect(status: int, url: str, headers: Mapping[str, str]) -> None:
    found = httpx.get(url, headers=headers, timeout=30).status_code
    if found != status:
        raise RuntimeError(f"{url} answers {found}, not {status}")


def _stay_in_the_minute() -> None:
    """Wait where the minute would turn meanwhile: it is a part of a cached page's tag."""
    left = 60 - time.time() % 60
    if left < 3:
        time.sleep(left + 0.1)


def _wrk(url: str, headers: Mapping[str, str]) -> float:
    flags = [part for name, value in headers.items() for part in ("--header", f"{name}: {value}")]
    command = [str(WRK), "--threads", "1", "--connections", str(CLIENTS), "--duration", "1s", *flags, url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Requests/sec:\s*([0-9.]+)", said)
    if found is None or "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(said)
    return float(found[1])


def _threads(url: str, headers: Mapping[str, str], status: int, *, seconds: float) -> float:
    """Let every client send as many requests as fit into `seconds`."""
    parts, start = urlsplit(url), time.perf_counter()

    def client(_number: int) -> int:
        connection, done = HTTPConnection(parts.netloc, timeout=60), 0
        while time.perf_counter() < start + seconds:
            connection.request("GET", parts.path, headers=dict(headers))
            answer = connection.getresponse()
            answer.read()
            if answer.status != status:
                raise RuntimeError(f"{url} answered {answer.status}")
            done += 1
        return done

    with ThreadPoolExecutor(CLIENTS) as clients:
        sent = sum(clients.map(client, range(CLIENTS)))
    return sent / (time.perf_counter() - start)


def page_rows(site: str, path: str, what: str) -> list[Row]:
    """Load a public page as it is cached, as it is rendered, and as "not changed"; each beside a bare view of as many bytes.

    They are loaded in turn, ROUNDS times, and the best round of each counts: what else the machine does disturbs all alike.
    """
    url = site + path
    length = len(httpx.get(url, timeout=30).content)
    best: dict[str, float] = defaultdict(float)
    with (
        served("benchmarks.bare:application", BARE_BYTES=str(length)) as full,
        served("benchmarks.bare:application", BARE_BYTES="0") as empty,
    ):
        for _ in range(ROUNDS):
            rates = {
                "full": requests_per_second(full),
                "cached": requests_per_second(url),
                "empty": requests_per_second(empty),
                "same": _unchanged(url),
            }
            best.update({name: max(best[name], rate) for name, rate in rates.items()})
    note = f"{length:,} bytes"
    return [
        Row(f"{what}, cached", best["cached"], best["full"], "requests/s", queries(path), note),
        Row(
            f"{what}, not changed (304)", best["same"], best["empty"], "requests/s", queries(path, tag=True), "0 bytes"
        ),
        anew_row(site, path, what),
    ]


def anew_row(site: str, path: str, what: str) -> Row:
    """Time a page that is made for one request alone, beside a bare view of as many bytes."""
    own = {"Cookie": "sessionid=nobody"}  # whoever has a session gets a page of their own
    length = len(httpx.get(site + path, headers=own, timeout=30).content)
    with served("benchmarks.bare:application", BARE_BYTES=str(length)) as bare:
        floor = milliseconds(bare)
    anew = milliseconds(site + path, own)
    return Row(f"{what}, rendered anew", anew, floor, "ms", queries(path, own=True), f"{length:,} bytes")


def _unchanged(url: str) -> float:
    """Load the page with the tag that it has this minute."""
    _stay_in_the_minute()
    tag = httpx.get(url, timeout=30).headers["ETag"]
    return requests_per_second(url, {"If-None-Match": tag}, status=HTTPStatus.NOT_MODIFIED)


def queries(path: str, *, tag: bool = False, own: bool = False) -> int:
    """Count the SQL queries of one more request for a public page, by the same middleware and views in this process."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(HTTP_HOST="localhost")
    if own:
        client.cookies["sessionid"] = "nobody"
    before = client.get(path)
    while True:
        headers = {"If-None-Match": before.headers["ETag"]} if tag else {}
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(path, headers=headers)
        if answer.headers.get("ETag") == before.headers.get("ETag"):
            break
        before = answer  # the minute turned meanwhile: count again
    if answer.status_code != (304 if tag else 200):
        raise RuntimeError(f"{path} answers {answer.status_code}")
    return len(captured)
