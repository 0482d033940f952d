"""`make demo`: the whole site with the demonstration, under one process manager, until Ctrl-C."""

import argparse
import os
import secrets
import shlex
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
from honcho.manager import Manager

from config import processes
from config.servers import running

PATIENCE = 60  # seconds until the first answer


def main() -> int:
    """Start everything, say where it is, and stop everything on Ctrl-C."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--state", type=Path, default=Path(".state"))
    parser.add_argument("--fresh", action="store_true", help="begin again: remove what the last demonstration left")
    options = parser.parse_args()
    started = time.monotonic()
    folder = (options.state / "demo").resolve()
    if options.fresh:
        shutil.rmtree(folder, ignore_errors=True)
    with running(folder) as addresses:
        environment = {**os.environ, **addresses, **settings(folder, options.port)}
        prepare(environment)
        return serve(environment, folder, options.port, started)


def settings(folder: Path, port: int) -> dict[str, str]:
    """Return the demonstration's settings; its secret survives a restart, so that people stay signed in."""
    secret = folder / "secret"
    if not secret.exists():
        secret.touch(mode=0o600)
        secret.write_text(secrets.token_hex(32))
    return {
        "FERMATA_DEMO": "1",
        "FERMATA_STATE": str(folder),
        "FERMATA_SECRET_KEY": secret.read_text(),
        "FERMATA_SITE_URL": f"http://localhost:{port}",
        "PYTHONUNBUFFERED": "1",
    }


def prepare(environment: dict[str, str]) -> None:
    """Migrate, and load the demonstration where it is not loaded yet: in one process, as each takes seconds to begin."""
    subprocess.run([sys.executable, "manage.py", "load_demonstration", "--migrate"], env=environment, check=True)


def serve(environment: dict[str, str], folder: Path, port: int, started: float) -> int:
    """Run web, worker and beat until one stops or Ctrl-C comes."""
    manager = Manager()
    commands = {"web": processes.web(port), "worker": processes.worker(), "beat": processes.beat(folder)}
    for name, command in commands.items():
        manager.add_process(name, shlex.join(command), env=environment)
    threading.Thread(target=announce, args=(port, started), daemon=True).start()
    manager.loop()
    return int(manager.returncode or 0)


def announce(port: int, started: float) -> None:
    """Say where the site is as soon as it answers."""
    address = f"http://localhost:{port}/"
    while time.monotonic() - started < PATIENCE * 10:
        try:
            httpx.get(address + "healthz", timeout=2)
        except httpx.TransportError:
            time.sleep(0.2)
            continue
        print(  # noqa: T201 - this is a command
            f"\n  Fermata is at {address}  (after {time.monotonic() - started:.0f} s)\n"
            f"  Become any of its people at {address}demo/people/ – a laboratory's representative, an inspector, an observer.\n"
            "  All laboratories, bodies and people are fictional; Ctrl-C stops everything.\n",
            flush=True,
        )
        return


if __name__ == "__main__":
    sys.exit(main())
