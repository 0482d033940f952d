from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpResponse
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from knox.models import AuthToken

from accounts.actions.tokens import create_token, revoke_token
from accounts.forms import RevokeForm, TokenForm
from accounts.views.members import signed_in
from core.errors import DomainError
from web.views import ActionView


class TokensView(ActionView):
    """A person's API tokens, and a form for a new one, which is shown once, on the answer to the form."""

    template_name = "accounts/tokens.html"
    form_class = TokenForm
    success_url = reverse_lazy("accounts:tokens")

    def form_valid(self, form: forms.Form) -> HttpResponse:
        """Show the token instead of redirecting: it is stored nowhere in clear, the session included."""
        try:
            clear = self.act(form, at=timezone.now())
        except DomainError as error:
            return self.refuse(form, error)
        response = self.render_to_response(self.get_context_data(form=TokenForm(), clear=clear))
        response["Cache-Control"] = "no-store"
        return response

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Make the token."""
        return create_token(
            name=form.cleaned_data["name"], days=form.cleaned_data["days"], by=signed_in(self.request.user), at=at
        )

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the person's tokens that are still good."""
        tokens = (
            AuthToken.objects.filter(user=self.request.user, expiry__gt=timezone.now())
            .select_related("label")
            .order_by("expiry")
        )
        return super().get_context_data(tokens=tokens, **context)


class RevokeTokenView(ActionView):
    """Revoke a token."""

    http_method_names = ("post",)
    template_name = "accounts/tokens.html"
    form_class = RevokeForm
    success_url = reverse_lazy("accounts:tokens")
    success_message = _("The token no longer works.")

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Revoke it."""
        del at
        return revoke_token(digest=form.cleaned_data["token"], by=signed_in(self.request.user))
