"""Words for what the rules answer."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from inspections.rules.evidence import EvidenceState
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
    EvidenceState.OUT_OF_SCOPE: _("Out of scope"),
}
PROVISION_LABELS: Final = {
    "monitoring.visits_per_site_per_year": _("visits a site a year"),
    "monitoring.visits_per_party_per_year": _("visits a party a year"),
    "monitoring.inspectors_per_visit": _("inspectors a visit"),
    "monitoring.from_different_bodies": _("inspectors from different bodies"),
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


def layer_title(key: str) -> str:
    """Return a layer's short name: its key in the text, readable."""
    return key.replace("_", " ").replace("-", " ").capitalize()
