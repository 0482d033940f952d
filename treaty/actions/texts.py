"""Publishing a treaty text."""

from datetime import datetime
from hashlib import sha256

from django.db import transaction

from accounts.models import User
from accounts.permissions import is_depositary
from core.errors import DomainError, require
from ledger.actions import record
from treaty.models import Party, TreatyText
from treaty.rules.reading import read_text
from treaty.rules.text import Text

ONLY_THE_DEPOSITARY = "Only the depositary publishes a treaty text."


class TextRefused(DomainError):
    """This text cannot be published now."""

    code = "text_refused"


def check_text(*, source: bytes, by: User | None, at: datetime) -> Text:
    """Return the text that `publish_text` would publish now; raise what it would raise. Nothing is kept."""
    require(is_depositary(by, at=at), ONLY_THE_DEPOSITARY)
    text = read_text(source)
    if not TreatyText.objects.filter(sha256=sha256(source).hexdigest()).exists():
        _check_succession(text.version, TreatyText.objects.defer("source").order_by("-version").first())
    return text


@transaction.atomic
def publish_text(*, source: bytes, by: User | None, at: datetime) -> TreatyText:
    """Publish the bytes `source` as the next version and open it for signature (Art. 27); raise TextInvalid.

    Once a laboratory has signed, the text changes by amendment only.
    """
    newest = TreatyText.objects.select_for_update().order_by("-version").first()
    require(is_depositary(by, at=at), ONLY_THE_DEPOSITARY)
    digest = sha256(source).hexdigest()
    published = TreatyText.objects.filter(sha256=digest).first()
    if published:
        return published
    text = read_text(source)
    _check_succession(text.version, newest)
    made = TreatyText.objects.create(
        version=text.version, title=text.title, source=source, sha256=digest, published_at=at
    )
    record(
        kind="text.published",
        payload={"text": made.version, "title": made.title, "sha256": digest, "bytes": len(source)},
        by=by,
        at=at,
    )
    return made


def _check_succession(version: int, newest: TreatyText | None) -> None:
    expected = newest.version + 1 if newest else 1
    if version != expected:
        raise TextRefused(f"The text says version {version}; the next one is version {expected}.")
    if Party.objects.exists():
        raise TextRefused("Laboratories have signed: from now on the text changes by a vote on an amendment.")
