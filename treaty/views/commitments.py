from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from treaty.actions.pauses import confirm_commitment, withdraw_commitment
from treaty.forms.pauses import CommitmentForm, NothingForm
from treaty.queries.commitments import CommitmentRow
from treaty.rules.commitments import AllOf, AnyOf, AtLeastOthers, ComputeShare, Met, Named, PledgeCondition, Reason
from treaty.views.acts import LabAction


def commitment_row(row: CommitmentRow) -> dict[str, object]:
    """Return a pledge with its condition and its reason in words."""
    commitment = row.commitment
    if commitment.joined_at:
        reason, sign = _("acceded while the pause was in force"), "ok"
    elif row.reason is None:
        reason, sign = _("bound at once: an emergency"), "ok"
    else:
        reason, sign = reason_in_words(row.reason), "ok" if row.reason.bound else "un"
    return {
        "commitment": commitment,
        "condition": condition_in_words(row.condition) if commitment.confirmed_at else "",
        "reason": reason,
        "sign": sign if commitment.bound is not False else "na",
    }


def condition_in_words(condition: PledgeCondition) -> str:
    """Say what a pledge is conditional on."""
    match condition:
        case Named():
            return _("if these pause too: %(labs)s") % {"labs": ", ".join(condition.labs)}
        case AtLeastOthers():
            return _("if at least %(n)s others pause") % {"n": condition.n}
        case ComputeShare():
            return _("if those who pause hold at least %(share)s of the covered compute") % {"share": condition.share}
        case AllOf():
            return _(" and ").join(condition_in_words(part) for part in condition.of)
        case AnyOf():
            return _(" or ").join(condition_in_words(part) for part in condition.of)
        case _:
            return _("without condition")


def reason_in_words(reason: Reason) -> str:
    """Say why a lab is in the bound set or out of it."""
    if reason.code == "not_confirmed":
        return _("out: it has not confirmed")
    if reason.code == "withdrawn":
        return _("out: it took its commitment back")
    met = met_in_words(reason.met) if reason.met else ""
    return (_("in: %(why)s") if reason.bound else _("out: %(why)s")) % {"why": met}


def met_in_words(met: Met) -> str:
    """Say what a condition found."""
    match met.code:
        case "unconditional":
            return _("its commitment has no condition")
        case "named":
            return (
                _("%(labs)s stay out") % {"labs": ", ".join(met.lacking)}
                if met.lacking
                else _("all that it named pause")
            )
        case "at_least":
            return _("%(have)s others pause, it asked for %(need)s") % {"have": met.have, "need": met.need}
        case "share":
            return _("those who pause hold %(have)s of the compute, it asked for %(need)s") % {
                "have": met.have,
                "need": met.need,
            }
        case "share_unknown":
            return _("the share of compute is unknown: %(labs)s declared none") % {"labs": ", ".join(met.lacking)}
        case _:
            return "; ".join(met_in_words(part) for part in met.parts)


class Commit(LabAction):
    """A lab confirms its commitment, on conditions or without."""

    form_class = CommitmentForm

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the roll."""
        return super().get_form_kwargs() | {"pause": self.pause, "lab": self.lab}

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return what the page says."""
        self.title = _("Confirm the commitment of %(lab)s") % {"lab": self.lab.name}
        self.lede = _(
            "Nobody enters a pause alone: the commitment binds only within a set of laboratories that meets all of its conditions. Fill in nothing to commit without condition."
        )
        self.submit = _("Confirm the commitment")
        return super().get_context_data(**context)

    def act(self, form: forms.Form, *, at: datetime) -> object:
        """Confirm."""
        assert isinstance(form, CommitmentForm)
        return confirm_commitment(
            pause=self.pause, organisation=self.lab, condition=form.condition(), by=self.person(), at=at
        )


class WithdrawCommitment(LabAction):
    """A lab takes its commitment back while the pause is activating."""

    form_class = NothingForm
    danger = True

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Return what the page says."""
        self.title = _("Withdraw the commitment of %(lab)s") % {"lab": self.lab.name}
        self.lede = _("Commitments that depend on it may no longer be met. Everybody sees the withdrawal.")
        self.submit = _("Withdraw the commitment")
        return super().get_context_data(**context)

    def act(self, form: forms.Form, *, at: datetime) -> object:  # noqa: ARG002 - the form only confirms
        """Withdraw."""
        return withdraw_commitment(pause=self.pause, organisation=self.lab, by=self.person(), at=at)
