"""Members of a payload by type: what is missing or of another type is Malformed, and so named as a problem."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation

from core.canonical import Json
from core.errors import Malformed
from core.times import instant

type Payload = Mapping[str, Json]


def text(payload: Payload, name: str) -> str:
    """Return a string."""
    found = _member(payload, name)
    if not isinstance(found, str):
        raise _wrong(name, "text")
    return found


def maybe_text(payload: Payload, name: str) -> str | None:
    """Return a string, or None."""
    return None if _member(payload, name) is None else text(payload, name)


def number(payload: Payload, name: str) -> int:
    """Return a whole number."""
    found = _member(payload, name)
    if not isinstance(found, int) or isinstance(found, bool):
        raise _wrong(name, "a whole number")
    return found


def flag(payload: Payload, name: str) -> bool:
    """Return yes or no."""
    found = _member(payload, name)
    if not isinstance(found, bool):
        raise _wrong(name, "true or false")
    return found


def moment(payload: Payload, name: str) -> datetime:
    """Return an instant."""
    return instant(text(payload, name))


def maybe_moment(payload: Payload, name: str) -> datetime | None:
    """Return an instant, or None."""
    return None if _member(payload, name) is None else moment(payload, name)


def decimal(found: Json, name: str) -> Decimal:
    """Read a number that travels as a string."""
    try:
        value = Decimal(found) if isinstance(found, str) else Decimal("NaN")
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise _wrong(name, "a number in quotes")
    return value


def items(payload: Payload, name: str) -> Sequence[Json]:
    """Return a list."""
    found = _member(payload, name)
    if not isinstance(found, list | tuple):
        raise _wrong(name, "a list")
    return found


def texts(payload: Payload, name: str) -> list[str]:
    """Return a list of strings."""
    found = items(payload, name)
    if not all(isinstance(one, str) for one in found):
        raise _wrong(name, "a list of texts")
    return [str(one) for one in found]


def part(payload: Payload, name: str) -> Payload:
    """Return an object."""
    return as_object(_member(payload, name), name)


def parts(payload: Payload, name: str) -> list[Payload]:
    """Return a list of objects."""
    return [as_object(one, name) for one in items(payload, name)]


def as_object(found: Json, name: str) -> Payload:
    """Return `found` as an object."""
    if not isinstance(found, Mapping):
        raise _wrong(name, "an object")
    return found


def _member(payload: Payload, name: str) -> Json:
    if name not in payload:
        raise Malformed(f"its payload lacks {name!r}")
    return payload[name]


def _wrong(name: str, wanted: str) -> Malformed:
    return Malformed(f"its payload's {name!r} is not {wanted}")
