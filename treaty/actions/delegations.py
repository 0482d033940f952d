"""Delegation: given for a time to another member of one's class, and revoked. A vote freezes it with its roll."""

from datetime import datetime

from django.db import transaction

from accounts.models import Organisation, User
from accounts.permissions import represents
from accounts.queries.keys import signers_required
from core.errors import require
from core.times import stamp
from ledger.actions import record
from treaty.models import Delegation, TreatyText
from treaty.queries.delegations import delegations, standing_delegations, value_of
from treaty.queries.parties import entitled_labs, participating_bodies
from treaty.queries.texts import required_text, rules_of
from treaty.rules.delegations import DelegationRefused, check


@transaction.atomic
def give_delegation(
    *,
    organisation: Organisation,
    delegate: Organisation,
    decision: str,
    expires_at: datetime,
    by: User | None,
    at: datetime,
) -> Delegation:
    """Let the ballot of `delegate` count for `organisation` where it casts none (Art. 20); an empty `decision` means all.

    It replaces what was given for the same decision before. Votes that are noticed keep the delegates of their roll.
    """
    text = TreatyText.objects.defer("source").select_for_update(no_key=True).get(pk=required_text(at).pk)
    require(represents(by, organisation, at=at), f"Only a representative of {organisation.name} delegates its ballot.")
    same = (delegate, decision, expires_at)
    for known in standing_delegations(delegations([organisation]), at):
        if (known.delegate, known.decision, known.expires_at) == same:
            return known
    if signers_required(organisation, at):
        raise DelegationRefused(
            f"{organisation.name} asked for signed ballots: a sign-in alone delegates none of them."
        )
    row = Delegation(
        organisation=organisation, delegate=delegate, decision=decision, given_at=at, expires_at=expires_at
    )
    labs, bodies = entitled_labs(at), participating_bodies(at)
    check(value_of(row), rules_of(text), labs=[one.key for one in labs], bodies=[one.key for one in bodies])
    row.save(force_insert=True)
    record(
        kind="delegation.given",
        payload={
            "organisation": organisation.key,
            "delegate": delegate.key,
            "decision": decision or None,
            "expires_at": stamp(expires_at),
        },
        by=by,
        at=at,
    )
    return row


@transaction.atomic
def revoke_delegation(*, delegation: Delegation, by: User | None, at: datetime) -> Delegation:
    """Take a delegation back, from the next notice on; a second call changes nothing."""
    TreatyText.objects.defer("source").select_for_update(no_key=True).get(pk=required_text(at).pk)
    delegation.refresh_from_db(
        from_queryset=Delegation.objects.select_related("organisation", "delegate").select_for_update(of=("self",))
    )
    organisation = delegation.organisation
    require(
        represents(by, organisation, at=at), f"Only a representative of {organisation.name} revokes its delegation."
    )
    if delegation not in standing_delegations(delegations([organisation]), at):
        return delegation
    delegation.revoked_at = at
    delegation.save(update_fields=["revoked_at"])
    record(
        kind="delegation.revoked",
        payload={"organisation": organisation.key, "decision": delegation.decision or None},
        by=by,
        at=at,
    )
    return delegation
