"""What laboratories file, and how lateness escalates. All lengths of time come from the treaty text, through the caller."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from core.durations import Duration
from core.times import stamp


class DeclarationKind(StrEnum):
    """What is declared."""

    INITIAL = "initial"
    UPDATE = "update"
    CHIP_REGISTER = "chip_register"
    CHANGE = "change"
    TRANSFER = "transfer"


class DeclarationState(StrEnum):
    """How a declaration stands at an instant."""

    NOT_DUE = "not_due"
    FILED = "filed"
    FILED_LATE = "filed_late"
    DUE = "due"  # the day has come, the text's grace has not passed
    OVERDUE = "overdue"
    LONG_OVERDUE = "long_overdue"


@dataclass(frozen=True)
class Standing:
    """A declaration's state, when it becomes worse, and why in words."""

    state: DeclarationState
    worsens_at: datetime | None
    words: str


def standing(
    due_at: datetime,
    filed_at: datetime | None,
    at: datetime,
    *,
    overdue_after: Duration,
    long_overdue_after: Duration,
    holidays: Collection[date] = (),
) -> Standing:
    """Say how a declaration stands at `at`: overdue `overdue_after` its due instant, long overdue `long_overdue_after` it."""
    if filed_at is not None and filed_at <= at:
        late = filed_at >= due_at
        return Standing(
            DeclarationState.FILED_LATE if late else DeclarationState.FILED,
            None,
            f"Filed {stamp(filed_at)}, {'after' if late else 'before'} it was due at {stamp(due_at)}.",
        )
    steps = [
        (due_at, DeclarationState.DUE),
        (overdue_after.after(due_at, holidays=holidays), DeclarationState.OVERDUE),
        (long_overdue_after.after(due_at, holidays=holidays), DeclarationState.LONG_OVERDUE),
    ]
    passed = [state for instant, state in steps if instant <= at]
    ahead = [instant for instant, _ in steps if instant > at]
    state = passed[-1] if passed else DeclarationState.NOT_DUE
    return Standing(state, min(ahead, default=None), f"Due {stamp(due_at)}, not filed by {stamp(at)}.")


def nil_contradicted(
    kind: DeclarationKind, sites_with_accelerators: Collection[str], unfinished_runs: Collection[str]
) -> str:
    """Return what stands against a nil return, "" if nothing does: a chip register is about accelerators, the rest about runs too."""
    if sites_with_accelerators:
        return (
            f"Accelerators are declared at {', '.join(sorted(sites_with_accelerators))}: this cannot be a nil return."
        )
    if unfinished_runs and kind != DeclarationKind.CHIP_REGISTER:
        return f"Training runs are registered and not finished ({', '.join(sorted(unfinished_runs))}): this cannot be a nil return."
    return ""
