"""Sealed tips: taken from anybody, told to the record at the hour, and what each body makes of them.

Taking one is the only change of state that has no entry of its own at once: its place in the record would say to the second when
its author was there. `record_tips` enters all tips of an hour together once the hour is over, sorted by hash.
"""

import secrets
from datetime import datetime

from django.db import transaction

from accounts.models import Organisation, User
from core.canonical import commitment
from core.errors import DomainError, Malformed, require
from core.times import stamp
from inspections.models import Tip, TipAnswer, TipHandling
from inspections.permissions import can_handle_tips
from inspections.rules.tips import (
    LONGEST_OUTCOME,
    ROUNDED,
    WITHOUT_WORK,
    Outcome,
    TipEvent,
    TipState,
    hour_of,
    in_lots,
    is_worked,
    next_state,
    read_handle,
    read_sealed,
)
from ledger.actions import record

NOT_AN_OFFICER = "Only an officer of a monitoring body that takes part handles tips."


class TipKnown(DomainError):
    """This very file has been received before. If it was not you who sent it, seal your tip anew."""

    code = "tip_known"


class TooManyTips(DomainError):
    """More tips came in this hour than are taken without proof of work. Send it in the next hour, or with the form that seals it in your browser."""

    code = "too_many_tips"


class HandleTaken(Malformed):
    """This return handle belongs to another tip: begin again with a new receipt code."""

    code = "handle_taken"


@transaction.atomic
def receive_tip(*, sealed: bytes, handle: str, nonce: str, at: datetime) -> Tip:
    """Take a sealed file. The same file with the same handle again is the same tip.

    Without proof of work it counts towards the hour's limit, which is everybody's together: nobody is told apart.
    """
    found, handle = read_sealed(sealed), read_handle(handle)
    known = Tip.objects.filter(sha256=found.sha256).first()
    if known:
        if known.handle != handle:
            raise TipKnown
        return known
    if Tip.objects.filter(handle=handle).exists():
        raise HandleTaken
    hour, worked = hour_of(at), is_worked(found.sha256, nonce)
    if not worked and Tip.objects.filter(hour=hour, worked=False).count() >= WITHOUT_WORK:
        raise TooManyTips
    return Tip.objects.create(
        sha256=found.sha256, handle=handle, size=found.size, sealed=sealed, hour=hour, worked=worked
    )


@transaction.atomic
def record_tips(*, at: datetime) -> int:
    """Enter the tips of every hour that is over, an entry for each hour; return how many tips there were."""
    due = list(Tip.objects.select_for_update().filter(recorded_at=None, hour__lt=hour_of(at)).order_by("hour"))
    for hour in sorted({tip.hour for tip in due}):
        tips = {tip.sha256: tip for tip in due if tip.hour == hour}
        for lot in in_lots(tips):
            payload = {"from_at": stamp(hour), "until_at": stamp(hour + ROUNDED), "tips": lot}
            entry = record(kind="tips.received", payload=payload, by=None, at=at)
            Tip.objects.filter(sha256__in=lot).update(recorded_at=at, entry_hash=entry.hash)
    return len(due)


@transaction.atomic
def open_tip(*, tip: Tip, body: Organisation, by: User, at: datetime) -> TipHandling:
    """Say that the body has opened the tip with its key. A second call changes nothing."""
    handling = _handling(tip, body, by, at)
    if handling.state != TipState.RECEIVED:
        return handling
    handling.state = next_state(TipState(handling.state), TipEvent.OPEN)
    handling.opened_at = at
    handling.save()
    record(kind="tip.opened", payload={"body": body.key, "tip": tip.sha256}, by=by, at=at)
    return handling


@transaction.atomic
def answer_tip(*, tip: Tip, body: Organisation, sealed: bytes, by: User, at: datetime) -> TipAnswer:
    """Leave an answer, sealed to the key that the opened tip names. The same file again is the same answer."""
    handling = _handling(tip, body, by, at)
    found = read_sealed(sealed)
    next_state(TipState(handling.state), TipEvent.ANSWER)
    known = TipAnswer.objects.filter(sha256=found.sha256).first()
    if known and (known.tip_id, known.body_id) == (tip.pk, body.pk):
        return known
    if known:
        raise TipKnown
    made = TipAnswer.objects.create(
        tip=tip, body=body, sha256=found.sha256, size=found.size, sealed=sealed, answered_at=at
    )
    payload = {"body": body.key, "tip": tip.sha256, "answer": found.sha256}
    record(kind="tip.answered", payload=payload, by=by, at=at)
    return made


@transaction.atomic
def close_tip(*, tip: Tip, body: Organisation, outcome: Outcome, words: str, by: User, at: datetime) -> TipHandling:
    """Say in public what became of the tip in the body's hands: an outcome, and a line of words if it wants. Once."""
    handling = _handling(tip, body, by, at)
    if handling.state == TipState.CLOSED:
        return handling
    handling.state = next_state(TipState(handling.state), TipEvent.CLOSE)
    handling.closed_at, handling.outcome, handling.salt = at, outcome, secrets.token_hex(32)
    handling.words = " ".join(words.split())[:LONGEST_OUTCOME]
    handling.save()
    payload = {
        "body": body.key,
        "tip": tip.sha256,
        "outcome": outcome.value,
        "words": commitment(handling.salt, handling.words),
    }
    record(kind="tip.closed", payload=payload, by=by, at=at)
    return handling


def _handling(tip: Tip, body: Organisation, by: User, at: datetime) -> TipHandling:
    """Lock the tip and return what the body has made of it so far, not saved yet where that is nothing."""
    tip.refresh_from_db(from_queryset=Tip.objects.select_for_update().recorded().defer("sealed"))
    require(can_handle_tips(by, body, at=at), NOT_AN_OFFICER)
    known = TipHandling.objects.filter(tip=tip, body=body).first()
    return known or TipHandling(tip=tip, body=body, state=TipState.RECEIVED)
