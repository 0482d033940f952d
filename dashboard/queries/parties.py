"""Every party on the same terms: the compliance matrix under a pause, or what each has declared while there is none."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final

from django.db.models import QuerySet

from accounts.models import Organisation
from inspections.models import Visit
from inspections.queries.matrix import Matrix, MatrixRow
from inspections.rules.evidence import EvidenceState
from labs.models import Declaration
from treaty.queries.parties import PartyRow, party_rows
from treaty.queries.standdowns import Board, BoardRow
from treaty.rules.parties import BOUND, Status
from treaty.rules.standdowns import StageKey, StageStanding
from treaty.rules.standing import Standing, StandingAnswer
from treaty.rules.text import Text
from web.prepared import prepared

GRAVE: Final = (Standing.BREACH, Standing.POTENTIAL_BREACH)
LEAVING: Final = (Status.SUSPENDED, Status.WITHDRAWING)


BEEN_BOUND: Final = BOUND | {Status.WITHDRAWN}


@dataclass(frozen=True)
class Evidence:
    """How many cells of the evidence matrix are verified, of those in scope, over all sites of one laboratory."""

    verified: int = 0
    in_scope: int = 0
    sites: int = 0
    stale: int = 0
    discrepancies: int = 0
    h100_equivalents: Fraction = Fraction(0)


@dataclass(frozen=True)
class Party:
    """One row: who it is, what binds it, and how it stands. `board` is its row under the pause, None where there is none."""

    name: str
    key: str
    jurisdiction: str
    organisation: Organisation | None
    status: Status | None  # None: it is on the pause's roll and no longer in Annex 1
    bound_at: datetime | None
    board: BoardRow | None
    evidence: Evidence
    visit_at: datetime | None  # the next visit that was announced
    overdue: int  # declarations

    @property
    def standing(self) -> StandingAnswer | None:
        """Its standing under the pause."""
        return self.board.standing if self.board else None

    @property
    def acknowledged(self) -> StageStanding | None:
        """Whether it acknowledged the pause."""
        return self._stage(StageKey.ACKNOWLEDGE)

    @property
    def halted(self) -> StageStanding | None:
        """Whether it halted its runs."""
        return self._stage(StageKey.HALT)

    @property
    def rolled_back(self) -> StageStanding | None:
        """Whether it rolled back what the level names."""
        return self._stage(StageKey.ROLL_BACK)

    @property
    def declared(self) -> StageStanding | None:
        """Whether it declared its stand-down."""
        return self._stage(StageKey.DECLARE)

    @property
    def verified(self) -> StageStanding | None:
        """Whether it was verified on site."""
        return self._stage(StageKey.VERIFY)

    @property
    def urgency(self) -> int | None:
        """How soon somebody should look at the row, the gravest first: 0 a breach; None where nothing is open with it."""
        standing = self.standing.standing if self.standing else None
        open_ = (
            *(standing is one for one in GRAVE),
            bool(self.evidence.discrepancies),
            bool(self.overdue),
            standing is Standing.UNABLE,
            self.status in LEAVING,
        )
        return open_.index(True) if any(open_) else None

    def _stage(self, key: StageKey) -> StageStanding | None:
        return self.board.stage(key) if self.board else None


def parties(rules: Text | None, board: Board | None, evidence: Matrix | None, at: datetime) -> list[Party]:
    """Return a row for every laboratory of Annex 1 and of the pause's roll, by name, in four queries."""
    if rules is None:
        return []
    annex = party_rows(at, rules)
    rows = {row.organisation.key: row for row in board.rows} if board else {}
    seen = _evidence(evidence) if evidence else {}
    visits, overdue = _next_visits(at), _overdue(rules, at)
    known = {row.member.key for row in annex}
    found = [_party(row, rows.get(row.member.key), seen, visits, overdue) for row in annex]
    found += [_former(row, seen, visits, overdue) for key, row in rows.items() if key not in known]
    return sorted(found, key=lambda party: party.name)


