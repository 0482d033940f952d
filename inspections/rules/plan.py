"""The planner: which site, which day, which inspectors. Greedy, in an order drawn from a seed, the same for everybody who repeats it.

Each site gets the first day on which enough inspectors without a conflict are free, quotas allow and notice has run. What cannot
be placed is returned with the provision that stands in the way.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import combinations

from core.times import Period
from inspections.rules.conflicts import Ties, conflict, team_conflict
from inspections.rules.drawn_days import Origin
from inspections.rules.quotas import NOT_COUNTED, QuotaUse, party_use, site_use
from inspections.rules.training import covers
from inspections.rules.visits import VisitKind, planned_end
from treaty.rules.text import Monitoring

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
LOOK_AHEAD = 60  # days after the first possible one


@dataclass(frozen=True)
class Site:
    """A facility that needs a visit, from `earliest` on and, to be in time, ended by `due`.

    `visited`: starts of its other visits that count towards its quota.
    `requester`: who asked for a challenge inspection; its inspectors and those near it are not sent either.
    """

    key: str
    lab: int
    earliest: datetime
    due: datetime | None = None
    lab_affiliates: frozenset[int] = frozenset()
    visited: tuple[datetime, ...] = ()
    kind: VisitKind = VisitKind.PAUSE_VERIFICATION
    requester: int | None = None
    requester_affiliates: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Candidate:
    """A designated inspector. `available` empty: always, within `designated`."""

    key: int
    body: int
    ties: Ties
    designated: Period
    available: tuple[Period, ...] = ()
    booked: tuple[Period, ...] = ()
    refused: tuple[tuple[int, datetime], ...] = ()  # laboratories, and from when their refusal holds
    trained: tuple[Period, ...] | None = None  # None: the text asks for no training

    def is_trained(self, period: Period) -> bool:
        """Whether their training holds for all of a visit."""
        return self.trained is None or covers(self.trained, period)

    def is_refused(self, lab: int, at: datetime) -> bool:
        """Whether the laboratory has refused them with effect by `at`."""
        return any(who == lab and since <= at for who, since in self.refused)


@dataclass(frozen=True)
class Placement:
    """A visit as planned; `late` when it ends after the site's due instant."""

    site: Site
    period: Period
    team: tuple[Candidate, ...]
    late: bool
    origin: Origin | None = None  # of a drawn visit


@dataclass(frozen=True)
class Unplaced:
    """A site without a visit, and the provisions that stand in the way, each in words."""

    site: Site
    reasons: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Plan:
    """What was placed and what was not."""

    placed: tuple[Placement, ...]
    unplaced: tuple[Unplaced, ...]


@dataclass
class _Calendar:
    """What this run has given away so far."""

    booked: dict[int, list[Period]] = field(default_factory=dict)
    party_starts: dict[int, list[datetime]] = field(default_factory=dict)

    def load(self, candidate: Candidate) -> int:
        return len(self.booked.get(candidate.key, ())) + len(candidate.booked)

    def take(self, placement: Placement) -> None:
        for member in placement.team:
            self.booked.setdefault(member.key, []).append(placement.period)
        if placement.site.kind not in NOT_COUNTED:
            self.party_starts.setdefault(placement.site.lab, []).append(placement.period.start)


def plan(
    sites: Iterable[Site],
    candidates: Sequence[Candidate],
    monitoring: Monitoring,
    *,
    seed: str,
    party_starts: dict[int, tuple[datetime, ...]] | None = None,
) -> Plan:
    """Place a visit at every site. `party_starts`: starts of each party's visits that count towards its quota."""
    calendar = _Calendar(party_starts={lab: list(starts) for lab, starts in (party_starts or {}).items()})
    placed: list[Placement] = []
    unplaced: list[Unplaced] = []
    for site in sorted(sites, key=lambda site: drawn_rank(seed, site.key)):
        found = _place(site, candidates, monitoring, calendar, seed)
        if isinstance(found, Placement):
            calendar.take(found)
            placed.append(found)
        else:
            unplaced.append(found)
    return Plan(tuple(placed), tuple(unplaced))


def drawn_rank(seed: str, key: str) -> bytes:
    """Return where `key` comes in the order drawn from `seed`."""
    return sha256(b"fermata/plan/v1\0" + seed.encode() + b"\0" + key.encode()).digest()


