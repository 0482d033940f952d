"""What people type about inspections: shapes and types only; the rules judge the rest."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.html import escape
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from accounts.models import Organisation
from core.prose import Illegible, prose
from inspections.forms.deliveries import UUID
from inspections.models import Report
from inspections.models.findings import SEVERITY_LABELS
from inspections.models.reports import ANSWER_LABELS, CONCLUSION_LABELS, MARK_LABELS
from inspections.rules.findings import AS_FILED, FindingEvent, Severity
from inspections.rules.reports import (
    Answer,
    Conclusion,
    FindingValue,
    ItemValue,
    Mark,
    Protocols,
    ReportValue,
    SectionValue,
)
from treaty.forms.pauses import OrganisationForm
from treaty.rules.monitoring import ProtocolItem

LONGEST_NOTES: Final = 20_000
MOST_FINDINGS: Final = 100
ANSWERS: Final = [(value.value, label) for value, label in ANSWER_LABELS.items()]
FILED: Final = [(value.value, SEVERITY_LABELS[value]) for value in Severity if value in AS_FILED]


class PlainText(forms.CharField):
    """Prose as it is signed: what is shown is what is hashed."""

    def clean(self, value: Any) -> str:
        """Normalise before checking the length; say what cannot be read and where."""
        try:
            text = prose(str(value or ""))
        except Illegible as error:
            raise forms.ValidationError(error.detail, code=error.code) from None
        return str(super().clean(text))


class Moment(forms.DateTimeField):
    """An instant to the minute, typed in UTC."""

    def __init__(self, **options: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(widget=widget, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"], **options)


class DraftChoice(forms.ChoiceField):
    """A choice that a report needs in the end, and that a draft may still leave open."""

    widget = forms.RadioSelect

    def validate(self, value: Any) -> None:
        """Refuse what is no choice; nothing chosen yet is no error."""
        if value:
            super().validate(value)


class DraftMoment(Moment):
    """An instant that a report needs in the end, and that a draft may still leave open."""

    def validate(self, value: Any) -> None:
        """Accept that nothing is typed yet."""


def marks(label: StrOrPromise) -> forms.ChoiceField:
    """Return the field that says whom a passage is opened to."""
    return forms.ChoiceField(
        label=label, choices=[(value.value, words) for value, words in MARK_LABELS.items()], initial=Mark.PUBLIC.value
    )


class CommitValueForm(OrganisationForm):
    """The commitment to a value."""

    commitment = forms.RegexField(
        r"^[0-9a-f]{64}$",
        label=_("Commitment"),
        help_text=_("64 hexadecimal digits: from the command, or made here in your browser."),
        strip=True,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "maxlength": 64}),
    )


class RevealValueForm(OrganisationForm):
    """The value that was committed to."""

    value = forms.RegexField(
        r"^[0-9a-f]{64}$",
        label=_("Value"),
        help_text=_("64 hexadecimal digits: the member “value” of the file that was kept."),
        strip=True,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "maxlength": 64}),
    )

    def __init__(self, *args: Any, organisations: list[Organisation], **kwargs: Any) -> None:
        super().__init__(*args, organisations=organisations, **kwargs)
        self.fields["organisation"].label = _("Whose value")


class SectionForm(forms.Form):
    """One verification layer. Where the text has a protocol for it, the answer is not asked for: it follows from the items."""

    use_required_attribute = False

    answer = DraftChoice(label=_("Answer"), choices=ANSWERS)
    notes = PlainText(
        label=_("What was seen, and how"),
        required=False,
        max_length=LONGEST_NOTES,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    mark = marks(_("These notes are opened to"))

    def __init__(self, *args: Any, has_protocol: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if has_protocol:
            del self.fields["answer"]
            self.fields["notes"].label = _("On the layer as a whole")


class ItemForm(forms.Form):
    """One item of a layer's protocol; its fields are named `items.<layer>.<item>.answer` and `.notes`."""

    use_required_attribute = False

    answer = DraftChoice(choices=ANSWERS)
    notes = PlainText(
        label=_("What was seen, and how"),
        required=False,
        max_length=LONGEST_NOTES,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, data: QueryDict | None, *, layer: str, item: ProtocolItem, stored: dict[str, Any]) -> None:
        super().__init__(data, prefix=f"items.{layer}.{item.key}", initial=stored)
        self.fields["answer"].label = item.question
        self.fields["answer"].help_text = escape(item.method or "")  # the field's template takes help as markup

    def add_prefix(self, field_name: str) -> str:
        """Join with a dot, as the record and the draft's file name the place."""
        return f"{self.prefix}.{field_name}"


