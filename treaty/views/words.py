"""What the pages of pauses and cases call things."""

from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from treaty.rules.standing import Basis, Standing
from treaty.rules.words_conditions import Voice
from web.languages import instant

STANDING_LABELS: dict[Standing, Promise] = {
    Standing.COMPLIANT: _("Compliant"),
    Standing.ONGOING: _("Evaluation ongoing"),
    Standing.UNABLE: _("Unable to conclude"),
    Standing.POTENTIAL_BREACH: _("Potential breach, under review"),
    Standing.BREACH: _("Breach determined"),
    Standing.NOT_APPLICABLE: _("Not applicable"),
}
BASIS_LABELS: dict[Basis, Promise] = {
    Basis.NOT_BOUND: _("not bound by this pause"),
    Basis.DETERMINED: _("determined by vote, case"),
    Basis.CASE_OPEN: _("case"),
    Basis.LATE: _("late:"),
    Basis.DISCREPANCY: _("discrepancy found, visit"),
    Basis.INCONCLUSIVE: _("inconclusive, visit"),
    Basis.DISPUTED: _("verified, but a body dissents from it; visit"),
    Basis.EVIDENCE_EXPIRED: _("evidence has expired, visit"),
    Basis.VERIFIED: _("verified, visit"),
    Basis.AWAITED: _("awaited:"),
}
# The kinds of entry that tell a pause's story, with the sign that stands beside each.
EVENTS: dict[str, tuple[str, Promise]] = {
    "pause.adopted": ("on", _("Adopted: commitments are asked for")),
    "commitment.confirmed": ("ok", _("Commitment confirmed")),
    "commitment.withdrawn": ("br", _("Commitment withdrawn")),
    "pause.entered_into_force": ("on", _("In force")),
    "pause.joined": ("on", _("A laboratory acceded and is bound")),
    "pause.ratified": ("ok", _("Emergency pause ratified")),
    "pause.escalated": ("on", _("Moved to a higher level")),
    "pause.relaxed": ("on", _("Moved to a lower level")),
    "pause.lapsed": ("na", _("Lapsed")),
    "pause.ended": ("ok", _("Ended")),
    "standdown.acknowledged": ("ok", _("Pause acknowledged")),
    "standdown.run_halted": ("ok", _("Training run halted")),
    "standdown.halted": ("ok", _("Stated that nothing in scope runs")),
    "standdown.rolled_back": ("ok", _("Deployment rolled back")),
    "standdown.declared": ("ok", _("Stand-down declared")),
    "standdown.verified": ("on", _("Conclusion of a monitoring body")),
    "standdown.extended": ("on", _("Deadline moved by vote")),
    "exemption.granted": ("on", _("Exemption granted by vote")),
    "drill.ordered": ("on", _("Drill announced")),
    "drill.acknowledged": ("ok", _("Drill: acknowledged")),
    "drill.halted": ("ok", _("Drill: went through halting")),
    "drill.rolled_back": ("ok", _("Drill: went through rolling back")),
    "drill.declared": ("ok", _("Drill: declared")),
    "drill.verified": ("ok", _("Drill: a body concluded")),
    "drill.stood_up": ("ok", _("Drill: work taken up again")),
    "drill.ended": ("na", _("Drill over")),
    "case.opened": ("br", _("Compliance case opened")),
    "case.answered": ("on", _("Case answered")),
    "case.remedied": ("on", _("Remedy reported")),
    "case.determined": ("bad", _("Non-compliance determined")),
    "case.closed": ("ok", _("Case closed")),
    "criterion.determined": ("on", _("Resumption criterion determined")),
    "resumption.begun": ("on", _("Resumption begun")),
    "resumption.refused": ("br", _("Resumption refused: a criterion did not hold")),
    "resumption.stage_reached": ("on", _("Stage of resumption reached")),
    "resumption.snapped_back": ("br", _("Snapped back to the pause")),
    "vote.noticed": ("on", _("Vote noticed")),
    "vote.closed": ("on", _("Vote closed")),
}


def _when(at: datetime) -> str:
    return f"{instant(at)} UTC"


def voice() -> Voice:
    """Return the voice in which findings are said in the reader's language."""
    return Voice(gettext, _when)


def written(at: datetime | None) -> str:
    """Write an instant in plain words."""
    return voice().when(at) if at else ""
