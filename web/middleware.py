"""Headers that every answer carries, and refusals turned into answers."""

from collections.abc import Callable, Mapping
from typing import cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.http.response import HttpResponseBase
from django.views.decorators.csp import csp_override

from core.errors import DomainError
from web.errors import refusal

type GetResponse = Callable[[HttpRequest], HttpResponse]

PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "autoplay",
        "display-capture",
        "geolocation",
        "gyroscope",
        "microphone",
        "payment",
        "usb",
    )
)


class SecurityHeaders:
    """Add what Django's own middleware does not."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with the headers added."""
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response


class BallotHost:
    """Answer on the ballot host with its own few addresses and its own content policy, and with nothing of the site's."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.answer_ballot_host = csp_override(cast("Mapping[str, list[str]]", settings.BALLOT_CSP))(get_response)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Choose the addresses and the policy by the host that was asked."""
        if split_domain_port(request.get_host())[0] != settings.BALLOT_HOST:
            return self.get_response(request)
        request.urlconf = settings.BALLOT_URLCONF
        return self.answer_ballot_host(request)


class DomainErrors:
    """A DomainError that no form caught becomes a page that says what to do; views do not catch."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Answer a refusal; leave every other exception to the error log."""
        return refusal(request, exception) if isinstance(exception, DomainError) else None
