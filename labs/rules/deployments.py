"""A deployment's states, and what a roll-back procedure has to say."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from core.errors import DomainError
from core.prose import prose


class DeploymentStatus(StrEnum):
    """Where a deployed model stands."""

    LIVE = "live"
    ROLLED_BACK = "rolled_back"
    RETIRED = "retired"


class DeploymentEvent(StrEnum):
    """What happens to a deployment."""

    ROLL_BACK = "roll_back"
    RESTORE = "restore"
    RETIRE = "retire"


class DeploymentRefused(DomainError):
    """The deployment cannot do this from the state it is in."""

    code = "deployment_state"


class ProcedureIncomplete(DomainError):
    """A roll-back procedure names its steps and who approves them."""

    code = "procedure_incomplete"


TRANSITIONS: Final = {
    (DeploymentStatus.LIVE, DeploymentEvent.ROLL_BACK): DeploymentStatus.ROLLED_BACK,
    (DeploymentStatus.ROLLED_BACK, DeploymentEvent.RESTORE): DeploymentStatus.LIVE,
    (DeploymentStatus.LIVE, DeploymentEvent.RETIRE): DeploymentStatus.RETIRED,
    (DeploymentStatus.ROLLED_BACK, DeploymentEvent.RETIRE): DeploymentStatus.RETIRED,
}
MOST_LINES: Final = 50
LONGEST_LINE: Final = 500


def next_state(status: DeploymentStatus, event: DeploymentEvent) -> DeploymentStatus:
    """Return the state after `event`; raise DeploymentRefused where the table has no such step."""
    try:
        return TRANSITIONS[status, event]
    except KeyError:
        raise DeploymentRefused(
            f"A deployment that is {status.replace('_', ' ')} cannot be asked to {event.replace('_', ' ')}."
        ) from None


def procedure_lines(steps: Sequence[str], gates: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return both lists without blanks; raise ProcedureIncomplete when either is empty or too long."""
    return _lines(steps, "steps", "one step a line, in order"), _lines(gates, "gates", "who approves, one gate a line")


def _lines(lines: Sequence[str], field: str, wanted: str) -> list[str]:
    kept = [prose(line).strip() for line in lines if line.strip()]
    if not kept:
        raise ProcedureIncomplete(fields={field: f"Write {wanted}."})
    if len(kept) > MOST_LINES or any(len(line) > LONGEST_LINE for line in kept):
        raise ProcedureIncomplete(fields={field: f"At most {MOST_LINES} lines of {LONGEST_LINE} characters."})
    return kept
