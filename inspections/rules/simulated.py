"""What a simulation is told in: the cheating and the pauses as they went, and the report."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from core.times import stamp
from inspections.rules.scenarios import Cheat
from treaty.rules.pauses import PauseEvent, PauseFacts, PauseState, PauseTerms, Step, state_at, steps
from treaty.rules.standdowns import StandDownFacts


class Gap(StrEnum):
    """What keeps the world from being protected while a trigger is true in reality."""

    UNKNOWN = "unknown"  # nothing fired: what is on record leaves such a trigger unknown
    UNSEEN = "unseen"  # nothing fired: what is on record says that it is not so
    DECIDING = "deciding"  # a vote or the activation is under way
    NOT_ADOPTED = (
        "not_adopted"  # the vote was rejected, the pause lapsed, or it ended before the trigger could fire again
    )
    NOT_BOUND = "not_bound"  # a pause is in force, and not for everybody
    STANDING_DOWN = "standing_down"  # somebody has still to halt
    CHEATING = "cheating"  # somebody says that it halted and goes on
    RESUMING = "resuming"


@dataclass
class Hidden:
    """A cheat as it went. `begun_at` is None where there was no occasion for it, `detected_at` where nobody found it."""

    lab: str
    cheat: Cheat
    from_at: datetime
    until_at: datetime
    begun_at: datetime | None = None
    detected_at: datetime | None = None

    def runs(self, at: datetime) -> bool:
        """Whether it goes on at `at`: begun, not over, not found."""
        return self.from_at <= at < min(self.until_at, self.detected_at or self.until_at)

    @property
    def outcome(self) -> str:
        """Whether it was detected."""
        return "detected" if self.detected_at else "undetected" if self.begun_at else "no_occasion"


@dataclass
class Played:
    """A pause as it went."""

    key: str
    trigger: str
    terms: PauseTerms
    facts: PauseFacts
    bound: frozenset[str]
    stand_downs: dict[str, StandDownFacts]
    asked_at: datetime | None = None  # the newest vote on resumption
    resumes_at: datetime | None = None  # its effect, where it was adopted
    reached: int = 0  # stages of the resumption that is under way

    def state(self, at: datetime) -> PauseState:
        """Return what it is at `at`."""
        return state_at(self.facts, self.terms, at)

    def steps(self) -> list[Step]:
        """Return what happened to it, and what time alone still brings."""
        return steps(self.facts, self.terms)

    def over_at(self) -> datetime | None:
        """Return when it ends or lapses; None while nothing says so."""
        last = self.steps()[-1]
        return last.at if last.event in {PauseEvent.END, PauseEvent.LAPSE} else None


@dataclass(frozen=True, order=True)
class Told:
    """Something that happened, and to whom."""

    at: datetime
    what: str
    about: str


@dataclass
class Report:
    """What was detected, when, and how long the world was unprotected."""

    hidden: list[Hidden]
    told: list[Told] = field(default_factory=list)
    danger: timedelta = timedelta(0)  # some trigger is true in reality
    gaps: dict[Gap, timedelta] = field(default_factory=dict)  # of that, by what was missing
    unknown: dict[str, timedelta] = field(
        default_factory=dict
    )  # by trigger that the scenario has series for: not judged
    late: timedelta = timedelta(0)  # all lateness of stand-downs added up
    looks: int = 0

    @property
    def unprotected(self) -> timedelta:
        """How long a trigger was true in reality and not everybody had halted."""
        return sum(self.gaps.values(), timedelta(0))

    @property
    def undetected(self) -> list[Hidden]:
        """The cheating that nobody found."""
        return [one for one in self.hidden if one.outcome == "undetected"]

    def to_json(self) -> dict[str, object]:
        """Return it for programs: instants as in RFC 3339, lengths in seconds."""
        return {
            "danger_seconds": _seconds(self.danger),
            "unprotected_seconds": _seconds(self.unprotected),
            "gaps_seconds": {gap.value: _seconds(length) for gap, length in sorted(self.gaps.items())},
            "unknown_seconds": {trigger: _seconds(length) for trigger, length in sorted(self.unknown.items())},
            "late_seconds": _seconds(self.late),
            "cheating": [
                {
                    "lab": one.lab,
                    "kind": one.cheat.kind,
                    "indicator": one.cheat.indicator,
                    "outcome": one.outcome,
                    "begun_at": stamp(one.begun_at) if one.begun_at else None,
                    "detected_at": stamp(one.detected_at) if one.detected_at else None,
                }
                for one in self.hidden
            ],
            "events": [{"at": stamp(one.at), "what": one.what, "about": one.about} for one in self.told],
        }


def _seconds(length: timedelta) -> int:
    return length // timedelta(seconds=1)
