"""Delegations as rows hold them. Nothing here writes."""

from collections.abc import Sequence
from datetime import datetime

from accounts.models import Organisation
from accounts.queries.keys import signers_required
from accounts.rules.organisations import Kind
from treaty.models import Delegation
from treaty.queries.parties import entitled_labs, participating_bodies
from treaty.rules.delegations import DelegationValue, delegates, holding
from treaty.rules.text import Text


def delegations(given_by: Sequence[Organisation] | None = None) -> list[Delegation]:
    """Return every delegation, or those that some gave, in the order of the record."""
    rows = Delegation.objects.select_related("organisation", "delegate").order_by("pk")
    return list(rows if given_by is None else rows.filter(organisation__in=given_by))


def value_of(row: Delegation) -> DelegationValue:
    """Return the delegation as the rules take it."""
    return DelegationValue(
        organisation=row.organisation.key,
        delegate=row.delegate.key,
        decision=row.decision or None,
        given_at=row.given_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )


def standing_delegations(rows: Sequence[Delegation], at: datetime) -> list[Delegation]:
    """Return those of `rows` that hold at `at`."""
    values = {value_of(row): row for row in rows}
    return [values[one] for one in holding(values, at)]


def delegates_at(text: Text, decision: str, at: datetime) -> dict[str, str]:
    """Return who has whom as delegate in a vote on `decision` noticed at `at` under `text`; whoever asked for signed ballots has nobody."""
    rows = delegations()
    found = delegates([value_of(row) for row in rows], text, decision, at)
    organisations = {row.organisation.key: row.organisation for row in rows}
    return {key: delegate for key, delegate in found.items() if not signers_required(organisations[key], at)}


def peers(organisation: Organisation, at: datetime) -> list[Organisation]:
    """Return the other members of its class that may vote at `at`, by name."""
    found = {Kind.LABORATORY: entitled_labs, Kind.BODY: participating_bodies}.get(Kind(organisation.kind))
    return [one for one in found(at) if one != organisation] if found else []
