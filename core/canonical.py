"""Canonical JSON (RFC 8785, restricted), hashes over it, and a parser that refuses what is ambiguous.

Allowed: objects with ASCII keys, arrays, NFC strings, integers of magnitude below 2^53, booleans, null. Fractions and
FLOP counts travel as strings. With floats excluded, RFC 8785 is `json.dumps` with sorted keys and no white space.
"""

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Never

from core.errors import Malformed

type Json = bool | int | str | Sequence["Json"] | Mapping[str, "Json"] | None

LARGEST_INTEGER = 2**53 - 1
DEEPEST = 64


class NotCanonical(Malformed):
    """The value has no canonical form here."""

    code = "not_canonical"


def canonical(value: Json) -> bytes:
    """Return the canonical bytes of `value`; raise NotCanonical for floats, large integers and non-NFC text."""
    _check(value, 0)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def digest(value: Json) -> str:
    """Return the SHA-256 of the canonical bytes, in hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


def tagged_digest(tag: str, value: Json) -> str:
    """Return SHA-256(tag NUL canonical bytes) in hex: a hash that no other purpose can produce."""
    return hashlib.sha256(tag.encode() + b"\0" + canonical(value)).hexdigest()


def commitment(salt: str, value: Json) -> str:
    """Return the salted commitment to `value`, in hex. `salt` is 32 random bytes in hex, kept until the opening."""
    if len(salt) != 64:
        raise NotCanonical("A salt is 32 random bytes, written as 64 hexadecimal digits.")
    return tagged_digest("fermata/commitment/v1", {"salt": salt, "value": value})


def parse(data: bytes | str) -> Json:
    """Parse JSON that has one meaning only: no duplicate key, float, NaN, lone surrogate or deep nesting."""
    try:
        text = data.decode() if isinstance(data, bytes) else data
        value = json.loads(
            text, object_pairs_hook=_unique, parse_float=_no_float, parse_constant=_no_float, parse_int=_integer
        )
    except RecursionError:
        raise Malformed(f"The JSON is nested deeper than {DEEPEST} levels.") from None
    except ValueError as error:
        raise Malformed(f"This is not JSON in UTF-8: {error}") from None
    _check(value, 0)
    return value  # type: ignore[no-any-return] # json.loads is untyped; _check has just established the type


def _check(value: object, depth: int) -> None:
    if depth > DEEPEST:
        raise NotCanonical(f"The value is nested deeper than {DEEPEST} levels.")
    match value:
        case None | bool():
            pass
        case int():
            if abs(value) > LARGEST_INTEGER:
                raise NotCanonical(f"The integer {str(value)[:20]}… is beyond 2^53 - 1: send it as a string.")
        case str():
            _check_text(value)
        case Mapping():
            _check_object(value, depth)
        case list() | tuple():
            for item in value:
                _check(item, depth + 1)
        case _:
            raise NotCanonical(f"A {type(value).__name__} has no canonical form: send it as a string.")


def _check_object(value: Mapping[object, object], depth: int) -> None:
    for key, item in value.items():
        if not isinstance(key, str) or not key.isascii():
            raise NotCanonical(f"The key {key!r} is not ASCII text.")
        _check(item, depth + 1)


def _check_text(text: str) -> None:
    if not text.isascii():
        if not unicodedata.is_normalized("NFC", text):
            raise NotCanonical(f"The text {text[:40]!r} is not in Unicode normal form C.")
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise NotCanonical("The text holds a lone surrogate.")
    if "\0" in text:
        raise NotCanonical("The text holds a NUL character.")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        keys = [key for key, _ in pairs]
        raise Malformed(f"The key {next(key for key in keys if keys.count(key) > 1)!r} appears twice.")
    return value


def _no_float(text: str) -> Never:
    raise Malformed(f"The number {text[:20]} is not an integer: send it as a string.")


def _integer(text: str) -> int:
    if len(text) > 17:
        raise Malformed("An integer has at most 16 digits: send a longer one as a string.")
    return int(text)
