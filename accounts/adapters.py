from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.urls import reverse

from accounts.models import Membership, User
from accounts.rules.organisations import Role


class InvitationOnly(DefaultAccountAdapter):  # type: ignore[misc] # allauth ships no types
    """Nobody signs up by themselves."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - allauth's signature
        """Closed: people are invited by their organisation."""
        return False

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        """Show an inspector what stays on the device; everybody else the first page."""
        user = request.user
        if isinstance(user, User) and Membership.objects.filter(user=user, role=Role.INSPECTOR).exists():
            return reverse("inspections:drafts")
        return str(super().get_logout_redirect_url(request))
