"""Rows that many tests of a module begin with, made once for all of them."""

from contextlib import contextmanager

import pytest
from django.db import connection, transaction


@contextmanager
def undone():
    """Whatever is written in here is taken back at the end."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextmanager
def kept(django_db_blocker):
    """Rows that are written in here stay for the tests that run in here, each in a transaction within this one."""
    with django_db_blocker.unblock(), undone():
        connection.close = lambda: None  # Django's TestCase closes it after a test, and the rows would be gone
        try:
            yield
        finally:
            del connection.close


def once_a_module(make):
    """A fixture of the module's scope: what `make` returns, and its rows, which the transaction of each test lies inside.

    Every test that uses the database in such a module finds the rows. It takes a deep copy of the value, through a fixture
    that names this one as its argument, so that nothing that one test assigns is seen by the next.
    """

    @pytest.fixture(scope="module")
    def made(django_db_setup, django_db_blocker):
        with kept(django_db_blocker):
            yield make()

    return made
