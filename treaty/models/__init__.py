from treaty.models.amendments import Amendment
from treaty.models.cases import Case, CaseStep
from treaty.models.consultations import HiddenSubmission, Submission, SubmissionAnswer, UnconfirmedSubmission
from treaty.models.delegations import Delegation
from treaty.models.determinations import Determination
from treaty.models.drills import Drill, DrillLab, DrillStep, DrillVerdict
from treaty.models.exemptions import Exemption
from treaty.models.orders import Order, OrderAcknowledgement, OrderDelivery, OrderEndpoint, OrderKey
from treaty.models.parties import Accreditation, Annexed, Merger, Party, Suspension
from treaty.models.pauses import Commitment, LevelChange, Pause, Resumption, ResumptionStep
from treaty.models.receipts import Letter, ReceiptMail
from treaty.models.standdowns import DeadlineExtension, RollBack, RunHalt, StandDown, Verification
from treaty.models.texts import TreatyText
from treaty.models.triggers import TriggerEvaluation, TriggerFiring
from treaty.models.votes import Ballot, BallotSignature, Repudiation, RollEntry, Vote

__all__ = [
    "Accreditation",
    "Amendment",
    "Annexed",
    "Ballot",
    "BallotSignature",
    "Case",
    "CaseStep",
    "Commitment",
    "DeadlineExtension",
    "Delegation",
    "Determination",
    "Drill",
    "DrillLab",
    "DrillStep",
    "DrillVerdict",
    "Exemption",
    "HiddenSubmission",
    "Letter",
    "LevelChange",
    "Merger",
    "Order",
    "OrderAcknowledgement",
    "OrderDelivery",
    "OrderEndpoint",
    "OrderKey",
    "Party",
    "Pause",
    "ReceiptMail",
    "Repudiation",
    "Resumption",
    "ResumptionStep",
    "RollBack",
    "RollEntry",
    "RunHalt",
    "StandDown",
    "Submission",
    "SubmissionAnswer",
    "Suspension",
    "TreatyText",
    "TriggerEvaluation",
    "TriggerFiring",
    "UnconfirmedSubmission",
    "Verification",
    "Vote",
]
