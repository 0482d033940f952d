"""Forms by which a vote is asked for: shapes only; what is allowed is decided by the action."""

from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models.organisations import KIND_LABELS
from accounts.rules.organisations import Kind
from treaty.forms.pauses import OrganisationForm
from treaty.models.standdowns import STAGE_LABELS
from treaty.queries.drills import is_prevented
from treaty.queries.exemptions import exemptible
from treaty.queries.pauses import terms
from treaty.queries.requests import candidates, determinable_cases, movable_deadlines, movable_levels
from treaty.queries.texts import rules_at
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
    field_order = ["organisation", "stage", "by", "case", "level", "lab", "into", "title", "question"]

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


class ExemptionForm(RequestForm):
    """Which run of one's own may go on, for what and how long. The question describes the work, and is published."""

    run = forms.ChoiceField(label=_("Run"))
    purpose = forms.ChoiceField(label=_("Purpose"), widget=forms.RadioSelect)
    lasts = forms.CharField(
        label=_("For how long"),
        help_text=_("A number with min, h, d, wd, mo or y, such as 60 d."),
        max_length=12,
    )
    field_order = ["organisation", "run", "purpose", "lasts", "title", "question"]

    def offer(self, at: datetime) -> None:
        """Offer the runs that a pause halts and that stay below the cap, and the purposes of the text."""
        provisions, organisation = rules_at(at).exemptions, self.fields["organisation"]
        assert isinstance(organisation, forms.ModelChoiceField)
        found = [
            (f"{pause.key}/{run.key}", f"{run.name} · {lab.name} · {run.planned_flop:E} FLOP")
            for lab in organisation.queryset or ()
            for pause, run in exemptible(lab, provisions, at)
        ]
        _choose(self.fields["run"], found)
        _choose(self.fields["purpose"], list(provisions.purposes.items()))

    def subject(self) -> dict[str, str]:
        """Return the pause, the run, the purpose and the length."""
        pause, run = self.cleaned_data["run"].split("/")
        return {
            "pause": pause,
            "run": run,
            "purpose": self.cleaned_data["purpose"],
            "lasts": self.cleaned_data["lasts"],
        }


class LevelForm(RequestForm):
    """Which pause moves to which level."""

    level = forms.ChoiceField(label=_("Pause and new level"))
    decision: ClassVar[Requestable]

    def offer(self, at: datetime) -> None:
        """Offer the levels beyond that of each pause in force."""
        found = [
            (
                f"{pause.key}/{key}",
                _("Pause %(pause)s: from %(before)s to %(level)s")
                % {"pause": pause.key, "before": terms(pause).level.title, "level": level.title},
            )
            for pause, key, level in movable_levels(self.decision, at)
        ]
        _choose(self.fields["level"], found)

    def subject(self) -> dict[str, str]:
        """Return the pause and the level."""
        pause, level = self.cleaned_data["level"].split("/")
        return {"pause": pause, "level": level}


class EscalationForm(LevelForm):
    """Upwards."""

    decision = Requestable.ESCALATE


class RelaxationForm(LevelForm):
    """Downwards."""

    decision = Requestable.RELAX


class DrillForm(RequestForm):
    """Which level is exercised."""

    level = forms.ChoiceField(label=_("Level that is exercised"), widget=forms.RadioSelect)

    def offer(self, at: datetime) -> None:
        """Offer the levels of the text, unless something prevents a drill."""
        levels = {} if is_prevented(at) else rules_at(at).levels
        _choose(self.fields["level"], [(key, level.title) for key, level in levels.items()])

    def subject(self) -> dict[str, str]:
        """Return the level."""
        return {"level": self.cleaned_data["level"]}


class MemberForm(RequestForm):
    """Whom the decision is about."""

    lab = forms.ChoiceField(label=_("Laboratory"))
    decision: ClassVar[Requestable]

    def offer(self, at: datetime) -> None:
        """Offer whom it could be about."""
        found = [(one.key, f"{one.name} · {KIND_LABELS[Kind(one.kind)]}") for one in candidates(self.decision, at)]
        _choose(self.fields["lab"], found)

    def subject(self) -> dict[str, str]:
        """Return the laboratory."""
        return {"lab": self.cleaned_data["lab"]}


class AdmissionForm(MemberForm):
    """Who joins Annex 1."""

    decision = Requestable.ADMIT


class AccreditationForm(MemberForm):
    """Which body joins Annex 2 or has its mandate renewed, or which observer is accredited."""

    decision = Requestable.ACCREDIT
    lab = forms.ChoiceField(label=_("Body or observer"))

    def subject(self) -> dict[str, str]:
        """Return the body or the observer."""
        return {"organisation": self.cleaned_data["lab"]}


class SuspensionForm(MemberForm):
    """Whose rights are suspended."""

    decision = Requestable.SUSPEND


class ReinstatementForm(MemberForm):
    """Who is given its rights back."""

    decision = Requestable.REINSTATE


class MergerForm(MemberForm):
    """Which party has merged, and into which other one."""

    decision = Requestable.MERGE
    lab = forms.ChoiceField(label=_("Laboratory that has merged"))
    into = forms.ChoiceField(label=_("Into"), help_text=_("The party that has the one vote of the two from then on."))

    def offer(self, at: datetime) -> None:
        """Offer the parties for both."""
        super().offer(at)
        _choose(self.fields["into"], [(one.key, one.name) for one in candidates(self.decision, at)])

    def subject(self) -> dict[str, str]:
        """Return both laboratories."""
        return {"lab": self.cleaned_data["lab"], "into": self.cleaned_data["into"]}


FORMS: dict[Requestable, type[RequestForm]] = {
    Requestable.EXTEND_DEADLINE: ExtensionForm,
    Requestable.DETERMINE_NON_COMPLIANCE: DeterminationForm,
    Requestable.GRANT_EXEMPTION: ExemptionForm,
    Requestable.ESCALATE: EscalationForm,
    Requestable.RELAX: RelaxationForm,
    Requestable.ORDER_DRILL: DrillForm,
    Requestable.ADMIT: AdmissionForm,
    Requestable.ACCREDIT: AccreditationForm,
    Requestable.SUSPEND: SuspensionForm,
    Requestable.REINSTATE: ReinstatementForm,
    Requestable.MERGE: MergerForm,
}


def _choose(field: forms.Field, choices: list[tuple[str, str]]) -> None:
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices
