from http import HTTPStatus

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views import defaults

from core.errors import NotAllowed


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django passes the reason
    """Say what to do when a form's token does not fit, most often after a sign-out in another window."""
    error = NotAllowed(
        _(
            "This form is no longer valid. Go back, reload the page and send it again; what you typed is kept by your browser."
        )
    )
    return render(request, "web/refused.html", {"error": error}, status=HTTPStatus.FORBIDDEN)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say of a form that is too large what to do; leave every other request that cannot be read to Django."""
    if not isinstance(exception, RequestDataTooBig | TooManyFieldsSent):
        return defaults.bad_request(request, exception)
    detail = _(
        "The form holds more than %(size)s kB of text, or too many fields. Nothing was changed and what you typed is still there: go back, shorten it, and send longer documents as files."
    ) % {"size": settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1000}
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    if request.path.startswith("/api/") or request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({"code": "too_large", "detail": detail}, status=status)
    return render(request, "400.html", {"detail": detail}, status=status)
