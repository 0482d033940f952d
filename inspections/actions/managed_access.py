"""Managed access: the party asks, the team agrees or refuses, and says at the end whether it could verify all the same."""

import secrets
from datetime import datetime

from django.db import transaction

from accounts.models import User
from core.canonical import commitment
from core.errors import DomainError, Malformed, require
from inspections.actions.visits import NOT_ON_TEAM, lock_visit, subject_of
from inspections.models import ManagedAccess, ManagedAccessStep, Visit
from inspections.permissions import is_on_team, speaks_for_party
from inspections.queries.reports import layers_of
from inspections.rules.managed_access import Measure, RequestEvent, RequestState, next_state, require_time
from inspections.rules.visits import VisitState
from ledger.actions import record


class SaidNothing(DomainError):
    """Give the reason in words."""

    code = "said_nothing"


@transaction.atomic
def request_managed_access(
    *, visit: Visit, layer: str, measure: Measure, reason: str, by: User, at: datetime
) -> ManagedAccess:
    """Ask for the visited party that something be shrouded, replaced or seen under escort. The same request again is the same one."""
    lock_visit(visit)
    require(speaks_for_party(by, visit, at=at), "Only a representative of the visited laboratory asks for this.")
    require_time(VisitState(visit.state))
    if layer not in layers_of(visit):
        raise Malformed(f"This visit does not look at {layer}.")
    words = _words(reason)
    known = visit.managed_access.filter(layer=layer, measure=measure, reason=words).first()
    if known:
        return known
    made = ManagedAccess.objects.create(
        visit=visit,
        number=visit.managed_access.count() + 1,
        layer=layer,
        measure=measure,
        state=RequestState.ASKED,
        reason=words,
        salt=secrets.token_hex(32),
        asked_at=at,
        by=by,
    )
    payload = {
        **subject_of(visit),
        "number": made.number,
        "layer": layer,
        "measure": measure.value,
        "reason": commitment(made.salt, words),
    }
    record(kind="managed_access.requested", payload=payload, by=by, at=at)
    return made


@transaction.atomic
def settle_managed_access(
    *, request: ManagedAccess, event: RequestEvent, words: str, by: User, at: datetime
) -> ManagedAccess:
    """Say for the team what becomes of a request: agreed or refused; then whether what was shown was enough to verify."""
    visit = request.visit
    lock_visit(visit)
    request.refresh_from_db(fields=["state"])
    require(is_on_team(by, visit, at=at), NOT_ON_TEAM)
    last, said = request.steps.last(), _words(words)
    if last and (last.event, last.words) == (event, said):
        return request
    require_time(VisitState(visit.state))
    request.state = next_state(RequestState(request.state), event)
    request.save(update_fields=["state"])
    step = ManagedAccessStep.objects.create(
        request=request, event=event, words=said, salt=secrets.token_hex(32), happened_at=at, by=by
    )
    payload = {
        **subject_of(visit),
        "number": request.number,
        "event": event.value,
        "state": request.state,
        "words": commitment(step.salt, said),
    }
    record(kind="managed_access.settled", payload=payload, by=by, at=at)
    return request


def _words(text: str) -> str:
    if not text.strip():
        raise SaidNothing
    return text.strip()
