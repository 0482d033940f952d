"""An officer enters what an inspector has been trained in."""

from datetime import datetime
from typing import Any

from django import forms
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.views.readers import person
from inspections.actions.training import record_training
from inspections.forms.training import TrainingForm
from inspections.queries.training import terms_at
from inspections.views.bodies import BodyAction


class RecordTraining(BodyAction):
    """A course that an inspector of the body has completed."""

    form_class = TrainingForm
    title = gettext_lazy("Enter training")
    note = gettext_lazy(
        "It goes on record under the inspector's pseudonym, and holds for as long as the text says. Nobody is sent on a visit that ends later."
    )

    def get_form_kwargs(self) -> dict[str, Any]:
        """Add the courses of the text; raise 404 where it asks for none."""
        terms = terms_at(timezone.now())
        if terms is None:
            raise Http404
        courses = [(key, course.name) for key, course in terms.courses.items()]
        return {**super().get_form_kwargs(), "courses": courses}

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Enter it."""
        user = get_object_or_404(User, handle=self.kwargs["handle"])
        return record_training(user=user, body=self.body, by=person(self.request), at=at, **form.cleaned_data)
