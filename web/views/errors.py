from http import HTTPStatus

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views import defaults

from core.errors import NotAllowed
from web.errors import problem


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django passes the reason
    """Say what to do when a form's token does not fit, most often after a sign-out in another window."""
    error = NotAllowed(
        _(
            "This form is no longer valid. Go back, reload the page and send it again; what you typed is kept by your browser."
        )
    )
    return render(request, "web/refused.html", {"error": error}, status=HTTPStatus.FORBIDDEN)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what cannot be read at all; of a form that is too large, say what to do."""
    if isinstance(exception, RequestDataTooBig | TooManyFieldsSent):
        return _too_large(request)
    if request.path.startswith("/api/"):
        body = {"code": "malformed", "detail": "The request cannot be read."}
        return problem(HTTPStatus.BAD_REQUEST, body)
    return defaults.bad_request(request, exception)


def _too_large(request: HttpRequest) -> HttpResponse:
    detail = _(
        "The form holds more than %(size)s kB of text, or too many fields. Nothing was changed and what you typed is still there: go back, shorten it, and send longer documents as files."
    ) % {"size": settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1000}
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    if request.path.startswith("/api/") or request.headers.get("Accept", "").startswith("application/json"):
        return problem(status, {"code": "too_large", "detail": detail})
    return render(request, "400.html", {"detail": detail}, status=status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer that nothing is at an address; a program is told so in its own form."""
    if request.path.startswith("/api/"):
        body = {"code": "not_found", "detail": "There is nothing at this address."}
        return problem(HTTPStatus.NOT_FOUND, body)
    return defaults.page_not_found(request, exception)


def failed(request: HttpRequest) -> HttpResponse:
    """Answer that the site failed; a program is told so in its own form."""
    if request.path.startswith("/api/"):
        body = {"code": "failed", "detail": "The site failed. Nothing was changed; the operator was told."}
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, body)
    return defaults.server_error(request)
