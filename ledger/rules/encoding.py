"""Base64 and decimals as the C2SP formats want them: one spelling each."""

import binascii
import re
from base64 import b64decode, b64encode

from core.errors import Malformed

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


def base64_of(data: bytes) -> str:
    """Return standard base64 with padding."""
    return b64encode(data).decode("ascii")


def from_base64(text: str, *, size: int | None = None) -> bytes:
    """Decode standard base64; raise Malformed for any spelling that is not canonical, or another length than `size`."""
    try:
        data = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed(f"{text[:60]!r} is not base64.") from None
    if base64_of(data) != text:
        raise Malformed(f"{text[:60]!r} is not canonical base64.")
    if size is not None and len(data) != size:
        raise Malformed(f"{text[:60]!r} holds {len(data)} bytes instead of {size}.")
    return data


def decimal(text: str) -> int:
    """Read an ASCII decimal without sign or leading zero, below 10^19; raise Malformed for anything else."""
    if not _DECIMAL.fullmatch(text):
        raise Malformed(f"{text[:30]!r} is not a decimal number.")
    return int(text)
