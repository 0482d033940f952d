"""Sealing and opening as tipsters and bodies do, in age's format (rage, by its Python binding)."""

from functools import cache

from pyrage import decrypt, encrypt, x25519

from accounts.rules.statements import Purpose
from inspections.actions.recipients import publish_recipient
from inspections.rules.recipients import recipient_statement
from inspections.rules.tips import is_worked
from tests import factories
from tests.signing import Voter, log, with_root

SIZE = 4096


@cache
def identity(_name="ivb") -> x25519.Identity:
    """The identity of a body, or of somebody: the same one throughout a run."""
    return x25519.Identity.generate()


def recipient_of(name="ivb") -> str:
    return str(identity(name).to_public())


def seal(text: str, *names: str, size=SIZE) -> bytes:
    return encrypt(text.encode().ljust(size, b"\0"), [identity(name).to_public() for name in names or ("ivb",)])


def unseal(sealed: bytes, name="ivb") -> str:
    return bytes(decrypt(bytes(sealed), [identity(name)])).rstrip(b"\0").decode()


def nonce_for(digest: str) -> str:
    return next(nonce for number in range(1 << 26) if is_worked(digest, nonce := f"{number:x}"))


def signature(root: Voter, recipient: str, *, stands=True, body="ivb") -> str:
    statement = recipient_statement(recipient, stands=stands, organisation=body, log=log())
    return root.signature(Purpose.RECIPIENT, statement)


def body_with_root(key="ivb", *, at=factories.LONG_AGO) -> Voter:
    """The root key of a body that takes part."""
    factories.accreditation(factories.body(key))
    return with_root(key, at=at)


def published(root: Voter, key="ivb", *, at=factories.LONG_AGO, recipient=None, **changes):
    """The body's recipient, published with its root key."""
    recipient = recipient or recipient_of(key)
    fields = {"signature": signature(root, recipient, body=key), "signed_by": "root", "by": None} | changes
    return publish_recipient(body=factories.body(key), recipient=recipient, at=at, **fields)
