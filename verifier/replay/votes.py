"""Votes: rule, roll and instants at the notice; what ballots and time then made of them; effects after the timelock."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from accounts.rules.keys import Directory
from core.canonical import Json, digest
from core.errors import DomainError
from core.times import stamp
from ledger.rules.entries import EntryValue
from treaty.rules.courses import Course, Facts, course, dropped
from treaty.rules.parties import Departure, departures
from treaty.rules.profiles import VoteProfile
from treaty.rules.rolls import Roll, draw_up
from treaty.rules.vote_states import UNDECIDED
from treaty.rules.votes import BallotValue
from verifier.replay.delegations import delegates_at
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.organisations import Organisations, by_clock
from verifier.replay.parties import Parties
from verifier.replay.payloads import items, maybe_moment, maybe_text, moment, number, part, text
from verifier.replay.texts import Published, Texts, names

# Decisions whose effect is an entry of its own, in the same transaction as vote.applied and before it.
EFFECTS: Final[Mapping[str, str]] = {
    "start_pause_ordinary": "pause.adopted",
    "start_pause_emergency": "pause.adopted",
    "ratify_emergency": "pause.ratified",
    "resume": "resumption.begun",
    "extend_deadline": "standdown.extended",
    "determine_non_compliance": "case.determined",
    "grant_exemption": "exemption.granted",
    "escalate": "pause.escalated",
    "relax": "pause.relaxed",
    "order_drill": "drill.ordered",
    "amend": "text.amended",
    "admit": "lab.admitted",
    "accredit": "organisation.accredited",
    "suspend": "party.suspended",
    "reinstate": "party.reinstated",
    "merge": "party.merged",
}


type Hindrance = Callable[[Replay, VoteRecord, datetime], bool]

HINDRANCES: Final[dict[str, Hindrance]] = {}


class UnknownVote(DomainError):
    """The record has no such vote."""

    code = "unknown_vote"


@dataclass(frozen=True)
class Cast:
    """A ballot on record, with the entry that holds it."""

    value: BallotValue
    hash: str
    entry_hash: str


@dataclass(frozen=True)
class Receipt:
    """What is known of a ballot when it comes in, sealed or not: its entry, who brought it, the keys that could sign it."""

    index: int
    received_at: datetime
    entry_hash: str
    by: str | None
    stranger: tuple[Finding, ...]  # what is wrong with `by` acting for the organisation
    directory: Directory


@dataclass
class VoteRecord:
    """A vote as the record shows it. Ballots are kept until its effect is settled."""

    key: str
    decision: str
    text: Published
    profile: VoteProfile
    rule_hash: str
    roll: Roll
    roll_hash: str
    facts: Facts
    parties: Parties
    subject: Mapping[str, Json]
    requester: str | None
    organisation: str | None
    pause: str | None
    ballots: list[Cast] = field(default_factory=list)
    newest: dict[str, Cast] = field(default_factory=dict)  # by member
    hashes: dict[str, tuple[str, int]] = field(default_factory=dict)  # of ballots that can still be repudiated
    repudiated: set[str] = field(default_factory=set)
    sealed: dict[tuple[str, int], tuple[Receipt, str]] = field(default_factory=dict)  # with commitments, until opened
    opened: bool = False
    received: int = 0
    last_ballot_at: datetime | None = None
    contested_at: datetime | None = None
    extended_at: datetime | None = None
    closed_at: datetime | None = None
    outcome: str = ""
    effective_at: datetime | None = None
    settled_at: datetime | None = None  # refused or expired
    effect: str = ""  # the kind of the entry that its effect made

    def course(self, at: datetime) -> Course:
        """Return the state of the vote at `at`, from its rule, roll and ballots."""
        facts = replace(self.facts, departures=tuple(self.departures))
        return course(self.profile, self.roll, [cast.value for cast in self.ballots], facts, at)

    @property
    def departures(self) -> list[Departure]:
        """Those on the roll who lost their vote since the notice, as far as the rule takes them off."""
        known = [self.parties.instruments.get(member.key) for member in self.roll.members]
        found = [gone for one in known if one for gone in departures(one, self.facts.noticed_at)]
        return dropped(self.profile, found)

    @property
    def moves_with_ballots(self) -> bool:
        """Whether ballots can move its close."""
        return bool(self.profile.silence or self.profile.extension or self.profile.minimum_open)

    @property
    def repudiable_until(self) -> datetime:
        """The end of the window in which its ballots may be repudiated; it has closed."""
        assert self.closed_at is not None
        return self.text.rules.publication.objection_window.after(self.closed_at)

    def take(self, cast: Cast) -> None:
        """Count a ballot in."""
        self.ballots.append(cast)
        self.hashes[cast.hash] = (cast.value.member, cast.value.sequence)
        self.newest[cast.value.member] = cast
        self.received += 1

    def forget_ballots(self) -> None:
        """Let go of what nothing depends on any more."""
        self.ballots.clear()
        self.newest.clear()
        self.sealed.clear()

    def standing(self, at: datetime) -> dict[str, Cast]:
        """Return each member's ballot that stands at `at`."""
        received = [cast for cast in self.ballots if _received(cast) <= at]
        return {cast.value.member: cast for cast in sorted(received, key=lambda cast: cast.value.sequence)}


