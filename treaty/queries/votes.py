"""Votes as they stand at an instant, for actions and pages. Nothing here writes."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

from django.db.models import Prefetch, Q, QuerySet

from accounts.models import Organisation
from core.canonical import Json, canonical, commitment
from treaty.models import Ballot, Party, Repudiation, RollEntry, Vote
from treaty.queries.parties import instruments_of, with_instruments
from treaty.rules.ballots import cast_payload, read_ballot, sealed_part
from treaty.rules.courses import Course, Facts, Repudiated, course, dropped
from treaty.rules.parties import Departure, departures
from treaty.rules.profiles import RollChanges, VoteProfile
from treaty.rules.votes import BallotValue, Choice, Counting, Recusal, Roll, RollMember
from web.prepared import prepared

ROLLS_KEPT: Final = 64
ROLL_COLUMNS: Final = (
    "organisation__key",
    "electorate",
    "weight_numerator",
    "weight_denominator",
    "recusal_reason",
    "delegate__key",
)
_ROLLS: Final[dict[str, Roll]] = {}  # by hash, which says all that is in it


def profile_of(vote: Vote) -> VoteProfile:
    """Return the rule that was frozen with the vote."""
    return _profile(canonical(vote.profile).decode())


@lru_cache(maxsize=256)
def _profile(source: str) -> VoteProfile:
    return VoteProfile.model_validate(json.loads(source))


def roll_of(vote: Vote) -> Roll:
    """Return the roll that was frozen with the vote; uses what is prefetched."""
    return Roll(
        tuple(
            RollMember(
                entry.organisation.key,
                entry.electorate,
                Fraction(entry.weight_numerator, entry.weight_denominator),
                Recusal(entry.recusal_reason) if entry.recused else None,
                entry.delegate.key if entry.delegate else None,
            )
            for entry in vote.roll.all()
        )
    )


def ballot_values(ballots: Iterable[Ballot]) -> list[BallotValue]:
    """Return ballots as the rules take them."""
    return [
        BallotValue(ballot.organisation.key, Choice(ballot.choice), ballot.received_at, ballot.sequence, ballot.ground)
        for ballot in ballots
    ]


def facts_of(vote: Vote) -> Facts:
    """Return what was done to the vote, besides ballots."""
    repudiated = (
        Repudiated(one.organisation.key, one.sequence, found.repudiated_at)
        for one in vote.ballots.all()
        if (found := repudiation_of(one)) and found.recounted
    )
    return _facts(vote, departures_of(vote), repudiated)


def _facts(vote: Vote, gone: Iterable[Departure], repudiated: Iterable[Repudiated]) -> Facts:
    return Facts(
        vote.noticed_at,
        vote.opens_at,
        vote.withdrawn_at,
        vote.effect_applied_at,
        vote.ratified_at,
        tuple(gone),
        tuple(repudiated),
    )


def repudiation_of(ballot: Ballot) -> Repudiation | None:
    """Return its organisation's word that the ballot is not its own; fetch `repudiation` along."""
    found: Repudiation | None = getattr(ballot, "repudiation", None)
    return found


def is_counted(ballot: Ballot, at: datetime) -> bool:
    """Whether the ballot was received by `at` and has not been taken out of the count since."""
    repudiation = repudiation_of(ballot)
    return ballot.received_at <= at and not (repudiation and repudiation.recounted)


def departures_of(vote: Vote) -> list[Departure]:
    """Return those on the roll who lost their vote since its notice, as far as its rule takes them off; uses what is prefetched."""
    if profile_of(vote).roll_changes == RollChanges():
        return []
    organisations = {line.organisation for line in vote.roll.all()}
    parties = [one.party for one in sorted(organisations, key=lambda one: one.key) if hasattr(one, "party")]
    found = [one for party in parties for one in departures(instruments_of(party), vote.noticed_at)]
    return dropped(profile_of(vote), found)


def roll_lines() -> QuerySet[RollEntry]:
    """Return lines of rolls with what says whether their members still vote, in two queries for all."""
    rows = RollEntry.objects.select_related("organisation__party__merger", "delegate")
    return rows.prefetch_related("organisation__party__suspensions")


def with_rows(votes: QuerySet[Vote]) -> QuerySet[Vote]:
    """Fetch rolls and ballots along, in a fixed number of queries."""
    return (
        votes.select_related("text", "requester", "subject_organisation", "pause")
        .defer("text__source")
        .prefetch_related(
            Prefetch("roll", roll_lines()),
            Prefetch("ballots", Ballot.objects.select_related("organisation", "repudiation")),
        )
    )


