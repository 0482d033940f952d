"""The course of a vote: which state it is in at an instant, computed from its frozen rule, its ballots and time alone.

A sweep only writes down what `course` says, so a sweep that is late, doubled or dead changes nothing, and a stranger with
the record computes the same. Periods are half-open: a ballot received at the closing instant does not count.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from treaty.rules.parties import Departure, Status
from treaty.rules.profiles import Choice, Extension, VoteProfile
from treaty.rules.rolls import Roll
from treaty.rules.vote_states import BALLOTS_OPEN, Event, State, next_state
from treaty.rules.votes import (
    ZERO,
    BallotValue,
    Counting,
    Decision,
    Outcome,
    Reason,
    Step,
    StepKind,
    Tally,
    can_still_change,
    decide,
)


@dataclass(frozen=True, slots=True)
class Repudiated:
    """A ballot whose organisation repudiated it between the close and the effect: from `at` on it is not counted."""

    member: str
    sequence: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """What people and the sweep did to a vote, each with its instant; everything else follows from the rule."""

    noticed_at: datetime
    opens_at: datetime
    withdrawn_at: datetime | None = None
    effect_applied_at: datetime | None = None
    ratified_at: datetime | None = None
    departures: tuple[Departure, ...] = ()
    repudiated: tuple[Repudiated, ...] = ()


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of the course and its instant."""

    at: datetime
    event: Event


@dataclass(frozen=True, slots=True)
class Course:
    """A vote at an instant. `closes_at` is the present close while it is open, the actual one once it has closed."""

    state: State
    events: tuple[Happened, ...]
    opens_at: datetime
    closes_at: datetime
    tally: Tally  # as if it closed now; final once `closed_at` is there
    decision: Decision
    silence_ends_at: datetime | None = None
    contested_at: datetime | None = None
    extended_at: datetime | None = None
    closed_at: datetime | None = None
    effective_at: datetime | None = None
    expires_at: datetime | None = None
    lapses_at: datetime | None = None
    objections_only: bool = False
    next_at: datetime | None = None  # the next instant at which time alone moves it

    @property
    def takes_ballots(self) -> bool:
        """Whether a ballot received now counts."""
        return self.state in BALLOTS_OPEN


def dropped(profile: VoteProfile, departures: Iterable[Departure]) -> list[Departure]:
    """Return those whose departure takes them off the roll in mid-vote, as the rule says; of each the first that does."""
    rule = profile.roll_changes
    policy = {Status.WITHDRAWN: rule.withdrawn, Status.SUSPENDED: rule.suspended, Status.MERGED: rule.merged}
    first: dict[str, Departure] = {}
    for one in sorted(departures, key=lambda one: one.at):
        if policy.get(one.why, "keep") != "keep":
            first.setdefault(one.lab, one)
    return list(first.values())


def course(profile: VoteProfile, roll: Roll, ballots: Iterable[BallotValue], facts: Facts, at: datetime) -> Course:
    """Return the course of a vote as it stands at `at`; ballots received later do not exist yet."""
    received = sorted(
        (ballot for ballot in ballots if _instant(ballot) <= at), key=lambda ballot: (_instant(ballot), ballot.sequence)
    )
    walk = _Walk(profile, roll, facts, at)
    walk.through(received)
    walk.recount()
    return walk.result()


def open_until(profile: VoteProfile, opens_at: datetime) -> datetime:
    """Return an instant before which a vote that was not withdrawn takes every ballot, whatever ballots and departures come.

    From there on `course` has to be asked: extensions and contests only move the close further away.
    """
    ends = [profile.period.after(opens_at)]
    if profile.silence:
        ends.append(profile.silence.period.after(opens_at))
    if profile.minimum_open is not None:
        ends.append(profile.minimum_open.after(opens_at))
    return min(ends)


