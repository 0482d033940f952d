"""What people type for the balance of compute: shapes and types only."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from inspections.forms import Moment, SettleForm
from inspections.rules.accounting import INFERENCE, MOST_HOURS, OTHER, BalancePeriod
from inspections.rules.observations import LARGEST_FILE
from inspections.views.words import layer_title
from treaty.forms.pauses import OrganisationForm

WORDS: Final = {INFERENCE: _("Inference"), OTHER: _("Other work")}


def hours(label: Any, **options: Any) -> forms.IntegerField:
    """Return a field for H100-hours."""
    return forms.IntegerField(label=label, min_value=0, max_value=MOST_HOURS, **options)


class WorkForm(forms.Form):
    """Work done in a period by use, and work in progress at its end."""

    from_at = Moment(label=_("Period from (UTC)"))
    until_at = Moment(label=_("Period until, not included (UTC)"))
    begun_with = hours(
        _("In progress when it began"),
        required=False,
        help_text=_("Leave it empty where a declared period ends where this one begins."),
    )
    in_progress = hours(
        _("In progress when it ended"),
        help_text=_("H100-hours spent by then on work that was not done yet, such as a run that goes on."),
    )

    def __init__(self, *args: Any, runs: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.uses = [*runs, INFERENCE, OTHER]
        for number, use in enumerate(self.uses):
            label = WORDS.get(use) or _("Done on run %(run)s") % {"run": use}
            self.fields[f"work_{number}"] = hours(label, required=False)

    def work(self) -> Mapping[str, int]:
        """Return the hours by use; what was left empty is none."""
        return {use: self.cleaned_data[f"work_{number}"] or 0 for number, use in enumerate(self.uses)}


class ObservationForm(OrganisationForm):
    """How much was seen used in a declared period."""

    period = forms.TypedChoiceField(label=_("Period (UTC)"))
    measurement = forms.ChoiceField(label=_("Measured by"))
    hours = hours(_("H100-hours used"))
    field_order = ["organisation", "period", "measurement", "hours"]

    def __init__(
        self, *args: Any, periods: Sequence[BalancePeriod], measurements: Sequence[str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        period, measurement = self.fields["period"], self.fields["measurement"]
        assert isinstance(period, forms.TypedChoiceField)
        assert isinstance(measurement, forms.ChoiceField)
        period.choices = [
            (str(n), f"{one.start:%Y-%m-%d %H:%M} – {one.end:%Y-%m-%d %H:%M}") for n, one in enumerate(periods)
        ]
        period.coerce = lambda value: periods[int(value)]
        measurement.choices = [(key, layer_title(key)) for key in measurements]


class ObservationsForm(OrganisationForm):
    """Many observations at once: a file, or its rows as they stand in the text below it."""

    file = forms.FileField(
        label=_("A CSV file"),
        required=False,
        help_text=_("Its columns: facility, from_at, until_at, measurement, hours. At most 500 rows."),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"}),
    )
    rows = forms.CharField(
        label=_("Or its rows"),
        required=False,
        strip=False,
        max_length=LARGEST_FILE,
        help_text=_("With the heading. What you sent stays here until it is filed, so that it can be put right."),
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false", "autocomplete": "off", "wrap": "off"}),
    )
    field_order = ["organisation", "file", "rows"]

    def clean(self) -> dict[str, Any]:
        """Take the file's bytes where there is one, else the rows."""
        data = super().clean() or self.cleaned_data
        file = data.get("file")
        if file and file.size > LARGEST_FILE:
            self.add_error(
                "file",
                forms.ValidationError(
                    _("The file has %(size)s bytes; %(most)s are allowed."),
                    params={"size": file.size, "most": LARGEST_FILE},
                ),
            )
        elif not file and not data.get("rows", "").strip():
            self.add_error("file", _("Choose a file, or write its rows."))
        else:
            data["data"] = file.read() if file else data.get("rows", "").encode()
        return data


class SettleAlarmForm(OrganisationForm, SettleForm):
    """What became of an alarm, in whose name."""

    field_order = ["organisation", "event", "basis"]


class StreamForm(OrganisationForm):
    """What a seal or a counter showed."""

    observed_at = Moment(label=_("Read at (UTC)"))
    intact = forms.ChoiceField(
        label=_("What it shows"),
        choices=[("yes", _("Intact: nothing was changed since the last reading")), ("no", _("Broken, or changed"))],
        widget=forms.RadioSelect,
    )
    field_order = ["organisation", "observed_at", "intact"]
