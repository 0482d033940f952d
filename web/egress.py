"""Requests to addresses that others name: https to a public host, looked up once, no redirect, little time, little answer.

The name is resolved here and the connection goes to the address that was judged, so that a name which answers differently a
moment later (DNS rebinding) gains nothing. Whatever is not plainly public is refused.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from core.errors import DomainError

PORTS: Final = frozenset({443, 8443})
LONGEST_URL: Final = 500
SECONDS: Final = 10.0  # for all of it: connecting, sending, and the answer's first line and headers
NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class EgressRefused(DomainError):
    """The address is not one that this site sends to."""

    code = "egress_refused"


class Unanswered(Exception):
    """The request was sent, or tried, and came to nothing."""


@dataclass(frozen=True)
class Target:
    """An address in parts, as far as its form can be judged."""

    host: str
    port: int
    path: str


def target_of(url: str) -> Target:
    """Judge an address by its form; raise EgressRefused with what is wrong."""
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise EgressRefused("Write the address in plain ASCII, without spaces, in at most 500 characters.")
    try:
        parts = urlsplit(url)
        port = 443 if parts.port is None else parts.port
    except ValueError:
        raise EgressRefused("This is not an address.") from None
    host = (parts.hostname or "").rstrip(".")
    last = host.rpartition(".")[2]
    for problem, wrong in [
        ("The address begins with https://.", parts.scheme != "https"),
        ("The address holds no user name and no password.", "@" in parts.netloc),
        (f"The port is one of {', '.join(map(str, sorted(PORTS)))}.", port not in PORTS),
        ("Name a host by its domain, not by a number.", not last or ":" in host or last[:1].isdigit()),
        ("The host is on the public Internet, so its name has a dot.", "." not in host),
        ("The address ends before any #.", bool(parts.fragment)),
    ]:
        if wrong:
            raise EgressRefused(problem)
    return Target(host, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def is_public(address: Address) -> bool:
    """Whether the address is a public host's own: not private, not local, and no other address in disguise."""
    if isinstance(address, ipaddress.IPv6Address):
        disguised = address.ipv4_mapped or address.sixtofour or address.teredo or address in NAT64
        if disguised or address.scope_id is not None:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def resolve(target: Target) -> str:
    """Look the host up once; return an address of it. Every address that the name has must be public."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unanswered(f"the name {target.host} is not known") from None
    addresses = [str(place[4][0]) for place in found]
    if not addresses or not all(is_public(ipaddress.ip_address(address)) for address in addresses):
        raise EgressRefused(f"The name {target.host} does not lead to the public Internet.")
    return addresses[0]


def post(url: str, body: bytes, headers: Mapping[str, str], *, context: ssl.SSLContext | None = None) -> int:
    """Send `body` and return the answer's status; its content is not read. Raise EgressRefused or Unanswered."""
    target = target_of(url)
    connection = _Pinned(target, resolve(target), context or ssl.create_default_context())
    alarm = threading.Timer(SECONDS, connection.abort)
    alarm.daemon = True
    alarm.start()
    try:
        connection.request("POST", target.path, body=body, headers=dict(headers))
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise Unanswered(f"{type(error).__name__} {error}".strip()) from None
    finally:
        alarm.cancel()
        connection.close()
    if connection.aborted:
        raise Unanswered(f"no whole answer within {SECONDS:g} s")
    return status


class _Pinned(http.client.HTTPSConnection):
    """A connection to the address that was judged, with the certificate of the name."""

    def __init__(self, target: Target, address: str, context: ssl.SSLContext) -> None:
        super().__init__(target.host, target.port, timeout=SECONDS, context=context)
        self._address = address
        self.aborted = False
        self._tls = context

    def connect(self) -> None:
        raw = socket.create_connection((self._address, self.port), timeout=SECONDS)
        self.sock = self._tls.wrap_socket(raw, server_hostname=self.host, do_handshake_on_connect=False)
        self.sock.do_handshake()

    def abort(self) -> None:
        """Time is up: whatever waits for the other side fails, or reads the end of it."""
        self.aborted = True
        with suppress(OSError, AttributeError):
            self.sock.shutdown(socket.SHUT_RDWR)
