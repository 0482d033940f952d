"""Databases for tests: each is a copy of one that was migrated once, which takes a tenth of the time."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

ROOT = Path(__file__).resolve().parent.parent
KEPT = {"auth_permission", "django_content_type", "django_migrations"}  # what migrating writes
# Without looking for cycles: the states between a hundred migrations are full of them, and the process ends soon.
MIGRATE = """
import gc
import django
from django.core.management import call_command
gc.disable()
django.setup()
call_command("migrate", verbosity=0)
"""
LOCK = 7_164_201  # any number: of several test processes one migrates and the others wait


def at(url: str, name: str) -> str:
    """The address of the database `name` on the server of `url`."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def template(url: str) -> str:
    """The name of a migrated database on the server of `url`; made on the first call after a migration changed."""
    files = sorted(ROOT.glob("*/migrations/*.py"))
    name = f"template_{sha256(b''.join(file.read_bytes() for file in files)).hexdigest()[:16]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
            _migrate(connection, url, name)
    return name


def _migrate(connection: psycopg.Connection, url: str, name: str) -> None:
    unfinished = f"{name}_unfinished"
    connection.execute(f'DROP DATABASE IF EXISTS "{unfinished}" WITH (FORCE)')
    connection.execute(f'CREATE DATABASE "{unfinished}"')
    environment = {**os.environ, "DATABASE_URL": at(url, unfinished), "DJANGO_SETTINGS_MODULE": "config.settings"}
    done = subprocess.run(
        [sys.executable, "-c", MIGRATE], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise AssertionError(f"migrate failed\n{done.stdout}\n{done.stderr}")
    connection.execute(f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"')


@contextmanager
def database(url: str, name: str, *, migrated: bool = True) -> Iterator[str]:
    """A fresh database `name`, migrated or with nothing in it, on the server of `url`; dropped afterwards."""
    copied = template(url) if migrated else "template0"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{copied}"')
        try:
            yield at(url, name)
        finally:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def empty(database: BaseDatabaseWrapper) -> None:
    """Take out every row that a test left, in place of Django's flush: TRUNCATE of all tables takes a second, and rewrites what migrations made.

    Triggers do not fire meanwhile, those that keep the record from being changed least of all.
    """
    tables = [name for name in database.introspection.table_names() if name not in KEPT]
    with transaction.atomic(using=database.alias), database.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in tables))
        written = [table for (table,) in cursor.fetchall()]
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table in written:
            cursor.execute(f"DELETE FROM {table}")
