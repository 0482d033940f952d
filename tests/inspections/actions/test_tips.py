from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from accounts.rules.signatures import BadSignature
from core.errors import Malformed, NotAllowed
from inspections.actions import tips as actions
from inspections.actions.recipients import RecipientKnown, withdraw_recipient
from inspections.actions.tips import (
    HandleTaken,
    TipKnown,
    TooManyTips,
    answer_tip,
    close_tip,
    open_tip,
    receive_tip,
    record_tips,
)
from inspections.models import Recipient, Tip, TipAnswer, TipHandling
from inspections.queries.tips import addressees, unopened
from inspections.rules.tips import Outcome, TipNotOpen
from tests import factories as make
from tests.factories import LONG_AGO, NOON
from tests.tips import body_with_root, nonce_for, published, recipient_of, seal, signature, unseal

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
HANDLE = "ab" * 32


@pytest.fixture
def root(db):
    return body_with_root()


@pytest.fixture
def officer(root):
    return make.officer(make.body())


@pytest.fixture
def tip(root):
    made = receive_tip(sealed=seal("Look at hall 4."), handle=HANDLE, nonce="", at=NOON)
    record_tips(at=NOON + HOUR)
    return Tip.objects.get(pk=made.pk)


def test_a_body_publishes_a_recipient_that_is_usable_after_the_cooling_off(root, recorded):
    recorded()
    made = published(root, at=NOON)
    assert published(root, at=NOON + HOUR) == made
    [(kind, payload)] = recorded()
    assert (kind, payload["recipient"]) == ("recipient.published", recipient_of())
    assert made.usable_at == NOON + timedelta(hours=72)
    assert addressees(made.usable_at - timedelta(seconds=1)) == []
    assert [one.key for one in addressees(made.usable_at)] == [made]


def test_nobody_but_the_body_itself_says_to_whom_tips_for_it_are_sealed(root, recorded):
    recorded()
    forged = signature(body_with_root("nordic"), recipient_of())
    recorded()
    for changes in ({"signature": forged}, {"signature": signature(root, recipient_of("nordic"))}):
        with pytest.raises(BadSignature):
            published(root, at=NOON, **changes)
    with pytest.raises(NotAllowed):
        published(root, at=NOON, by=make.officer(make.body("nordic")))
    with pytest.raises(Malformed):
        published(root, at=NOON, recipient="age1" + "q" * 58)
    assert (recorded(), Recipient.objects.count()) == ([], 0)


def test_a_withdrawn_recipient_takes_nothing_more_and_never_comes_back(root, recorded):
    made = published(root)
    stands_not = signature(root, made.recipient, stands=False)
    recorded()
    for _ in range(2):
        withdraw_recipient(recipient=made, signed_by="root", signature=stands_not, by=None, at=NOON)
    assert [kind for kind, _ in recorded()] == ["recipient.withdrawn"]
    assert addressees(NOON) == []
    with pytest.raises(RecipientKnown):
        published(root, at=NOON)


def test_a_tip_is_told_to_the_record_once_its_hour_is_over_with_all_others_of_it(root, recorded):
    recorded()
    for number in range(3):
        at = NOON + timedelta(minutes=50 - number)
        receive_tip(sealed=seal(f"tip {number}"), handle=f"{number:064x}", nonce="", at=at)
    assert record_tips(at=NOON + timedelta(minutes=59)) == 0
    assert (recorded(), unopened(make.body())) == ([], 0)
    assert record_tips(at=NOON + HOUR) == 3
    assert record_tips(at=NOON + HOUR) == 0
    [(kind, payload)] = recorded()
    assert kind == "tips.received"
    assert payload["tips"] == sorted(Tip.objects.values_list("sha256", flat=True))
    assert (payload["from_at"], unopened(make.body())) == ("2026-11-22T12:00:00Z", 3)
    assert {tip.hour for tip in Tip.objects.all()} == {NOON}


def test_a_file_that_is_sent_again_is_the_same_tip_and_another_s_file_is_refused(root):
    sealed = seal("Look at hall 4.")
    first = receive_tip(sealed=sealed, handle=HANDLE, nonce="", at=NOON)
    assert receive_tip(sealed=sealed, handle=HANDLE, nonce="", at=NOON + HOUR) == first
    with pytest.raises(TipKnown):
        receive_tip(sealed=sealed, handle="cd" * 32, nonce="", at=NOON)
    with pytest.raises(HandleTaken):
        receive_tip(sealed=seal("another"), handle=HANDLE, nonce="", at=NOON)
    with pytest.raises(Malformed):
        receive_tip(sealed=b"Look at hall 4.", handle="cd" * 32, nonce="", at=NOON)
    assert Tip.objects.count() == 1


def test_a_flood_without_work_shuts_out_only_those_without_work(root, monkeypatch):
    monkeypatch.setattr(actions, "WITHOUT_WORK", 1)
    receive_tip(sealed=seal("first"), handle=HANDLE, nonce="", at=NOON)
    sealed = seal("second")
    with pytest.raises(TooManyTips):
        receive_tip(sealed=sealed, handle="cd" * 32, nonce="", at=NOON)
    digest = actions.read_sealed(sealed).sha256
    assert receive_tip(sealed=sealed, handle="cd" * 32, nonce=nonce_for(digest), at=NOON).worked
    assert receive_tip(sealed=seal("third"), handle="ef" * 32, nonce="", at=NOON + HOUR).hour == NOON + HOUR


def test_a_body_opens_answers_and_closes_a_tip_with_an_entry_each(tip, officer, recorded):
    about = {"tip": tip, "body": make.body(), "by": officer, "at": NOON + HOUR}
    recorded()
    with pytest.raises(TipNotOpen):
        answer_tip(sealed=seal("Who else saw it?", "somebody"), **about)
    for _ in range(2):
        open_tip(**about)
    sealed = seal("Who else saw it?", "somebody")
    for _ in range(2):
        answer = answer_tip(sealed=sealed, **about)
    for _ in range(2):
        close_tip(outcome=Outcome.FOLLOWED, words="A visit\nwas asked for", **about)
    kinds = recorded()
    assert [kind for kind, _ in kinds] == ["tip.opened", "tip.answered", "tip.closed"]
    assert "A visit" not in str(kinds)
    assert TipHandling.objects.get().words == "A visit was asked for"
    assert unseal(TipAnswer.objects.get(pk=answer.pk).sealed, "somebody") == "Who else saw it?"
    assert unopened(make.body()) == 0


def test_only_an_officer_of_a_body_that_takes_part_handles_tips(tip, recorded):
    recorded()
    strangers = [
        make.inspector(make.body()),
        make.depositary(),
        make.representative(),
        make.officer(make.body("nordic")),
    ]
    for by in strangers:
        with pytest.raises(NotAllowed):
            open_tip(tip=tip, body=make.body(), by=by, at=NOON + HOUR)
    with pytest.raises(NotAllowed):
        open_tip(tip=tip, body=make.body("nordic"), by=strangers[-1], at=NOON + HOUR)
    assert (recorded(), TipHandling.objects.count()) == ([], 0)


def test_what_came_can_be_neither_altered_nor_removed(tip, root):
    key = published(root, at=LONG_AGO)
    for change in (
        lambda: Tip.objects.update(sealed=b"other"),
        lambda: Tip.objects.all().delete(),
        lambda: Recipient.objects.filter(pk=key.pk).update(recipient=recipient_of("nordic")),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
