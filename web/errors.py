"""Refusals as answers: 403 for NotAllowed, 400 for Malformed, 409 for every other DomainError.

Programs get them as problem documents (RFC 9457), whose `code` is stable and whose `detail` says what to do.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from core.errors import DomainError, Malformed, NotAllowed

PROBLEM: Final = "application/problem+json"


def status_of(error: DomainError) -> HTTPStatus:
    """Return the HTTP status that `error` is answered with."""
    match error:
        case NotAllowed():
            return HTTPStatus.FORBIDDEN
        case Malformed():
            return HTTPStatus.BAD_REQUEST
        case _:
            return HTTPStatus.CONFLICT


def body_of(error: DomainError) -> dict[str, object]:
    """Return the API's answer for `error`."""
    return {"code": error.code, "detail": error.detail, **({"fields": error.fields} if error.fields else {})}


def problem_of(status: int, body: Mapping[str, object]) -> dict[str, object]:
    """Return `body` (code, detail and perhaps fields) as a problem document."""
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": int(status), **body}


def refusal(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Answer with the refusal, as a page or as JSON."""
    if request.path.startswith("/api/"):
        return problem(status_of(error), body_of(error))
    return render(request, "web/refused.html", {"error": error}, status=status_of(error))


def problem(status: int, body: Mapping[str, object]) -> JsonResponse:
    """Answer with a problem document."""
    return JsonResponse(problem_of(status, body), status=status, content_type=PROBLEM)
