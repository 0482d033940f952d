from inspections.models.challenges import Challenge
from inspections.models.draws import Draw, DrawValue
from inspections.models.evidence import Evidence
from inspections.models.findings import Finding, FindingStep
from inspections.models.inspectors import Availability, Designation, Mandate
from inspections.models.plans import Plan
from inspections.models.reports import Report, ReportComment, ReportSignature
from inspections.models.visits import AccessRecord, Visit, VisitInspector

__all__ = [
    "AccessRecord",
    "Availability",
    "Challenge",
    "Designation",
    "Draw",
    "DrawValue",
    "Evidence",
    "Finding",
    "FindingStep",
    "Mandate",
    "Plan",
    "Report",
    "ReportComment",
    "ReportSignature",
    "Visit",
    "VisitInspector",
]
