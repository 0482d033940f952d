"""Votes that people ask for by hand: which decisions, and what each of them is about."""

from enum import StrEnum

from core.durations import Duration
from core.errors import DomainError, Malformed
from treaty.rules.standdowns import StageStanding, StageState


class Requestable(StrEnum):
    """The decisions that are asked for by hand, where the text names them. All others have an occasion and a page of their own."""

    ADVISORY = "advisory"
    PROCEDURAL = "procedural"
    EXTEND_DEADLINE = "extend_deadline"
    DETERMINE_NON_COMPLIANCE = "determine_non_compliance"
    GRANT_EXEMPTION = "grant_exemption"
    ESCALATE = "escalate"
    RELAX = "relax"
    ORDER_DRILL = "order_drill"
    ADMIT = "admit"
    ACCREDIT = "accredit"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    MERGE = "merge"


class NotExtendable(DomainError):
    """A deadline is extended once, for a stage that is not done, by a decision that is asked for before it passes (Art. 19)."""

    code = "not_extendable"


def is_extendable(stage: StageStanding) -> bool:
    """Whether the deadline of the stage may still be moved: not done, not passed, never moved before."""
    return stage.state is StageState.DUE and not stage.extended


def extension(text: str) -> Duration:
    """Read by how much a deadline is to move, such as "7 d"; raise Malformed with the field, also for no time at all."""
    try:
        found = Duration.parse(text.strip())
    except Malformed as error:
        raise Malformed(error.detail, fields={"by": error.detail}) from None
    if not found.amount:
        raise Malformed(
            "A deadline moves by more than nothing.", fields={"by": "A deadline moves by more than nothing."}
        )
    return found
