"""Declarations: asked for by the text, filed with what stands on record, overdue after the text's time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import zip_longest

from core.times import Period, stamp
from labs.rules.declarations import DeclarationKind, nil_contradicted
from labs.rules.runs import UNFINISHED
from ledger.rules.entries import EntryValue
from treaty.rules.declarations import AskedDeclaration, Regime, asked_by
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.organisations import by_clock, by_representative
from verifier.replay.parties import Parties
from verifier.replay.payloads import Payload, flag, moment, number, parts, text, texts
from verifier.replay.sites import Sites
from verifier.replay.texts import Texts
from verifier.replay.works import Works

type Asked = tuple[str, str, datetime]  # laboratory, kind, due


@dataclass
class Declarations:
    """What was asked for and is not filed yet."""

    open: set[Asked] = field(default_factory=set)
    overdue: set[Asked] = field(default_factory=set)
    asked_about: set[Asked] = field(default_factory=set)  # by cases


def _asked(payload: Payload) -> Asked:
    return text(payload, "lab"), DeclarationKind(text(payload, "declaration")).value, moment(payload, "due_at")


def _calendar(replay: Replay, lab: str, at: datetime) -> list[AskedDeclaration]:
    """Return what the texts in force asked of a party by `at`."""
    parties = replay.of(Parties)
    texts = sorted(
        (it.in_force_at, it) for it in replay.of(Texts).published.values() if it.in_force_at and it.in_force_at <= at
    )
    ends = [since for since, _ in texts[1:]]
    regimes = [
        Regime(it.rules.declarations, Period(since, end)) for (since, it), end in zip_longest(texts, ends) if since
    ]
    since = parties.bound_at.get(lab)
    leaves_at = parties.instruments[lab].withdrawal_effective_at if since else None
    return asked_by(regimes, Period(since, leaves_at), at) if since else []


@replays("declaration.asked")
def ask(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The clock asks once for what the calendar of the texts in force has reached."""
    yield from by_clock(entry)
    asked = _asked(entry.payload)
    calendar = [(one.kind.value, one.due_at) for one in _calendar(replay, asked[0], entry.at)]
    if asked[1:] not in calendar:
        yield Finding("calendar", f"the text asks {asked[0]} for no {asked[1]} that is due at {stamp(asked[2])}")
    if asked in replay.of(Declarations).open:
        yield Finding("repeated", "it was asked for before")
    replay.of(Declarations).open.add(asked)


@replays("declaration.filed")
def file(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A laboratory files what stands on record of it; a nil return says that there is nothing."""
    payload, known, sites = entry.payload, replay.of(Declarations), replay.of(Sites)
    asked, lab = _asked(payload), text(payload, "lab")
    yield from by_representative(replay, entry, lab)
    if asked not in known.open:
        yield Finding("state", "it was not asked for, or filed before")
    known.open.discard(asked)
    known.overdue.discard(asked)
    held = {
        key: len(site.held)
        for key, site in sorted(sites.known.items())
        if site.lab == lab and site.operations(entry.at)
    }
    said = {text(it, "facility"): number(it, "version") for it in parts(payload, "inventories")}
    yield from differs("inventories", "the inventories that stand", said, held)
    runs = sorted(key for key, it in replay.of(Works).runs.items() if it.lab == lab and it.status in UNFINISHED)
    yield from differs("runs", "the runs that are not finished", texts(payload, "runs"), runs)
    contradiction = nil_contradicted(DeclarationKind(asked[1]), list(held), runs) if flag(payload, "nil") else ""
    if contradiction:
        yield Finding("nil", contradiction)


@replays("declaration.overdue")
def mark(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """What is not filed is overdue once the text's time has run."""
    yield from by_clock(entry)
    known, asked = replay.of(Declarations), _asked(entry.payload)
    if asked not in known.open or asked in known.overdue:
        yield Finding("state", "it was not asked for, is filed, or was marked before")
    if replay.of(Texts).at(entry.at).rules.clarification.overdue_after.after(asked[2]) > entry.at:
        yield Finding("too_early", "the text's time has not run")
    known.overdue.add(asked)
