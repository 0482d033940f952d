"""The laboratories' forms: shape and words only; every rule is asked by the action."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from labs.models import AcceleratorModel, Facility

FLOP_HELP = _("Operations in all, such as 3e25.")


class Instant(forms.DateTimeField):
    """An instant in UTC."""

    widget = forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"help_text": _("In UTC."), **kwargs})


class Flop(forms.DecimalField):
    """A number of operations, written as people write it: 3e25."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"help_text": FLOP_HELP, "localize": False, **kwargs})


class Lines(forms.CharField):
    """Some lines of text, as a list."""

    widget = forms.Textarea(attrs={"rows": 5})

    def clean(self, value: Any) -> Any:
        """Return the lines."""
        return str(super().clean(value)).splitlines()


class FacilityForm(forms.Form):
    """A new site."""

    name = forms.CharField(label=_("Name of the site"), max_length=120)
    jurisdiction = forms.CharField(
        label=_("Jurisdiction"), max_length=2, help_text=_("The two capital letters of ISO 3166, such as CA.")
    )
    location = forms.CharField(
        label=_("Exact place"),
        max_length=400,
        required=False,
        help_text=_("Confidential: the record holds a salted commitment only."),
    )
    opened_at = Instant(label=_("In use since"))


class InventoryForm(forms.Form):
    """How many accelerators of each model a site holds; nothing filled in is a nil return."""

    as_of = Instant(label=_("As of"))

    def __init__(self, *args: Any, chips: Iterable[AcceleratorModel], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.chips = {f"quantity_{chip.key}": chip.key for chip in chips}
        for chip in chips:
            self.fields[f"quantity_{chip.key}"] = forms.IntegerField(
                label=chip.name,
                required=False,
                min_value=0,
                max_value=10_000_000,
                widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
            )

    def quantities(self) -> dict[str, int]:
        """Return the numbers above zero by accelerator."""
        return {key: number for field, key in self.chips.items() if (number := self.cleaned_data.get(field))}


class RunForm(forms.Form):
    """A new training run."""

    name = forms.CharField(label=_("Name of the run"), max_length=120)
    facility = forms.ModelChoiceField(label=_("Site"), queryset=Facility.objects.none())
    planned_flop = Flop(label=_("Planned training compute"))
    started_at = Instant(
        label=_("Started at"), required=False, help_text=_("In UTC. Leave empty for a run that is planned.")
    )

    def __init__(self, *args: Any, facilities: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["facility"] = forms.ModelChoiceField(label=_("Site"), queryset=facilities)


class HaltForm(forms.Form):
    """A run's halt."""

    checkpoint_commitment = forms.CharField(
        label=_("Commitment to the last checkpoint"),
        required=False,
        max_length=64,
        help_text=_("Salted SHA-256, 64 hexadecimal digits. Leave empty for a run that never started."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class ProcedureForm(forms.Form):
    """How a deployment is rolled back."""

    steps = Lines(label=_("Steps of the roll-back"), help_text=_("One a line, in order."))
    gates = Lines(label=_("Approval gates"), help_text=_("Whose approval it needs, one a line."))


class DeploymentForm(ProcedureForm):
    """A new deployment with its roll-back procedure."""

    name = forms.CharField(label=_("Name of the service"), max_length=120)
    model_name = forms.CharField(label=_("Model"), max_length=120)
    flop = Flop(label=_("Training compute of the model"))
    released_at = Instant(label=_("Released at"))
    field_order = ("name", "model_name", "flop", "released_at", "steps", "gates")


class DeclarationForm(forms.Form):
    """A declaration: what stands in the record, or nothing."""

    nil = forms.TypedChoiceField(
        label=_("What is declared"),
        coerce=lambda value: value == "nil",
        choices=[
            ("stands", _("What this page shows: the newest inventories and the runs that are not finished")),
            ("nil", _("A nil return: there is nothing to declare")),
        ],
        widget=forms.RadioSelect,
    )


class PlainForm(forms.Form):
    """Nothing to fill in."""
