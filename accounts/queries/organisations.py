from collections.abc import Mapping
from datetime import datetime

from accounts.models import Affiliation, Organisation


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