def _instant(ballot: BallotValue) -> datetime:
    if not isinstance(ballot.received_at, datetime):
        raise TypeError("the course of a vote needs the instant at which each ballot was received")
    return ballot.received_at


@dataclass(slots=True)
class _Walk:
    """One pass over the ballots in the order of receipt, stopping where the vote closes or `at` is reached."""

    profile: VoteProfile
    roll: Roll
    facts: Facts
    at: datetime
    counting: Counting = field(init=False)
    began_at: datetime = field(init=False)  # of the phase in which ballots decide
    closes_at: datetime = field(init=False)
    silence_ends_at: datetime | None = None
    contested_at: datetime | None = None
    extended_at: datetime | None = None
    closed_at: datetime | None = None
    fixed_since: datetime | None = None
    quorate: bool = False
    regular_close: datetime | None = None
    counted: list[BallotValue] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.counting = Counting(self.profile, self.roll)
        self.began_at = self.facts.opens_at
        self.closes_at = self.profile.period.after(self.began_at)
        if self.profile.silence:
            self.closes_at = self.silence_ends_at = self.profile.silence.period.after(self.began_at)
        self.regular_close = self.closes_at
        self._look()

    @property
    def end(self) -> datetime:
        """The instant after which nothing is looked at: `at`, or the withdrawal."""
        return min(self.at, self.facts.withdrawn_at or self.at)

    @property
    def silent(self) -> bool:
        return self.silence_ends_at is not None and self.contested_at is None

    @property
    def is_sealed(self) -> bool:
        """Whether nobody may know yet what the ballots say."""
        return self.profile.sealed and self.end < self.closes_at

    def through(self, ballots: Sequence[BallotValue]) -> None:
        leaving = sorted(dropped(self.profile, self.facts.departures), key=lambda one: one.at)
        for ballot in () if self.is_sealed else ballots:
            received = _instant(ballot)
            if received < self.facts.opens_at or received > self.end or self._counts_out(ballot):
                continue
            self._let_go(leaving, received)
            if self._close_before(received):
                return
            self._put(ballot, received)
        self._let_go(leaving, self.end)
        self._close_before(self.end)

    def recount(self) -> None:
        """Count again without the ballots that were repudiated since the close; what they moved before it stands."""
        gone = {(one.member, one.sequence) for one in self.facts.repudiated if one.at <= self.at}
        if self.closed_at is None or not gone:
            return
        self.counting = Counting(self.profile, self.roll)
        self.counting.put_all(one for one in self.counted if (one.member, one.sequence) not in gone)

    def _let_go(self, leaving: list[Departure], until: datetime) -> None:
        """Take those off the roll who left by `until`, with their ballots, unless it closed before they did."""
        while leaving and leaving[0].at <= until and not self._close_before(leaving[0].at):
            gone = leaving.pop(0)
            standing, self.roll = self.counting.standing, self.roll.without(gone.lab)
            self.counting = Counting(self.profile, self.roll)
            for ballot in standing.values():
                if ballot.member != gone.lab:
                    self.counting.put(ballot)
            if self.silent and any(step.met for step in objections(self.profile, self.counting)):
                self._contest(gone.at)
            else:
                self._look(max(gone.at, self.facts.opens_at))

    def _counts_out(self, ballot: BallotValue) -> bool:
        rule = self.profile.extension
        late = (
            self.extended_at is not None and self.regular_close is not None and _instant(ballot) >= self.regular_close
        )
        return bool(rule and rule.objections_only and late and ballot.choice is not Choice.OBJECT)

    def _close_before(self, instant: datetime) -> bool:
        """Close if that happened at or before `instant`: time ran out, or nothing could change the result any more."""
        early = self._early_close()
        closing = self.closes_at if early is None else min(early, self.closes_at)
        if closing <= instant:
            self.closed_at = self.closes_at = closing
        return self.closed_at is not None

    def _early_close(self) -> datetime | None:
        if self.profile.minimum_open is None or self.fixed_since is None or self.silent:
            return None
        return max(self.fixed_since, self.profile.minimum_open.after(self.began_at))

    def _put(self, ballot: BallotValue, received: datetime) -> None:
        before = self._would_be()
        self.counting.put(ballot)
        self.counted.append(ballot)
        if self.silent:
            if any(step.met for step in objections(self.profile, self.counting)):
                self._contest(received)
            return
        self._extend(received, before)
        self._look(received)

    def _would_be(self) -> Decision | None:
        """Return the result if it closed now, where the rule of extension asks for it."""
        waits = self.profile.extension is not None and self.extended_at is None and not self.silent
        return decide(self.profile, self.counting.figures()) if waits else None

    def _contest(self, received: datetime) -> None:
        self.contested_at = self.began_at = received
        self.closes_at = self.regular_close = self.profile.period.after(received)
        self._look(received)

    def _look(self, instant: datetime | None = None) -> None:
        if self.silent:
            return
        if self.profile.extension is not None and not self.quorate:
            self.quorate = _is_quorate(decide(self.profile, self.counting.figures()))
        if self.profile.minimum_open is not None:
            self.fixed_since = None if can_still_change(self.counting) else self.fixed_since or instant or self.began_at

    def _extend(self, received: datetime, before: Decision | None) -> None:
        rule = self.profile.extension
        if rule is None or before is None or rule.window.after(received) < self.closes_at:
            return
        now = decide(self.profile, self.counting.figures())
        late_quorum = "quorum" in rule.on and not self.quorate and _is_quorate(now)
        swing = "swing" in rule.on and before.outcome is not now.outcome
        if late_quorum or swing:
            self.extended_at = received
            self.closes_at = _extended(rule, received, self.closes_at, self.facts.opens_at)

    def result(self) -> Course:
        decision = self._decision()
        tally = Tally(
            self.counting.figures(), decision if self.closed_at else decide(self.profile, self.counting.figures())
        )
        closed = self.closed_at if decision.outcome is not Outcome.UNDECIDED else None
        adopted = closed if decision.outcome is Outcome.ADOPTED else None
        effective_at = self.profile.timelock.after(adopted) if adopted else None
        grace, emergency = self.profile.grace, self.profile.emergency
        expires_at = grace.after(effective_at) if grace and effective_at else None
        lapses_at = emergency.lapses.after(effective_at) if emergency and effective_at else None
        events = tuple(self._events(decision, closed, effective_at, expires_at, lapses_at))
        state = State.DRAFT
        for happened in events:
            state = next_state(state, happened.event)
        rule = self.profile.extension
        return Course(
            state=state,
            events=events,
            opens_at=self.facts.opens_at,
            closes_at=self.closes_at,
            tally=tally,
            decision=decision,
            silence_ends_at=self.silence_ends_at,
            contested_at=self.contested_at,
            extended_at=self.extended_at,
            closed_at=closed,
            effective_at=effective_at,
            expires_at=expires_at,
            lapses_at=lapses_at,
            objections_only=bool(
                rule
                and rule.objections_only
                and self.extended_at
                and self.regular_close
                and self.at >= self.regular_close
            ),
            next_at=_next(state, self, effective_at, expires_at, lapses_at),
        )

    def _decision(self) -> Decision:
        if self.closed_at is None:
            return Decision(Outcome.UNDECIDED, Reason.OPEN)
        return by_silence(self.profile, self.counting) if self.silent else decide(self.profile, self.counting.figures())

    def _events(
        self,
        decision: Decision,
        closed: datetime | None,
        effective: datetime | None,
        expires: datetime | None,
        lapses: datetime | None,
    ) -> Iterator[Happened]:
        yield Happened(self.facts.noticed_at, Event.NOTICE)
        if self.end >= self.facts.opens_at:
            yield Happened(self.facts.opens_at, Event.BEGIN_SILENCE if self.profile.silence else Event.OPEN)
        if self.contested_at:
            yield Happened(self.contested_at, Event.CONTEST)
        if self.extended_at:
            yield Happened(self.extended_at, Event.EXTEND)
        withdrawn = self.facts.withdrawn_at
        if closed is not None:
            yield Happened(closed, _ending(decision))
        elif withdrawn is not None and withdrawn <= self.at:
            yield Happened(withdrawn, Event.WITHDRAW)
        if effective is not None and closed is not None:
            yield from self._after_adoption(closed, effective, expires, lapses)

    def _after_adoption(
        self, closed: datetime, effective: datetime, expires: datetime | None, lapses: datetime | None
    ) -> Iterator[Happened]:
        if effective > closed:
            yield Happened(closed, Event.WAIT)
        if self.at < effective:
            return
        yield Happened(effective, Event.MATURE)
        applied, ratified = self.facts.effect_applied_at, self.facts.ratified_at
        if applied is None or applied > self.at:
            if expires is not None and self.at >= expires:
                yield Happened(expires, Event.EXPIRE)
            return
        if lapses is None:
            yield Happened(applied, Event.APPLY)
            return
        yield Happened(applied, Event.APPLY_PROVISIONALLY)
        if ratified is not None and ratified <= self.at and ratified < lapses:
            yield Happened(ratified, Event.RATIFY)
        elif self.at >= lapses:
            yield Happened(max(lapses, applied), Event.LAPSE)


