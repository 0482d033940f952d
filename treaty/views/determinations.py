from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from core.errors import require
from treaty.actions.determinations import NotDeterminable, determine_criterion
from treaty.forms.pauses import DetermineForm
from treaty.models import Pause
from treaty.permissions import bodies_acting
from treaty.queries.pauses import terms
from treaty.queries.resumption import determinable
from treaty.views.acts import PersonAction, pause_crumbs


class Determine(PersonAction):
    """A body's officer determines a resumption criterion."""

    form_class = DetermineForm
    template_name = "treaty/determination_form.html"
    success_message = gettext_lazy("The determination is in the record.")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Look the criterion up, and refuse those who act for no body."""
        super().setup(request, *args, **kwargs)
        self.pause = get_object_or_404(Pause.objects.with_rows(), key=kwargs["key"])
        self.criterion: str = kwargs["criterion"]
        if self.criterion not in determinable(self.pause):
            raise NotDeterminable
        if isinstance(request.user, User):
            require(
                bool(bodies_acting(request.user, at=timezone.now())),
                _("Only an officer of an accredited monitoring body determines a criterion."),
            )

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the bodies that the person acts for."""
        return super().get_form_kwargs() | {"organisations": bodies_acting(self.person(), at=timezone.now())}

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return the criterion and what was determined so far."""
        made = self.pause.determinations.filter(criterion=self.criterion).select_related("body")
        return super().get_context_data(
            pause=self.pause,
            title=determinable(self.pause)[self.criterion],
            rule=terms(self.pause).resumption.criteria.get(self.criterion),
            made=made.order_by("-determined_at"),
            at=timezone.now(),
            crumbs=pause_crumbs(self.pause),
            back=self.get_success_url(),
            **context,
        )

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Determine."""
        return determine_criterion(
            pause=self.pause,
            criterion=self.criterion,
            body=form.cleaned_data["organisation"],
            met=form.cleaned_data["met"],
            basis=form.cleaned_data["basis"],
            by=self.person(),
            at=at,
        )

    def get_success_url(self) -> str:
        """Go back to the pause's criteria."""
        return reverse("treaty:pause", args=[self.pause.key]) + "#criteria"
