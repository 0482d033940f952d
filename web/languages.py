"""The languages of the pages: which are offered, how a reader chooses one, and how each writes an instant or a number."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Final

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import dateformat, translation
from django.utils.cache import patch_vary_headers
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

PARAMETER: Final = "lang"
# How each style writes an instant, in Django's date format.
STYLES: Final[Mapping[str, str | Promise]] = {
    "": pgettext_lazy("date format", "j F Y, H:i"),
    "short": pgettext_lazy("date format", "j M, H:i"),
    "day": pgettext_lazy("date format", "j F Y"),
    "shortday": pgettext_lazy("date format", "j M Y"),
    "daymonth": pgettext_lazy("date format", "j M"),
    "month": pgettext_lazy("date format", "M Y"),
    "seconds": pgettext_lazy("date format", "j F Y, H:i:s"),
    "time": "H:i",
}


def instant(at: datetime, style: str = "") -> str:
    """Write an aware instant in UTC, without saying so, as the reader's language does."""
    return _written(at.astimezone(UTC), style, translation.get_language())


@lru_cache(maxsize=4096)
def _written(at: datetime, style: str, language: str | None) -> str:
    """Write an instant once: a table has the same in many rows, and each costs as much as a statement."""
    return dateformat.format(at, _format(style, language))


@lru_cache(maxsize=128)
def _format(style: str, _language: str | None) -> str:
    """Return how a language writes a style: a table has it in every row."""
    return str(STYLES[style])


def chosen(request: HttpRequest) -> str:
    """Return the language that the address asks for, or "" where it asks for none that is offered."""
    asked = request.GET.get(PARAMETER, "")
    return asked if asked in dict(settings.LANGUAGES) else ""


def is_data(path: str) -> bool:
    """Whether an address is read by programs, which must find the same words whatever their reader's language."""
    return path.startswith("/api/v1/") or PurePosixPath(path).suffix != ""


class Languages(LocaleMiddleware):
    """The address decides (`?lang=fr`), then the cookie, then the browser; data is in English unless its address asks."""

    def process_request(self, request: HttpRequest) -> None:
        """Choose the language of this answer."""
        super().process_request(request)
        asked = chosen(request) or (settings.LANGUAGE_CODE if is_data(request.path_info) else "")
        if asked:
            translation.activate(asked)
            request.LANGUAGE_CODE = asked

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Name the language, and remember the one that was asked for."""
        answer: HttpResponseBase = super().process_response(request, response)
        if asked := chosen(request):
            answer.set_cookie(
                settings.LANGUAGE_COOKIE_NAME,
                asked,
                max_age=settings.LANGUAGE_COOKIE_AGE,
                secure=settings.LANGUAGE_COOKIE_SECURE,
                httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
                samesite="Lax",
            )
            patch_vary_headers(answer, ("Cookie",))
        return answer
