"""Root keys as the annexes print them, or as they were declared."""

from datetime import datetime

from accounts.models import Organisation
from accounts.queries.keys import declared_root
from treaty.queries.texts import rules_of, text_at
from treaty.rules.text import printed_root


def root_of(organisation: Organisation, at: datetime) -> str | None:
    """Return the root key that holds for `organisation` at `at`: the annex's, else the one that it declared last."""
    text = text_at(at)
    printed = printed_root(rules_of(text), organisation.key) if text else None
    return printed or declared_root(organisation)
