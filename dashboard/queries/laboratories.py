"""What the apps above add to a laboratory's page: what binds it, its stand-down, its inspections, and the same figures of every rival."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import Organisation
from dashboard.queries.situation import PAUSED, situation
from inspections.models import Report, Visit
from inspections.queries.challenges import ChallengeRow
from inspections.queries.challenges import rows as challenge_rows
from inspections.queries.frequency import FrequencyRow, frequency_rows
from inspections.queries.grades import grades, organisations
from inspections.queries.matrix import Matrix, MatrixRow, matrix
from inspections.queries.visits import VisitRow, rows, with_team
from inspections.rules.grades import LabGrade
from inspections.rules.reports import ReportState
from notices.queries.events import titles
from treaty.models import Case, Party, Pause
from treaty.queries.parties import status_of, with_instruments
from treaty.queries.standdowns import Board, BoardRow
from treaty.queries.texts import rules_of, text_at
from treaty.rules.parties import Status

MOST_VISITS = 6


@dataclass(frozen=True)
class Rival:
    """One laboratory's figures, the same for all. `parity` is None where nobody has visited it yet."""

    organisation: Organisation
    board: BoardRow | None
    parity: LabGrade | None
    is_this: bool

    @property
    def delay(self) -> timedelta | None:
        """Its delay account under the pause."""
        return self.board.delay if self.board else None


@dataclass(frozen=True)
class Obligations:
    """What binds one laboratory, and how it stands."""

    at: datetime
    party: Party | None
    status: Status
    pause: Pause | None
    board: BoardRow | None
    cases: Sequence[Case]
    evidence: Sequence[MatrixRow]
    layers: Mapping[str, str]
    challenges: Sequence[ChallengeRow]
    frequency: Sequence[FrequencyRow]
    visits: Sequence[VisitRow]
    reports: Sequence[Report]
    rivals: Sequence[Rival]
    titles: Mapping[str, str]  # of indicators, triggers and criteria, by their keys


def obligations(lab: Organisation, at: datetime) -> Obligations:
    """Return what the laboratory's page adds at `at`, in a number of queries that does not grow with the laboratories."""
    text = text_at(at)
    answer = situation(text, at)
    binding = answer.pause if answer.situation in PAUSED else None
    board = binding.board if binding else None
    party = Party.objects.filter(organisation=lab).select_related("organisation", "text").defer("text__source").first()
    evidence = matrix(at) if text else None
    return Obligations(
        at=at,
        party=party,
        status=status_of(party, at),
        pause=binding.pause if binding else None,
        board=_row(board, lab),
        cases=list(Case.objects.filter(organisation=lab, opened_at__lte=at).select_related("pause")),
        evidence=_own(evidence, lab),
        layers=evidence.layers if evidence else {},
        challenges=challenge_rows(at, lab=lab, limit=MOST_VISITS),
        frequency=frequency_rows(at, lab=lab),
        visits=_visits(lab, at) if text else [],
        reports=_reports(lab, at),
        rivals=_rivals(lab, board, at) if text else [],
        titles=titles(rules_of(text)) if text else {},
    )


def _row(board: Board | None, lab: Organisation) -> BoardRow | None:
    return next((row for row in board.rows if row.organisation.pk == lab.pk), None) if board else None


def _own(evidence: Matrix | None, lab: Organisation) -> list[MatrixRow]:
    return [row for row in evidence.rows if row.facility.organisation_id == lab.pk] if evidence else []


def _visits(lab: Organisation, at: datetime) -> list[VisitRow]:
    """Return its newest announced visits; what is still sealed is not told."""
    found = Visit.objects.opened().filter(facility__organisation=lab, notified_at__lte=at).with_names()
    return rows(found.prefetch_related(with_team()).order_by("-planned_from")[:MOST_VISITS], at)


def _reports(lab: Organisation, at: datetime) -> list[Report]:
    found = Report.objects.filter(visit__facility__organisation=lab, state=ReportState.SUBMITTED, received_at__lte=at)
    return list(found.select_related("visit__facility__organisation").prefetch_related("findings")[:MOST_VISITS])


def _rivals(lab: Organisation, board: Board | None, at: datetime) -> list[Rival]:
    """Return every laboratory that stands under the pause or is bound by the treaty: this one, then the others by name."""
    figures = {row.lab: row for row in grades(at).labs} if text_at(at) else {}
    known = organisations(figures)
    visited = {known[key].pk: row for key, row in figures.items()}
    bound = {row.organisation.pk: row for row in board.rows} if board else {}
    names = {lab.pk: lab} | {one.pk: one for one in known.values()}
    names |= {pk: row.organisation for pk, row in bound.items()}
    return [
        Rival(one, bound.get(pk), visited.get(pk), is_this=pk == lab.pk)
        for pk, one in sorted(names.items(), key=lambda item: (item[0] != lab.pk, item[1].name))
    ]


def standings(at: datetime) -> tuple[Pause | None, dict[int, BoardRow], dict[int, Status]]:
    """Return the pause that binds, each laboratory's row under it, and each one's status, by primary key: for the list."""
    answer = situation(text_at(at), at)
    binding = answer.pause if answer.situation in PAUSED else None
    found = {row.organisation.pk: row for row in binding.board.rows} if binding else {}
    statuses = {one.organisation_id: status_of(one, at) for one in with_instruments(Party.objects.all())}
    return (binding.pause if binding else None), found, statuses
