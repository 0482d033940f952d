"""Words for what the rules answer."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from inspections.rules.challenges import Standing
from inspections.rules.clarifications import Rung
from inspections.rules.conclusions import NotDrawn
from inspections.rules.evidence import EvidenceState
from inspections.rules.frequency import Timeliness
from inspections.rules.schedules import RunOutcome
from inspections.rules.seeds import Stage
from inspections.rules.specials import Standing as Special
from inspections.rules.visits import VisitEvent

TIMER_LABELS: Final = {
    "notice": _("Notice given"),
    "acknowledge": _("Acknowledged by the laboratory"),
    "access": _("Access granted"),
    "report": _("Report received"),
    "comment": _("Laboratory's comment"),
    "final": _("Final report"),
}
EVIDENCE_LABELS: Final = {
    EvidenceState.VERIFIED: _("Verified"),
    EvidenceState.STALE: _("Stale"),
    EvidenceState.UNKNOWN: _("Unknown"),
    EvidenceState.DISCREPANCY: _("Discrepancy"),
    EvidenceState.CONTINUITY_LOST: _("Continuity lost"),
    EvidenceState.OUT_OF_SCOPE: _("Out of scope"),
}
PROVISION_LABELS: Final = {
    "monitoring.visits_per_site_per_year": _("visits a site a year"),
    "monitoring.visits_per_party_per_year": _("visits a party a year"),
    "monitoring.inspectors_per_visit": _("inspectors a visit"),
    "monitoring.from_different_bodies": _("inspectors from different bodies"),
    "monitoring.designation_validity": _("inspectors designated for the whole visit"),
    "monitoring.training": _("inspectors whose training holds for the whole visit"),
    "monitoring.refusal_effective_after": _("inspectors whom the party refused"),
    "monitoring.holidays": _("holidays of the text"),
    "monitoring.visit_length": _("length of a visit"),
    "monitoring.notice": _("notice"),
    "monitoring.schedule.seen_every": _("the time in which it is due"),
    "monitoring.schedule.apart": _("time between two visits to a site"),
    "monitoring.schedule.travel": _("time to travel"),
    "monitoring.schedule.parity_within": _("burdens kept equal"),
    "monitoring.draw.every": _("the time until the next draw"),
    "inspectors.affiliates": _("inspectors too near to the party"),
    "inspectors.availability": _("when inspectors can be sent"),
    "inspectors.booked": _("inspectors sent elsewhere"),
}
OUTCOME_SIGNS: Final = {
    RunOutcome.RUNNING: "on",
    RunOutcome.SEALED: "ok",
    RunOutcome.UNCHANGED: "ok",
    RunOutcome.OVERTAKEN: "un",
    RunOutcome.FAILED: "br",
    RunOutcome.SILENT: "br",
}
EVENT_LABELS: Final = {
    VisitEvent.ACKNOWLEDGE: _("Acknowledge the notice"),
    VisitEvent.GRANT: _("Access was granted"),
    VisitEvent.DELAY: _("Access is delayed"),
    VisitEvent.REFUSE: _("Access was refused"),
    VisitEvent.BEGIN: _("Begin the inspection"),
    VisitEvent.FINALISE: _("Make the report final"),
    VisitEvent.CANCEL: _("Cancel the visit"),
}
STEP_LABELS: Final = {
    "asked": _("Asked for"),
    "vote": _("May be stopped until"),
    "notice": _("Notice given"),
    "arrival": _("Inspectors arrive"),
    "access": _("On site"),
    "leave": _("Leave"),
    "report": _("Report"),
}
STANDING_SIGNS: Final = {
    Standing.ASKED: "on",
    Standing.STOPPED: "na",
    Standing.WITHDRAWN: "na",
    Standing.PROCEEDS: "br",
    Standing.INSPECTED: "ok",
}
CHALLENGE_LEDES: Final = {
    Standing.ASKED: _("It proceeds unless the vote stops it in time."),
    Standing.STOPPED: _("The vote stopped it: nobody is sent."),
    Standing.WITHDRAWN: _("The vote was withdrawn, and the request with it."),
    Standing.PROCEEDS: _("It was not stopped: inspectors are sent."),
    Standing.INSPECTED: _("Its visit is over; what was found is in the report."),
}
# The kinds of entry that tell a challenge's story, with the sign that stands beside each.
CHALLENGE_EVENTS: Final = {
    "challenge.requested": ("br", _("Challenge inspection asked for")),
    "vote.closed": ("on", _("Vote closed")),
    "vote.withdrawn": ("na", _("Vote withdrawn")),
    "challenge.found_frivolous": ("br", _("A body found the request frivolous")),
    "challenge.stopped": ("na", _("Stopped by the vote")),
    "challenge.planned": ("on", _("Visit planned, and sealed")),
    "visit.notified": ("on", _("Notice given, and the seal opened")),
    "visit.cancelled": ("na", _("Visit called off")),
    "visit.acknowledged": ("ok", _("Notice acknowledged")),
    "access.granted": ("ok", _("Access granted")),
    "access.delayed": ("br", _("Access delayed")),
    "access.refused": ("br", _("Access refused")),
    "visit.begun": ("on", _("Inspection begun")),
    "report.submitted": ("on", _("Report submitted")),
    "visit.finalised": ("ok", _("Report final")),
    "visit.closed": ("ok", _("Closed")),
    "visit.left_open": ("un", _("Ended inconclusive")),
}
SPECIAL_SIGNS: Final = {
    Special.ASKED: "on",
    Special.AGREED: "on",
    Special.REFUSED: "br",
    Special.UNANSWERED: "br",
    Special.INSPECTED: "ok",
}
SPECIAL_LEDES: Final = {
    Special.ASKED: _("The laboratory is asked to agree. Refusal opens a compliance case, and so does silence."),
    Special.AGREED: _("The laboratory agreed: inspectors are sent."),
    Special.REFUSED: _("The laboratory refused. A compliance case takes the matter on."),
    Special.UNANSWERED: _("The laboratory did not answer in time. A compliance case takes the matter on."),
    Special.INSPECTED: _("Its visit is over; what was found is in the report."),
}
# The kinds of entry that tell a special visit's story, with the sign that stands beside each.
SPECIAL_EVENTS: Final = {
    "special.requested": ("on", _("Special visit asked for")),
    "special.answered": ("on", _("Answered by the laboratory")),
    "special.planned": ("on", _("Visit planned, and sealed")),
    "case.opened": ("br", _("Compliance case opened")),
    "case.answered": ("on", _("Case answered")),
    "case.closed": ("ok", _("Case closed")),
    **{kind: words for kind, words in CHALLENGE_EVENTS.items() if not kind.startswith(("challenge.", "vote."))},
}
TIMELINESS_LABELS: Final = {
    Timeliness.TIMELY: _("Timely"),
    Timeliness.NOT_TIMELY: _("Not timely"),
    Timeliness.UNKNOWN: _("Unknown"),
}
STAGE_SIGNS: Final = {
    Stage.COMMITTING: "on",
    Stage.SEALING: "on",
    Stage.REVEALING: "on",
    Stage.DRAWING: "on",
    Stage.DRAWN: "ok",
}
DRAW_LEDES: Final = {
    Stage.COMMITTING: _(
        "The list is frozen. Every party and body may commit to a secret value that goes into the seed."
    ),
    Stage.SEALING: _("The time for commitments is over; they are about to be sealed."),
    Stage.REVEALING: _(
        "The commitments are sealed. Whoever committed now reveals the value; the draw waits for nobody."
    ),
    Stage.DRAWING: _("The time for values is over; the draw is about to be carried out."),
    Stage.DRAWN: _("Drawn: from the seed everybody finds the same facilities in the same order."),
}
# The kinds of entry that tell a draw's story, with the sign that stands beside each.
DRAW_EVENTS: Final = {
    "draw.opened": ("on", _("List frozen, and the operator's value committed to")),
    "draw.committed": ("on", _("Value committed to")),
    "draw.sealed": ("on", _("Commitments sealed")),
    "draw.revealed": ("ok", _("Value revealed")),
    "draw.carried_out": ("ok", _("Operator's value opened, and drawn")),
    "draw.days_opened": ("ok", _("All days opened")),
}


RUNG_LABELS: Final = {
    Rung.ASKED: _("Asked"),
    Rung.ACKNOWLEDGED: _("Acknowledged"),
    Rung.ANSWERED: _("Answered"),
    Rung.UNANSWERED: _("Not answered in time"),
}
NOT_DRAWN_LABELS: Final = {
    NotDrawn.NO_REPORT: _("No report yet"),
    NotDrawn.REFUSED: _("Access was refused"),
    NotDrawn.INCONCLUSIVE: _("The report could not conclude"),
    NotDrawn.DISAGREEMENT: _("A body dissents"),
    NotDrawn.CLARIFYING: _("The laboratory is being heard"),
    NotDrawn.CLARIFIED: _("Its findings were clarified: a new look is due"),
    NotDrawn.STALE: _("The evidence is stale"),
}


def place_title(place: str) -> str:
    """Return a place within a report in words."""
    kind, _dot, rest = place.partition(".")
    name = ": ".join(layer_title(key) for key in rest.split("."))
    match kind:
        case "layers" | "items":
            return name
        case "findings" | "filed":
            return _("Finding %(number)s") % {"number": rest}
        case "photographs" if rest:
            return _("Photograph %(number)s") % {"number": rest}
        case "answers":
            return _("Answer: %(place)s") % {"place": name}
        case "collected_at":
            return str(_("Last evidence collected"))
        case _:
            return layer_title(kind)


def layer_title(key: str) -> str:
    """Return a layer's short name: its key in the text, readable."""
    return key.replace("_", " ").replace("-", " ").capitalize()
