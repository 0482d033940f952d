"""A database and folders of a benchmark's own, so that it can never touch a site's."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg


def run_apart(module: str, arguments: Sequence[str] = ()) -> int:
    """Run `python -m module --inside` with a fresh, migrated database, signer and storage; drop the database afterwards."""
    url = urlsplit(os.environ["DATABASE_URL"])
    name = f"bench_{os.getpid()}"
    with tempfile.TemporaryDirectory() as folder:
        _execute(f'CREATE DATABASE "{name}"')
        own = urlunsplit(url._replace(path=f"/{name}"))
        environment = {
            **os.environ,
            "DATABASE_URL": own,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "FERMATA_SIGNER_DIR": str(Path(folder) / "signer"),
            "FERMATA_MEDIA": str(Path(folder) / "media"),
        }
        try:
            subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], env=environment, check=True)
            return subprocess.run(
                [sys.executable, "-m", module, "--inside", *arguments], env=environment, check=False
            ).returncode
        finally:
            _execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _execute(statement: str) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        server.execute(statement)
