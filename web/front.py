"""Public pages answered from this process's memory, before Django is asked: what a flood of readers gets.

A page is kept here only where `web.caching` says that everybody sees it alike. It is looked at again once a second: while the record
has the same position, in the same minute, it is the same page. Where it has changed, one reader waits for the new page and those who
come meanwhile get the last one; where the database is away, everybody does. Every page says of which instant it is.

Of pages that have to be made few are made for readers at once, so that readers never stand in the way of those who vote, report or
run machines: who comes when the line is full gets the last page, or is asked to come again.
"""

import gzip
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.utils import timezone
from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header

SHARED: Final = "fermata.shared"  # in the request's environment: of which state an answer is that everybody sees alike
LOOKED_AT_EVERY: Final = 1.0  # seconds
STALE_FOR: Final = 30.0  # seconds that readers get the last page for while a new one is made
MOST_BYTES: Final = 64 * 1024 * 1024
BESIDE: Final = 3 * 1024  # bytes that a page costs beside its text: address, headers, lock
LARGEST: Final = 1024 * 1024
SMALLEST_PACKED: Final = 1024
PACKED_KINDS: Final = ("text/", "application/json", "application/xml", "image/svg")
AT_ONCE: Final = (
    2  # pages made for readers in one process; one fewer while somebody acts, as Python makes them in turns
)
# Readers who wait for their turn: a browser asks for six things at once. Each holds a thread, so there are more threads (`config.processes`).
WAITING: Final = 7
PATIENCE: Final = 3.0  # seconds that a reader waits
COME_AGAIN: Final = 2  # seconds
# What nobody is turned away from: the way to sign in and to tell, orders and their gates, the log's own files, the operators' questions.
NEVER_SHED: Final = (
    "/account/",
    "/tips/",
    "/orders/",
    "/tlog/",
    "/static/",
    "/healthz",
    "/readyz",
    "/metrics",
)

type Environ = dict[str, Any]
type Headers = list[tuple[str, str]]
type Start = Callable[..., Any]
type Application = Callable[[Environ, Start], Iterable[bytes]]
type Key = tuple[str | None, ...]
type State = tuple[int, str]


@dataclass
class Page:
    """An answer as it was made, of which state of the record, and when that was last looked at."""

    body: bytes
    headers: Headers
    etag: str
    state: State
    looked_at: float
    packed: bytes = b""
    being_made: threading.Lock = field(default_factory=threading.Lock)

    @property
    def size(self) -> int:
        """How many bytes keeping it costs."""
        return len(self.body) + len(self.packed) + BESIDE


