"""Refusals as answers: 403 for NotAllowed, 400 for Malformed, 503 for Unavailable, 409 for every other DomainError.

Programs get them as problem documents (RFC 9457), whose `code` is stable and whose `detail` says what to do.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from psycopg.errors import ReadOnlySqlTransaction

from core.errors import DomainError, Malformed, NotAllowed

PROBLEM: Final = "application/problem+json"
FILE: Final = re.compile(r"/figures/.+\.(csv|json|svg)")  # the site's other files are links that people follow
COME_AGAIN: Final = "30"  # seconds


class Unavailable(DomainError):
    """The database takes nothing at the moment."""

    code = "unavailable"


def unavailable(error: BaseException | None) -> Unavailable | None:
    """Return what to tell people where the database is away, too busy or only reads; None for every other error."""
    if isinstance(error.__cause__ if error else None, ReadOnlySqlTransaction):
        return Unavailable(
            _("The database only reads at the moment. Nothing was changed: please send it again in a few minutes.")
        )
    if isinstance(error, OperationalError | InterfaceError):
        return Unavailable(
            _(
                "The database cannot answer at the moment. What you sent was recorded whole or not at all: in a few minutes look whether it is there, and send it again if not."
            )
        )
    return None


def status_of(error: DomainError) -> HTTPStatus:
    """Return the HTTP status that `error` is answered with."""
    match error:
        case NotAllowed():
            return HTTPStatus.FORBIDDEN
        case Malformed():
            return HTTPStatus.BAD_REQUEST
        case Unavailable():
            return HTTPStatus.SERVICE_UNAVAILABLE
        case _:
            return HTTPStatus.CONFLICT


def body_of(error: DomainError) -> dict[str, object]:
    """Return the API's answer for `error`."""
    return {"code": error.code, "detail": error.detail, **({"fields": error.fields} if error.fields else {})}


def problem_of(status: int, body: Mapping[str, object]) -> dict[str, object]:
    """Return `body` (code, detail and perhaps fields) as a problem document."""
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": int(status), **body}


def refusal(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Answer with the refusal, as a page or, where programs ask, as JSON."""
    if request.path.startswith("/api/") or FILE.fullmatch(request.path):
        return problem(status_of(error), body_of(error))
    return render(request, "web/refused.html", {"error": error}, status=status_of(error))


def problem(status: int, body: Mapping[str, object]) -> JsonResponse:
    """Answer with a problem document."""
    return JsonResponse(problem_of(status, body), status=status, content_type=PROBLEM)
