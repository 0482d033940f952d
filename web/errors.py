"""Refusals as answers: 403 for NotAllowed, 400 for Malformed, 409 for every other DomainError."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from core.errors import DomainError, Malformed, NotAllowed


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


def refusal(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Answer with the refusal, as a page or as JSON."""
    if request.path.startswith("/api/"):
        return JsonResponse(body_of(error), status=status_of(error))
    return render(request, "web/refused.html", {"error": error}, status=status_of(error))
