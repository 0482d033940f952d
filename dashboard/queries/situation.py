"""Is there a pause? The one question that the site answers first, with the pause to speak of and where it stands."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

from django.db.models import QuerySet

from core.truth import Truth
from treaty.models import Pause, TreatyText, TriggerFiring
from treaty.queries.parties import entry_into_force
from treaty.queries.past import known_pauses
from treaty.queries.pauses import PauseSummary, summary
from treaty.queries.resumption import StageRow, criteria, stage_rows, under_way
from treaty.queries.standdowns import Board, board
from treaty.queries.texts import rules_of
from treaty.queries.worlds import Surroundings
from treaty.rules.parties import EntryIntoForceState
from treaty.rules.pauses import BINDING, OVER, PauseState
from treaty.rules.profiles import VoteProfile
from treaty.rules.resumption import CriterionStanding
from treaty.rules.standdowns import StageKey, StageState
from treaty.rules.standing import Standing
from treaty.rules.text import Text
from web.prepared import prepared


class Situation(StrEnum):
    """What the first line of the site says."""

    NO_TEXT = "no_text"
    NOT_IN_FORCE = "not_in_force"  # the treaty is open for signature, or its delay runs
    NEVER = "never"  # in force, and no pause has ever been adopted
    OVER = "over"  # the last pause ended or lapsed
    ADOPTED = "adopted"  # its vote's timelock runs
    ACTIVATING = "activating"
    PROVISIONAL = "provisional"  # an emergency pause that nobody has ratified yet
    IN_FORCE = "in_force"
    RESUMING = "resuming"


PAUSED = frozenset({Situation.PROVISIONAL, Situation.IN_FORCE, Situation.RESUMING})
_SITUATIONS = {
    PauseState.PROPOSED: Situation.ADOPTED,
    PauseState.ADOPTED: Situation.ADOPTED,
    PauseState.ACTIVATING: Situation.ACTIVATING,
    PauseState.IN_FORCE: Situation.IN_FORCE,
    PauseState.RESUMING: Situation.RESUMING,
    PauseState.ENDED: Situation.OVER,
    PauseState.LAPSED: Situation.OVER,
}


@dataclass(frozen=True)
class PauseView:
    """The pause to speak of, with everything that the first screen counts. `criteria` are judged while it binds only."""

    summary: PauseSummary
    board: Board
    criteria: tuple[CriterionStanding, ...]
    firing: TriggerFiring | None
    article: str  # the number of the article that the level rests on
    decision: VoteProfile  # by which it is decided to resume
    resumption: tuple[StageRow, ...]
    at: datetime

    @property
    def pause(self) -> Pause:
        """The row itself."""
        return self.summary.pause

    @property
    def since(self) -> datetime:
        """When it began to bind, or else when it took effect."""
        return self.pause.in_force_at or self.pause.activating_at

    @property
    def day(self) -> int:
        """The how-manieth day of it this is, from 1."""
        return (self.at - self.since) // timedelta(days=1) + 1

    @cached_property
    def confirmed(self) -> int:
        """How many laboratories have confirmed their commitment and not taken it back."""
        return sum(1 for one in self.pause.commitments.all() if one.confirmed_at and not one.withdrawn_at)

    def done(self, key: StageKey) -> int:
        """How many bound laboratories have done a stage."""
        found = (row.stage(key) for row in self.board.rows)
        return sum(1 for stage in found if stage and stage.done_at)

    @cached_property
    def halted(self) -> int:
        """How many bound laboratories have halted."""
        return self.done(StageKey.HALT)

    @cached_property
    def verified(self) -> int:
        """How many bound laboratories were verified on site."""
        return self.done(StageKey.VERIFY)

    @cached_property
    def late(self) -> int:
        """How many bound laboratories are late with a stage now."""
        return sum(1 for row in self.board.rows if any(stage.state is StageState.LATE for stage in row.stages))

    @cached_property
    def longest_delay(self) -> timedelta:
        """How late the latest of those stages is."""
        late = [stage.late_by for row in self.board.rows for stage in row.stages if stage.state is StageState.LATE]
        return max(late, default=timedelta(0))

    @cached_property
    def ongoing(self) -> int:
        """How many laboratories are still being evaluated."""
        return self.board.count(Standing.ONGOING)

    @cached_property
    def unable(self) -> int:
        """About how many no conclusion can be drawn."""
        return self.board.count(Standing.UNABLE)

    @cached_property
    def breaches(self) -> int:
        """How many are under review or were determined to be in breach."""
        return self.board.count(Standing.POTENTIAL_BREACH) + self.board.count(Standing.BREACH)

    @cached_property
    def met(self) -> int:
        """How many criteria are met."""
        return self._criteria(Truth.TRUE)

    @cached_property
    def unmet(self) -> int:
        """How many criteria are not met."""
        return self._criteria(Truth.FALSE)

    @cached_property
    def unknown(self) -> int:
        """How many criteria cannot be judged."""
        return self._criteria(Truth.UNKNOWN)

    def _criteria(self, truth: Truth) -> int:
        return sum(1 for one in self.criteria if one.truth is truth)

    @cached_property
    def owed(self) -> int:
        """How many data are missing without which a criterion stays unknown."""
        return len({owed for one in self.criteria for owed in one.owed})

    def stage_due(self, key: StageKey) -> datetime | None:
        """When a stage falls due, counted from the entry into force; None where the level has no such stage."""
        level = self.summary.terms.level
        return next((stage.within.after(self.since) for stage in level.stages if stage.key == key.value), None)


@dataclass(frozen=True)
class Answer:
    """The situation, and what it rests on: the pause, or what is still missing for the treaty to be in force."""

    situation: Situation
    pause: PauseView | None = None
    entry: EntryIntoForceState | None = None


def situation(text: TreatyText | None, at: datetime, around: Surroundings | None = None) -> Answer:
    """Return what the site says at `at`; a bounded number of queries whatever the number of laboratories.

    `around` are `surroundings`, where they are at hand.
    """
    if text is None:
        return Answer(Situation.NO_TEXT)
    found = _pause_to_speak_of(at)
    if found is None:
        in_force = text.in_force_at is not None and text.in_force_at <= at
        return Answer(Situation.NEVER) if in_force else Answer(Situation.NOT_IN_FORCE, entry=entry_into_force(at))
    word = Situation.PROVISIONAL if found.provisional else _SITUATIONS[found.state]
    return Answer(word, pause=_view(found, at, around))


def _pause_to_speak_of(at: datetime) -> PauseSummary | None:
    """Return the newest pause that binds, else the newest on its way, else the newest that is over."""
    found = [summary(pause, at) for pause in known_pauses(at)]
    binding = [one for one in found if one.state in BINDING]
    living = [one for one in found if one.state not in OVER]
    return next(iter([*binding, *living, *found]), None)


def _view(found: PauseSummary, at: datetime, around: Surroundings | None) -> PauseView:
    pause, rules = found.pause, rules_of(found.pause.text)
    resumption = under_way(pause)
    return PauseView(
        summary=found,
        board=board(pause, at),
        criteria=criteria(pause, at, around) if found.state in BINDING else (),
        firing=next(iter(_firings(pause.vote_id)), None),
        article=governing(rules, "levels"),
        decision=rules.profiles[rules.decisions[found.terms.resumption.decision]],
        resumption=tuple(stage_rows(resumption)) if resumption else (),
        at=at,
    )


@prepared
def _firings(vote: int) -> QuerySet[TriggerFiring]:
    return TriggerFiring.objects.filter(vote=vote).select_related("evaluation")


def governing(rules: Text, part: str) -> str:
    """Return the number of the first article that governs a part of the text; empty where none does."""
    return next((it.number for it in rules.articles if any(path.split(".")[0] == part for path in it.governs)), "")
