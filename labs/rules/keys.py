"""The keys by which the record names what laboratories register."""

import hashlib
import re
import unicodedata


def key_of(organisation_key: str, name: str) -> str:
    """Return the record's key for something an organisation names: its own key and the name in ASCII, or a hash where that is empty."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:48].strip("-")
    return f"{organisation_key}-{stem or hashlib.sha256(name.encode()).hexdigest()[:12]}"[:80]
