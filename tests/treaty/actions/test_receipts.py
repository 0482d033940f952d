"""Receipts by mail: to all who act for the ballot's organisation, once, and without what the ballot says."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from tests import factories
from tests.conftest import NOON
from treaty.actions.ballots import cast_ballot
from treaty.actions.receipts import OLDEST, mail_due
from treaty.actions.votes import notice_vote
from treaty.models import ReceiptMail
from treaty.rules.profiles import Choice

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def ballot():
    factories.parties("aster", "borealis")
    vote = notice_vote(
        decision="advisory", title="A view", question="Is it wise?", subject={}, requester=None,
        subject_organisation=None, by=None, at=NOON,
    )  # fmt: skip
    aster = factories.laboratory("aster")
    factories.representative(factories.laboratory("borealis"))
    return cast_ballot(
        vote=vote, organisation=aster, choice=Choice.OBJECT, reason="It is not wise at all.",
        by=factories.representative(aster), at=NOON + HOUR,
    )  # fmt: skip


def told():
    return sorted(address for message in mail.outbox for address in message.to)


def test_everybody_who_acts_for_the_laboratory_is_told_once_and_nobody_else(ballot):
    second = factories.representative(ballot.organisation)
    assert mail_due(at=NOON + HOUR) == 1
    assert mail_due(at=NOON + 2 * HOUR) == 0
    assert told() == sorted({ballot.by.email, second.email})
    assert all(len(message.to) == 1 for message in mail.outbox)


def test_the_mail_names_the_entry_and_not_what_a_sealed_ballot_says(ballot):
    mail_due(at=NOON + HOUR)
    body = mail.outbox[0].body
    assert f"/ledger/hash/{ballot.entry_hash}" in body
    assert ballot.hash in body
    assert "wise at all" not in body
    assert "bject" not in body + mail.outbox[0].subject


def test_what_could_not_be_sent_is_tried_again(ballot, monkeypatch):
    def fails(self, messages):
        raise OSError("no mail host")

    with monkeypatch.context() as broken:
        broken.setattr(EmailBackend, "send_messages", fails)
        assert mail_due(at=NOON + HOUR) == 0
    assert not ReceiptMail.objects.exists()
    assert mail_due(at=NOON + 2 * HOUR) == 1
    assert ballot.by.email in told()


def test_an_old_ballot_is_not_mailed_late(ballot):
    assert mail_due(at=ballot.received_at + OLDEST) == 0
    assert mail.outbox == []
