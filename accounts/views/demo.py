"""In the demonstration, and nowhere else, a visitor becomes any of its people by one click."""

from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST
from django.views.generic import TemplateView

from accounts.middleware import DEMO_MARK
from accounts.models import User
from accounts.queries.people import people_by_organisation
from web.listings import listing

BACKEND = "django.contrib.auth.backends.ModelBackend"
PER_PAGE = 40  # organisations


class PeopleView(TemplateView):
    """Everybody, by organisation, each with a button to become them."""

    template_name = "accounts/people.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the people; 404 outside the demonstration."""
        _only_in_the_demonstration()
        groups = people_by_organisation(timezone.now())
        found = listing(self.request.GET, groups, lambda group: group.organisation.name, per_page=PER_PAGE)
        return super().get_context_data(listing=found, next=_next(self.request), **context)


@require_POST
def become(request: HttpRequest) -> HttpResponse:
    """Sign in as the person posted, and go to `next` if it is a page of this site."""
    _only_in_the_demonstration()
    person = get_object_or_404(User, pk=_number(request.POST.get("user", "")), is_active=True)
    login(request, person, backend=BACKEND)
    request.session[DEMO_MARK] = person.pk
    return redirect(_next(request) or resolve_url(settings.LOGIN_REDIRECT_URL))


def _only_in_the_demonstration() -> None:
    if not settings.DEMO:
        raise Http404


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else 0


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    allowed = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if allowed else ""
