"""Forms about amendments: how one is proposed, and what is said about it."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from treaty.forms.pauses import OrganisationForm
from treaty.forms.texts import TextForm


class AmendmentForm(TextForm, OrganisationForm):
    """The next version of the text, byte for byte, and the question that is put to the vote."""

    title = forms.CharField(label=_("Title"), max_length=200)
    question = forms.CharField(
        label=_("Question"),
        help_text=_("The exact words that are voted on, with the reason. They are frozen and published."),
        widget=forms.Textarea(attrs={"rows": 5}),
        max_length=4000,
    )
    field_order = ["organisation", "file", "title", "question"]


class SubmissionForm(OrganisationForm):
    """What an organisation has to say about an amendment."""

    words = forms.CharField(
        label=_("Your submission"),
        help_text=_(
            "Published at once, in the words and the language that you write. The record holds a salted commitment to it."
        ),
        widget=forms.Textarea(attrs={"rows": 12}),
    )


class PublicSubmissionForm(forms.Form):
    """What a member of the public has to say about an amendment."""

    words = forms.CharField(
        label=_("Your submission"),
        help_text=_("Published once you confirm it by mail, in the words and the language that you write."),
        widget=forms.Textarea(attrs={"rows": 12}),
    )
    name = forms.CharField(
        label=_("Your name"),
        help_text=_("Published beside your words. Leave it empty to write without one."),
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = forms.EmailField(
        label=_("E-mail address"),
        help_text=_("Gets one mail with a link to confirm. It is not published, and deleted then."),
    )


class AnswerForm(forms.Form):
    """The proposer's answer to a submission."""

    words = forms.CharField(
        label=_("The answer"),
        help_text=_("Published at once beside the submission. It cannot be changed."),
        widget=forms.Textarea(attrs={"rows": 8}),
    )


class HideForm(forms.Form):
    """On which ground of the text a submission is hidden."""

    ground = forms.ChoiceField(label=_("Ground"), widget=forms.RadioSelect, choices=[])

    def __init__(self, *args: Any, grounds: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["ground"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(grounds.items())