def _party(
    row: PartyRow,
    board: BoardRow | None,
    seen: Mapping[int, Evidence],
    visits: Mapping[int, datetime],
    overdue: Mapping[int, int],
) -> Party:
    pk = row.organisation.pk if row.organisation else 0
    return Party(
        name=row.organisation.name if row.organisation else row.member.name,
        key=row.member.key,
        jurisdiction=row.organisation.jurisdiction if row.organisation else row.member.jurisdiction,
        organisation=row.organisation,
        status=row.status,
        bound_at=row.party.bound_at if row.party and row.status in BEEN_BOUND else None,
        board=board,
        evidence=seen.get(pk, Evidence()),
        visit_at=visits.get(pk),
        overdue=overdue.get(pk, 0),
    )


def _former(
    row: BoardRow, seen: Mapping[int, Evidence], visits: Mapping[int, datetime], overdue: Mapping[int, int]
) -> Party:
    lab = row.organisation
    return Party(
        name=lab.name,
        key=lab.key,
        jurisdiction=lab.jurisdiction,
        organisation=lab,
        status=None,
        bound_at=None,
        board=row,
        evidence=seen.get(lab.pk, Evidence()),
        visit_at=visits.get(lab.pk),
        overdue=overdue.get(lab.pk, 0),
    )


def _evidence(evidence: Matrix) -> Mapping[int, Evidence]:
    """Return what is known of the sites of each laboratory, by its primary key."""
    sites: dict[int, list[MatrixRow]] = defaultdict(list)
    for row in evidence.rows:
        sites[row.facility.organisation_id].append(row)
    return {lab: _of_sites(rows) for lab, rows in sites.items()}


def _of_sites(rows: Sequence[MatrixRow]) -> Evidence:
    states = [state for row in rows for state in row.states]
    return Evidence(
        verified=states.count(EvidenceState.VERIFIED),
        in_scope=len(states) - states.count(EvidenceState.OUT_OF_SCOPE),
        sites=len(rows),
        stale=states.count(EvidenceState.STALE),
        discrepancies=states.count(EvidenceState.DISCREPANCY),
        h100_equivalents=sum((row.capacity for row in rows), Fraction(0)),
    )


def _next_visits(at: datetime) -> Mapping[int, datetime]:
    """Return when the next announced visit of each laboratory begins; what is still sealed is not told."""
    return dict(_ahead(at))


@prepared
def _ahead(at: datetime) -> QuerySet[Visit, tuple[int, datetime]]:
    ahead = Visit.objects.ahead(at).order_by("-planned_from")
    return ahead.values_list("facility__organisation", "planned_from")


def _overdue(rules: Text, at: datetime) -> Mapping[int, int]:
    found: dict[int, int] = defaultdict(int)
    for lab, due_at in _due(at):
        found[lab] += rules.clarification.overdue_after.after(due_at) <= at
    return found


@prepared
def _due(at: datetime) -> QuerySet[Declaration, tuple[int, datetime]]:
    return Declaration.objects.unfiled(at).due_by(at).values_list("organisation", "due_at")


def with_something_open(found: Iterable[Party]) -> list[Party]:
    """Return the parties that somebody should look at, the gravest and then the latest first."""
    asked = [(party.urgency, -(party.board.delay if party.board else timedelta(0)), party) for party in found]
    pressing = [(urgency, delay, party) for urgency, delay, party in asked if urgency is not None]
    return [party for *_, party in sorted(pressing, key=lambda one: (one[0], one[1], one[2].name))]


def exported(party: Party) -> tuple[str | int | datetime | timedelta | None, ...]:
    """Return a row for CSV and JSON, in the columns of the figure `parties`."""
    standing = party.standing
    stages = (party.acknowledged, party.halted, party.rolled_back, party.declared, party.verified)
    return (
        party.key,
        party.name,
        party.jurisdiction,
        party.status.value if party.status else None,
        party.bound_at,
        *(stage.done_at if stage else None for stage in stages),
        party.board.delay if party.board else None,
        party.visit_at,
        party.evidence.verified,
        party.evidence.in_scope,
        party.overdue,
        standing.standing.value if standing else None,
        standing.basis.value if standing else None,
        standing.reference if standing else None,
        standing.since if standing else None,
    )