def _received(cast: Cast) -> datetime:
    assert isinstance(cast.value.received_at, datetime)
    return cast.value.received_at


@dataclass
class Votes:
    """Every vote by key."""

    known: dict[str, VoteRecord] = field(default_factory=dict)
    repudiable: list[VoteRecord] = field(default_factory=list)

    def closed(self, vote: VoteRecord, at: datetime) -> None:
        """Keep what can still be repudiated, and let go of the rest."""
        for one in self.repudiable:
            if at >= one.repudiable_until:
                one.hashes.clear()
        self.repudiable = [one for one in [*self.repudiable, vote] if at < one.repudiable_until]

    def of(self, key: str) -> VoteRecord:
        """Return a vote; raise UnknownVote."""
        if key not in self.known:
            raise UnknownVote(f"there is no vote {key!r} on record")
        return self.known[key]


def takes_effect(vote: VoteRecord, kind: str, at: datetime) -> Iterator[Finding]:
    """Find an effect of `kind` that this vote cannot have at `at`: not adopted, before its timelock, twice, of another decision."""
    if EFFECTS.get(vote.decision) != kind:
        yield Finding("effect", f"a vote on {vote.decision} has no such effect")
    if vote.closed_at is None or vote.outcome != "adopted":
        yield Finding("not_adopted", f"vote {vote.key} was not adopted: it is {vote.outcome or 'not closed'} on record")
    elif vote.effective_at and at < vote.effective_at:
        yield Finding("too_early", f"vote {vote.key} takes effect at {stamp(vote.effective_at)}, not at {stamp(at)}")
    if vote.effect:
        yield Finding("repeated", f"vote {vote.key} had its effect before")
    vote.effect = kind


def hindrance(kind: str) -> Callable[[Hindrance], Hindrance]:
    """Register what says whether anything stands in the way of an effect of `kind` at an instant."""

    def register(check: Hindrance) -> Hindrance:
        HINDRANCES[kind] = check
        return check

    return register


def effect_of(vote: VoteRecord) -> datetime:
    """Return from when an adopted vote has effect; raise DomainError where it has none."""
    found = vote.effective_at or vote.closed_at
    if found is None:
        raise DomainError(f"vote {vote.key} has no effect on record")
    return found


