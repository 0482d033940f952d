"""The same terms for all, and the inspectorate's own grades, as numbers: recomputed by anybody from the record.

Everything is as of an instant; what happened later is left out, so that a table that was published can be made again.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final

from core.canonical import Json
from core.durations import Duration
from core.times import stamp
from inspections.rules.quotas import NOT_COUNTED, YEAR, party_use
from inspections.rules.visits import Cause, Timer, VisitFacts, VisitKind, delay_of, is_the_partys, report_due, timers
from treaty.rules.text import Monitoring

THOUSAND: Final = 1000
OVERDUE_STAGES: Final = frozenset({"acknowledge", "access"})  # what the visited laboratory owes


@dataclass(frozen=True)
class VisitStory:
    """A visit from its notice on, under the text that it was planned under; None is not yet."""

    visit: str
    lab: str
    facility: str
    kind: VisitKind
    bodies: tuple[str, ...]
    inspectors: int
    from_at: datetime
    until_at: datetime
    monitoring: Monitoring
    notified_at: datetime
    acknowledged_at: datetime | None = None
    access_at: datetime | None = None
    delayed: tuple[tuple[datetime, Cause], ...] = ()
    refused: tuple[tuple[datetime, Cause], ...] = ()
    reported: tuple[datetime, ...] = ()  # each version
    cancelled_at: datetime | None = None

    def stands(self, at: datetime) -> bool:
        """Whether its notice was given by `at`, and it was not called off by then."""
        return self.notified_at <= at and (self.cancelled_at is None or self.cancelled_at > at)

    def wait(self, at: datetime) -> timedelta | None:
        """Return how long the team waited for access; None before it was let in."""
        access_at = _by(self.access_at, at)
        return delay_of(self.from_at, access_at, at) if access_at else None

    def own_wait(self, at: datetime) -> timedelta:
        """Return the wait that is the laboratory's own doing."""
        causes = [cause for told, cause in (*self.delayed, *self.refused) if told <= at]
        return (self.wait(at) or timedelta(0)) if is_the_partys(causes) else timedelta(0)

    def overdue(self, at: datetime) -> list[Timer]:
        """Return what the laboratory owes and has not done."""
        facts = VisitFacts(
            self.from_at,
            self.until_at,
            self.from_at,
            notified_at=self.notified_at,
            acknowledged_at=_by(self.acknowledged_at, at),
            access_at=_by(self.access_at, at),
            kind=self.kind,
        )
        return [
            timer
            for timer in timers(facts, self.monitoring, at)
            if timer.stage in OVERDUE_STAGES and timer.is_late and timer.done_at is None
        ]

    def on_site(self, at: datetime) -> Fraction:
        """Return the inspector-hours on site: from access to the planned end, or to `at`."""
        access_at = _by(self.access_at, at)
        spent = max(min(self.until_at, at) - access_at, timedelta(0)) if access_at else timedelta(0)
        return Fraction(spent // timedelta(seconds=1), 3600) * self.inspectors

    @property
    def report_due_at(self) -> datetime:
        """When the text asks for the report."""
        return report_due(self.until_at, self.monitoring)


@dataclass(frozen=True)
class LabGrade:
    """What one laboratory was put to. Spans are means over its visits; None is no case yet."""

    lab: str
    visits: int
    in_year: int  # of the kinds that have a quota, in the fullest twelve months around the instant
    allowed: int
    notice: timedelta | None
    access: timedelta | None
    delay: timedelta
    delays: int
    refusals: int
    overdue: int
    burden: int | None  # thousandths of inspector-hours on site for each thousand H100-equivalents


@dataclass(frozen=True)
class BodyGrade:
    """What one body did. A visit counts for each body that sent somebody."""

    body: str
    visits: int
    planned: int  # visits that were to be over by then
    done: int  # of these, reported
    due: int  # reports that were due by then
    in_time: int
    corrections: int


@dataclass(frozen=True)
class Grades:
    """Everything as of an instant. `spread` is the largest less the smallest of the laboratories."""

    as_of: datetime
    labs: tuple[LabGrade, ...]
    bodies: tuple[BodyGrade, ...]
    spread: Mapping[str, int | None]
    sites: int
    sites_seen: int  # reported on in the twelve months before

    def as_json(self) -> dict[str, Json]:
        """Return the table as the record has it: spans in seconds."""
        return {
            "as_of": stamp(self.as_of),
            "labs": [_plain(row.__dict__) for row in self.labs],
            "bodies": [_plain(row.__dict__) for row in self.bodies],
            "spread": dict(self.spread),
            "sites": self.sites,
            "sites_seen": self.sites_seen,
        }


COMPARED: Final[Mapping[str, Callable[[LabGrade], int | timedelta | None]]] = {
    "in_year": lambda row: row.in_year,
    "notice": lambda row: row.notice,
    "access": lambda row: row.access,
    "refusals": lambda row: row.refusals,
    "overdue": lambda row: row.overdue,
    "burden": lambda row: row.burden,
}


def grade(
    stories: Collection[VisitStory],
    *,
    labs: Mapping[str, Fraction | None],
    bodies: Iterable[str],
    sites: Collection[str],
    monitoring: Monitoring,
    as_of: datetime,
) -> Grades:
    """Grade everybody as of an instant. `labs` are the bound ones with their H100-equivalents, `sites` theirs in use."""
    told = [story for story in stories if story.stands(as_of)]
    since = YEAR.before(as_of)
    seen = {story.facility for story in told if any(since < at <= as_of for at in story.reported)}
    graded = tuple(
        _lab([story for story in told if story.lab == lab], lab, labs[lab], monitoring, as_of) for lab in sorted(labs)
    )
    return Grades(
        as_of=as_of,
        labs=graded,
        bodies=tuple(_body([story for story in told if body in story.bodies], body, as_of) for body in sorted(bodies)),
        spread={name: _spread([figure(row) for row in graded]) for name, figure in COMPARED.items()},
        sites=len(sites),
        sites_seen=len(seen & set(sites)),
    )


def next_as_of(last: datetime | None, in_force_at: datetime, every: Duration) -> datetime:
    """Return the instant of the next table to publish: a step after the last, or after the text's entry into force."""
    return every.after(last if last and last > in_force_at else in_force_at)


def _lab(
    stories: Collection[VisitStory], lab: str, compute: Fraction | None, monitoring: Monitoring, as_of: datetime
) -> LabGrade:
    waits = [wait for story in stories if (wait := story.wait(as_of)) is not None]
    use = party_use([story.from_at for story in stories if story.kind not in NOT_COUNTED], as_of, monitoring)
    hours = sum((story.on_site(as_of) for story in stories), Fraction(0))
    return LabGrade(
        lab=lab,
        visits=len(stories),
        in_year=use.used,
        allowed=use.allowed,
        notice=_mean([story.from_at - story.notified_at for story in stories]),
        access=_mean(waits),
        delay=sum((story.own_wait(as_of) for story in stories), timedelta(0)),
        delays=_own(as_of, (told for story in stories for told in story.delayed)),
        refusals=_own(as_of, (told for story in stories for told in story.refused)),
        overdue=sum(len(story.overdue(as_of)) for story in stories),
        burden=round(hours * THOUSAND * THOUSAND / compute) if compute else None,
    )


def _body(stories: Collection[VisitStory], body: str, as_of: datetime) -> BodyGrade:
    reports = [[at for at in story.reported if at <= as_of] for story in stories]
    over = [bool(made) for story, made in zip(stories, reports, strict=True) if story.until_at <= as_of or made]
    due = [
        (min(made, default=None), story.report_due_at)
        for story, made in zip(stories, reports, strict=True)
        if story.report_due_at <= as_of or made
    ]
    return BodyGrade(
        body=body,
        visits=len(stories),
        planned=len(over),
        done=sum(over),
        due=len(due),
        in_time=sum(first is not None and first <= by for first, by in due),
        corrections=sum(max(len(made) - 1, 0) for made in reports),
    )


def _own(as_of: datetime, told: Iterable[tuple[datetime, Cause]]) -> int:
    return sum(at <= as_of and cause is Cause.PARTY for at, cause in told)


def _by(at: datetime | None, as_of: datetime) -> datetime | None:
    return at if at is not None and at <= as_of else None


def _mean(spans: Collection[timedelta]) -> timedelta | None:
    return timedelta(seconds=sum(spans, timedelta(0)) // timedelta(seconds=len(spans))) if spans else None


def _spread(figures: Iterable[int | timedelta | None]) -> int | None:
    known = [number for figure in figures if (number := _number(figure)) is not None]
    return max(known) - min(known) if len(known) > 1 else None


def _number(figure: int | timedelta | None) -> int | None:
    return figure // timedelta(seconds=1) if isinstance(figure, timedelta) else figure


def _plain(row: Mapping[str, str | int | timedelta | None]) -> dict[str, Json]:
    return {
        name: value // timedelta(seconds=1) if isinstance(value, timedelta) else value for name, value in row.items()
    }
