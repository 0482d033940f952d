from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from accounts.models import Affiliation, Invitation, Membership, Organisation
from accounts.rules.organisations import BINDING


def affiliates(organisation: Organisation, at: datetime) -> frozenset[int]:
    """Return the primary keys of all that `organisation` is affiliated with at `at`, directly or through others, without itself."""
    return _connected(organisation.pk, affiliations(at))


def affiliations(at: datetime) -> Mapping[int, frozenset[int]]:
    """Return every organisation's direct affiliates at `at`, both ways, by primary key."""
    pairs: dict[int, set[int]] = {}
    for one, other in Affiliation.objects.in_force(at).values_list("organisation_id", "affiliate_id"):
        pairs.setdefault(one, set()).add(other)
        pairs.setdefault(other, set()).add(one)
    return {key: frozenset(value) for key, value in pairs.items()}


def _connected(start: int, pairs: Mapping[int, frozenset[int]]) -> frozenset[int]:
    seen, ahead = {start}, [start]
    while ahead:
        new = pairs.get(ahead.pop(), frozenset()) - seen
        seen |= new
        ahead += new
    return frozenset(seen - {start})


def by_key(key: str) -> Organisation | None:
    """Return the organisation that the record names `key`."""
    return Organisation.objects.filter(key=key).first()


@dataclass(frozen=True)
class Entered:
    """An organisation as the depositary sees it: how many people act for it, whether one binds it, how many are invited."""

    organisation: Organisation
    people: int
    is_bound: bool
    invited: int


def entered(at: datetime) -> list[Entered]:
    """Return every organisation with its numbers of people at `at`, by kind and name, in three queries."""
    held = Membership.objects.in_force(at).values("organisation")
    people = {
        row["organisation"]: row
        for row in held.annotate(
            people=Count("user", distinct=True), binding=Count("user", filter=Q(role__in=BINDING), distinct=True)
        )
    }
    invited = dict(
        Invitation.objects.open_at(at).values("organisation").annotate(n=Count("pk")).values_list("organisation", "n")
    )
    nobody = {"people": 0, "binding": 0}
    return [
        Entered(one, found["people"], bool(found["binding"]), invited.get(one.pk, 0))
        for one in Organisation.objects.order_by("kind", "name")
        for found in [people.get(one.pk, nobody)]
    ]
