"""What an entry is: a kind, an instant, an actor's pseudonym and a payload, as canonical bytes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.canonical import Json, canonical, parse
from core.errors import Malformed
from core.times import instant
from ledger.rules.merkle import leaf_hash

VERSION: Final = 1
# A bundle of tlog-tiles gives an entry's length in 16 bits.
LONGEST_ENTRY: Final = 65_535
# Keys of a payload whose values an entry can be searched by, as "vote:17".
SUBJECT_KEYS: Final = frozenset(
    {
        "lab",
        "body",
        "organisation",
        "vote",
        "pause",
        "trigger",
        "facility",
        "visit",
        "report",
        "text",
        "indicator",
        "case",
        "challenge",
        "special",
        "drill",
        "run",
        "party",
        "deployment",
        "amendment",
        "draw",
        "witness",
        "key",
        "order",
        "recipient",
        "tip",
    }
)
_KIND: Final = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*", re.ASCII)
_MEMBERS: Final = {"v", "kind", "at", "by", "payload"}


@dataclass(frozen=True)
class EntryValue:
    """An entry as it can be read from its bytes alone."""

    kind: str
    at: datetime
    by: str | None
    payload: Mapping[str, Json]
    hash: str


def is_kind(text: str) -> bool:
    """Whether `text` has the form noun.past-participle."""
    return len(text) <= 64 and _KIND.fullmatch(text) is not None


def subjects_of(payload: Mapping[str, Json]) -> list[str]:
    """Return what an entry can be searched by, sorted: ["lab:aster", "vote:17"]."""
    return sorted(
        f"{key}:{value}"[:120] for key, value in payload.items() if key in SUBJECT_KEYS and isinstance(value, str | int)
    )


def read_entry(data: bytes) -> EntryValue:
    """Read an entry's bytes; raise Malformed unless they are canonical and have exactly the members of an entry."""
    value = parse(data)
    if not isinstance(value, Mapping) or set(value) != _MEMBERS:
        raise Malformed(f"An entry has exactly the members {', '.join(sorted(_MEMBERS))}.")
    if canonical(value) != data:
        raise Malformed("The entry's bytes are not canonical JSON.")
    match value:
        case {"v": 1, "kind": str(kind), "at": str(at), "by": str() | None as by, "payload": Mapping() as payload} if (
            is_kind(kind)
        ):
            return EntryValue(kind, instant(at), by, payload, leaf_hash(data).hex())
    raise Malformed("The entry has a version, kind, instant or actor that cannot be read.")
