"""Work done at once, by threads with a connection each."""

from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from core.errors import DomainError
from ledger.models import Entry


def together(work, arguments, refusals=(DomainError,)):
    """Run `work` once for each argument, all at once, each in a connection of its own; a refusal is an answer."""

    def one(argument):
        try:
            return work(argument)
        except refusals as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(one, arguments))


def entries(kind):
    return Entry.objects.filter(kind=kind).count()