class Line:
    """The readers for whom a page has to be made: some are, some wait, all others are turned away at once."""

    def __init__(self, at_once: int = AT_ONCE, waiting: int = WAITING, patience: float = PATIENCE) -> None:
        self.patience = patience
        self.places = threading.Semaphore(at_once + waiting)
        self.turns = threading.Semaphore(at_once)
        self.acting = threading.Lock()

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Say whether it is this reader's turn, once it is or the patience is over."""
        if not self.places.acquire(blocking=False):
            yield False
            return
        try:
            mine = self.turns.acquire(timeout=self.patience)
            try:
                yield mine
            finally:
                if mine:
                    self.turns.release()
        finally:
            self.places.release()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Have one page fewer made for readers while somebody acts, where a turn is free."""
        first = self.acting.acquire(blocking=False)
        taken = first and self.turns.acquire(blocking=False)
        try:
            yield
        finally:
            if taken:
                self.turns.release()
            if first:
                self.acting.release()


class Front:
    """The application behind a memory of its public pages. `position` is the record's, `clock` counts seconds."""

    def __init__(
        self, application: Application, position: Callable[[], int], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.application = application
        self.position = position
        self.clock = clock
        self.pages: OrderedDict[Key, Page] = OrderedDict()
        self.bytes = 0
        self.lock = threading.Lock()
        self.line = Line()

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        """Answer from memory where that can be done."""
        key = key_of(environ)
        if key is None:
            with self.line.aside():
                return self.application(environ, start)
        page = self._kept(key)
        if page is None:
            return self._in_turn(key, environ, start)
        if self._is_current(page):
            return answer(page, environ, start)
        if page.being_made.acquire(blocking=False):
            try:
                return self._in_turn(key, environ, start)
            finally:
                page.being_made.release()
        if self.clock() < page.looked_at + STALE_FOR:
            return answer(page, environ, start)
        return self._in_turn(key, environ, start)

    def _in_turn(self, key: Key, environ: Environ, start: Start) -> Iterable[bytes]:
        """Let the page be made when it is this reader's turn, unless somebody before had it made."""
        if is_never_shed(environ):
            return self._made(key, environ, start)
        with self.line.turn() as mine:
            page = self._kept(key)
            if mine and (page is None or not self._is_current(page)):
                return self._made(key, environ, start)
        return answer(page, environ, start) if page else come_again(start)

    def _kept(self, key: Key) -> Page | None:
        with self.lock:
            page = self.pages.get(key)
            if page is not None:
                self.pages.move_to_end(key)
            return page

    def _is_current(self, page: Page) -> bool:
        now = self.clock()
        if now < page.looked_at + LOOKED_AT_EVERY:
            return True
        state = self._state()
        if state is not None and state != page.state:
            return False
        page.looked_at = now
        return True

    def _state(self) -> State | None:
        """Return what a page is a function of; None while the database does not answer."""
        close_old_connections()
        try:
            return state_at(self.position(), timezone.now())
        except DatabaseError:
            return None

    def _made(self, key: Key, environ: Environ, start: Start) -> Iterable[bytes]:
        """Let Django answer, and keep the answer where everybody gets the same."""
        told: list[Any] = []
        now, answered = self.clock(), self.application(environ, lambda *said: told.extend(said))
        status, headers = told[0], list(told[1])
        named = {name.lower(): value for name, value in headers}
        state: State | None = environ.get(SHARED)
        shared = state and "etag" in named and "set-cookie" not in named
        if not state or not shared or not status.startswith("200 "):
            start(*told)
            return answered  # as it comes: a file is not read into memory
        try:
            body = b"".join(answered)
        finally:
            close = getattr(answered, "close", None)
            if close is not None:
                close()
        if len(body) > LARGEST:
            start(*told)
            return [body]
        varies = [(name, f"{value}, Accept-Encoding" if name.lower() == "vary" else value) for name, value in headers]
        page = Page(body, varies, named["etag"], state, now, packed(body, headers))
        self._keep(key, page)
        return answer(page, environ, start)

    def _keep(self, key: Key, page: Page) -> None:
        with self.lock:
            gone = self.pages.pop(key, None)
            self.pages[key] = page
            self.bytes += page.size - (gone.size if gone else 0)
            while self.bytes > MOST_BYTES:
                _key, oldest = self.pages.popitem(last=False)
                self.bytes -= oldest.size


def state_at(position: int, at: datetime) -> State:
    """Return what a page is a function of: the record's position, and the minute."""
    return position, f"{at:%Y%m%d%H%M}"


def answer(page: Page, environ: Environ, start: Start) -> Iterable[bytes]:
    """Answer with the page, or that it has not changed."""
    if page.etag in {tag.strip() for tag in environ.get("HTTP_IF_NONE_MATCH", "").split(",")}:
        start(
            "304 Not Modified",
            [pair for pair in page.headers if pair[0].lower() not in {"content-length", "content-type"}],
        )
        return []
    if page.packed and accepts_gzip(environ.get("HTTP_ACCEPT_ENCODING", "")):
        length = ("Content-Length", str(len(page.packed)))
        kept = [pair for pair in page.headers if pair[0].lower() != "content-length"]
        start("200 OK", [*kept, length, ("Content-Encoding", "gzip")])
        return [page.packed]
    start("200 OK", page.headers)
    return [page.body]


def packed(body: bytes, headers: Headers) -> bytes:
    """Return the page as gzip, empty where that is not worth it. Nothing secret is in a page that everybody sees alike, so its length may be seen."""
    kind = next((value for name, value in headers if name.lower() == "content-type"), "")
    worth_it = len(body) >= SMALLEST_PACKED and kind.startswith(PACKED_KINDS)
    return gzip.compress(body, compresslevel=6, mtime=0) if worth_it else b""


@lru_cache(maxsize=256)
def accepts_gzip(header: str) -> bool:
    """Whether an Accept-Encoding takes gzip (RFC 9110, 12.5.3)."""
    for one in header.lower().split(","):
        coding, _, weight = one.partition(";")
        if coding.strip() == "gzip":
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def is_never_shed(environ: Environ) -> bool:
    """Whether what is asked for is not only for readers."""
    path, host = environ.get("PATH_INFO", ""), environ.get("HTTP_HOST", "").partition(":")[0]
    return path.startswith(NEVER_SHED) or path.endswith("/order") or host in {settings.BALLOT_HOST, settings.FILES_HOST}


BUSY: Final = (
    b'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    b"<title>Very many people are reading</title><h1>Very many people are reading</h1>"
    b"<p>This page could not be made for you at once. Please try again in a few seconds. "
    b"Voting, reporting and orders to machines go on.</p></html>"
)


def come_again(start: Start) -> Iterable[bytes]:
    """Turn a reader away, without any work: in English, as no more of the request is looked at."""
    start(
        "503 Service Unavailable",
        [
            ("Retry-After", str(COME_AGAIN)),
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(BUSY))),
            ("Cache-Control", "no-store"),
            ("Content-Security-Policy", "default-src 'none'"),
            ("X-Content-Type-Options", "nosniff"),
        ],
    )
    return [BUSY]


def key_of(environ: Environ) -> Key | None:
    """Return all that a public page may depend on; None where the request is not an anonymous reader's."""
    if environ["REQUEST_METHOD"] != "GET" or "HTTP_AUTHORIZATION" in environ:
        return None
    cookie = environ.get("HTTP_COOKIE", "")
    chosen = _language_chosen(cookie) if cookie else ""
    if chosen is None:
        return None
    return (
        environ.get("HTTP_HOST"),
        environ.get("HTTP_X_FORWARDED_PROTO") or environ.get("wsgi.url_scheme"),
        environ.get("PATH_INFO"),
        environ.get("QUERY_STRING"),
        chosen,
        _language_accepted(environ.get("HTTP_ACCEPT_LANGUAGE", "")),
        environ.get("HTTP_HX_REQUEST"),
    )


@lru_cache(maxsize=1024)
def _language_chosen(cookie: str) -> str | None:
    """Return the language that a cookie names, empty for none; None where another cookie than that is the reader's own."""
    try:
        found = SimpleCookie(cookie)
    except CookieError:
        return None
    language = found.pop(settings.LANGUAGE_COOKIE_NAME, None)
    found.pop(settings.CSRF_COOKIE_NAME, None)
    if found:
        return None
    return language.value if language else ""


@lru_cache(maxsize=1024)
def _language_accepted(header: str) -> str:
    """Return the language in which Django would answer."""
    for wanted, _weight in parse_accept_lang_header(header.lower()):
        try:
            return get_supported_language_variant(wanted)
        except LookupError:
            continue
    return settings.LANGUAGE_CODE