def _ending(decision: Decision) -> Event:
    if decision.reason in {Reason.ALL_RECUSED, Reason.NOBODY_ENTITLED}:
        return Event.REFER
    return Event.ADOPT if decision.outcome is Outcome.ADOPTED else Event.REJECT


def _is_quorate(decision: Decision) -> bool:
    return all(step.met for step in decision.steps if step.kind is StepKind.QUORUM)


def _extended(rule: Extension, received: datetime, closes_at: datetime, opens_at: datetime) -> datetime:
    later = rule.by.after(closes_at if rule.counted_from == "close" else received)
    capped = min(later, rule.longest.after(opens_at)) if rule.longest else later
    return max(closes_at, capped)


def _next(
    state: State, walk: _Walk, effective: datetime | None, expires: datetime | None, lapses: datetime | None
) -> datetime | None:
    if state is State.NOTICED:
        return walk.facts.opens_at
    if state in BALLOTS_OPEN:
        early = walk._early_close()  # noqa: SLF001 - the walk's own module
        return walk.closes_at if early is None else min(early, walk.closes_at)
    return {State.WAITING: effective, State.READY: expires, State.PROVISIONAL: lapses}.get(state)


def objections(profile: VoteProfile, counting: Counting) -> list[Step]:
    """Return, for each class, the objections against the share that makes a silence procedure contested."""
    rule = profile.silence
    if rule is None:
        return []
    steps = []
    for count in counting.figures().counts:
        need = rule.blocking * count.entitled
        met = count.object > ZERO and (count.object > need if rule.strict else count.object >= need)
        steps.append(
            Step(
                StepKind.SILENCE, count.electorate, count.object, need, rule.strict, met, rule.blocking, count.entitled
            )
        )
    return steps


def by_silence(profile: VoteProfile, counting: Counting) -> Decision:
    """Decide a silence procedure that nobody contested: adopted, unless nobody is entitled."""
    counted = decide(profile, counting.figures())
    if counted.reason in {Reason.ALL_RECUSED, Reason.NOBODY_ENTITLED}:
        return counted
    return Decision(Outcome.ADOPTED, Reason.SILENCE, tuple(objections(profile, counting)))


def judge(profile: VoteProfile, counting: Counting) -> Decision:
    """Decide ballots without instants: by silence where the rule has that and too few object, by the count otherwise."""
    if profile.silence and not any(step.met for step in objections(profile, counting)):
        return by_silence(profile, counting)
    return decide(profile, counting.figures())
