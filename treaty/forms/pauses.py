"""Forms of the pause: shapes only; what is allowed is decided by the actions."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from treaty.models import Pause
from treaty.models.standdowns import CONCLUSION_LABELS, MODE_LABELS
from treaty.rules.standdowns import SiteMode

LONGEST = 10_000


class NothingForm(forms.Form):
    """A button."""


class CommitmentForm(forms.Form):
    """A pledge, with the conditions that all must hold; none makes it unconditional."""

    labs = forms.MultipleChoiceField(
        label=_("Only if all of these pause too"), required=False, widget=forms.CheckboxSelectMultiple, choices=[]
    )
    others = forms.IntegerField(
        label=_("Only if at least this many other laboratories pause"), required=False, min_value=1, max_value=10_000
    )
    share = forms.CharField(
        label=_("Only if those who pause hold at least this share of the covered compute"),
        help_text=_("A fraction of whole numbers, such as 2/3. The laboratory itself is counted."),
        required=False,
        max_length=20,
    )

    def __init__(self, *args: Any, pause: Pause, lab: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = [one.organisation for one in pause.commitments.all() if one.organisation_id != lab.pk]
        field = self.fields["labs"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(one.key, one.name) for one in others]

    def condition(self) -> dict[str, object]:
        """Return what was asked for as structured data."""
        data = self.cleaned_data
        parts: list[dict[str, object]] = []
        if data["labs"]:
            parts.append({"kind": "named", "labs": sorted(data["labs"])})
        if data["others"]:
            parts.append({"kind": "at_least", "n": data["others"]})
        if data["share"]:
            parts.append({"kind": "share", "share": data["share"].strip()})
        if not parts:
            return {"kind": "unconditional"}
        return parts[0] if len(parts) == 1 else {"kind": "all_of", "of": parts}


class HaltForm(forms.Form):
    """The commitment to a run's last checkpoint."""

    checkpoint_commitment = forms.RegexField(
        regex=r"^[0-9a-f]{64}$",
        label=_("Commitment to the last checkpoint"),
        help_text=_(
            "The salted SHA-256 of the checkpoint, 64 hexadecimal digits. Leave it empty for a run that never started."
        ),
        required=False,
        error_messages={"invalid": _("Write the 64 hexadecimal digits of the salted SHA-256.")},
    )


class RollBackForm(forms.Form):
    """The gates of the registered procedure, each approved."""

    approved = forms.MultipleChoiceField(
        label=_("Approved by"), required=False, widget=forms.CheckboxSelectMultiple, choices=[]
    )

    def __init__(self, *args: Any, gates: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["approved"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(gate, gate) for gate in gates]


class DeclareForm(forms.Form):
    """The mode in which the sites are to be verified."""

    site_mode = forms.ChoiceField(label=_("How the sites are to be verified"), widget=forms.RadioSelect, choices=[])

    def __init__(self, *args: Any, modes: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["site_mode"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(mode, MODE_LABELS[SiteMode(mode)]) for mode in modes]


class OrganisationForm(forms.Form):
    """In whose name; asked only of those who act for several."""

    organisation = forms.ModelChoiceField(
        label=_("In the name of"), queryset=Organisation.objects.none(), to_field_name="key", empty_label=None
    )

    def __init__(self, *args: Any, organisations: list[Organisation], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["organisation"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Organisation.objects.filter(pk__in=[one.pk for one in organisations])
        if organisations:
            self.initial.setdefault("organisation", organisations[0].key)
        if len(organisations) == 1:
            field.widget = forms.HiddenInput()


class ConcludeForm(OrganisationForm):
    """A body's conclusion."""

    conclusion = forms.ChoiceField(
        label=_("Conclusion"),
        widget=forms.RadioSelect,
        choices=[(value.value, label) for value, label in CONCLUSION_LABELS.items()],
    )


class VerifyForm(ConcludeForm):
    """A body's conclusion about a stand-down without a visit's report."""

    basis = forms.CharField(
        label=_("Basis"),
        help_text=_("What was seen, and what it shows. The record holds a salted commitment to these words."),
        widget=forms.Textarea(attrs={"rows": 6}),
        max_length=LONGEST,
    )


class DetermineForm(OrganisationForm):
    """A body's determination of a criterion."""

    met = forms.TypedChoiceField(
        label=_("The criterion is"),
        widget=forms.RadioSelect,
        choices=[("yes", _("Met")), ("no", _("Not met"))],
        coerce=lambda value: value == "yes",
    )
    basis = forms.CharField(
        label=_("Basis"),
        help_text=_("What the determination rests on. It is published; the record holds a salted commitment to it."),
        widget=forms.Textarea(attrs={"rows": 8}),
        max_length=LONGEST,
    )


class WordsForm(forms.Form):
    """A lab's answer, or what it has put right."""

    words = forms.CharField(
        label=_("In your words"),
        help_text=_("Published with the case. The record holds a salted commitment to it."),
        widget=forms.Textarea(attrs={"rows": 8}),
        max_length=LONGEST,
    )


class CloseForm(OrganisationForm):
    """A body closes a case, with its reasons."""

    words = forms.CharField(label=_("Reasons"), widget=forms.Textarea(attrs={"rows": 6}), max_length=LONGEST)


class ReferForm(OrganisationForm):
    """A question about a lab's compliance."""

    lab = forms.ModelChoiceField(
        label=_("About"), queryset=Organisation.objects.laboratories(), to_field_name="key", empty_label=None
    )
    words = forms.CharField(
        label=_("What is asked, and why"), widget=forms.Textarea(attrs={"rows": 6}), max_length=LONGEST
    )
    field_order = ["organisation", "lab", "words"]
