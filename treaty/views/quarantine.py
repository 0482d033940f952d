from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView

from accounts.models import User
from accounts.views.readers import reader
from core.errors import require
from labs.actions.readings import review_quarantine
from labs.models import Quarantine
from labs.permissions import can_review_quarantine
from treaty.forms.pauses import NothingForm
from treaty.queries.quarantine import in_quarantine
from treaty.views.acts import PersonAction


class QuarantinePage(TemplateView):
    """Every reading in quarantine, with why, and how far its review has come."""

    template_name = "treaty/quarantine_list.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the readings in quarantine now; links to review them for those who may."""
        at = timezone.now()
        user = reader(self.request)
        return super().get_context_data(
            rows=in_quarantine(at, user),
            reviews=can_review_quarantine(user, at=at),
            at=at,
            crumbs=[(reverse("treaty:indicators"), _("Indicators"))],
            **context,
        )


class Review(PersonAction):
    """Say that a quarantined reading may count after all; the second person's word lifts the quarantine."""

    form_class = NothingForm
    template_name = "treaty/quarantine_review.html"
    success_message = gettext_lazy("Your review is in the record.")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Look the quarantine up, and refuse those who review none."""
        super().setup(request, *args, **kwargs)
        found = Quarantine.objects.select_related("reading__organisation")
        self.quarantine = get_object_or_404(found, reading=kwargs["reading"], lifted_at=None)
        if isinstance(request.user, User):
            require(
                can_review_quarantine(request.user, at=timezone.now()),
                _("Officers of monitoring bodies and the secretariat review readings in quarantine."),
            )

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the reading with what it contradicts."""
        return super().get_context_data(
            one=self.quarantine,
            is_first=self.quarantine.first_reviewer_id is None,
            crumbs=[(reverse("treaty:indicators"), _("Indicators")), (self.get_success_url(), _("Quarantine"))],
            back=self.get_success_url(),
            **context,
        )

    def act(self, form: forms.Form, *, at: datetime) -> object:  # noqa: ARG002 - the form only confirms
        """Review it."""
        return review_quarantine(quarantine=self.quarantine, by=self.person(), at=at)

    def get_success_url(self) -> str:
        """Go back to the list."""
        return reverse("treaty:quarantine")
