from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from core.errors import NotAllowed


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django passes the reason
    """Say what to do when a form's token does not fit, most often after a sign-out in another window."""
    error = NotAllowed(
        _(
            "This form is no longer valid. Go back, reload the page and send it again; what you typed is kept by your browser."
        )
    )
    return render(request, "web/refused.html", {"error": error}, status=HTTPStatus.FORBIDDEN)
