"""A web server to load, and the loading: `wrk` where it is on PATH, else a small loop of threads."""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from urllib.parse import urlsplit

import httpx

from benchmarks.table import Row
from config import processes
from tests.site import free_port

CLIENTS = 4
SECONDS = 2
WRK = shutil.which("wrk")
TOOL = "wrk" if WRK else "a loop of Python threads"


@contextmanager
def served(application: str = "config.wsgi:application", **environment: str) -> Iterator[str]:
    """Serve a WSGI application by the command line that the site itself uses; yield its address."""
    port = free_port()
    command = [*processes.web(port)[:-1], application]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=log, stderr=log)
        try:
            _wait(f"http://localhost:{port}/")
            yield f"http://localhost:{port}"
        finally:
            process.terminate()
            process.wait(20)


def _wait(url: str) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            httpx.get(url, timeout=20)
        except httpx.TransportError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return


def requests_per_second(url: str, headers: Mapping[str, str] | None = None, *, status: int = 200) -> float:
    """Load `url` with CLIENTS clients for SECONDS; every answer has to have `status`."""
    sent = dict(headers or {})
    found = [httpx.get(url, headers=sent, timeout=20).status_code for _ in range(2)]  # the second finds warm caches
    if found[-1] != status:
        raise RuntimeError(f"{url} answers {found[-1]}, not {status}")
    rate = _wrk(url, sent) if WRK else _threads(url, sent, status)
    if httpx.get(url, headers=sent, timeout=20).status_code != status:
        raise RuntimeError(f"{url} no longer answers {status}")
    return rate


def _wrk(url: str, headers: Mapping[str, str]) -> float:
    flags = [part for name, value in headers.items() for part in ("--header", f"{name}: {value}")]
    command = [str(WRK), "--threads", "1", "--connections", str(CLIENTS), "--duration", f"{SECONDS}s", *flags, url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(said)
    return float(re.search(r"Requests/sec:\s*([0-9.]+)", said)[1])


def _threads(url: str, headers: Mapping[str, str], status: int) -> float:
    parts, end = urlsplit(url), time.monotonic() + SECONDS

    def client(_number: int) -> int:
        connection, count = HTTPConnection(parts.netloc), 0
        while time.monotonic() < end:
            connection.request("GET", parts.path, headers=dict(headers))
            answer = connection.getresponse()
            answer.read()
            if answer.status != status:
                raise RuntimeError(f"{url} answered {answer.status}")
            count += 1
        return count

    with ThreadPoolExecutor(CLIENTS) as clients:
        return sum(clients.map(client, range(CLIENTS))) / SECONDS


def within_a_minute(work: Callable[[], float]) -> float:
    """Run `work` with no turn of the minute in it: the tag of a page has the minute in its key."""
    left = 60 - time.time() % 60
    if left < SECONDS + 2:
        time.sleep(left + 0.1)
    return work()


def page_rows(site: str, path: str, what: str) -> list[Row]:
    """Load a public page as it is cached, as it is rendered, and as "not changed"; each beside a bare view of as many bytes."""
    url, own = site + path, {"Cookie": "sessionid=nobody"}  # whoever has a session gets a page of their own
    length = len(httpx.get(url, timeout=20).content)
    with served("benchmarks.bare:application", BARE_BYTES=str(length)) as bare:
        full = requests_per_second(bare)
    with served("benchmarks.bare:application", BARE_BYTES="0") as bare:
        empty = requests_per_second(bare)
    warm = within_a_minute(lambda: requests_per_second(url))
    same = within_a_minute(lambda: requests_per_second(url, {"If-None-Match": _tag(url)}, status=304))
    cold = requests_per_second(url, own)
    return [
        Row(f"{what}, cached", warm, full, "requests/s", queries(path), f"{length:,} bytes"),
        Row(f"{what}, not changed (304)", same, empty, "requests/s", queries(path, tag=True), "0 bytes"),
        Row(f"{what}, rendered anew", cold, full, "requests/s", queries(path, own=True), f"{length:,} bytes"),
    ]


def _tag(url: str) -> str:
    return httpx.get(url, timeout=20).headers["ETag"]


def queries(path: str, *, tag: bool = False, own: bool = False) -> int:
    """Count the SQL queries of one more request for a public page, by the same middleware and views in this process."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(HTTP_HOST="localhost")
    if own:
        client.cookies["sessionid"] = "nobody"
    first = client.get(path)
    headers = {"If-None-Match": first.headers["ETag"]} if tag else {}
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path, headers=headers)
    if answer.status_code != (304 if tag else 200):
        raise RuntimeError(f"{path} answers {answer.status_code}")
    return len(captured)
