from treaty.models.cases import Case, CaseStep
from treaty.models.determinations import Determination
from treaty.models.parties import Accreditation, Party
from treaty.models.pauses import Commitment, Pause, Resumption, ResumptionStep
from treaty.models.standdowns import DeadlineExtension, RollBack, RunHalt, StandDown, Verification
from treaty.models.texts import TreatyText
from treaty.models.triggers import TriggerEvaluation, TriggerFiring
from treaty.models.votes import Ballot, BallotSignature, RollEntry, Vote

__all__ = [
    "Accreditation",
    "Ballot",
    "BallotSignature",
    "Case",
    "CaseStep",
    "Commitment",
    "DeadlineExtension",
    "Determination",
    "Party",
    "Pause",
    "Resumption",
    "ResumptionStep",
    "RollBack",
    "RollEntry",
    "RunHalt",
    "StandDown",
    "TreatyText",
    "TriggerEvaluation",
    "TriggerFiring",
    "Verification",
    "Vote",
]
