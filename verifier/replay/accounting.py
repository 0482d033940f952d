"""The accounts of compute: both sides in turn, the balance recomputed, its alarms and what became of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from accounts.rules.organisations import Role
from inspections.rules.accounting import (
    Alarm,
    BalancePeriod,
    Declared,
    account,
    are_hours,
    beginning_obstacle,
    judge,
    observation_obstacle,
    period_obstacle,
    terms_of,
    work_obstacle,
)
from inspections.rules.findings import FindingEvent, Severity, next_state
from ledger.rules.entries import EntryValue
from treaty.rules.text import Monitoring
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.organisations import Organisations, by_clock, by_representative
from verifier.replay.parties import Parties
from verifier.replay.payloads import Payload, moment, number, parts, text, texts
from verifier.replay.sites import Sites
from verifier.replay.texts import Texts
from verifier.replay.visits import Inspections
from verifier.replay.works import Works

SETTLED: Final[Mapping[str, FindingEvent]] = {
    "balance.clarified": FindingEvent.CLARIFY,
    "balance.escalated": FindingEvent.GRAVER,
}

type Observed = tuple[int, str, int]  # version, body, hours


@dataclass
class Book:
    """What is on record about one site: declarations by period, observations by measurement and period, alarms."""

    declared: dict[BalancePeriod, tuple[int, Declared]] = field(default_factory=dict)  # with their version
    observed: dict[tuple[str, BalancePeriod], Observed] = field(default_factory=dict)
    alarms: dict[tuple[str, BalancePeriod], Severity] = field(default_factory=dict)

    def alarm(self, measurement: str, period: BalancePeriod, monitoring: Monitoring) -> Alarm | None:
        """Return the alarm that follows for a period from what is on record; None where none does."""
        seen = {one: hours for (by, one), (_, _, hours) in self.observed.items() if by == measurement}
        values = [one for _, one in self.declared.values()]
        judged = judge(account(values, seen, terms_of(monitoring), measurement), monitoring)
        return next((it for it in judged.alarms if it.period == period), None) if judged else None


@dataclass
class Books:
    """The book of every site by key."""

    known: dict[str, Book] = field(default_factory=dict)

    def of(self, payload: Payload) -> Book:
        """Return the book of the site that a payload names."""
        return self.known.setdefault(text(payload, "facility"), Book())


def period_of(payload: Payload) -> BalancePeriod:
    """Return the balance period that a payload names."""
    return BalancePeriod(moment(payload, "from_at"), moment(payload, "until_at"))


def _monitoring(replay: Replay, entry: EntryValue) -> Monitoring:
    return replay.of(Texts).at(entry.at).rules.monitoring


def _place(replay: Replay, payload: Payload) -> Iterator[Finding]:
    site = replay.of(Sites).known.get(text(payload, "facility"))
    if site is None or site.lab != text(payload, "lab"):
        yield Finding("unknown", f"{text(payload, 'lab')} has no site {text(payload, 'facility')}")


def by_body(replay: Replay, entry: EntryValue, layer: str | None = None) -> Iterator[Finding]:
    """Find an act that only an accredited, independent body does, through its officers and inspectors, within its mandate."""
    body, known = text(entry.payload, "body"), replay.of(Organisations)
    if body not in replay.of(Parties).bodies(entry.at):
        yield Finding("state", f"{body} was not accredited then")
    if body in known.affiliates(text(entry.payload, "lab"), entry.at):
        yield Finding("conflict", f"{body} is affiliated with {text(entry.payload, 'lab')}")
    if not known.holds(entry.by, {Role.OFFICER, Role.INSPECTOR}, entry.at, body):
        yield Finding("authority", f"{entry.by or 'nobody'} was no officer or inspector of {body} then")
    mandate = replay.of(Inspections).mandate(body, entry.at)
    if layer is not None and mandate is not None and layer not in mandate:
        yield Finding("mandate", f"{body} has no mandate for {layer}")


@replays("work.declared")
def declare(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A laboratory declares a period of a site of its own, which no body has observed yet."""
    payload, book = entry.payload, replay.of(Books).of(entry.payload)
    yield from by_representative(replay, entry, text(payload, "lab"))
    yield from _place(replay, payload)
    period, site = period_of(payload), text(payload, "facility")
    work = {text(one, "use"): number(one, "hours") for one in parts(payload, "work")}
    begun_with = None if payload["begun_with"] is None else number(payload, "begun_with")
    in_progress = number(payload, "in_progress")
    runs = [key for key, it in replay.of(Works).runs.items() if it.facility == site]
    obstacles = [
        period_obstacle(period, book.declared, terms_of(_monitoring(replay, entry)).period, entry.at),
        work_obstacle(work, runs),
        beginning_obstacle(begun_with, follows=any(one.end == period.start for one in book.declared)),
        "" if are_hours(in_progress) and are_hours(begun_with or 0) else "these are no numbers of hours",
        "a body had said what it saw in it" if any(seen == period for _, seen in book.observed) else "",
    ]
    yield from (Finding("filing", words) for words in obstacles if words)
    version = book.declared[period][0] + 1 if period in book.declared else 1
    yield from differs("version", "its version", number(payload, "version"), version)
    book.declared[period] = version, Declared(period, sum(work.values()), in_progress, begun_with)