def _place(
    site: Site, candidates: Sequence[Candidate], monitoring: Monitoring, calendar: _Calendar, seed: str
) -> Placement | Unplaced:
    fit = [member for member in candidates if is_fit(member, site)]
    reasons: dict[str, str] = {}
    for period in days(site.earliest, monitoring, site.kind):
        spent = _spent(site, period.start, monitoring, calendar)
        if spent:
            reasons[spent.provision] = (
                f"{spent.used} of {spent.allowed} visits in the twelve months around {period.start:%Y-%m-%d}"
            )
            continue
        free = sorted(
            (
                member
                for member in fit
                if is_free(member, period, calendar.booked.get(member.key, ()))
                and not member.is_refused(site.lab, period.start)
            ),
            key=lambda member: (calendar.load(member), drawn_rank(seed, f"{site.key}/{member.key}")),
        )
        team = choose_team(free, monitoring)
        if team:
            return Placement(
                site, period, team, late=site.due is not None and period.end is not None and period.end > site.due
            )
        reasons.update(_no_team(fit, free, monitoring, period))
        reasons.update(_untrained(fit, period))
    return Unplaced(site, tuple(sorted(reasons.items())))


def is_fit(member: Candidate, site: Site) -> bool:
    """Whether the inspector has no conflict of interest with the laboratory, nor with who asked for the visit."""
    asked = site.requester is not None and conflict(member.ties, site.requester, site.requester_affiliates)
    return not asked and conflict(member.ties, site.lab, site.lab_affiliates) is None


def days(
    earliest: datetime, monitoring: Monitoring, kind: VisitKind = VisitKind.PAUSE_VERIFICATION
) -> Iterator[Period]:
    """Yield the periods in which a visit may take place: from the first full minute at or after `earliest`, then day by day.

    Holidays are left out, but for a challenge: its clock runs on every day.
    """
    start = earliest.astimezone(UTC)
    whole = start.replace(second=0, microsecond=0)
    start = whole if whole == start else whole + MINUTE
    for _ in range(LOOK_AHEAD):
        if kind is VisitKind.CHALLENGE or start.date() not in monitoring.holidays:
            yield Period(start, planned_end(kind, start, monitoring))
        start += DAY


def is_free(member: Candidate, period: Period, also_booked: Iterable[Period] = ()) -> bool:
    """Whether the inspector is designated, trained and available for the whole period and booked for none of it."""
    if not covers([member.designated], period) or not member.is_trained(period):
        return False
    if member.available and not covers(member.available, period):
        return False
    return not any(period.overlaps(other) for other in (*member.booked, *also_booked))


def choose_team(free: Sequence[Candidate], monitoring: Monitoring) -> tuple[Candidate, ...] | None:
    """Return the first team, in the order of `free`, that the text allows."""
    for team in combinations(free, monitoring.inspectors_per_visit):
        bodies = tuple(member.body for member in team)
        if team_conflict(bodies, from_different_bodies=monitoring.from_different_bodies) is None:
            return team
    return None


def _spent(site: Site, start: datetime, monitoring: Monitoring, calendar: _Calendar) -> QuotaUse | None:
    if site.kind in NOT_COUNTED:
        return None
    uses = (
        site_use(site.visited, start, monitoring),
        party_use(calendar.party_starts.get(site.lab, ()), start, monitoring),
    )
    return next((use for use in uses if use.is_used_up), None)


def _untrained(fit: Sequence[Candidate], period: Period) -> dict[str, str]:
    number = sum(not member.is_trained(period) for member in fit)
    words = f"the training of {number} of {len(fit)} inspectors does not hold for a visit on {period.start:%Y-%m-%d}"
    return {"monitoring.training": words} if number else {}


def _no_team(
    fit: Sequence[Candidate], free: Sequence[Candidate], monitoring: Monitoring, period: Period
) -> dict[str, str]:
    needed = monitoring.inspectors_per_visit
    if len(fit) < needed:
        return {
            "monitoring.inspectors_per_visit": f"{len(fit)} inspectors without a conflict of interest, {needed} needed"
        }
    if len(free) < needed:
        return {
            "monitoring.inspectors_per_visit": f"{len(free)} of {len(fit)} inspectors without a conflict free on {period.start:%Y-%m-%d}, {needed} needed"
        }
    return {
        "monitoring.from_different_bodies": f"{len(free)} inspectors free on {period.start:%Y-%m-%d}, not from {needed} different bodies"
    }
