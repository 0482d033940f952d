"""Deciding by ballots: exact arithmetic, the same for the site, the verifier and anybody's own vote.

Weights and shares are integers and fractions, comparisons are exact. The order of ballots never
matters, a further consent never defeats, and nobody who is recused or off the roll is ever counted.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from core.canonical import Json
from treaty.rules.counts import BallotValue, Count, Counting, Figures
from treaty.rules.profiles import Base, Choice, Default, Electorate, VoteProfile
from treaty.rules.rolls import Recusal, Roll, RollMember

__all__ = [
    "BallotValue", "Choice", "Count", "Counting", "Decision", "Figures", "Outcome", "Reason", "Recusal", "Roll",
    "RollMember", "Step", "StepKind", "Tally", "can_still_change", "decide", "tally",
]  # fmt: skip

ZERO = Fraction(0)


class Outcome(StrEnum):
    """How a vote came out."""

    ADOPTED = "adopted"
    REJECTED = "rejected"
    UNDECIDED = "undecided"


class Reason(StrEnum):
    """Why it came out so."""

    THRESHOLD_MET = "threshold_met"
    SILENCE = "silence"
    NO_BLOCKING_MINORITY = "no_blocking_minority"
    DEFAULT = "default"
    NO_QUORUM = "no_quorum"
    THRESHOLD = "threshold"
    CLASS = "class"
    TIE = "tie"
    VETO = "veto"
    ALL_RECUSED = "all_recused"
    NOBODY_ENTITLED = "nobody_entitled"
    OPEN = "open"


class StepKind(StrEnum):
    """What a step of the formula compares."""

    QUORUM = "quorum"
    THRESHOLD = "threshold"
    BLOCKING = "blocking"
    VETO = "veto"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class Step:
    """One comparison of the formula: `have` against `need`, which is `share` of `of` or an absolute number."""

    kind: StepKind
    electorate: str
    have: Fraction
    need: Fraction
    strict: bool
    met: bool
    share: Fraction | None = None
    of: Fraction | None = None
    base: Base | None = None
    tie: bool = False
    members: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Json]:
        """Return the step with its numbers as strings."""
        return {
            "kind": self.kind.value,
            "class": self.electorate,
            "have": str(self.have),
            "need": str(self.need),
            "strict": self.strict,
            "met": self.met,
            "share": None if self.share is None else str(self.share),
            "of": None if self.of is None else str(self.of),
            "base": self.base.value if self.base else None,
            "members": list(self.members),
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """An outcome, its reason and the steps that lead to it."""

    outcome: Outcome
    reason: Reason
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Tally:
    """The counts of a vote and what follows from them if it closed now."""

    figures: Figures
    decision: Decision

    @property
    def counts(self) -> tuple[Count, ...]:
        """One count for each class."""
        return self.figures.counts

    @property
    def outcome(self) -> Outcome:
        """What follows from the counts."""
        return self.decision.outcome

    @property
    def reason(self) -> Reason:
        """Why."""
        return self.decision.reason

    def as_json(self) -> dict[str, Json]:
        """Return the tally as the record states it and `fermata tally --json` prints it."""
        return {
            "outcome": self.outcome.value,
            "reason": self.reason.value,
            "classes": [count.as_json() for count in self.counts],
            "formula": [step.as_json() for step in self.decision.steps],
        }


def tally(profile: VoteProfile, roll: Roll, ballots: Iterable[BallotValue], *, present: Collection[str] = ()) -> Tally:
    """Count `ballots` and decide as if the vote closed now. Ballots of the recused and of strangers never count."""
    counting = Counting(profile, roll, present)
    counting.put_all(ballots)
    figures = counting.figures()
    return Tally(figures, decide(profile, figures))


def decide(profile: VoteProfile, figures: Figures) -> Decision:
    """Decide by quorum, thresholds, blocking minority and vetoes, in this order."""
    if refused := _nobody(figures):
        return Decision(Outcome.REJECTED, refused)
    pairs = list(zip(profile.electorates, figures.counts, strict=True))
    quorums = [_quorum(profile, electorate, count) for electorate, count in pairs]
    thresholds = [_threshold(profile, electorate, count) for electorate, count in pairs]
    vetoes = _veto(figures)
    blocking = _blocking(figures)
    steps = tuple(step for step in (*quorums, *thresholds, blocking, vetoes) if step)
    met = all(step.met for step in thresholds)
    waived = not met and blocking is not None and not blocking.met
    quorate = all(step.met for step in quorums if step)
    if profile.default is Default.ADOPTED:
        return Decision(*_by_default(figures, quorate=quorate, met=met or waived, vetoed=vetoes is not None), steps)
    if not quorate:
        return Decision(Outcome.REJECTED, Reason.NO_QUORUM, steps)
    if not met and not waived:
        return Decision(Outcome.REJECTED, _why(thresholds), steps)
    if vetoes:
        return Decision(Outcome.REJECTED, Reason.VETO, steps)
    return Decision(Outcome.ADOPTED, Reason.THRESHOLD_MET if met else Reason.NO_BLOCKING_MINORITY, steps)


def _nobody(figures: Figures) -> Reason | None:
    """Nobody entitled in a class: the matter is referred outward, never adopted."""
    empty = [count for count in figures.counts if not count.entitled]
    if not empty:
        return None
    return Reason.ALL_RECUSED if all(count.recused for count in empty) else Reason.NOBODY_ENTITLED


def _by_default(figures: Figures, *, quorate: bool, met: bool, vetoed: bool) -> tuple[Outcome, Reason]:
    """Adopted unless a quorum of those who did not consent, at least one of them objecting, defeats it.

    Consents are left out of this quorum, so that a further consent can never complete it and defeat the decision.
    """
    if vetoed:
        return Outcome.REJECTED, Reason.VETO
    if met:
        return Outcome.ADOPTED, Reason.THRESHOLD_MET
    if not quorate or not any(count.object for count in figures.counts):
        return Outcome.ADOPTED, Reason.DEFAULT
    return Outcome.REJECTED, Reason.THRESHOLD


def _why(thresholds: list[Step]) -> Reason:
    missed = [step for step in thresholds if not step.met]
    if all(step.tie for step in missed):
        return Reason.TIE
    return Reason.THRESHOLD if len(missed) == len(thresholds) else Reason.CLASS


def _quorum(profile: VoteProfile, electorate: Electorate, count: Count) -> Step | None:
    share, absolute = electorate.quorum, electorate.quorum_absolute
    if share is None and absolute is None:
        return None
    have = count.present + (count.abstain if electorate.abstention_counts_for_quorum else ZERO)
    if electorate.objection_counts_for_quorum:
        have += count.object
    if profile.default is Default.REJECTED:
        have += count.consent
    need = share * count.entitled if share is not None else Fraction(absolute or 0)
    met = have > need if electorate.quorum_strict else have >= need
    of = count.entitled if share is not None else None
    return Step(
        StepKind.QUORUM,
        electorate.name,
        have,
        need,
        electorate.quorum_strict,
        met,
        share,
        of,
        Base.ENTITLED if of is not None else None,
    )


def _threshold(profile: VoteProfile, electorate: Electorate, count: Count) -> Step:
    threshold, have = electorate.threshold, count.consent
    if threshold.share is None:
        need, of, base = Fraction(threshold.absolute or 0), None, None
    else:
        base = threshold.base
        of = count.base(base)
        need = threshold.share * of
    tie = threshold.strict and have == need and have > 0
    met = have > 0 and (
        have > need or (have == need and not threshold.strict) or (tie and profile.tie is Default.ADOPTED)
    )
    return Step(
        StepKind.THRESHOLD, electorate.name, have, need, threshold.strict, met, threshold.share, of, base, tie=tie
    )


def _blocking(figures: Figures) -> Step | None:
    if figures.blocking is None:
        return None
    need = Fraction(figures.blocking)
    have = Fraction(figures.withholding)
    return Step(StepKind.BLOCKING, "", have, need, strict=False, met=have >= need)


def _veto(figures: Figures) -> Step | None:
    if not figures.vetoing:
        return None
    return Step(
        StepKind.VETO, "", Fraction(len(figures.vetoing)), Fraction(1), strict=False, met=True, members=figures.vetoing
    )


def can_still_change(counting: Counting) -> bool:
    """Whether ballots of those still silent can change the outcome; the ballots cast are taken as they stand.

    Three endings bound all others: nobody else votes, all others consent, all others object.
    """
    endings = {
        decide(counting.profile, counting.figures(rest)).outcome for rest in (None, Choice.CONSENT, Choice.OBJECT)
    }
    return len(endings) > 1
