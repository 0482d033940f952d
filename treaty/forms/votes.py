"""Forms by which a vote is asked for: shapes only; what is allowed is decided by the action."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from treaty.forms.pauses import OrganisationForm
from treaty.models.standdowns import STAGE_LABELS
from treaty.queries.requests import determinable_cases, movable_deadlines
from treaty.rules.requests import Requestable


class RequestForm(OrganisationForm):
    """The question, as it will be voted on."""

    title = forms.CharField(label=_("Title"), max_length=200)
    question = forms.CharField(
        label=_("Question"),
        help_text=_(
            "The exact words that are voted on, with the reason. They are frozen and published; a ballot says consent, object or abstain."
        ),
        widget=forms.Textarea(attrs={"rows": 6}),
        max_length=4000,
    )
    field_order = ["organisation", "stage", "by", "case", "title", "question"]

    def __init__(self, *args: Any, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer(at)

    def offer(self, at: datetime) -> None:
        """Fill in what may be chosen at `at`."""

    def subject(self) -> dict[str, str]:
        """Return what the vote is about."""
        return {}


class ExtensionForm(RequestForm):
    """Which deadline moves, and by how much."""

    stage = forms.ChoiceField(label=_("Deadline"))
    by = forms.CharField(
        label=_("By how much"),
        help_text=_("A number with min, h, d, wd, mo or y, such as 72 h or 7 d."),
        max_length=12,
    )

    def offer(self, at: datetime) -> None:
        """Offer the deadlines that can still move."""
        found = [
            (one.key, f"{one.lab.name} · {STAGE_LABELS[one.stage.key]} · {one.stage.due_at:%Y-%m-%d %H:%M} UTC")
            for one in movable_deadlines(at)
        ]
        _choose(self.fields["stage"], found)

    def subject(self) -> dict[str, str]:
        """Return the stage of a lab's stand-down and the length."""
        pause, lab, stage = self.cleaned_data["stage"].split("/")
        return {"pause": pause, "lab": lab, "stage": stage, "by": self.cleaned_data["by"]}


class DeterminationForm(RequestForm):
    """Which case is determined."""

    case = forms.ChoiceField(label=_("Case"))

    def offer(self, at: datetime) -> None:
        """Offer the cases that are neither determined nor closed."""
        _choose(
            self.fields["case"], [(one.key, f"{one.key} · {one.organisation.name}") for one in determinable_cases(at)]
        )

    def subject(self) -> dict[str, str]:
        """Return the case."""
        return {"case": self.cleaned_data["case"]}


FORMS: dict[Requestable, type[RequestForm]] = {
    Requestable.EXTEND_DEADLINE: ExtensionForm,
    Requestable.DETERMINE_NON_COMPLIANCE: DeterminationForm,
}


def _choose(field: forms.Field, choices: list[tuple[str, str]]) -> None:
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices
