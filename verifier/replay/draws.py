"""Public draws: the list made again from what was declared, each value against its commitment, the seed and who is drawn."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from core.durations import Duration
from core.errors import DomainError
from core.times import stamp
from inspections.rules.drawn_days import misfits
from inspections.rules.draws import ALGORITHM, Ticketed, draw
from inspections.rules.seeds import (
    SETTLED,
    Contribution,
    Dates,
    Stage,
    caps,
    check_commitment,
    list_hash,
    next_due,
    opens,
    seed,
    stage,
    tickets,
)
from ledger.rules.entries import EntryValue
from treaty.rules.monitoring import Draw as Terms
from treaty.rules.text import Monitoring
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.log import Log
from verifier.replay.organisations import by_clock
from verifier.replay.parties import Parties, asks_for
from verifier.replay.payloads import Payload, items, moment, number, text, texts
from verifier.replay.sites import Sites
from verifier.replay.texts import Texts
from verifier.replay.visits import VisitRecord


class UnknownDraw(DomainError):
    """The record has no such draw, or the text in force knows none."""

    code = "unknown_draw"


@dataclass
class DrawRecord:
    """A draw as the record shows it."""

    key: str
    terms: Terms
    listed: tuple[Ticketed, ...]
    list_hash: str
    commitment: str  # of the operator's value
    opened_at: datetime
    commit_by: datetime
    commitments: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    sealed_at: datetime | None = None
    reveal_by: datetime | None = None
    drawn_at: datetime | None = None
    size: int = 0
    root: str = ""
    days: tuple[str, ...] = ()  # commitments, for each place
    days_opened_at: datetime | None = None
    seed: str = ""
    drawn: tuple[str, ...] = ()
    taken: dict[int, VisitRecord] = field(default_factory=dict)  # by place, the newest visit opened
    monitoring: Monitoring | None = None  # of the text that it was opened under

    def stage(self, at: datetime) -> Stage:
        """Return where it is at `at`."""
        return stage(Dates(self.opened_at, self.commit_by, self.sealed_at, self.reveal_by, self.drawn_at), at)

    @property
    def contributions(self) -> list[Contribution]:
        """What was committed to, with the values known, by organisation."""
        return [
            Contribution(key, committed, self.values.get(key)) for key, committed in sorted(self.commitments.items())
        ]


@dataclass
class Draws:
    """Every draw by key, in the order opened."""

    known: dict[str, DrawRecord] = field(default_factory=dict)

    def of(self, payload: Payload) -> DrawRecord:
        """Return the draw that a payload names; raise UnknownDraw."""
        key = text(payload, "draw")
        if key not in self.known:
            raise UnknownDraw(f"there is no draw {key!r} on record")
        return self.known[key]


@replays("draw.opened")
def open_it(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A draw is opened when the text's calendar asks for it, of the sites of the parties with the weights that they declared."""
    yield from by_clock(entry)
    payload, known = entry.payload, replay.of(Draws).known
    published = replay.of(Texts).at(entry.at)
    terms = published.rules.monitoring.draw
    if terms is None:
        raise UnknownDraw("the text in force knows no draw")
    key, listed_at = text(payload, "draw"), moment(payload, "listed_at")
    if key in known:
        yield Finding("repeated", f"draw {key} was opened before: a draw is never repeated")
    yield from _due(known, terms.every, entry.at)
    sites = _listed(replay, listed_at)
    expected = list_hash(sites, places=terms.places, per_party=terms.per_party)
    yield from differs("instant", "up to when it lists what was declared", listed_at, entry.at - SETTLED)
    yield from differs("text", "the text", number(payload, "text"), published.version)
    yield from differs("list", "how many sites are listed", number(payload, "sites"), len(sites))
    yield from differs("list", "the list with its weights", text(payload, "list_hash"), expected)
    yield from differs("algorithm", "the algorithm", text(payload, "algorithm"), ALGORITHM)
    yield from differs("places", "how many are drawn", number(payload, "places"), terms.places)
    yield from differs("places", "how many of one party at most", number(payload, "per_party"), terms.per_party)
    commit_by = terms.commit_within.after(entry.at)
    yield from differs("deadline", "until when values are committed to", moment(payload, "commit_by"), commit_by)
    days = tuple(texts({"days": [], **payload}, "days"))
    yield from differs(
        "days", "how many places have their days committed to", len(days), terms.places if terms.days else 0
    )
    for one in days:
        check_commitment(one)
    known[key] = DrawRecord(
        key, terms, sites, expected, text(payload, "commitment"), entry.at, commit_by,
        days=days, monitoring=published.rules.monitoring,
    )  # fmt: skip


def _due(known: dict[str, DrawRecord], every: Duration, at: datetime) -> Iterator[Finding]:
    last = max((one.opened_at for one in known.values()), default=None)
    due = next_due(last, every, at)
    if at < due:
        yield Finding("too_early", f"the next draw is due at {stamp(due)}")


