"""What would change a result: the fewest ballots that would have to be other ones, with the members whose ballots they are.

To adopt, a changed ballot consents: nothing serves better. To defeat, it objects, or it does not count for the quorum.
Each way to the other result is a set of sums that must be reached together (`covers`); the shortest way is the answer.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from treaty.rules.counts import Counting
from treaty.rules.covers import Need, fewest
from treaty.rules.profiles import Base, Choice, Default, Electorate, Veto, VoteProfile
from treaty.rules.votes import Outcome, decide

SILENT, PRESENT = "silent", "present"
type Stand = Choice | str
"""A member's choice, or PRESENT, or SILENT."""
type Worth = Callable[[Stand], int]


@dataclass(frozen=True, slots=True)
class Change:
    """The fewest ballots that turn the result to `to`: who would have to vote how. No moves: nothing turns it."""

    to: Outcome
    moves: tuple[tuple[str, Choice], ...] = ()
    exact: bool = True  # False: fewer may be enough; the search for fewer was given up
    grounds: bool = False  # an objection among them has to name a ground of a veto

    @property
    def possible(self) -> bool:
        """Whether anything turns it."""
        return bool(self.moves)


def smallest_change(counting: Counting, *, silent_only: bool = False) -> Change:
    """Return the fewest ballots that turn the result as if the vote closed now; `silent_only`: of those still to come."""
    adopted = decide(counting.profile, counting.figures()).outcome is Outcome.ADOPTED
    ways = _Ways(counting, silent_only=silent_only)
    found = [way for way in (ways.defeats() if adopted else ways.adoptions()) if way]
    nothing = Change(Outcome.REJECTED if adopted else Outcome.ADOPTED)
    return min(found, key=lambda change: len(change.moves), default=nothing)


