"""Two workers judge the same triggers at the same time."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.core.cache import cache
from django.db import connection

from ledger.models import Entry
from tests import factories
from treaty.actions import triggers
from treaty.models import TriggerEvaluation, TriggerFiring, Vote
from treaty.queries.texts import rules_at

NOON = factories.NOON


@pytest.mark.django_db(transaction=True)
def test_four_sweeps_at_once_write_one_finding_and_open_one_vote(monkeypatch):
    factories.text()
    factories.parties()
    factories.accreditations()
    factories.reading(
        "time_horizon", value="900", low="500", unit="minute", observed_at=NOON - timedelta(days=1), received_at=NOON
    )
    cache.clear()
    monkeypatch.setattr(triggers, "_is_seen", lambda seen, at: False)
    barrier, failures = Barrier(4), []

    def work():
        try:
            barrier.wait()
            triggers.evaluate_triggers(at=NOON)
        except Exception as error:  # noqa: BLE001 - shown below
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert TriggerEvaluation.objects.count() == len(rules_at(NOON).triggers)
    assert (TriggerFiring.objects.count(), Vote.objects.count()) == (1, 1)
    assert Entry.objects.filter(kind="trigger.fired").count() == 1