def get_vote(key: str) -> Vote:
    """Return the vote with its roll and ballots; raise Vote.DoesNotExist."""
    return with_rows(Vote.objects.all()).get(key=key)


def course_of(vote: Vote, at: datetime) -> Course:
    """Return the state of the vote at `at`, computed from its frozen rule, roll and ballots."""
    return course(profile_of(vote), roll_of(vote), ballot_values(vote.ballots.all()), facts_of(vote), at)


def course_afresh(vote: Vote, at: datetime) -> Course:
    """Return the course of the vote from rows read now."""
    return course_now(Vote.objects.get(pk=vote.pk), at)


def course_now(vote: Vote, at: datetime, gone: Sequence[Departure] | None = None) -> Course:
    """Return the course of a vote whose row an action has locked, from plain values read now; `gone` where they are known."""
    columns = "organisation__key", "choice", "received_at", "sequence", "ground", "repudiation__repudiated_at"
    rows = list(vote.ballots.values_list(*columns, "repudiation__recounted"))
    ballots = [BallotValue(key, Choice(choice), *rest) for key, choice, *rest, _repudiated, _recounted in rows]
    repudiated = [Repudiated(key, number, when) for key, _, _, number, _, when, recounted in rows if recounted]
    departed = departures_now(vote) if gone is None else gone
    return course(profile_of(vote), frozen_roll(vote), ballots, _facts(vote, departed, repudiated), at)


def frozen_roll(vote: Vote) -> Roll:
    """Return the vote's roll as plain values; a process reads it once, as what was frozen under its hash never changes."""
    if known := _ROLLS.get(vote.roll_hash):
        return known
    return _kept(vote, Roll(tuple(_member(line) for line in vote.roll.values_list(*ROLL_COLUMNS))))


def _member(line: Sequence[Any]) -> RollMember:
    key, electorate, numerator, denominator, recusal, delegate = line
    return RollMember(
        key, electorate, Fraction(numerator, denominator), Recusal(recusal) if recusal else None, delegate
    )


def _kept(vote: Vote, roll: Roll) -> Roll:
    """Keep a roll that is what the vote's hash says."""
    if roll.hash == vote.roll_hash:
        while len(_ROLLS) >= ROLLS_KEPT:
            _ROLLS.pop(next(iter(_ROLLS)), None)
        _ROLLS[roll.hash] = roll
    return roll


def departures_now(vote: Vote) -> list[Departure]:
    """Return those on the roll who lost their vote since its notice, from rows read now; mostly there is none to read."""
    return _gone(vote, frozen_roll(vote), _left_since([vote]))


def roll_at(vote: Vote, at: datetime) -> Roll:
    """Return the roll less those who had left it by `at`."""
    return _present(roll_of(vote), departures_of(vote), at)


def _present(roll: Roll, gone: Iterable[Departure], at: datetime) -> Roll:
    for one in gone:
        roll = roll.without(one.lab) if one.at <= at else roll
    return roll


def counting_of(vote: Vote, at: datetime) -> Counting:
    """Return the ballots received by `at`, counted."""
    counting = Counting(profile_of(vote), roll_at(vote, at))
    ballots = () if is_sealed(vote, at) else vote.ballots.all()
    counting.put_all(ballot_values(ballot for ballot in ballots if is_counted(ballot, at)))
    return counting


@dataclass(frozen=True)
class Summary:
    """A vote in a list: its row, its state, and one cell a member of the roll (`components/roll.html`)."""

    vote: Vote
    course: Course
    cells: tuple[str, ...]
    consents: int
    objections: int
    abstentions: int
    sealed: int
    silent: int
    recused: int


CELLS = {Choice.CONSENT: "y", Choice.OBJECT: "n", Choice.ABSTAIN: "a"}
SEALED_CELL = "s"


def summary(vote: Vote, at: datetime) -> Summary:
    """Return the vote as a list shows it; uses what is prefetched."""
    received = ballot_values(ballot for ballot in vote.ballots.all() if ballot.received_at <= at)
    return _summary(vote, roll_of(vote), received, facts_of(vote), at)


def summaries(found: Sequence[Vote], at: datetime) -> list[Summary]:
    """Return votes as lists show them, from plain values: in three queries, and one where this process knows not all their rolls."""
    rolls, left = _rolls(found), _left_since(found)
    ballots: dict[int, list[BallotValue]] = {vote.pk: [] for vote in found}
    repudiated: dict[int, list[Repudiated]] = {vote.pk: [] for vote in found}
    for vote, key, choice, received_at, sequence, ground, repudiated_at, recounted in _cast(list(ballots), at):
        ballots[vote].append(BallotValue(key, Choice(choice), received_at, sequence, ground))
        if recounted:
            repudiated[vote].append(Repudiated(key, sequence, repudiated_at))
    facts = {vote.pk: _facts(vote, _gone(vote, rolls[vote.pk], left), repudiated[vote.pk]) for vote in found}
    return [_summary(vote, rolls[vote.pk], ballots[vote.pk], facts[vote.pk], at) for vote in found]