class FindingForm(forms.Form):
    """One finding. A row without text and article is left out."""

    layer = forms.ChoiceField(label=_("Layer"))
    severity = forms.ChoiceField(label=_("Severity"), choices=FILED, initial=Severity.ANOMALY.value)
    article = PlainText(label=_("Article"), required=False, max_length=16)
    text = PlainText(
        label=_("What was found"), required=False, max_length=LONGEST_NOTES, widget=forms.Textarea(attrs={"rows": 3})
    )
    mark = marks(_("Opened to"))

    def __init__(self, *args: Any, layers: Mapping[str, str], **options: Any) -> None:
        super().__init__(*args, **options)
        layer = self.fields["layer"]
        assert isinstance(layer, forms.ChoiceField)
        layer.choices = list(layers.items())

    @property
    def is_blank(self) -> bool:
        """Whether nothing was typed in this row."""
        return not any(str(self.data.get(self.add_prefix(name), "")).strip() for name in ("article", "text"))


class WholeForm(forms.Form):
    """What concerns the whole report."""

    use_required_attribute = False

    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    version = forms.CharField(widget=forms.HiddenInput, required=False)
    collected_at = DraftMoment(
        label=_("Last evidence collected (UTC)"),
        help_text=_("When the team saw the last of it. When the report is received is noted apart."),
    )
    conclusion = DraftChoice(
        label=_("Conclusion"), choices=[(value.value, label) for value, label in CONCLUSION_LABELS.items()]
    )


class DraftForm:
    """The whole report form: one part for all of it, one for each layer and item, a row for each finding and a blank one."""

    def __init__(
        self, report: Report, layers: Mapping[str, str], protocols: Protocols, data: QueryDict | None = None
    ) -> None:
        self.report = report
        self.layers = layers
        whole = {"revision": report.revision, "collected_at": report.collected_at, "conclusion": report.conclusion}
        self.whole = WholeForm(data, initial=whole)
        self.sections = {
            layer: SectionForm(
                data,
                prefix=f"section-{layer}",
                initial=report.sections.get(layer, {}),
                has_protocol=layer in protocols,
            )
            for layer in layers
        }
        self.items = {
            layer: {
                item.key: ItemForm(data, layer=layer, item=item, stored=_stored_item(report, layer, item.key))
                for item in protocols.get(layer, ())
            }
            for layer in layers
        }
        self.findings = self._bound(data) if data is not None else self._stored()
        self.blank = FindingForm(prefix="finding-__number__", layers=layers)
        self.whole.fields["version"].initial = self.version

    def _stored(self) -> list[FindingForm]:
        rows = list(self.report.findings.order_by("number").values("layer", "severity", "article", "text", "mark"))
        return [
            FindingForm(prefix=f"finding-{number}", initial=row, layers=self.layers)
            for number, row in enumerate([*rows, {}])
        ]

    def _bound(self, data: QueryDict) -> list[FindingForm]:
        found = [
            FindingForm(data, prefix=f"finding-{number}", layers=self.layers)
            for number in range(MOST_FINDINGS)
            if f"finding-{number}-severity" in data
        ]
        return [form for form in found if not form.is_blank]

    def is_valid(self) -> bool:
        """Whether every part can be read."""
        return all(part.is_valid() for part in self.parts)

    @property
    def version(self) -> str:
        """A hash of what the form asks for, so that answers to another form are not taken for answers to this one."""
        asked = [
            (field.html_name, [str(value) for value, _label in getattr(field.field, "choices", [])])
            for part in [*(one for one in self.parts if one not in self.findings), self.blank]
            for field in part
        ]
        return sha256(json.dumps(asked).encode()).hexdigest()[:16]

    @property
    def is_current(self) -> bool:
        """Whether what was sent answers this form; who names none answers the present one."""
        return str(self.whole.data.get("version", self.version)) == self.version

    @property
    def parts(self) -> list[forms.Form]:
        """Every form of it."""
        items = [form for forms_of_layer in self.items.values() for form in forms_of_layer.values()]
        return [self.whole, *self.sections.values(), *items, *self.findings]

    @property
    def errors(self) -> list[str]:
        """Every error in words."""
        return [str(error) for part in self.parts for field in part.errors.values() for error in field]

    @property
    def revision(self) -> int:
        """The revision that the writer began from."""
        return int(self.whole.cleaned_data["revision"])

    @property
    def value(self) -> ReportValue:
        """What was typed, as the rules' value."""
        whole = self.whole.cleaned_data
        return ReportValue(
            sections={layer: _section(form.cleaned_data, self.items[layer]) for layer, form in self.sections.items()},
            conclusion=Conclusion(whole["conclusion"]) if whole["conclusion"] else None,
            findings=tuple(_finding(form.cleaned_data) for form in self.findings),
            collected_at=whole["collected_at"],
        )


