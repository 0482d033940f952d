"""What the public pages call things."""

from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dashboard.queries.situation import Situation
from treaty.models.standdowns import STAGE_LABELS
from treaty.rules.parties import Status
from treaty.rules.standing import StandingAnswer
from treaty.views.words import BASIS_LABELS, STANDING_LABELS

HEADLINES: dict[Situation, str | Promise] = {
    Situation.NO_TEXT: _("No treaty has been published yet."),
    Situation.NOT_IN_FORCE: _("The treaty is not in force yet."),
    Situation.NEVER: _("No pause is in force."),
    Situation.OVER: _("No pause is in force."),
    Situation.ADOPTED: _("A pause has been adopted."),
    Situation.ACTIVATING: _("A pause is being activated."),
    Situation.PROVISIONAL: _("An emergency pause is in force, provisionally."),
    Situation.IN_FORCE: _("A pause is in force."),
    Situation.RESUMING: _("Work is resuming, in stages."),
}
STATUS_LABELS: dict[Status, str | Promise] = {
    Status.NOT_SIGNED: _("Not signed"),
    Status.SIGNATORY: _("Signed, not ratified"),
    Status.RATIFIED: _("Ratified, not yet bound"),
    Status.PARTY: _("Party"),
    Status.SUSPENDED: _("Party, rights suspended"),
    Status.MERGED: _("Party, merged into another one"),
    Status.WITHDRAWING: _("Party, withdrawing"),
    Status.WITHDRAWN: _("Withdrawn"),
}
STATUS_SIGNS: dict[Status, str] = {
    Status.NOT_SIGNED: "na",
    Status.SIGNATORY: "on",
    Status.RATIFIED: "on",
    Status.PARTY: "ok",
    Status.SUSPENDED: "br",
    Status.MERGED: "na",
    Status.WITHDRAWING: "br",
    Status.WITHDRAWN: "na",
}
STAGES: Final = {key.value: label for key, label in STAGE_LABELS.items()}


def status_words(status: Status | None) -> dict[str, Any]:
    """Return the word and the sign of a laboratory's status under the treaty."""
    return {
        "status": STATUS_LABELS[status] if status else _("Not in Annex 1"),
        "status_sign": STATUS_SIGNS[status] if status else "na",
    }


def standing_words(answer: StandingAnswer | None) -> dict[str, Any]:
    """Return a standing under a pause with its word and its basis; nothing where there is no pause."""
    if answer is None:
        return {"standing": None}
    return {
        "standing": answer.standing,
        "label": STANDING_LABELS[answer.standing],
        "basis": f"{BASIS_LABELS[answer.basis]} {STAGES.get(answer.reference, answer.reference)}".strip(),
        "since": answer.since,
    }