def _listed(replay: Replay, at: datetime) -> tuple[Ticketed, ...]:
    bound = set(replay.of(Parties).bound(at))
    return tickets(
        (key, site.lab, site.operations(at))
        for key, site in replay.of(Sites).known.items()
        if site.lab in bound and site.registered_at <= at and at in site.used
    )


@replays("draw.committed")
def commit(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A bound laboratory or an accredited body commits to one value while commitments are taken."""
    payload, one = entry.payload, replay.of(Draws).of(entry.payload)
    organisation, committed = text(payload, "organisation"), text(payload, "commitment")
    check_commitment(committed)
    if not asks_for(replay, entry.by, organisation, entry.at):
        yield Finding("authority", f"{entry.by or 'nobody'} could not commit to a value for {organisation}")
    if one.stage(entry.at) is not Stage.COMMITTING:
        yield Finding("too_late", f"values could be committed to until {stamp(one.commit_by)}")
    if organisation in one.commitments:
        yield Finding("repeated", f"{organisation} had committed to a value before")
    one.commitments.setdefault(organisation, committed)


@replays("draw.sealed")
def seal(replay: Replay, index: int, entry: EntryValue) -> Iterator[Finding]:
    """Once the time for commitments is over they are sealed, once; the tree up to here goes into the seed."""
    yield from by_clock(entry)
    payload, one = entry.payload, replay.of(Draws).of(entry.payload)
    where = one.stage(entry.at)
    if where is not Stage.SEALING:
        yield Finding("too_early" if where is Stage.COMMITTING else "repeated", f"the draw was {where.value} then")
        return
    yield from differs(
        "commitments", "who committed to a value", texts(payload, "organisations"), sorted(one.commitments)
    )
    one.sealed_at, one.reveal_by = entry.at, one.terms.reveal_within.after(entry.at)
    one.size, one.root = index + 1, replay.of(Log).root()
    yield from differs("deadline", "until when values are revealed", moment(payload, "reveal_by"), one.reveal_by)


@replays("draw.revealed")
def reveal(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A value opens what its organisation committed to, in the time for it, whoever hands it in."""
    payload, one = entry.payload, replay.of(Draws).of(entry.payload)
    organisation, value = text(payload, "organisation"), text(payload, "value")
    acting = [*replay.of(Parties).bound(entry.at), *replay.of(Parties).bodies(entry.at)]
    if not any(asks_for(replay, entry.by, key, entry.at) for key in acting):
        yield Finding("authority", f"{entry.by or 'nobody'} represented no party and no body")
    if one.stage(entry.at) is not Stage.REVEALING:
        yield Finding("out_of_time", f"the draw was {one.stage(entry.at).value} then")
    if organisation not in one.commitments:
        yield Finding("unknown", f"{organisation} had not committed to a value")
    elif not opens(one.key, organisation, value, one.commitments[organisation]):
        yield Finding("commitment", f"the value is not the one that {organisation} committed to")
    if organisation in one.values:
        yield Finding("repeated", f"the value of {organisation} was known")
    one.values.setdefault(organisation, value)


@replays("draw.carried_out")
def carry_out(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """Once the time for values is over the operator's own is opened; the seed and everybody drawn follow."""
    yield from by_clock(entry)
    payload, one = entry.payload, replay.of(Draws).of(entry.payload)
    where, value = one.stage(entry.at), text(payload, "value")
    if where is not Stage.DRAWING:
        yield Finding("repeated" if where is Stage.DRAWN else "too_early", f"the draw was {where.value} then")
    if not opens(one.key, "", value, one.commitment):
        yield Finding("commitment", "the operator's value is not the one that was committed to")
    values = [[it.organisation, it.value] for it in one.contributions]
    yield from differs("values", "the values revealed", list(items(payload, "values")), values)
    yield from differs("root", "how many entries were sealed", number(payload, "size"), one.size)
    yield from differs("root", "the record's root over them", text(payload, "root"), one.root)
    grown = seed(draw=one.key, listed=one.list_hash, root=one.root, contributions=one.contributions, value=value)
    yield from differs("seed", "the seed", text(payload, "seed"), grown)
    limits = caps(one.listed, one.terms.per_party)
    again = draw(bytes.fromhex(grown), one.listed, one.terms.places, limits)
    yield from differs("drawn", "who is drawn", texts(payload, "drawn"), list(again.drawn))
    one.drawn_at, one.seed, one.drawn = entry.at, grown, again.drawn


@replays("draw.days_opened")
def open_days(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """Once the days of a draw are over its links are opened, those of every place, as they were committed to."""
    yield from by_clock(entry)
    one, links = replay.of(Draws).of(entry.payload), texts(entry.payload, "links")
    over = one.terms.every.after(one.drawn_at) if one.drawn_at else None
    if over is None or entry.at < over:
        yield Finding("too_early", f"days of draw {one.key} are to come" + (f" until {stamp(over)}" if over else ""))
    if one.days_opened_at is not None:
        yield Finding("repeated", "its days were opened before")
    one.days_opened_at = entry.at
    yield from differs("days", "how many places have their links opened", len(links), len(one.days))
    for place in misfits(one.key, links, one.days):
        yield Finding("commitment", f"the links of place {place} are not those that were committed to")