@replays("compute.observed")
def observe(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A body says what it saw in a period that is declared; it alone corrects itself."""
    payload, book, terms = entry.payload, replay.of(Books).of(entry.payload), terms_of(_monitoring(replay, entry))
    period, measurement, body = period_of(payload), text(payload, "measurement"), text(payload, "body")
    known = terms.measurements.get(measurement)
    yield from _place(replay, payload)
    yield from by_body(replay, entry, known.layer if known else None)
    version, owner, _ = book.observed.get((measurement, period), (0, "", 0))
    words = observation_obstacle(
        is_declared=period in book.declared, measurement=measurement, terms=terms, owner=owner, body=body
    )
    if words or not are_hours(number(payload, "hours")):
        yield Finding("filing", words or "this is no number of hours")
    yield from differs("version", "its version", number(payload, "version"), version + 1)
    book.observed[measurement, period] = version + 1, body, number(payload, "hours")


@replays("balance.alarmed")
def alarm(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The balance recomputed from both sides passes the limit, in this period and by these tests, and was not noted before."""
    yield from by_clock(entry)
    payload, book = entry.payload, replay.of(Books).of(entry.payload)
    measurement, period = text(payload, "measurement"), period_of(payload)
    yield from _place(replay, payload)
    if (measurement, period) in book.alarms:
        yield Finding("repeated", "this alarm was noted before")
    found = book.alarm(measurement, period, _monitoring(replay, entry))
    if found is None:
        yield Finding("balance", "the balance recomputed from the record passes no limit in this period")
    else:
        said = (texts(payload, "tests"), text(payload, "sitmuf"), text(payload, "page"))
        follows = ([test.value for test in found.tests], found.sitmuf, found.page)
        yield from differs("balance", "its tests and statistics", said, follows)
    yield from differs("state", "where it stands", text(payload, "state"), Severity.ANOMALY.value)
    book.alarms[measurement, period] = Severity.ANOMALY


@replays(*SETTLED)
def settle(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A body says what became of an alarm that is on record, one step at a time."""
    payload, book = entry.payload, replay.of(Books).of(entry.payload)
    yield from by_body(replay, entry)
    key = text(payload, "measurement"), period_of(payload)
    if key not in book.alarms:
        yield Finding("unknown", "no such alarm is on record")
        return
    moved = next_state(book.alarms[key], SETTLED[entry.kind])
    yield from differs("state", "where the alarm stands", text(payload, "state"), moved.value)
    book.alarms[key] = moved
