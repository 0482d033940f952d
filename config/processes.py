"""The processes that make a site: web, worker, beat. The demonstration, the tests and the benchmarks start the same ones."""

import os
import shutil
import sys
from pathlib import Path

BIN = Path(sys.executable).parent
PROXY = Path(__file__).parent / "proxy"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")  # not on the path of everybody


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


def readers(command: list[str]) -> list[str]:
    """Return the command with less of the machine than others have: for the web processes of the pool `readers`."""
    return ["nice", "-n", "15", *command]


def proxy(folder: Path, port: int, *, actors: int, readers: int) -> list[str]:
    """Return nginx's command line before two pools of web processes, by their ports; its files are in `folder`."""
    settings = folder / "nginx.conf"
    settings.write_text(f"""
        {"user root;" if os.geteuid() == 0 else ""}
        daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
        events {{ worker_connections 4096; }}
        http {{
            access_log off; types {{ }} default_type application/octet-stream;
            client_body_temp_path {folder}/body; proxy_temp_path {folder}/temporary;
            proxy_cache_path {folder}/pages keys_zone=fermata:10m max_size=256m inactive=30s use_temp_path=off;
            upstream actors {{ server 127.0.0.1:{actors}; keepalive 16; }}
            upstream readers {{ server 127.0.0.1:{readers}; keepalive 16; }}
            include {PROXY}/pools.conf;
            server {{ listen 127.0.0.1:{port}; include {PROXY}/site.conf; }}
        }}
    """)
    return [NGINX or "nginx", "-p", str(folder), "-e", f"{folder}/error.log", "-c", str(settings)]


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
