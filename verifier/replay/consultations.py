"""Consultations: who wrote, answered and hid what about an amendment, in which time and on which ground."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from accounts.rules.organisations import Kind, Role
from ledger.rules.entries import EntryValue
from treaty.rules.consultations import Amendment, Phase, Submissions, Voice, consultation
from verifier.replay.amendments import Amendments, Proposed, UnknownAmendment
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.organisations import Organisations, by_representative, by_role
from verifier.replay.parties import Parties, annexed
from verifier.replay.payloads import Payload, maybe_text, number, text
from verifier.replay.texts import Texts
from verifier.replay.votes import Votes

ROLES = {
    Kind.LABORATORY: (Voice.PARTY, Role.REPRESENTATIVE),
    Kind.BODY: (Voice.BODY, Role.OFFICER),
    Kind.OBSERVER: (Voice.OBSERVER, Role.OBSERVER),
}


@dataclass
class Written:
    """The submissions about one amendment: by whom, and what became of each."""

    authors: list[str | None] = field(default_factory=list)  # None: the public
    answered: set[int] = field(default_factory=set)
    hidden: set[int] = field(default_factory=set)


@dataclass
class Consultations:
    """The submissions by amendment."""

    known: dict[str, Written] = field(default_factory=dict)

    def of(self, payload: Payload) -> Written:
        """Return those about the amendment that a payload names."""
        return self.known.setdefault(text(payload, "amendment"), Written())


@replays("submission.received")
def receive(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """Somebody whom the text lets write does so while the consultation takes submissions, no more often than it says."""
    payload, written = entry.payload, replay.of(Consultations).of(entry.payload)
    author, terms = maybe_text(payload, "organisation"), _terms(replay, entry)
    yield from _in_time(replay, entry, {Phase.SUBMISSIONS})
    yield from differs("number", "its number", number(payload, "submission"), len(written.authors) + 1)
    if author is None:
        if entry.by is not None or Voice.PUBLIC not in terms.who:
            yield Finding("authority", f"this is no submission that the public could make, by {entry.by or 'nobody'}")
    else:
        yield from _speaks(replay, entry, author, terms)
        if written.authors.count(author) >= terms.each:
            yield Finding("repeated", f"{author} had made {terms.each} submissions before")
    written.authors.append(author)


@replays("submission.answered")
def answer(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The proposer answers a submission once, before the vote opens."""
    payload, written, proposed = entry.payload, replay.of(Consultations).of(entry.payload), _proposed(replay, entry)
    yield from differs("authority", "who answers", text(payload, "organisation"), proposed.proposer)
    yield from by_representative(replay, entry, proposed.proposer)
    yield from _in_time(replay, entry, {Phase.SUBMISSIONS, Phase.ANSWERS})
    yield from _once(payload, written, written.answered, "answered")


@replays("submission.hidden")
def hide(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The depositary hides a submission once, on a ground of the text."""
    payload, written, ground = entry.payload, replay.of(Consultations).of(entry.payload), text(entry.payload, "ground")
    yield from by_role(replay, entry, {Role.DEPOSITARY})
    if ground not in _terms(replay, entry).grounds:
        yield Finding("ground", f"the text has no ground {ground!r} for hiding a submission")
    yield from _once(payload, written, written.hidden, "hidden")


def _once(payload: Payload, written: Written, done: set[int], what: str) -> Iterator[Finding]:
    """Find a number that no submission has, or that had this done before."""
    one = number(payload, "submission")
    if not 1 <= one <= len(written.authors):
        yield Finding("unknown", f"there is no submission {one}")
    if one in done:
        yield Finding("repeated", f"submission {one} was {what} before")
    done.add(one)


def _speaks(replay: Replay, entry: EntryValue, author: str, terms: Submissions) -> Iterator[Finding]:
    """Find an organisation that the text does not let write, or somebody who does not act for it."""
    parties, at = replay.of(Parties), entry.at
    voice, role = ROLES.get(replay.of(Organisations).kinds.get(author, Kind.SECRETARIAT), (None, Role.DEPOSITARY))
    writes = {
        Voice.PARTY: author in parties.bound(at),
        Voice.BODY: author in parties.bodies(at),
        Voice.OBSERVER: author in annexed(replay, Kind.OBSERVER, at),
    }
    if voice not in terms.who or not writes[voice]:
        yield Finding("authority", f"{author} is nobody whom the text lets write")
    yield from by_role(replay, entry, {role}, author)


def _in_time(replay: Replay, entry: EntryValue, phases: set[Phase]) -> Iterator[Finding]:
    proposed = _proposed(replay, entry)
    vote, found = replay.of(Votes).of(proposed.vote), consultation(_rule(replay, proposed), proposed.proposed_at)
    ended_at = vote.facts.withdrawn_at or vote.closed_at
    if found is None or found.phase(entry.at, ended_at=ended_at) not in phases:
        yield Finding("instant", "the consultation was not open for this then")


def _terms(replay: Replay, entry: EntryValue) -> Submissions:
    terms = _rule(replay, _proposed(replay, entry)).submissions
    if terms is None:
        raise UnknownAmendment("the text under which the amendment was proposed takes no submissions")
    return terms


def _rule(replay: Replay, proposed: Proposed) -> Amendment:
    return replay.of(Texts).of(proposed.base).rules.amendment


def _proposed(replay: Replay, entry: EntryValue) -> Proposed:
    found = replay.of(Amendments).known.get(text(entry.payload, "amendment"))
    if found is None:
        raise UnknownAmendment
    return found
