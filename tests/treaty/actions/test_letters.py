"""Letters to all who act for an organisation: a repudiation, a delegation given and one revoked are each written about once."""

from datetime import timedelta

import pytest
from django.core import mail

from tests import factories as make
from tests.factories import NOON
from treaty.actions.delegations import give_delegation, revoke_delegation
from treaty.actions.letters import mail_due
from treaty.actions.receipts import OLDEST

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def aster():
    make.parties("aster", "borealis")
    return make.representative(make.laboratory("aster"))


def delegated(by, at=NOON):
    return give_delegation(
        organisation=make.laboratory("aster"), delegate=make.laboratory("borealis"), decision="advisory",
        expires_at=NOON + 100 * 24 * HOUR, by=by, at=at,
    )  # fmt: skip


def told():
    return [(message.subject, *message.to) for message in mail.outbox]


def test_both_sides_of_a_delegation_are_told_once_when_it_is_given_and_when_it_is_revoked(aster):
    other = make.representative(make.laboratory("borealis"))
    delegation = delegated(aster)
    assert (mail_due(at=NOON), mail_due(at=NOON + HOUR)) == (1, 0)
    assert sorted(to for _, to in told()) == sorted({aster.email, other.email})
    mail.outbox.clear()
    revoke_delegation(delegation=delegation, by=aster, at=NOON + 2 * HOUR)
    assert (mail_due(at=NOON + 2 * HOUR), mail_due(at=NOON + 3 * HOUR)) == (1, 0)
    assert all("revoked" in subject for subject, _ in told())


def test_what_is_older_than_a_day_is_left_to_the_pages(aster):
    delegated(aster)
    assert mail_due(at=NOON + OLDEST) == 0
    assert told() == []


def test_a_letter_that_could_not_be_sent_is_tried_again(aster, monkeypatch):
    delegated(aster)
    with monkeypatch.context() as broken:
        broken.setattr(
            "treaty.actions.letters.send_mass_mail", lambda _: (_ for _ in ()).throw(OSError("no mail host"))
        )
        assert mail_due(at=NOON) == 0
    assert mail_due(at=NOON + HOUR) == 1
