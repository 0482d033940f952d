"""A monitoring body determines a resumption criterion, with its basis, until it expires."""

import secrets
from datetime import datetime

from django.db import transaction

from accounts.models import Organisation, User
from core.canonical import commitment
from core.errors import DomainError, require
from core.prose import clean_words
from core.times import stamp
from ledger.actions import record
from treaty.actions.pauses import lock
from treaty.models import Determination, Pause
from treaty.permissions import can_determine_for
from treaty.queries.pauses import state, terms
from treaty.queries.resumption import determinable
from treaty.rules.pauses import BINDING, PauseInAnotherState

LONGEST_BASIS = 10_000


class NotDeterminable(DomainError):
    """No body determines this criterion."""

    code = "not_determinable"


@transaction.atomic
def determine_criterion(
    *, pause: Pause, criterion: str, body: Organisation, met: bool, basis: str, by: User, at: datetime
) -> Determination:
    """Determine for `body` whether the criterion is met; it supersedes the body's earlier one and expires by the text.

    The same answer on the same basis while the earlier one stands changes nothing.
    """
    lock(pause)
    require(
        can_determine_for(by, body, at=at), "Only an officer of an accredited monitoring body determines a criterion."
    )
    if criterion not in determinable(pause):
        raise NotDeterminable(
            f"{criterion!r} is no criterion that a body determines: {', '.join(determinable(pause))}."
        )
    found = state(pause, at)
    if found not in BINDING:
        raise PauseInAnotherState(
            f"Pause {pause.key} is {found.value.replace('_', ' ')}: there is nothing to determine."
        )
    words = clean_words(basis, "basis", LONGEST_BASIS)
    last = pause.determinations.filter(criterion=criterion, body=body).order_by("-determined_at").first()
    if last and (last.met, last.basis) == (met, words) and at < last.expires_at and last.tainted_at is None:
        return last
    determination = _determine(pause, criterion, body, met=met, basis=words, at=at)
    record(
        kind="criterion.determined",
        payload={
            "pause": pause.key,
            "criterion": criterion,
            "body": body.key,
            "met": met,
            "basis": commitment(determination.salt, words),
            "expires_at": stamp(determination.expires_at),
        },
        by=by,
        at=at,
    )
    return determination


def _determine(
    pause: Pause, criterion: str, body: Organisation, *, met: bool, basis: str, at: datetime
) -> Determination:
    rules = terms(pause).resumption.criteria
    validity = (
        rules[criterion].determination_validity
        if criterion in rules
        else next(iter(rules.values())).determination_validity
    )
    return Determination.objects.create(
        pause=pause,
        criterion=criterion,
        body=body,
        met=met,
        basis=basis,
        salt=secrets.token_hex(32),
        determined_at=at,
        expires_at=validity.after(at),
    )
