"""What a device needs to keep a report without a connection: whose it is, the keys that seal it there, and the form's files."""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Final

from django.conf import settings
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.utils.crypto import salted_hmac

from accounts.models import User
from inspections.models import Delivery, Report

MODULES: Final = (
    "report",
    "report-conflict",
    "report-fields",
    "report-file",
    "report-photographs",
    "report-store",
    "report-sync",
)
FILES: Final = (
    *(f"css/{name}.css" for name in ("tokens", "base", "components", "forms", "print")),
    *(f"fonts/public-sans-{name}.woff2" for name in ("latin", "latin-ext", "latin-italic")),
    *(f"fonts/newsreader-{name}.woff2" for name in ("latin", "latin-ext", "latin-italic")),
    "img/favicon.svg",
    "img/icon-180.png",
    "site.webmanifest",
    "js/local-time.js",
    "js/menu.js",
    *(f"js/{name}.js" for name in MODULES),
    "js/vendor/idb.js",
)


def owner_of(user: User) -> str:
    """Return the name under which a device keeps what `user` wrote: it tells nobody else who that is."""
    return salted_hmac("inspections.devices.owner", str(user.pk), algorithm="sha256").hexdigest()[:32]


def keys_of(user: User) -> list[str]:
    """Return the AES-256 keys (base64) of `user`'s drafts on devices: the one to seal with, then those of earlier site secrets."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    found = (
        salted_hmac("inspections.devices.key", str(user.pk), secret=secret, algorithm="sha256") for secret in secrets
    )
    return [b64encode(one.digest()).decode() for one in found]


def addresses() -> list[str]:
    """Return the addresses of the form's files: as pages name them, and as scripts name each other."""
    return sorted({address for name in FILES for address in (static(name), settings.STATIC_URL + name)})


def version(shell: str) -> str:
    """Return a hash of the empty form and all its files: a device fetches both anew when it changes."""
    digest = sha256(shell.encode())
    for name in FILES:
        digest.update((path := Path(str(finders.find(name)))).name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def delivered(report: Report, key: str) -> Delivery | None:
    """Return what a device had sent under `key`, if it had arrived."""
    return report.deliveries.filter(key=key).first()
