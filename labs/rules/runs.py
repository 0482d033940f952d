"""A training run's states."""

from enum import StrEnum
from typing import Final

from core.errors import DomainError


class RunStatus(StrEnum):
    """Where a training run stands."""

    PLANNED = "planned"
    RUNNING = "running"
    HALTED = "halted"
    FINISHED = "finished"


class RunEvent(StrEnum):
    """What happens to a training run."""

    START = "start"
    HALT = "halt"
    FINISH = "finish"


class RunRefused(DomainError):
    """The run cannot do this from the state it is in."""

    code = "run_state"


TRANSITIONS: Final = {
    (RunStatus.PLANNED, RunEvent.START): RunStatus.RUNNING,
    (RunStatus.PLANNED, RunEvent.HALT): RunStatus.HALTED,
    (RunStatus.RUNNING, RunEvent.HALT): RunStatus.HALTED,
    (RunStatus.RUNNING, RunEvent.FINISH): RunStatus.FINISHED,
    (RunStatus.HALTED, RunEvent.START): RunStatus.RUNNING,
}
# A run in one of these can still use compute, so a pause asks for its halt.
UNFINISHED: Final = frozenset({RunStatus.PLANNED, RunStatus.RUNNING, RunStatus.HALTED})


def next_state(status: RunStatus, event: RunEvent) -> RunStatus:
    """Return the state after `event`; raise RunRefused where the table has no such step."""
    try:
        return TRANSITIONS[status, event]
    except KeyError:
        raise RunRefused(f"A run that is {status} cannot {event}.") from None
