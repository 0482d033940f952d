"""API tokens. They are credentials like passwords, kept as hashes, and no concern of the record."""

from datetime import datetime, timedelta

from django.db import transaction
from knox.models import AuthToken

from accounts.models import TokenName, User
from core.errors import DomainError

LONGEST = 90  # days
MOST = 20


class TokenRefused(DomainError):
    """The token cannot be made so."""

    code = "token_refused"


@transaction.atomic
def create_token(*, name: str, days: int, by: User, at: datetime) -> str:
    """Return a new token of the person's own, in clear for the only time; the database keeps its hash."""
    by.refresh_from_db(from_queryset=User.objects.select_for_update(no_key=True))
    if not 0 < days <= LONGEST:
        raise TokenRefused(f"A token is good for 1 to {LONGEST} days.")
    if AuthToken.objects.filter(user=by, expiry__gt=at).count() >= MOST:
        raise TokenRefused(f"You have {MOST} tokens. Revoke one first.")
    token, clear = AuthToken.objects.create(by, expiry=timedelta(days=days))
    TokenName.objects.create(token=token, name=name.strip())
    return str(clear)


@transaction.atomic
def revoke_token(*, digest: str, by: User) -> None:
    """Revoke one of the person's own tokens; one that is gone, or somebody else's, changes nothing."""
    AuthToken.objects.filter(user=by, digest=digest).delete()
