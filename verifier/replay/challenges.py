"""Challenge inspections: asked for by who may, put to the vote that may stop them at once, and stopped by that vote alone."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from accounts.rules.organisations import Role
from core.errors import DomainError
from inspections.rules.challenges import JUDGED, OPEN, Standing, obstacle
from ledger.rules.entries import EntryValue
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.organisations import Organisations, by_clock, by_role
from verifier.replay.parties import Parties, asks_for
from verifier.replay.payloads import Payload, moment, text
from verifier.replay.sites import Sites
from verifier.replay.votes import VoteRecord, Votes, effect_of


class UnknownChallenge(DomainError):
    """The record has no such challenge."""

    code = "unknown_challenge"


@dataclass
class ChallengeRecord:
    """A challenge: who asked for the inspection of what, and what became of it."""

    key: str
    lab: str
    facility: str
    requester: str
    vote: VoteRecord
    stopped: bool = False
    inspected: bool = False  # its visit is over
    visit: str | None = None  # that is planned or made; none is where it was called off
    plans: int = 0
    found_frivolous: set[str] = field(default_factory=set)  # by which bodies

    @property
    def standing(self) -> Standing:
        """Where it is, by what is on record."""
        if self.vote.facts.withdrawn_at:
            return Standing.WITHDRAWN
        if self.inspected:
            return Standing.INSPECTED
        if self.vote.facts.effect_applied_at:
            return Standing.STOPPED
        settled = self.vote.closed_at and (self.vote.outcome != "adopted" or self.vote.settled_at)
        return Standing.PROCEEDS if settled else Standing.ASKED


@dataclass
class Challenges:
    """Every challenge by key."""

    known: dict[str, ChallengeRecord] = field(default_factory=dict)

    def of(self, key: str) -> ChallengeRecord:
        """Return a challenge; raise UnknownChallenge."""
        if key not in self.known:
            raise UnknownChallenge(f"there is no challenge {key!r} on record")
        return self.known[key]


@replays("challenge.requested")
def request(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A bound laboratory or an accredited body asks for the inspection of another's site in use; the vote opens as the text says."""
    payload, known = entry.payload, replay.of(Challenges).known
    key, lab, facility, asker = (text(payload, name) for name in ("challenge", "lab", "facility", "organisation"))
    if key in known:
        yield Finding("repeated", f"challenge {key} was asked for before")
    if not asks_for(replay, entry.by, asker, entry.at):
        yield Finding("authority", f"{entry.by or 'nobody'} could not ask for it in the name of {asker}")
    site = replay.of(Sites).known.get(facility)
    if site is None or site.lab != lab:
        yield Finding("unknown", f"{lab} has no site {facility}")
    hindered = obstacle(
        requester=asker,
        lab=lab,
        bound=replay.of(Parties).bound(entry.at),
        in_use=site is not None and entry.at in site.used,
        under_challenge=any(one.facility == facility and one.standing in OPEN for one in known.values()),
    )
    if hindered:
        yield Finding("state", hindered)
    vote = replay.of(Votes).of(text(payload, "vote"))
    yield from _put_to_the_vote(vote, entry)
    known[key] = ChallengeRecord(key, lab, facility, asker, vote)


def _put_to_the_vote(vote: VoteRecord, entry: EntryValue) -> Iterator[Finding]:
    payload = entry.payload
    decision = vote.text.rules.monitoring.challenge.decision
    yield from differs("decision", "the decision that is asked for", vote.decision, decision)
    for member in ("challenge", "facility"):
        yield from differs("vote", f"what its vote names as {member}", vote.subject.get(member), payload[member])
    yield from differs("vote", "whom its vote concerns", vote.organisation, payload["lab"])
    yield from differs("vote", "who asked for its vote", vote.requester, payload["organisation"])
    yield from differs("instant", "when its vote was noticed", vote.facts.noticed_at, entry.at)
    opens_at = vote.profile.notice.after(entry.at)
    yield from differs("instant", "when its vote opens", vote.facts.opens_at, opens_at)


def named(replay: Replay, entry: EntryValue) -> Iterator[Finding]:
    """Find members of an entry about a challenge that are not those of its request."""
    payload: Payload = entry.payload
    challenge = replay.of(Challenges).of(text(payload, "challenge"))
    yield from by_clock(entry)
    yield from differs("vote", "its vote", text(payload, "vote"), challenge.vote.key)
    yield from differs("lab", "the laboratory", text(payload, "lab"), challenge.lab)
    yield from differs("facility", "the facility", text(payload, "facility"), challenge.facility)


@replays("challenge.stopped")
def stop(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """Only the vote that was adopted and has had its effect stops a challenge, once."""
    yield from named(replay, entry)
    challenge = replay.of(Challenges).of(text(entry.payload, "challenge"))
    if challenge.standing is not Standing.STOPPED:
        yield Finding("not_adopted", f"vote {challenge.vote.key} has not stopped it: it is {challenge.standing.value}")
    if challenge.stopped:
        yield Finding("repeated", f"challenge {challenge.key} was stopped before")
    challenge.stopped = True
    said = moment(entry.payload, "effective_at")
    yield from differs("instant", "from when it is stopped", said, effect_of(challenge.vote))


@replays("challenge.found_frivolous")
def find_frivolous(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """An accredited body that did not ask for it, and is independent of who did, finds a request that is over frivolous, once."""
    challenge = replay.of(Challenges).of(text(entry.payload, "challenge"))
    body = text(entry.payload, "body")
    yield from by_role(replay, entry, {Role.OFFICER}, body)
    if body not in replay.of(Parties).bodies(entry.at):
        yield Finding("state", f"{body} has not accepted its mandate")
    if body in {challenge.requester, *replay.of(Organisations).affiliates(challenge.requester, entry.at)}:
        yield Finding("conflict", f"{body} does not judge a request of {challenge.requester}")
    if challenge.standing not in JUDGED:
        yield Finding(
            "state", f"challenge {challenge.key} is {challenge.standing.value}, neither stopped nor inspected"
        )
    if body in challenge.found_frivolous:
        yield Finding("repeated", f"{body} had found challenge {challenge.key} frivolous before")
    challenge.found_frivolous.add(body)
