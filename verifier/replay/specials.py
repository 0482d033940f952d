"""Special visits: asked for by an independent body, answered by the party in time, and planned only where it agreed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from accounts.rules.organisations import Role
from core.canonical import tagged_digest
from core.errors import DomainError
from inspections.rules.specials import OPEN, Asked, Standing, needs_visit, obstacle, standing
from inspections.rules.visits import VisitState
from ledger.rules.entries import EntryValue
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.organisations import Organisations, by_clock, by_representative, by_role
from verifier.replay.parties import Parties
from verifier.replay.payloads import Payload, flag, maybe_text, moment, text
from verifier.replay.sites import Sites
from verifier.replay.texts import Texts
from verifier.replay.visits import Inspections, VisitRecord


class UnknownSpecial(DomainError):
    """The record has no such special visit."""

    code = "unknown_special"


@dataclass
class SpecialRecord:
    """A special visit: of what, and what became of it."""

    key: str
    lab: str
    facility: str
    asked: Asked
    visits: list[VisitRecord] = field(default_factory=list)
    has_case: bool = False

    @property
    def states(self) -> list[VisitState]:
        """The states of the visits planned for it."""
        return [one.state for one in self.visits]

    def standing(self, at: datetime) -> Standing:
        """Where it is, by what is on record."""
        return standing(self.asked, self.states, at)


@dataclass
class Specials:
    """Every special visit by key."""

    known: dict[str, SpecialRecord] = field(default_factory=dict)

    def of(self, key: str) -> SpecialRecord:
        """Return a special visit; raise UnknownSpecial."""
        if key not in self.known:
            raise UnknownSpecial(f"there is no special visit {key!r} on record")
        return self.known[key]


@replays("special.requested")
def request(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """An officer of an accredited body independent of the laboratory asks for a visit to a site in use; the text says until when it is answered."""
    payload, known = entry.payload, replay.of(Specials).known
    key, lab, facility, body = (text(payload, name) for name in ("special", "lab", "facility", "body"))
    if key in known:
        yield Finding("repeated", f"special visit {key} was asked for before")
    yield from by_role(replay, entry, {Role.OFFICER}, body)
    if body not in replay.of(Parties).bodies(entry.at):
        yield Finding("state", f"{body} has not accepted its mandate")
    site = replay.of(Sites).known.get(facility)
    if site is None or site.lab != lab:
        yield Finding("unknown", f"{lab} has no site {facility}")
    hindered = obstacle(
        lab=lab,
        bound=replay.of(Parties).bound(entry.at),
        in_use=site is not None and entry.at in site.used,
        independent=body not in replay.of(Organisations).affiliates(lab, entry.at),
        pending=any(one.facility == facility and one.standing(entry.at) in OPEN for one in known.values()),
    )
    if hindered:
        yield Finding("state", hindered)
    terms, answer_by = replay.of(Texts).at(entry.at).rules.monitoring.special, moment(payload, "answer_by")
    if terms is None:
        yield Finding("text", "the text in force knows no special visits")
    else:
        yield from differs("deadline", "until when it is answered", answer_by, terms.answered_within.after(entry.at))
    known[key] = SpecialRecord(key, lab, facility, Asked(answer_by))


def _named(replay: Replay, payload: Payload) -> Iterator[Finding]:
    one = replay.of(Specials).of(text(payload, "special"))
    yield from differs("lab", "the laboratory", text(payload, "lab"), one.lab)
    yield from differs("facility", "the facility", text(payload, "facility"), one.facility)


@replays("special.answered")
def answer(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The party answers once, in time; a refusal has words."""
    yield from _named(replay, entry.payload)
    one, agrees = replay.of(Specials).of(text(entry.payload, "special")), flag(entry.payload, "agrees")
    yield from by_representative(replay, entry, one.lab)
    if one.standing(entry.at) is not Standing.ASKED:
        yield Finding("state", f"special visit {one.key} is {one.standing(entry.at).value}: nothing is left to answer")
    if not agrees and maybe_text(entry.payload, "words") is None:
        yield Finding("words", "it is refused without a word")
    one.asked = Asked(one.asked.answer_by, agrees)


@replays("special.planned")
def plan(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A special visit that was agreed to gets one visit, committed to with a seed that it fixes."""
    yield from by_clock(entry)
    yield from _named(replay, entry.payload)
    payload, known = entry.payload, replay.of(Inspections)
    one, key = replay.of(Specials).of(text(payload, "special")), text(payload, "visit")
    if not needs_visit(one.asked, one.states):
        yield Finding("state", f"special visit {one.key} calls for no visit: it is {one.standing(entry.at).value}")
    if key in known.visits:
        yield Finding("repeated", f"visit {key} was planned before")
    seed = tagged_digest("fermata/special-seed/v1", {"special": one.key, "plan": len(one.visits)})
    yield from differs("seed", "its seed", text(payload, "seed"), seed)
    monitoring = replay.of(Texts).at(entry.at).rules.monitoring
    made = VisitRecord(text(payload, "commitment"), monitoring, entry.at, None, special=one.facility)
    known.visits[key] = made
    one.visits.append(made)
