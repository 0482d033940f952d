"""Keys that the demonstration holds for its fictional people, so that a visitor can sign. In earnest nobody holds such keys.

They are derived from the site's secret and stored nowhere.
"""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.utils.crypto import salted_hmac

from accounts.models import Organisation, User
from accounts.rules.signatures import b64url
from accounts.rules.statements import Purpose, challenge
from core.canonical import Json, canonical
from core.errors import require


def root_key(organisation: Organisation) -> Ed25519PrivateKey:
    """Return the root key of a fictional organisation."""
    return _derived("root", organisation.key)


def software_key(organisation: Organisation, user: User) -> Ed25519PrivateKey:
    """Return the key with which a visitor who became `user` signs for `organisation`."""
    return _derived("software", f"{organisation.key}/{user.handle}")


def sign_as_root(organisation: Organisation, purpose: Purpose, statement: Json) -> str:
    """Return what the root key of a fictional organisation signs at once."""
    return b64url(root_key(organisation).sign(challenge(purpose, canonical(statement))))


def _derived(purpose: str, name: str) -> Ed25519PrivateKey:
    require(settings.DEMO, "There are no such keys outside a demonstration.")
    seed = salted_hmac(f"fermata/demonstration/{purpose}", name, algorithm="sha256").digest()
    return Ed25519PrivateKey.from_private_bytes(seed)
