import sys
from http import HTTPStatus

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views import defaults

from core.errors import NotAllowed
from web.errors import COME_AGAIN, Unavailable, body_of, problem, unavailable


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
    if _is_program(request):
        return problem(status, {"code": "too_large", "detail": detail})
    return render(request, "400.html", {"detail": detail}, status=status)


def _is_program(request: HttpRequest) -> bool:
    """Whether a program asks, or a page's script."""
    is_json = "application/json"
    asked = request.headers.get("Accept", "").startswith(is_json) or request.content_type == is_json
    return request.path.startswith("/api/") or asked


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer that nothing is at an address; a program is told so in its own form."""
    if request.path.startswith("/api/"):
        body = {"code": "not_found", "detail": "There is nothing at this address."}
        return problem(HTTPStatus.NOT_FOUND, body)
    return defaults.page_not_found(request, exception)


def failed(request: HttpRequest) -> HttpResponse:
    """Answer that the site failed, or that the database takes nothing; a program is told so in its own form."""
    if error := unavailable(sys.exception()):
        return _not_now(request, error)
    if request.path.startswith("/api/"):
        body = {"code": "failed", "detail": "The site failed. Nothing was changed; the operator was told."}
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, body)
    return defaults.server_error(request)


def _not_now(request: HttpRequest, error: Unavailable) -> HttpResponse:
    """Answer without a look at the database: who is signed in is not known either."""
    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers = {"Retry-After": COME_AGAIN, "Cache-Control": "no-store"}
    if _is_program(request):
        answer: HttpResponse = problem(status, body_of(error))
    else:
        sent = request.method not in {"GET", "HEAD"}
        answer = HttpResponse(render_to_string("503.html", {"error": error, "sent": sent}), status=status)
    for name, value in headers.items():
        answer.headers[name] = value
    return answer