@prepared
def _cast(votes: list[int], at: datetime) -> QuerySet[Ballot, tuple[Any, ...]]:
    columns = "vote", "organisation__key", "choice", "received_at", "sequence", "ground", "repudiation__repudiated_at"
    return Ballot.objects.filter(vote__pk__among=votes, received_at__lte=at).values_list(
        *columns, "repudiation__recounted"
    )


def _rolls(votes: Sequence[Vote]) -> Mapping[int, Roll]:
    """Return the frozen rolls by vote; those that this process has not read yet in one query."""
    known = {vote.pk: found for vote in votes if (found := _ROLLS.get(vote.roll_hash))}
    missing = [vote for vote in votes if vote.pk not in known]
    members: dict[int, list[RollMember]] = {vote.pk: [] for vote in missing}
    if missing:
        ordered = RollEntry.objects.filter(vote__in=missing).order_by("electorate", "organisation__key")
        for pk, *line in ordered.values_list("vote", *ROLL_COLUMNS):
            members[pk].append(_member(line))
    return known | {vote.pk: _kept(vote, Roll(tuple(members[vote.pk]))) for vote in missing}


def _left_since(votes: Sequence[Vote]) -> list[Party]:
    """Return the parties that lost their vote since the first of `votes` whose rule asks for it was noticed; mostly there is none."""
    asked = [vote.noticed_at for vote in votes if profile_of(vote).roll_changes != RollChanges()]
    if not asked:
        return []
    return _left(min(asked))


@prepared
def _left(since: datetime) -> QuerySet[Party]:
    left = Q(withdrawal_effective_at__gt=since) | Q(merger__from_at__gt=since) | Q(suspensions__from_at__gt=since)
    return with_instruments(Party.objects.filter(left).order_by("organisation__key").distinct())


def _gone(vote: Vote, roll: Roll, left: Iterable[Party]) -> list[Departure]:
    if profile_of(vote).roll_changes == RollChanges():
        return []
    mine = (party for party in left if party.organisation.key in roll)
    found = [one for party in mine for one in departures(instruments_of(party), vote.noticed_at)]
    return dropped(profile_of(vote), found)


def _summary(vote: Vote, roll: Roll, received: Sequence[BallotValue], facts: Facts, at: datetime) -> Summary:
    """Return the vote as a list shows it from the ballots received by `at`; a member of two classes is one cell."""
    sealed, present = is_sealed(vote, at), _present(roll, facts.departures, at)
    out = {(one.member, one.sequence) for one in facts.repudiated}
    ordered = sorted(received, key=lambda ballot: ballot.sequence)
    standing = {one.member: one.choice for one in ordered if (one.member, one.sequence) not in out}
    silent = ((key, delegate) for key, delegate in present.delegates.items() if key not in standing)
    counted = {key: standing[delegate] for key, delegate in silent if delegate in standing} | standing
    cells = dict.fromkeys((member.key for member in roll.members), "")
    cells |= {key: SEALED_CELL if sealed else CELLS[choice] for key, choice in counted.items() if key in cells}
    cells |= {member.key: "r" for member in roll.members if member.recused}
    found = list(cells.values())
    return Summary(
        vote,
        course(profile_of(vote), roll, received, facts, at),
        tuple(found),
        found.count("y"),
        found.count("n"),
        found.count("a"),
        found.count(SEALED_CELL),
        found.count(""),
        found.count("r"),
    )


def cell_of(ballot: Ballot, *, sealed: bool) -> str:
    """Return a ballot's cell in `components/roll.html`."""
    return SEALED_CELL if sealed else CELLS[Choice(ballot.choice)]


def is_sealed(vote: Vote, at: datetime) -> bool:
    """Whether nobody may know at `at` what the ballots say; a vote withdrawn before its close stays sealed."""
    return profile_of(vote).sealed and (vote.withdrawn_at is not None or at < vote.closes_at)


def sealable(ballot: Ballot) -> dict[str, Json]:
    """Return what `ballot.cast` would say of this ballot: what is sealed of it, and opened at the close."""
    return cast_payload(read_ballot(bytes(ballot.content)), ballot.received_at, ballot.proofs)


