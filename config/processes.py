"""The processes that make a site: web, worker, beat. The demonstration, the tests and the benchmarks start the same ones."""

import sys
from pathlib import Path

BIN = Path(sys.executable).parent


def web(port: int, *, host: str = "127.0.0.1", workers: int = 1, threads: int = 16) -> list[str]:
    """Return granian's command line; WSGI under granian was the fastest of the servers tried.

    There are more threads than readers may hold at once (`web.front.AT_ONCE` and `WAITING`), so that one is always free for who acts.
    """
    return [
        str(BIN / "granian"),
        *("--interface", "wsgi", "--host", host, "--port", str(port)),
        *("--workers", str(workers), "--blocking-threads", str(threads), "--no-ws", "--log-level", "warning"),
        "config.wsgi:application",
    ]


def worker(concurrency: int = 2, *, name: str = "worker") -> list[str]:
    """Return the Celery worker's command line; of several on one machine, each has a name of its own."""
    return [
        str(BIN / "celery"),
        *("--app", "config", "worker", "--loglevel", "warning", "--concurrency", str(concurrency)),
        *("--without-mingle", "--without-gossip", "--hostname", f"{name}@%h"),
    ]


def beat(state: Path) -> list[str]:
    """Return Celery beat's command line, its schedule file in `state`."""
    return [
        str(BIN / "celery"),
        *("--app", "config", "beat", "--loglevel", "warning"),
        *("--schedule", str(state / "beat"), "--pidfile", ""),
    ]
