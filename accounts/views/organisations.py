from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actions.organisations import found_organisation
from accounts.forms import FoundForm
from accounts.models import Organisation, User
from accounts.permissions import is_depositary
from accounts.rules.organisations import Kind
from accounts.views.members import signed_in
from core.errors import require
from web.views import ActionView


class FoundView(ActionView):
    """The depositary enters an organisation, then invites its first person."""

    template_name = "accounts/organisation_new.html"
    form_class = FoundForm
    success_message = gettext_lazy("Entered. Now invite the first person who binds it; they appoint everybody else.")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Refuse everybody but the depositary."""
        super().setup(request, *args, **kwargs)
        if isinstance(request.user, User):
            require(is_depositary(request.user, at=timezone.now()), _("This is the depositary's page."))

    def get_initial(self) -> dict[str, Any]:
        """Return what the link that led here has filled in, such as a member of an annex."""
        return {name: self.request.GET[name] for name in FoundForm.base_fields if name in self.request.GET}

    def act(self, form: forms.Form, *, at: datetime) -> Organisation:
        """Enter it."""
        data = form.cleaned_data
        return found_organisation(
            key=data["key"],
            name=data["name"],
            kind=Kind(data["kind"]),
            jurisdiction=data["jurisdiction"],
            by=signed_in(self.request.user),
            at=at,
        )

    def get_success_url(self) -> str:
        """Go where its first person is invited."""
        assert isinstance(self.result, Organisation)
        return reverse("accounts:members", args=[self.result.key])