@replays("vote.noticed")
def notice(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """Text, rule and roll are those of the instant of notice; opening and close follow from the rule."""
    payload, votes, key = entry.payload, replay.of(Votes), text(entry.payload, "vote")
    if key in votes.known:
        yield Finding("repeated", f"vote {key} was noticed before")
    yield from names(replay, entry, "text")
    governing, decision = replay.of(Texts).at(entry.at), text(payload, "decision")
    if decision not in governing.rules.decisions:
        yield Finding("decision", f"the text names no decision {decision!r}")
        return
    profile_key = governing.rules.decisions[decision]
    profile = governing.rules.profiles[profile_key]
    yield from differs("profile", f"the rule for {decision}", text(payload, "profile"), profile_key)
    yield from _rule(payload, profile)
    subject, requester, concerned = (
        part(payload, "subject"),
        maybe_text(payload, "requester"),
        maybe_text(payload, "organisation"),
    )
    yield from _authority(replay, entry, requester, subject)
    opens_at = moment(payload, "opens_at")
    yield from _calendar(payload, profile, entry.at, opens_at)
    roll = roll_at(replay, profile, decision, requester=requester, subject=concerned, at=entry.at)
    yield from _roll(payload, roll)
    votes.known[key] = VoteRecord(
        key=key,
        decision=decision,
        text=governing,
        profile=profile,
        rule_hash=text(payload, "rule_hash"),
        roll=roll,
        roll_hash=text(payload, "roll_hash"),
        facts=Facts(entry.at, opens_at),
        parties=replay.of(Parties),
        subject=subject,
        requester=requester,
        organisation=concerned,
        pause=maybe_text(payload, "pause"),
    )


def _calendar(
    payload: Mapping[str, Json], profile: VoteProfile, noticed_at: datetime, opens_at: datetime
) -> Iterator[Finding]:
    if opens_at < profile.notice.after(noticed_at):
        yield Finding(
            "instant", f"the text asks for {profile.notice} of notice, and the vote opens at {stamp(opens_at)}"
        )
    close = (profile.silence.period if profile.silence else profile.period).after(opens_at)
    yield from differs("instant", "the instant at which it closes", moment(payload, "closes_at"), close)


def _rule(payload: Mapping[str, Json], profile: VoteProfile) -> Iterator[Finding]:
    frozen = profile.model_dump(mode="json", exclude_defaults=True)
    yield from differs("profile", "the rule, as the text states it", part(payload, "rule"), frozen)
    yield from differs("profile", "the hash of the rule", text(payload, "rule_hash"), digest(frozen))


def _authority(
    replay: Replay, entry: EntryValue, requester: str | None, subject: Mapping[str, Json]
) -> Iterator[Finding]:
    known = replay.of(Organisations)
    if entry.by is None:
        if "trigger" not in subject and subject.get("effect") != "ratify_emergency":
            yield Finding(
                "authority", "time alone notices only the votes of triggers and of emergencies to be ratified"
            )
    elif not (
        known.represents(entry.by, requester, entry.at) if requester else known.is_depositary(entry.by, entry.at)
    ):
        yield Finding(
            "authority", f"{entry.by} could not ask for this vote in the name of {requester or 'the secretariat'}"
        )


def roll_at(
    replay: Replay, profile: VoteProfile, decision: str, *, requester: str | None, subject: str | None, at: datetime
) -> Roll:
    """Draw the roll up from the parties, bodies, affiliations and delegations that the record shows at `at`."""
    parties, known = replay.of(Parties), replay.of(Organisations)
    return draw_up(
        profile,
        labs=parties.entitled(at),
        bodies=parties.bodies(at),
        subject=subject,
        requester=requester,
        affiliates={key: known.affiliates(key, at) for key in (requester, subject) if key},
        delegates=delegates_at(replay, decision, at),
    )


def _roll(payload: Mapping[str, Json], roll: Roll) -> Iterator[Finding]:
    expected = roll.as_json()
    said = None if payload["roll"] is None else items(payload, "roll")
    if said is not None and list(said) != expected:
        missing = [line for line in expected if line not in said]
        extra = [line for line in said if line not in expected]
        yield Finding("roll", f"its roll does not follow: missing {_lines(missing)}; not entitled {_lines(extra)}")
    yield from differs("roll", "the hash of its roll", text(payload, "roll_hash"), roll.hash)


def _lines(lines: list[Json]) -> str:
    return (
        ", ".join(" ".join(str(word) for word in line if word) for line in lines if isinstance(line, list)) or "nobody"
    )


@replays("vote.contested")
def contest(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """Enough objections end the silence, at the instant of the one that was enough."""
    yield from by_clock(entry)
    payload, vote = entry.payload, replay.of(Votes).of(text(entry.payload, "vote"))
    now = vote.course(entry.at)
    yield from differs(
        "contested", "the instant at which it was contested", moment(payload, "contested_at"), now.contested_at
    )
    if now.contested_at:
        end = vote.profile.period.after(now.contested_at)
        yield from differs("instant", "the instant at which it closes", moment(payload, "closes_at"), end)
    if vote.contested_at:
        yield Finding("repeated", f"vote {vote.key} was contested before")
    vote.contested_at = moment(payload, "contested_at")


@replays("vote.extended")
def extend(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A late quorum or swing moves the close once."""
    yield from by_clock(entry)
    payload, vote = entry.payload, replay.of(Votes).of(text(entry.payload, "vote"))
    now = vote.course(entry.at)
    yield from differs(
        "extended", "the instant at which it was extended", moment(payload, "extended_at"), now.extended_at
    )
    yield from differs("instant", "the instant at which it closes", moment(payload, "closes_at"), now.closes_at)
    if vote.extended_at:
        yield Finding("repeated", f"vote {vote.key} was extended before")
    vote.extended_at = moment(payload, "extended_at")


@replays("vote.closed")
def close(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """Instant, tally, outcome and reason follow from rule, roll and ballots."""
    yield from by_clock(entry)
    payload, vote = entry.payload, replay.of(Votes).of(text(entry.payload, "vote"))
    if vote.closed_at or vote.facts.withdrawn_at:
        yield Finding("repeated", f"vote {vote.key} was closed or withdrawn before")
        return
    for member, sequence in sorted(vote.sealed):
        yield Finding("unopened", f"the sealed ballot {sequence} of {member} was not opened")
    now = vote.course(entry.at)
    if now.closed_at is None:
        yield Finding("too_early", f"vote {vote.key} is still {now.state.value}: it closes at {stamp(now.closes_at)}")
    vote.closed_at, vote.outcome = moment(payload, "closed_at"), text(payload, "outcome")
    vote.effective_at = maybe_moment(payload, "effective_at")
    yield from differs("instant", "the instant at which it closed", vote.closed_at, now.closed_at)
    yield from differs("contested", "when it was contested", vote.contested_at, now.contested_at)
    yield from differs("extended", "when it was extended", vote.extended_at, now.extended_at)
    yield from differs("outcome", "the outcome", vote.outcome, now.decision.outcome.value)
    yield from differs("outcome", "the reason of the outcome", text(payload, "reason"), now.decision.reason.value)
    yield from differs("tally", "the tally", part(payload, "tally"), now.tally.as_json())
    yield from differs("instant", "from when it has effect", vote.effective_at, now.effective_at)
    yield from differs("instant", "when it expires", maybe_moment(payload, "expires_at"), now.expires_at)
    yield from _ballots(payload, vote, vote.closed_at)
    replay.of(Votes).closed(vote, entry.at)
    if vote.outcome != "adopted":
        vote.forget_ballots()


def _ballots(payload: Mapping[str, Json], vote: VoteRecord, closed_at: datetime) -> Iterator[Finding]:
    standing = sorted(vote.standing(closed_at).items())
    expected: list[Json] = [[key, cast.value.sequence, cast.hash, cast.entry_hash] for key, cast in standing]
    if payload["ballots"] is not None:
        yield from differs("ballots", "the ballots that count", list(items(payload, "ballots")), expected)
    yield from differs(
        "ballots", "the hash over the ballots that count", text(payload, "ballots_hash"), digest(expected)
    )
    yield from differs("ballots", "the number of ballots received", number(payload, "ballots_received"), vote.received)


@replays("vote.withdrawn")
def withdraw(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """An undecided vote is withdrawn by whoever asked for it, or by the depositary."""
    vote, known = replay.of(Votes).of(text(entry.payload, "vote")), replay.of(Organisations)
    asked = vote.requester is not None and known.represents(entry.by, vote.requester, entry.at)
    if not asked and not known.is_depositary(entry.by, entry.at):
        yield Finding("authority", f"{entry.by or 'nobody'} could not withdraw vote {vote.key}")
    state = vote.course(entry.at).state
    if vote.closed_at or state not in UNDECIDED:
        yield Finding("state", f"vote {vote.key} is {state.value}: it can no longer be withdrawn")
    vote.facts = replace(vote.facts, withdrawn_at=entry.at)
    vote.forget_ballots()
