"""Parity between laboratories and the grades of the bodies, made again from the entries about visits."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from inspections.rules.grades import Grades, VisitStory, grade, next_as_of
from inspections.rules.visits import Cause, VisitKind
from ledger.rules.entries import EntryValue
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.organisations import by_clock
from verifier.replay.parties import Parties
from verifier.replay.payloads import moment, text, texts
from verifier.replay.sites import Sites
from verifier.replay.texts import NoText, Texts
from verifier.replay.visits import Inspections


@dataclass
class Ledger:
    """Every visit's story by key, the last published table, and the instant of the newest entry."""

    stories: dict[str, VisitStory] = field(default_factory=dict)
    published: datetime | None = None
    now: datetime | None = None


def graded(replay: Replay, as_of: datetime) -> Grades:
    """Grade everybody as of an instant, from what is on record."""
    rules, sites = replay.of(Texts).at(as_of).rules, replay.of(Sites)
    labs = replay.of(Parties).bound(as_of)
    return grade(
        list(replay.of(Ledger).stories.values()),
        labs={lab: sites.compute(lab, rules.covered, as_of) for lab in labs},
        bodies=replay.of(Parties).bodies(as_of),
        sites=[site for lab in labs for site in sites.of(lab, as_of)],
        monitoring=rules.monitoring,
        as_of=as_of,
    )


def newest(replay: Replay) -> Grades | None:
    """Return the grades as of the newest entry; None before there is a text."""
    now = replay.of(Ledger).now
    try:
        return graded(replay, now) if now else None
    except NoText:
        return None


@replays()
def note(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """Every entry moves the clock."""
    replay.of(Ledger).now = entry.at
    yield from ()


@replays("visit.notified")
def notify(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A notice begins a visit's story."""
    payload, key = entry.payload, text(entry.payload, "visit")
    visit = replay.of(Inspections).visits.get(key)
    if visit is None:
        yield Finding("unknown_visit", f"no plan on record commits to visit {key}")
        return
    replay.of(Ledger).stories[key] = VisitStory(
        visit=key,
        lab=text(payload, "lab"),
        facility=text(payload, "facility"),
        kind=VisitKind(text(payload, "kind")),
        bodies=tuple(sorted(texts(payload, "bodies"))),
        inspectors=len(texts(payload, "inspectors")),
        from_at=moment(payload, "from"),
        until_at=moment(payload, "until"),
        monitoring=visit.text,
        notified_at=entry.at,
    )


@replays(
    "visit.acknowledged",
    "access.granted",
    "access.delayed",
    "access.refused",
    "report.submitted",
    "report.amended",
    "visit.cancelled",
)
def tell(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """What happens to a visit goes into its story; of one that was called off before its notice there is none."""
    stories, key = replay.of(Ledger).stories, text(entry.payload, "visit")
    if story := stories.get(key):
        match entry.kind:
            case "visit.acknowledged":
                stories[key] = replace(story, acknowledged_at=entry.at)
            case "access.granted":
                stories[key] = replace(story, access_at=entry.at)
            case "access.delayed":
                stories[key] = replace(story, delayed=(*story.delayed, (entry.at, _cause(entry))))
            case "access.refused":
                stories[key] = replace(story, refused=(*story.refused, (entry.at, _cause(entry))))
            case "report.submitted" | "report.amended":
                stories[key] = replace(story, reported=(*story.reported, entry.at))
            case _:
                stories[key] = replace(story, cancelled_at=entry.at)
    yield from ()


def _cause(entry: EntryValue) -> Cause:
    return Cause(text({"cause": Cause.PARTY.value, **entry.payload}, "cause"))


@replays("grades.published")
def publish(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The table is the one that was due, and each figure follows from the entries about visits."""
    yield from by_clock(entry)
    held, governing = replay.of(Ledger), replay.of(Texts).at(entry.at)
    as_of = moment(entry.payload, "as_of")
    terms = governing.rules.monitoring.grading
    if terms is None or governing.in_force_at is None:
        yield Finding("state", "the text in force asks for no such table")
        return
    yield from differs("instant", "its instant", as_of, next_as_of(held.published, governing.in_force_at, terms.every))
    if as_of > entry.at:
        yield Finding("instant", "it lies ahead")
    held.published = as_of
    for name, figures in graded(replay, as_of).as_json().items():
        yield from differs("grades", f"its {name}", entry.payload.get(name), figures)
