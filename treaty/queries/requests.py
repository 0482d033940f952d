"""What a vote may be asked about now: decisions that the text names, deadlines that can move, cases that can be determined."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Organisation
from accounts.rules.organisations import Kind
from treaty.models import Case, Party, Pause, StandDown, Vote
from treaty.queries.cases import open_cases
from treaty.queries.parties import annex, is_in_breach, status_of, with_instruments
from treaty.queries.pauses import in_force, state, terms
from treaty.queries.standdowns import stages_of
from treaty.queries.texts import rules_at
from treaty.rules.cases import CaseEvent, CaseState, can
from treaty.rules.parties import Status, may_be_suspended
from treaty.rules.pauses import Move, PauseState, levels_beyond
from treaty.rules.profiles import VoteProfile
from treaty.rules.requests import Requestable, is_extendable
from treaty.rules.standdowns import StageStanding
from treaty.rules.text import Level


@dataclass(frozen=True)
class Movable:
    """A deadline of a stand-down that a vote may still move."""

    pause: Pause
    lab: Organisation
    stage: StageStanding

    @property
    def key(self) -> str:
        """What a form names it by."""
        return f"{self.pause.key}/{self.lab.key}/{self.stage.key}"


def requestable(at: datetime) -> dict[Requestable, VoteProfile]:
    """Return the rule of each decision that may be asked for by hand under the text in force at `at`; raise NoText."""
    rules = rules_at(at)
    return {one: rules.profiles[rules.decisions[one]] for one in Requestable if one in rules.decisions}


def movable_deadlines(at: datetime) -> list[Movable]:
    """Return the deadlines that can be moved at `at`, the next one first; two queries for each pause that binds."""
    found = [
        Movable(pause, stand_down.organisation, stage)
        for pause in in_force(at=at)
        for stand_down in pause.stand_downs.select_related("organisation", "pause").prefetch_related("extensions")
        for stage in stages_of(stand_down, at)
        if is_extendable(stage)
    ]
    return sorted(found, key=lambda one: (one.stage.due_at, one.key))


def determinable_cases(at: datetime) -> list[Case]:
    """Return the cases that a vote may determine at `at`, the newest first."""
    return [case for case in open_cases(at) if can(CaseState(case.state), CaseEvent.DETERMINE)]


def movable_levels(decision: Requestable, at: datetime) -> list[tuple[Pause, str, Level]]:
    """Return the levels to which a pause that is in force at `at` may escalate, or relax, the nearest first."""
    rules = rules_at(at)
    return [
        (pause, key, level)
        for pause in in_force(at=at)
        if state(pause, at) is PauseState.IN_FORCE
        for key, level in levels_beyond(terms(pause), rules, Move(decision)).items()
    ]


def candidates(decision: Requestable, at: datetime) -> list[Organisation]:
    """Return whom the decision on membership could be about at `at`, by name."""
    parties = with_instruments(Party.objects.bound(at)).order_by("organisation__name")
    match decision:
        case Requestable.ADMIT:
            return _not_annexed((Kind.LABORATORY,), at)
        case Requestable.ACCREDIT:
            held = Organisation.objects.filter(accreditation__isnull=False)
            return sorted({*_not_annexed((Kind.BODY, Kind.OBSERVER), at), *held}, key=lambda one: one.name)
        case Requestable.SUSPEND:
            return [
                party.organisation
                for party in parties
                if may_be_suspended(status_of(party, at), in_breach=is_in_breach(party.organisation, at))
            ]
        case Requestable.REINSTATE:
            return [party.organisation for party in parties if status_of(party, at) is Status.SUSPENDED]
        case Requestable.MERGE:
            return [party.organisation for party in parties if status_of(party, at) is not Status.MERGED]
        case _:
            return []


def _not_annexed(kinds: tuple[Kind, ...], at: datetime) -> list[Organisation]:
    named = {member.key for kind in kinds for member in annex(kind, at)}
    return list(Organisation.objects.filter(kind__in=kinds).exclude(key__in=named))


def stage_of(stand_down: StandDown, key: str, at: datetime) -> StageStanding | None:
    """Return the stage that `key` names, as it stands at `at`; None where the level has no such stage."""
    return next((one for one in stages_of(stand_down, at) if one.key == key), None)


def pending(decision: str, one: Mapping[str, str], at: datetime) -> list[Vote]:
    """Return the undecided votes on this decision whose subject has all of `one`, the first noticed first."""
    votes = Vote.objects.undecided(at).filter(decision=decision).select_related("requester").order_by("pk")
    return [vote for vote in votes if one.items() <= vote.subject.items()]
