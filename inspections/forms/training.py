"""What is typed about an inspector's training."""

from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class TrainingForm(forms.Form):
    """A course, and the day on which it was completed (UTC)."""

    course = forms.ChoiceField(label=_("Course"))
    completed_at = forms.DateField(
        label=_("Completed on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, *args: Any, courses: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["course"].choices = courses  # type: ignore[attr-defined] # it is a ChoiceField

    def clean_completed_at(self) -> datetime:
        """Return the beginning of the day: what was completed on it holds from then."""
        return datetime.combine(self.cleaned_data["completed_at"], time(), UTC)
