from collections.abc import Callable
from http import HTTPMethod
from typing import Final

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import needs_second_factor
from core.errors import NotAllowed
from web.errors import refusal
from web.views import ActionView

DEMO_MARK: Final = "demo_person"  # in the session: whom a visitor of the demonstration has become
SAFE: Final = frozenset({HTTPMethod.GET, HTTPMethod.HEAD, HTTPMethod.OPTIONS})
# Where a person without a second factor still acts: signing in and out, adding the factor, the demonstration.
OPEN_MODULES: Final = ("allauth.", "accounts.views.demo", "accounts.views.invitations", "django.views.i18n")


class SecondFactor:
    """Lead people of labs, bodies and the secretariat who have no second factor to it, before any page that acts.

    allauth asks those who have one at sign-in, and does not oblige anybody by role. Reads stay possible.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: object, kwargs: object
    ) -> HttpResponseBase | None:
        """Redirect to the second factors; the API, which has no page, refuses."""
        del args, kwargs
        if not acts(request, view) or not lacks_second_factor(request):
            return None
        detail = _(
            "Add a second factor first: whoever acts for a laboratory, a monitoring body or the secretariat needs one."
        )
        if request.path.startswith("/api/"):
            return refusal(request, NotAllowed(detail))
        messages.warning(request, detail)
        return redirect("mfa_index")


def acts(request: HttpRequest, view: Callable[..., HttpResponse]) -> bool:
    """Whether the request changes something, or opens a page made to."""
    if view.__module__.startswith(OPEN_MODULES):
        return False
    kind = getattr(view, "view_class", None)
    return request.method not in SAFE or (isinstance(kind, type) and issubclass(kind, ActionView))


def lacks_second_factor(request: HttpRequest) -> bool:
    """Whether the person signed in needs a second factor and has none, at this instant."""
    user = request.user
    if not isinstance(user, User) or is_demo_person(request):
        return False
    return needs_second_factor(user, at=timezone.now()) and not is_mfa_enabled(user)


def is_demo_person(request: HttpRequest) -> bool:
    """Whether the person was assumed by one click in the demonstration: then there is no factor to ask for."""
    return settings.DEMO and request.session.get(DEMO_MARK) == request.user.pk