class _Ways:
    """Every way in which a result can turn."""

    def __init__(self, counting: Counting, *, silent_only: bool) -> None:
        self.counting, self.profile, self.figures = counting, counting.profile, counting.figures()
        self.by_default = self.profile.default is Default.ADOPTED
        self.indices = range(len(self.profile.electorates))
        self.silent_only = silent_only
        self.delegates = {
            key: delegate for key, delegate in counting.roll.delegates.items() if key not in counting.standing
        }

    def adoptions(self) -> Iterator[Change | None]:
        """Every class by its threshold and with its quorum, or too small a blocking minority; and without any veto."""
        if any(not count.entitled for count in self.figures.counts):
            return
        unvetoed = [need for veto in self.counting.vetoes for need in self._unvetoed(veto)]
        always = unvetoed if self.by_default else [*unvetoed, *map(self._quorum_reached, self._with_quorum())]
        yield self._way(Choice.CONSENT, [*always, *(need for index in self.indices for need in self._passed(index))])
        if self.figures.blocking is not None:
            spare = self.figures.withholding - self.figures.blocking + 1
            yield self._way(Choice.CONSENT, [*always, self._heads(spare, lambda stand: stand is not Choice.CONSENT)])
        if self.by_default:
            for index in self._with_quorum():
                yield self._way(Choice.CONSENT, [*always, self._quorum_missed(index, Choice.CONSENT)])
            objecting = sum(self._stand(key) is Choice.OBJECT for key in self.counting.entitled())
            yield self._way(Choice.CONSENT, [*always, self._heads(objecting, lambda stand: stand is Choice.OBJECT)])

    def defeats(self) -> Iterator[Change | None]:
        """One class below its threshold or without its quorum, or one veto."""
        always = [self._quorum_reached(index, Choice.OBJECT) for index in self._with_quorum() if self.by_default]
        if self.figures.blocking is not None:
            lacking = self.figures.blocking - self.figures.withholding
            always.append(self._heads(lacking, lambda stand: stand is Choice.CONSENT))
        if self.by_default and not any(count.object for count in self.figures.counts):
            always.append(self._heads(1, lambda stand: stand is not Choice.OBJECT))
        for index in self.indices:
            yield self._way(Choice.OBJECT, [*always, self._failed(index)])
        for index in () if self.by_default else self._with_quorum():
            for choice in (Choice.OBJECT, Choice.ABSTAIN):
                yield self._way(choice, [self._quorum_missed(index, choice)])
        for veto in self.counting.vetoes:
            yield self._way(Choice.OBJECT, [self._vetoed(veto)], grounds=bool(veto.grounds))

    def _way(self, choice: Choice, needs: list[Need], *, grounds: bool = False) -> Change | None:
        cover = fewest([Need(need.missing, self._carried(need.gains)) for need in needs])
        if cover is None or not cover.members:
            return None
        to = Outcome.ADOPTED if choice is Choice.CONSENT else Outcome.REJECTED
        return Change(
            to, tuple((member, choice) for member in sorted(cover.members)), cover.exact and not self._chained, grounds
        )

    def _stand(self, key: str) -> Stand:
        ballot = self.counting.ballot_of(key)
        if ballot is not None:
            return ballot.choice
        return PRESENT if key in self.counting.present else SILENT

    def _may_move(self, key: str) -> bool:
        return not (self.silent_only and key in self.counting.standing)

    def _carried(self, gains: Mapping[str, int]) -> dict[str, int]:
        """Let a delegate's ballot gain what it counts for as well, where it may still change."""
        carried: dict[str, int] = {}
        for key, gain in gains.items():
            delegate = self.delegates.get(key)
            mover = delegate if delegate and self._may_move(delegate) else key
            carried[mover] = carried.get(mover, 0) + gain
        return carried

    @property
    def _chained(self) -> bool:
        """Whether a delegate has a delegate: one ballot may then do what is found to need two."""
        return any(delegate in self.delegates for delegate in self.delegates.values())

    def _with_quorum(self) -> list[int]:
        return [index for index in self.indices if _quorum(self.profile.electorates[index])]

    def _sum(self, index: int, worth: Worth, level: int, choice: Choice, *, up: bool) -> Need:
        """Bring the sum of what the class's ballots are worth to `level` at least, or (not `up`) at most."""
        sign = 1 if up else -1
        weights = self.counting.scale(index).weights
        now = sum(weight * worth(self._stand(key)) for key, weight in weights.items())
        gains = {
            key: max(0, sign * weight * (worth(choice) - worth(self._stand(key))))
            for key, weight in weights.items()
            if self._may_move(key)
        }
        return Need(sign * (level - now), gains)

    def _heads(self, missing: int, concerns: Callable[[Stand], bool]) -> Need:
        """Move so many members, of whatever class, of those whose present stand `concerns` it."""
        entitled = self.counting.entitled()
        return Need(missing, {key: int(concerns(self._stand(key))) for key in entitled if self._may_move(key)})

    def _passed(self, index: int) -> list[Need]:
        electorate = self.profile.electorates[index]
        strict = electorate.threshold.strict and self.profile.tie is not Default.ADOPTED
        level = self._threshold_level(index) + strict
        somebody = self._sum(index, lambda stand: int(stand is Choice.CONSENT), 1, Choice.CONSENT, up=True)
        return [self._sum(index, _threshold(electorate), level, Choice.CONSENT, up=True), somebody]

    def _failed(self, index: int) -> Need:
        electorate = self.profile.electorates[index]
        strict = electorate.threshold.strict and self.profile.tie is not Default.ADOPTED
        level = self._threshold_level(index) - (not strict)
        return self._sum(index, _threshold(electorate), level, Choice.OBJECT, up=False)

    def _threshold_level(self, index: int) -> int:
        threshold, scale = self.profile.electorates[index].threshold, self.counting.scale(index)
        if threshold.share is None:
            return (threshold.absolute or 0) * scale.denominator
        return threshold.share.numerator * scale.entitled if threshold.base is Base.ENTITLED else 0

    def _quorum_reached(self, index: int, choice: Choice = Choice.CONSENT) -> Need:
        level = self._quorum_level(index) + self.profile.electorates[index].quorum_strict
        return self._sum(index, _quorum_worth(self.profile, index), level, choice, up=True)

    def _quorum_missed(self, index: int, choice: Choice) -> Need:
        level = self._quorum_level(index) - (not self.profile.electorates[index].quorum_strict)
        return self._sum(index, _quorum_worth(self.profile, index), level, choice, up=False)

    def _quorum_level(self, index: int) -> int:
        electorate, scale = self.profile.electorates[index], self.counting.scale(index)
        if electorate.quorum is None:
            return (electorate.quorum_absolute or 0) * scale.denominator
        return electorate.quorum.numerator * scale.entitled

    def _vetoed(self, veto: Veto) -> Need:
        """One of the members, or so much of the class, who does not exercise the veto yet."""
        if veto.electorate is None:
            holders = self.counting.entitled().intersection(veto.members)
            return Need(1, {key: int(self._may_move(key)) for key in holders})
        missing, weights = self._veto_margin(veto)
        return Need(
            1 - missing,
            {
                key: weight * veto.share.denominator
                for key, weight in weights.items()
                if self._may_move(key) and not self.counting.is_vetoing(key, veto)
            },
        )

    def _unvetoed(self, veto: Veto) -> list[Need]:
        """Each member who exercises the veto, or enough of the class that does."""
        if veto.electorate is None:
            holders = self.counting.entitled().intersection(veto.members)
            against = [key for key in holders if self.counting.is_vetoing(key, veto)]
            return [Need(1, {key: int(self._may_move(key))}) for key in against]
        margin, weights = self._veto_margin(veto)
        gains = {
            key: weight * veto.share.denominator
            for key, weight in weights.items()
            if self._may_move(key) and self.counting.is_vetoing(key, veto)
        }
        return [Need(margin, gains)]

    def _veto_margin(self, veto: Veto) -> tuple[int, dict[str, int]]:
        """By how much the class's veto is exercised (above nothing), and the weights of the class."""
        names = [electorate.name for electorate in self.profile.electorates]
        scale = self.counting.scale(names.index(str(veto.electorate)))
        against = sum(weight for key, weight in scale.weights.items() if self.counting.is_vetoing(key, veto))
        return veto.share.denominator * against - veto.share.numerator * scale.entitled, dict(scale.weights)