def sealing_proof(ballot: Ballot) -> dict[str, Json] | None:
    """Return with what a voter can check the opening of its sealed ballot: commitment, salt and what was committed to."""
    if not ballot.salt:
        return None
    value = sealed_part(sealable(ballot))
    return {"commitment": commitment(ballot.salt, value), "salt": ballot.salt, "value": value}


def standing_ballots(vote: Vote, at: datetime) -> Mapping[str, Ballot]:
    """Return each organisation's ballot that stands at `at`, by key."""
    received = sorted(
        (ballot for ballot in vote.ballots.all() if is_counted(ballot, at)), key=lambda ballot: ballot.sequence
    )
    return {ballot.organisation.key: ballot for ballot in received}


def counted_by_delegate(roll: Roll, standing: Mapping[str, Ballot]) -> dict[str, Ballot]:
    """Return the delegate's ballot that counts for each member that cast none itself, by key."""
    silent = ((key, delegate) for key, delegate in roll.delegates.items() if key not in standing)
    return {key: standing[delegate] for key, delegate in silent if delegate in standing}


def counts_for(vote: Vote, organisation: Organisation, at: datetime) -> list[Organisation]:
    """Return the members for which a ballot of `organisation` counts as well at `at`: it is their delegate, and they cast none."""
    held, cast = roll_at(vote, at).delegates, standing_ballots(vote, at)
    found = {line.organisation for line in vote.roll.all() if held.get(line.organisation.key) == organisation.key}
    return sorted((one for one in found if one.key not in cast), key=lambda one: one.name)


def open_votes(at: datetime) -> list[Summary]:
    """Return the votes that are noticed or open at `at`, those that close first at the top."""
    return _first_to_close(summaries(_listed(Vote.objects.undecided(at)), at))


def _listed(votes: QuerySet[Vote]) -> list[Vote]:
    """Return votes with what a list says of each."""
    return list(votes.select_related("text", "requester", "subject_organisation", "pause").defer("text__source"))


def _first_to_close(found: Iterable[Summary]) -> list[Summary]:
    return sorted((one for one in found if one.course.closed_at is None), key=lambda one: one.course.closes_at)


def newest_votes(at: datetime, decided: int) -> tuple[list[Summary], list[Summary]]:
    """Return the open votes as `open_votes` does, and the newest that a sweep has written down as closed: read together, and bare."""
    undecided = _undecided(at)
    found = summaries([*undecided, *_decided(at, limit=decided)], at)
    return _first_to_close(found[: len(undecided)]), found[len(undecided) :]


@prepared
def _undecided(at: datetime) -> QuerySet[Vote]:
    return Vote.objects.undecided(at)


@prepared
def _decided(at: datetime, *, limit: int) -> QuerySet[Vote]:
    return Vote.objects.decided(at)[:limit]


def recent_votes(at: datetime, limit: int = 10) -> list[Summary]:
    """Return the votes that closed or were withdrawn last, the newest first, whether or not a sweep has written it down."""
    found = summaries(_listed(Vote.objects.filter(noticed_at__lte=at).order_by("-noticed_at", "-pk")[: limit + 40]), at)
    over = [one for one in found if one.course.closed_at is not None or one.vote.withdrawn_at is not None]
    return sorted(over, key=_ended_at, reverse=True)[:limit]


def _ended_at(one: Summary) -> datetime:
    return one.course.closed_at or one.vote.withdrawn_at or one.vote.noticed_at


def awaiting(organisation: Organisation, at: datetime) -> list[Vote]:
    """Return the open votes that wait for the ballot of `organisation`: entitled, not voted yet, no delegate; the first to close on top."""
    votes = with_rows(
        Vote.objects.undecided(at)
        .filter(roll__organisation=organisation, roll__recused=False, opens_at__lte=at)
        .distinct()
    )
    waiting = [
        vote for vote in votes if organisation.key not in {*standing_ballots(vote, at), *roll_at(vote, at).delegates}
    ]
    return sorted((vote for vote in waiting if course_of(vote, at).takes_ballots), key=lambda vote: vote.closes_at)


def ballots_of(organisations: Sequence[Organisation], limit: int) -> list[Ballot]:
    """Return the newest ballots of `organisations`, with their votes: everybody who acts for one gets its receipts."""
    return list(
        Ballot.objects.filter(organisation__in=organisations)
        .select_related("vote", "organisation")
        .order_by("-received_at", "-pk")[:limit]
    )


def may_vote(vote: Vote, organisations: Sequence[Organisation]) -> list[Organisation]:
    """Return those of `organisations` that are on the vote's roll and not recused."""
    entitled = {entry.organisation.key for entry in vote.roll.all() if not entry.recused}
    return [organisation for organisation in organisations if organisation.key in entitled]
