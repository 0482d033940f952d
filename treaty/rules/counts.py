"""Counting ballots: weights as integers over one denominator a class. Nobody who is recused or off the roll is counted."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from core.canonical import Json
from treaty.rules.profiles import Base, Choice, Veto, VoteProfile
from treaty.rules.rolls import Roll, Scale

NO_CLASS = Scale(1, {}, {}, 0, 0)


@dataclass(frozen=True, slots=True)
class BallotValue:
    """A ballot as it counts. The highest sequence number of a member stands; at an equal number the first one."""

    member: str
    choice: Choice
    received_at: object = None  # an aware datetime where instants matter (`courses`); a count does not look at it
    sequence: int = 1
    ground: str = ""


@dataclass(frozen=True, slots=True)
class Count:
    """One class: weights, and the number of members behind them. `entitled` is less the recused."""

    electorate: str
    entitled: Fraction
    consent: Fraction
    object: Fraction
    abstain: Fraction
    present: Fraction  # there, and not voting
    recused: Fraction
    members: int
    consents: int
    objections: int
    abstentions: int
    recusals: int
    delegated: int = 0  # members for whom a delegate's ballot counts

    @property
    def valid(self) -> Fraction:
        """Consents and objections."""
        return self.consent + self.object

    @property
    def cast(self) -> Fraction:
        """Every ballot."""
        return self.valid + self.abstain

    @property
    def silent(self) -> Fraction:
        """Those entitled from whom no ballot came."""
        return self.entitled - self.cast

    def base(self, base: Base) -> Fraction:
        """Return the weight that a share is a share of."""
        match base:
            case Base.CAST:
                return self.cast
            case Base.VALID:
                return self.valid
            case Base.ENTITLED:
                return self.entitled
            case Base.PRESENT:
                return self.cast + self.present

    def as_json(self) -> dict[str, Json]:
        """Return weights as strings, numbers of members as integers."""
        weights = ("entitled", "consent", "object", "abstain", "present", "recused")
        heads = ("members", "consents", "objections", "abstentions", "recusals")
        return (
            {"class": self.electorate}
            | {name: str(getattr(self, name)) for name in weights}
            | {name: getattr(self, name) for name in heads}
            | ({"delegated": self.delegated} if self.delegated else {})
        )


@dataclass(frozen=True, slots=True)
class Figures:
    """All that a decision rests on."""

    counts: tuple[Count, ...]
    vetoing: tuple[str, ...] = ()  # members, or classes, whose objection is a veto
    withholding: int = 0  # members who did not consent, each once
    blocking: int | None = (
        None  # how many of them it takes for the thresholds to stand; None where they stand in any case
    )


@dataclass(slots=True)
class Counting:
    """Ballots being counted one after the other; `figures` can be asked for after each."""

    profile: VoteProfile
    roll: Roll
    present: Collection[str] = ()
    standing: dict[str, BallotValue] = field(default_factory=dict)
    _sums: list[dict[Choice, int]] = field(init=False)
    _heads: list[dict[Choice, int]] = field(init=False)
    _scales: list[Scale] = field(init=False)
    _followers: dict[str, list[str]] = field(init=False)  # by delegate

    def __post_init__(self) -> None:
        self._scales = [self.roll.scaled.get(electorate.name, NO_CLASS) for electorate in self.profile.electorates]
        self._sums = [dict.fromkeys(Choice, 0) for _ in self._scales]
        self._heads = [dict.fromkeys(Choice, 0) for _ in self._scales]
        self._followers = {}
        for member, delegate in self.roll.delegates.items():
            self._followers.setdefault(delegate, []).append(member)

    def put(self, ballot: BallotValue) -> None:
        """Count `ballot` in place of the member's earlier one; ignore it where it is not the member's newest.

        It counts as well for those whose delegate the member is and who cast none themselves.
        """
        member = ballot.member
        earlier, counted = self.standing.get(member), self.ballot_of(member)
        if earlier is not None and earlier.sequence >= ballot.sequence:
            return
        self.standing[member] = ballot
        self._replace(member, counted, ballot)
        for follower in self._followers.get(member, ()):
            if follower not in self.standing:
                self._replace(follower, earlier, ballot)

    def _replace(self, member: str, earlier: BallotValue | None, ballot: BallotValue) -> None:
        for scale, sums, heads in zip(self._scales, self._sums, self._heads, strict=True):
            weight = scale.weights.get(member)
            if weight is not None:
                if earlier is not None:
                    sums[earlier.choice] -= weight
                    heads[earlier.choice] -= 1
                sums[ballot.choice] += weight
                heads[ballot.choice] += 1

    def ballot_of(self, key: str) -> BallotValue | None:
        """Return the ballot that counts for `key`: its own, or its delegate's own; a delegate's delegate has no say in it."""
        return self.standing.get(key) or self.standing.get(self.roll.delegates.get(key, ""))

    @property
    def delegated(self) -> dict[str, BallotValue]:
        """Those for whom their delegate's ballot counts, as they have cast none."""
        held = ((key, self.standing.get(of)) for key, of in self.roll.delegates.items() if key not in self.standing)
        return {key: ballot for key, ballot in held if ballot is not None}

    def put_all(self, ballots: Iterable[BallotValue]) -> None:
        """Do the same for many: the newest of each member first, then one sum for each class."""
        standing = self.standing
        for ballot in ballots:
            earlier = standing.get(ballot.member)
            if earlier is None or earlier.sequence < ballot.sequence:
                standing[ballot.member] = ballot
        for index, scale in enumerate(self._scales):
            cast: dict[Choice, list[int]] = {choice: [] for choice in Choice}
            weights = scale.weights
            for member, ballot in (standing | self.delegated).items():
                if member in weights:
                    cast[ballot.choice].append(weights[member])
            self._sums[index] = {choice: sum(found) for choice, found in cast.items()}
            self._heads[index] = {choice: len(found) for choice, found in cast.items()}

    def figures(self, rest: Choice | None = None) -> Figures:
        """Return the figures as they stand; with `rest`, as if everybody without a ballot of its own chose that."""
        counts = tuple(self._count(index, rest) for index in range(len(self._scales)))
        vetoing = tuple(name for veto in self.vetoes for name in self._vetoing(veto, counts, rest))
        return Figures(counts, vetoing, self._withholding(rest), self._blocking)

    @property
    def vetoes(self) -> tuple[Veto, ...]:
        """The vetoes that apply: none where the matter is procedural."""
        return () if self.profile.procedural else self.profile.vetoes

    def scale(self, index: int) -> Scale:
        """Return the roll of one class, in integers."""
        return self._scales[index]

    def entitled(self) -> set[str]:
        """Return everybody who may vote, in whatever class."""
        return set().union(*(scale.weights for scale in self._scales))

    def is_vetoing(self, key: str, veto: Veto, rest: Choice | None = None) -> bool:
        """Whether the ballot of `key` counts towards `veto`: it objects, on one of the grounds where there are any."""
        ballot = self.ballot_of(key) if rest is None else self.standing.get(key)
        if ballot is None:
            return rest is Choice.OBJECT
        return ballot.choice is Choice.OBJECT and (not veto.grounds or ballot.ground in veto.grounds)

    def _count(self, index: int, rest: Choice | None) -> Count:
        scale, sums, heads = self._scales[index], dict(self._sums[index]), dict(self._heads[index])
        entitled, members = scale.entitled, len(scale.weights)
        delegated = {key: ballot for key, ballot in self.delegated.items() if key in scale.weights}
        if rest is not None:
            for key, ballot in delegated.items():
                sums[ballot.choice] -= scale.weights[key]
                heads[ballot.choice] -= 1
            sums[rest] += entitled - sum(sums.values())
            heads[rest] += members - sum(heads.values())
        waiting = () if rest is not None else (key for key in self.present if self.ballot_of(key) is None)

        def exact(weight: int) -> Fraction:
            return Fraction(weight, scale.denominator)

        return Count(
            electorate=self.profile.electorates[index].name,
            entitled=exact(entitled),
            consent=exact(sums[Choice.CONSENT]),
            object=exact(sums[Choice.OBJECT]),
            abstain=exact(sums[Choice.ABSTAIN]),
            present=exact(sum(scale.weights.get(key, 0) for key in waiting)),
            recused=exact(scale.recused_weight),
            members=members,
            consents=heads[Choice.CONSENT],
            objections=heads[Choice.OBJECT],
            abstentions=heads[Choice.ABSTAIN],
            recusals=len(scale.recused),
            delegated=len(delegated) if rest is None else 0,
        )

    @property
    def _blocking(self) -> int | None:
        """The text's blocking minority. Of fewer members than it needs no one could ever block: there the thresholds stand."""
        asked = self.profile.blocking_minority
        return asked if asked is not None and asked <= len(self.entitled()) else None

    def _withholding(self, rest: Choice | None) -> int:
        if self.profile.blocking_minority is None:
            return 0
        found = (self.ballot_of(key) if rest is None else self.standing.get(key) for key in self.entitled())
        return sum((ballot.choice if ballot else rest) is not Choice.CONSENT for ballot in found)

    def _vetoing(self, veto: Veto, counts: tuple[Count, ...], rest: Choice | None) -> list[str]:
        if veto.electorate is None:
            entitled = self.entitled()
            return [key for key in veto.members if key in entitled and self.is_vetoing(key, veto, rest)]
        index = next(at for at, count in enumerate(counts) if count.electorate == veto.electorate)
        scale = self._scales[index]
        objecting = sum(weight for key, weight in scale.weights.items() if self.is_vetoing(key, veto, rest))
        against = Fraction(objecting, scale.denominator)
        return [veto.electorate] if against > veto.share * counts[index].entitled else []
