import pytest
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.test import RequestFactory

from ledger.actions import record
from ledger.middleware import Receipts
from tests.conftest import NOON

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def act(rf: RequestFactory, monkeypatch):
    """Send a request to a view that records `count` entries; answer with the response and what the person is told."""

    def send(count, response, *, fails=False):
        told = []
        monkeypatch.setattr("ledger.middleware.messages.info", lambda _request, words: told.append(str(words)))

        def view(_request):
            with transaction.atomic():
                for number in range(count):
                    record(kind="thing.done", payload={"number": number}, by=None, at=NOON)
                transaction.set_rollback(fails)
            return response

        return Receipts(view)(rf.post("/")), told

    return send


def test_who_acts_is_told_the_hash_of_what_was_recorded(act):
    answer, told = act(1, HttpResponseRedirect("/"))
    [words] = told
    assert f"/ledger/hash/{answer['Fermata-Receipt']}/" in words


def test_of_many_receipts_a_page_shows_a_few_and_the_header_all(act):
    answer, told = act(5, HttpResponseRedirect("/"))
    assert len(answer["Fermata-Receipt"].split(", ")) == 5
    assert (told[0].count("<a "), "and 2 more" in told[0]) == (3, True)


def test_a_program_gets_the_header_alone(act):
    answer, told = act(1, HttpResponse(status=201))
    assert (len(answer["Fermata-Receipt"]), told) == (64, [])


@pytest.mark.parametrize(("count", "fails"), [(0, False), (1, True)])
def test_where_nothing_was_committed_nothing_is_said(act, count, fails):
    answer, told = act(count, HttpResponseRedirect("/"), fails=fails)
    assert ("Fermata-Receipt" in answer, told) == (False, [])
