from inspections.models.accounting import AlarmStep, BalanceAlarm, ComputeObservation, WorkDeclaration
from inspections.models.agreements import FacilityAgreement
from inspections.models.challenges import Challenge, FrivolousFinding
from inspections.models.clarifications import Clarification, Dissent
from inspections.models.deliveries import Delivery
from inspections.models.draws import Draw, DrawValue
from inspections.models.evidence import Evidence
from inspections.models.findings import Finding, FindingStep
from inspections.models.grades import GradeTable
from inspections.models.inspectors import Availability, Designation, Mandate, Refusal, Training
from inspections.models.managed_access import ManagedAccess, ManagedAccessStep
from inspections.models.plans import Plan
from inspections.models.redactions import Redaction
from inspections.models.reports import Report, ReportComment, ReportSignature
from inspections.models.schedules import Schedule, ScheduleRun
from inspections.models.specials import Special
from inspections.models.streams import StreamReading
from inspections.models.tips import Recipient, Tip, TipAnswer, TipHandling
from inspections.models.visits import AccessRecord, Visit, VisitInspector

__all__ = [
    "AccessRecord",
    "AlarmStep",
    "Availability",
    "BalanceAlarm",
    "Challenge",
    "Clarification",
    "ComputeObservation",
    "Delivery",
    "Designation",
    "Dissent",
    "Draw",
    "DrawValue",
    "Evidence",
    "FacilityAgreement",
    "Finding",
    "FindingStep",
    "FrivolousFinding",
    "GradeTable",
    "ManagedAccess",
    "ManagedAccessStep",
    "Mandate",
    "Plan",
    "Recipient",
    "Redaction",
    "Refusal",
    "Report",
    "ReportComment",
    "ReportSignature",
    "Schedule",
    "ScheduleRun",
    "Special",
    "StreamReading",
    "Tip",
    "TipAnswer",
    "TipHandling",
    "Training",
    "Visit",
    "VisitInspector",
    "WorkDeclaration",
]
