"""The hand-off from the site, where a person is signed in, to the ballot host, where nobody is.

A token in the address's fragment, signed and short-lived, for one purpose each. It says who asked and for what; it is no authority: a
ballot counts by its signature, an enrolment by the root key's.
"""

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core import signing

from core.errors import DomainError, Malformed

LASTS: Final = timedelta(minutes=20)


class HandoffExpired(DomainError):
    """This page was left open for too long. Go back to the site and begin again; nothing was cast."""

    code = "handoff_expired"


@dataclass(frozen=True)
class BallotHandoff:
    """Somebody who acts for `organisation` has chosen and goes to sign; or signs `along`, the hash of a colleague's ballot."""

    user: int
    vote: str
    organisation: str
    choice: str
    reason: str
    ground: str
    along: str = ""

    @property
    def link(self) -> str:
        """Where the ballot is signed."""
        return f"{settings.BALLOT_URL}/#{_token(self)}"


@dataclass(frozen=True)
class KeyHandoff:
    """Somebody who acts for `organisation` goes to make a passkey."""

    user: int
    organisation: str

    @property
    def link(self) -> str:
        """Where the passkey is made: passkeys belong to the host that makes them."""
        return f"{settings.BALLOT_URL}/key/#{_token(self)}"


type Handoff = BallotHandoff | KeyHandoff


def _token(handoff: Handoff) -> str:
    return signing.dumps(asdict(handoff), salt=_salt(type(handoff)), compress=True)


def _salt(purpose: type) -> str:
    return f"fermata/{purpose.__name__}/v1"


def read_handoff[T: Handoff](purpose: type[T], token: str) -> T:
    """Return the hand-off that was made for this purpose; raise HandoffExpired, or Malformed for any other token."""
    try:
        return purpose(**signing.loads(token, salt=_salt(purpose), max_age=LASTS))
    except signing.SignatureExpired:
        raise HandoffExpired from None
    except signing.BadSignature:
        raise Malformed("This link was not made by this site for this page. Begin again on the site.") from None