def _stored_item(report: Report, layer: str, key: str) -> dict[str, Any]:
    found: dict[str, Any] = report.sections.get(layer, {}).get("items", {}).get(key, {})
    return found


def _section(data: Mapping[str, Any], items: Mapping[str, ItemForm]) -> SectionValue:
    return SectionValue(
        _answer(data),
        data["notes"],
        Mark(data["mark"]),
        {key: ItemValue(_answer(form.cleaned_data), form.cleaned_data["notes"]) for key, form in items.items()},
    )


def _answer(data: Mapping[str, Any]) -> Answer | None:
    return Answer(data["answer"]) if data.get("answer") else None


def _finding(data: Mapping[str, Any]) -> FindingValue:
    return FindingValue(data["layer"], Severity(data["severity"]), data["article"], data["text"], Mark(data["mark"]))


class PhotographForm(forms.Form):
    """A photograph with its caption."""

    photograph = forms.FileField(
        label=_("Photograph"),
        allow_empty_file=True,  # refused by the action, with the same words as every other refusal
        help_text=_(
            "JPEG, PNG or WebP, at most 10 MB and 40 megapixels. The original is kept sealed; place, device and owner are taken out of what is published."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )
    caption = PlainText(label=_("Caption"), required=False, max_length=300)
    layer = forms.ChoiceField(label=_("Evidence for"), required=False)
    taken_at = Moment(label=_("Taken (UTC)"), required=False)
    mark = marks(_("Opened to"))
    key = forms.RegexField(f"^{UUID}$", required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        data: QueryDict | None = None,
        files: MultiValueDict[str, UploadedFile[bytes]] | None = None,
        *,
        layers: Mapping[str, str],
        protocols: Protocols,
    ) -> None:
        super().__init__(data, files)
        layer = self.fields["layer"]
        assert isinstance(layer, forms.ChoiceField)
        layer.choices = [("", "—"), *(_subjects(key, name, protocols) for key, name in layers.items())]

    def arguments(self) -> dict[str, Any]:
        """Return what the action takes."""
        upload = self.cleaned_data["photograph"]
        layer, _dot, item = self.cleaned_data["layer"].partition(".")
        return {
            "data": upload.read(),
            "name": upload.name,
            "caption": self.cleaned_data["caption"],
            "layer": layer,
            "item": item,
            "taken_at": self.cleaned_data["taken_at"],
            "mark": Mark(self.cleaned_data["mark"]),
        }


def _subjects(layer: str, name: str, protocols: Protocols) -> tuple[str, list[tuple[str, str]]]:
    """Return what a photograph may be evidence for in a layer: the whole of it, or one item of its protocol."""
    items = [(f"{layer}.{item.key}", item.question) for item in protocols.get(layer, ())]
    return name, [(layer, name), *items]


class NothingForm(forms.Form):
    """A button alone."""


class CommentForm(forms.Form):
    """The party's comment."""

    text = PlainText(
        label=_("Comment"),
        max_length=LONGEST_NOTES,
        help_text=_("It is published beside the report, as you write it, and cannot be changed afterwards."),
        widget=forms.Textarea,
    )


class SettleForm(forms.Form):
    """What became of a finding."""

    event = forms.ChoiceField(
        label=_("What became of it"),
        choices=[
            (FindingEvent.CLARIFY.value, _("It is clarified")),
            (FindingEvent.GRAVER.value, _("It is graver than reported")),
        ],
        widget=forms.RadioSelect,
    )
    basis = PlainText(label=_("On what ground"), max_length=LONGEST_NOTES, widget=forms.Textarea(attrs={"rows": 4}))


class SignForm(forms.Form):
    """The revision that the signer has read."""

    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0)


class SubmitForm(forms.Form):
    """The key that makes a resend the same submission."""

    submission_key = forms.RegexField(r"^[0-9a-f-]{16,64}$", widget=forms.HiddenInput)


class MandateForm(forms.Form):
    """Which layers a body may look at."""

    layers = forms.MultipleChoiceField(label=_("Verification layers"), widget=forms.CheckboxSelectMultiple, choices=[])


class AvailabilityForm(forms.Form):
    """When an inspector can be sent, in UTC."""

    from_at = forms.DateTimeField(label=_("From"), help_text=_("UTC, such as 2026-11-23 08:00."))
    until_at = forms.DateTimeField(label=_("Until"), help_text=_("UTC, such as 2026-11-30 18:00."))
