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

# What an anonymous request is asked beside its words: whether it had brought cookies, which were not read.
HAD_COOKIES = "FERMATA_HAD_COOKIES"
TELLING_HEADERS = (
    "REMOTE_ADDR",
    "REMOTE_HOST",
    "REMOTE_PORT",
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_REAL_IP",
    "HTTP_VIA",
    "HTTP_USER_AGENT",
    "HTTP_REFERER",
    "HTTP_AUTHORIZATION",
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


class OwnHosts:
    """Answer on the hosts of ballots and of files with their own few addresses and content policies, and with nothing of the site's."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.hosts = {
            settings.BALLOT_HOST: (settings.BALLOT_URLCONF, _with_policy(settings.BALLOT_CSP, get_response)),
            settings.FILES_HOST: (settings.FILES_URLCONF, _with_policy(settings.FILES_CSP, get_response)),
        }

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Choose the addresses and the policy by the host that was asked."""
        urlconf, answer = self.hosts.get(split_domain_port(request.get_host())[0], (None, self.get_response))
        if urlconf:
            request.urlconf = urlconf
        return answer(request)


def _with_policy(policy: object, get_response: GetResponse) -> GetResponse:
    return csp_override(cast("Mapping[str, list[str]]", policy))(get_response)


class Anonymous:
    """Below ANONYMOUS_PATH nothing of the site learns who asks: cookies and addresses are taken off the request, cookies off the answer.

    It comes before sessions, sign-in and everything that might note where a request came from.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer somebody without a name."""
        if not request.path_info.startswith(settings.ANONYMOUS_PATH):
            return self.get_response(request)
        request.META[HAD_COOKIES] = bool(request.META.pop("HTTP_COOKIE", ""))
        for header in TELLING_HEADERS:
            request.META.pop(header, None)
        response = self.get_response(request)
        response.cookies.clear()
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["Referrer-Policy"] = "no-referrer"
        return response


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