def _threshold(electorate: Electorate) -> Worth:
    """What a ballot is worth for consents less their share of the base; the share of the entitled is a level of its own."""
    share, base = electorate.threshold.share, electorate.threshold.base
    if share is None:
        return lambda stand: int(stand is Choice.CONSENT)
    bases: dict[Base, tuple[Stand, ...]] = {
        Base.VALID: (Choice.CONSENT, Choice.OBJECT),
        Base.CAST: tuple(Choice),
        Base.PRESENT: (*Choice, PRESENT),
        Base.ENTITLED: (),
    }
    inside = bases[base]
    return lambda stand: share.denominator * (stand is Choice.CONSENT) - share.numerator * (stand in inside)


def _quorum(electorate: Electorate) -> bool:
    return electorate.quorum is not None or electorate.quorum_absolute is not None


def _quorum_worth(profile: VoteProfile, index: int) -> Worth:
    electorate = profile.electorates[index]
    unit = electorate.quorum.denominator if electorate.quorum is not None else 1
    counted: set[Stand] = {PRESENT}
    if electorate.objection_counts_for_quorum:
        counted.add(Choice.OBJECT)
    if electorate.abstention_counts_for_quorum:
        counted.add(Choice.ABSTAIN)
    if profile.default is Default.REJECTED:
        counted.add(Choice.CONSENT)
    return lambda stand: unit * (stand in counted)
