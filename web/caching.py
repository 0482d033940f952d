"""Public pages are cached by the record's position: what the public sees is a function of the record, and of time.

A page may say how old something is, so the minute is a part of the key: what time alone changes is shown at most a minute late.
"""

import hashlib
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Concatenate, Final

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from django.utils.translation import get_language
from redis.exceptions import RedisError

from web.front import SHARED, State, state_at
from web.replicas import read

KEPT: Final = 90  # seconds: a little longer than the minute in the key
# For caches between: browsers ask each time (Cache-Control), a CDN (RFC 9213) or nginx at most once a second for all of them.
BETWEEN: Final = {
    "CDN-Cache-Control": "max-age=1, stale-while-revalidate=30, stale-if-error=3600",
    "X-Accel-Expires": "1",
}
VARIES: Final = ("Cookie", "Accept-Language", "HX-Request")
STORED: Final = (
    "Content-Type",
    "Content-Language",
    "Content-Disposition",
    "Access-Control-Allow-Origin",
    "Cross-Origin-Resource-Policy",
    "Cache-Control",
    "Link",
)

type View[**P] = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
type Stored = tuple[bytes, dict[str, str]]


def cached_by[**P](position: Callable[[], int], *parameters: str) -> Callable[[View[P]], View[P]]:
    """Cache a page that everybody sees alike by `position()`, as `@cached_by(ledger.queries.position)`.

    `parameters` are the query parameters that the page reads; all others are no part of the key. Whoever has a session or a message
    waiting gets a page of their own. Without Redis the page is rendered anew: nothing depends on the cache.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not _is_anonymous(request):
                return _own(view(request, *args, **kwargs))
            return read(lambda: shared(request, *args, **kwargs), position)

        def shared(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            state = state_at(position(), timezone.now())
            request.META[SHARED], tag = state, _tag(request, state, parameters)
            if tag in parse_etags(request.headers.get("If-None-Match", "")):
                return _public(HttpResponseNotModified(), tag)
            stored = _read(tag)
            if stored is not None:
                return _public(HttpResponse(stored[0], headers=stored[1]), tag)
            response = _whole(view(request, *args, **kwargs))
            if not _is_shared(request, response):
                del request.META[SHARED]
                return _own(response)
            _keep(tag, response)
            return _public(response, tag)

        return answer

    return decorate


def tagged_by[**P](position: Callable[[], int]) -> Callable[[View[P]], View[P]]:
    """Tag what programs read by `position()` and the minute: whoever has it is answered 304, and nothing is kept here."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not _is_anonymous(request):
                return view(request, *args, **kwargs)
            return read(lambda: tagged(request, *args, **kwargs), position)

        def tagged(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            tag = _tag(request, state_at(position(), timezone.now()), tuple(request.GET))
            if tag in parse_etags(request.headers.get("If-None-Match", "")):
                return _public(HttpResponseNotModified(), tag)
            response = _whole(view(request, *args, **kwargs))
            is_plain = response.status_code == 200 and not {"ETag", "Cache-Control"} & set(response.headers)
            return _public(response, tag) if is_plain else response

        return answer

    return decorate


def _is_anonymous(request: HttpRequest) -> bool:
    """Whether nothing that the browser sent can make the page differ from everybody's."""
    mine = {settings.SESSION_COOKIE_NAME, "messages"} & request.COOKIES.keys()
    return request.method in {"GET", "HEAD"} and not mine and "Authorization" not in request.headers


def _whole(response: HttpResponseBase) -> HttpResponseBase:
    """Render what would be rendered later: all of a page is read where its position was."""
    return response.render() if isinstance(response, SimpleTemplateResponse) else response


def _is_shared(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Whether the answer may be given to others: complete, and without a token or a cookie."""
    token = request.META.get("CSRF_COOKIE_NEEDS_UPDATE", False)
    return isinstance(response, HttpResponse) and response.status_code == 200 and not token and not response.cookies


def _tag(request: HttpRequest, state: State, parameters: tuple[str, ...]) -> str:
    asked = [(name, request.GET.getlist(name)) for name in sorted(parameters)]
    parts = (
        *state,
        release(),
        get_language(),
        request.get_host(),
        request.path,
        asked,
        request.headers.get("HX-Request"),
    )
    return f'W/"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'


@lru_cache(maxsize=1)
def release() -> str:
    """Return the hash of all templates and translations, so that a new release shows at once."""
    digest = hashlib.sha256()
    for path in sorted([*(settings.ROOT / "templates").rglob("*.html"), *(settings.ROOT / "locale").rglob("*.po")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _read(tag: str) -> Stored | None:
    try:
        stored: Stored | None = cache.get(f"page:{tag}")
    except RedisError:
        return None
    return stored


def _keep(tag: str, response: HttpResponseBase) -> None:
    if isinstance(response, HttpResponse):
        headers = {name: response.headers[name] for name in STORED if name in response.headers}
        try:
            cache.set(f"page:{tag}", (response.content, headers), timeout=KEPT)
        except RedisError:
            return


def _public(response: HttpResponseBase, tag: str) -> HttpResponseBase:
    response.headers["ETag"] = tag
    response.headers.setdefault("Cache-Control", "public, no-cache")
    for name, value in BETWEEN.items():
        response.headers.setdefault(name, value)
    patch_vary_headers(response, VARIES)
    return response


def _own(response: HttpResponseBase) -> HttpResponseBase:
    response.headers.setdefault("Cache-Control", "private, no-cache")
    patch_vary_headers(response, VARIES)
    return response
