from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.actions.people import accept_invitation
from accounts.forms import AcceptForm
from accounts.links import invitation_of
from accounts.models import Invitation, User
from web.views import ActionView


class InvitationView(ActionView):
    """Where the mailed link leads: the invited person says their name and sets a password, then signs in."""

    template_name = "accounts/invitation.html"
    form_class = AcceptForm
    success_url = reverse_lazy(settings.LOGIN_URL)
    success_message = _("Your account is ready. Sign in, then add a passkey or an authenticator as your second factor.")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Open to everybody who has the link: they have no account yet, so ActionView's sign-in is passed over."""
        found = invitation_of(kwargs["token"])
        if found is None:
            raise Http404
        self.invitation: Invitation = found
        return super(LoginRequiredMixin, self).dispatch(request, *args, **kwargs)

    def get_form(self, form_class: type[forms.Form] | None = None) -> forms.Form:  # noqa: ARG002 - Django's signature
        """Ask for nothing but the button where the address has an account."""
        if self._has_account():
            return forms.Form(**self.get_form_kwargs())
        return AcceptForm(email=self.invitation.email, **self.get_form_kwargs())

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Accept."""
        data = form.cleaned_data
        return accept_invitation(
            invitation=self.invitation, name=data.get("name", ""), password=data.get("password", ""), at=at
        )

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the invitation and whether it can still be accepted."""
        is_open = Invitation.objects.open_at(timezone.now()).filter(pk=self.invitation.pk).exists()
        return super().get_context_data(
            invitation=self.invitation, is_open=is_open, has_account=self._has_account(), **context
        )

    def _has_account(self) -> bool:
        return User.objects.filter(email=self.invitation.email).exists()
