"""The rows of the figures of inspections, and their charts: each takes an instant and a subject."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.http import Http404
from django.utils.translation import gettext

from inspections.queries.accounting import MeasuredAccount, PartyAccounts, SiteAccounts, parties
from inspections.queries.challenges import rows as challenge_rows
from inspections.queries.conclusions import conclusions as conclusions_at
from inspections.queries.draws import rows as draw_rows
from inspections.queries.frequency import frequency_rows
from inspections.queries.grades import grades as grades_at
from inspections.queries.jurisdictions import jurisdictions as jurisdictions_of
from inspections.queries.matrix import MatrixRow
from inspections.queries.matrix import matrix as matrix_at
from inspections.queries.specials import rows as special_rows
from inspections.queries.visits import past, upcoming
from inspections.rules.accounting import Judgement
from inspections.rules.evidence import WEIGHT, EvidenceState
from inspections.views.accounting import chart_of, site_of
from inspections.views.words import layer_title
from labs.queries.facilities import lines_of
from labs.rules.accelerators import Precision
from treaty.queries.texts import text_at
from web.charts import Chart
from web.exports import Cell
from web.figures import Rows, Words

MOST: Final = 1000


def visits(at: datetime, _subject: str) -> Rows:
    """Return the opened visits."""
    return [
        (
            row.visit.key,
            row.visit.facility.organisation.key,
            row.visit.facility.key,
            row.visit.kind,
            row.visit.state,
            row.visit.planned_from,
            row.visit.planned_until,
            row.visit.notified_at,
            row.visit.access_at,
            row.visit.reported_at,
        )
        for row in [*upcoming(at, MOST), *past(at, MOST)]
    ]


def challenges(at: datetime, _subject: str) -> Rows:
    """Return the challenges, each with its vote, and with its visit once notice of that was given."""
    return [
        (
            row.challenge.key,
            row.challenge.facility.organisation.key,
            row.challenge.facility.key,
            row.challenge.requester.key,
            row.standing.value,
            row.challenge.vote.key,
            row.challenge.requested_at,
            row.course.closes_at,
            row.challenge.stopped_at,
            row.visit.key if row.visit else None,
        )
        for row in challenge_rows(at, limit=MOST)
    ]


def specials(at: datetime, _subject: str) -> Rows:
    """Return the special visits, each with its answer, its case, and its visit once notice of that was given."""
    return [
        (
            row.special.key,
            row.special.facility.organisation.key,
            row.special.facility.key,
            row.special.body.key,
            row.standing.value,
            row.special.requested_at,
            row.special.answer_by,
            row.special.answered_at,
            row.case.key if row.case else None,
            row.visit.key if row.visit else None,
        )
        for row in special_rows(at, limit=MOST)
    ]


def draws(at: datetime, _subject: str) -> Rows:
    """Return the draws, the newest first."""
    return [
        (
            row.draw.key,
            row.stage.value,
            row.draw.opened_at,
            len(row.sites),
            " ".join(one.facility.key for one in row.drawn),
        )
        for row in draw_rows(at, MOST)
    ]


def frequency(at: datetime, _subject: str) -> Rows:
    """Return how often each facility must be seen, a line for each model of accelerator; spans in seconds."""
    return [
        (
            row.facility.organisation.key,
            row.facility.key,
            row.frequency.timeliness.value,
            row.frequency.cadence,
            *(dict(row.frequency.conversions).get(precision) for precision in Precision),
            row.frequency.visits_needed,
            *((one.accelerator, one.population, one.false_items, one.size) if one else (None,) * 4),
            None if one is None or one.detection is None else Decimal(round(one.detection * 10**6)).scaleb(-6),
        )
        for row in frequency_rows(at)
        for one in row.frequency.samples or (None,)
    ]


def matrix(at: datetime, _subject: str) -> Rows:
    """Return the matrix as a table, a line a cell."""
    if text_at(at) is None:
        return []
    found = matrix_at(at)
    return [
        (
            row.facility.organisation.key,
            row.facility.key,
            layer,
            one.state.value,
            one.collected_at,
            one.expires_at,
            one.report,
        )
        for row in found.rows
        for layer, one in zip(found.layers, row.cells, strict=True)
    ]


def facilities(at: datetime, _subject: str) -> Rows:
    """Return every facility of the bound laboratories."""
    if text_at(at) is None:
        return []
    return [_facility(row) for row in matrix_at(at).rows]


def _facility(row: MatrixRow) -> tuple[Cell, ...]:
    return (
        row.facility.organisation.key,
        row.facility.key,
        row.facility.jurisdiction,
        row.state.value,
        row.states.count(EvidenceState.VERIFIED),
        len(row.states) - row.states.count(EvidenceState.OUT_OF_SCOPE),
        round(row.capacity) if lines_of(row.facility) else None,
    )


def jurisdictions(at: datetime, _subject: str) -> Rows:
    """Return every country with a facility of a bound laboratory."""
    if text_at(at) is None:
        return []
    return [
        (one.code, one.facilities, *(one.count(state) for state in WEIGHT), round(one.capacity), one.undeclared)
        for one in jurisdictions_of(matrix_at(at))
    ]


def conclusions(at: datetime, _subject: str) -> Rows:
    """Return what is concluded about each facility, and why nothing is where nothing is."""
    return [
        (
            row.facility.organisation.key,
            row.facility.key,
            row.standing.conclusion,
            row.standing.reason,
            row.standing.report or None,
            row.standing.until,
        )
        for row in (conclusions_at(at) if text_at(at) else [])
    ]


def parity(at: datetime, _subject: str) -> Rows:
    """Return the same figures for every laboratory."""
    return [
        (
            row.lab, row.visits, row.in_year, row.allowed, row.notice, row.access, row.delay, row.delays, row.refusals,
            row.overdue, row.burden,
        )
        for row in (grades_at(at).labs if text_at(at) else ())
    ]  # fmt: skip


def grades(at: datetime, _subject: str) -> Rows:
    """Return the same figures for every body."""
    return [
        (row.body, row.visits, row.planned, row.done, row.due, row.in_time, row.corrections)
        for row in (grades_at(at).bodies if text_at(at) else ())
    ]


def balance(at: datetime, _subject: str) -> Rows:
    """Return every site's figures."""
    found = parties(at) if text_at(at) else []
    return [
        line
        for one in found
        for site in one.sites
        for measured in site.measured
        for line in account_lines(site, measured)
    ]


def account_lines(site: SiteAccounts, one: MeasuredAccount) -> Iterator[tuple[Cell, ...]]:
    """Yield each period of a site's account by one measurement; statistics with three decimals."""
    if one.judgement is None or one.account is None:
        return
    values = one.account.values
    alarms = {alarm.period: "+".join(alarm.tests) for alarm in one.judgement.alarms}
    for t, (period, statistics) in enumerate(zip(one.judgement.periods, _statistics(one.judgement), strict=True)):
        whole = (int(values.input[t]), int(values.output[t]), int(values.inventory[t + 1]))
        yield (
            site.facility.organisation.key, site.facility.key, one.measurement, period.start, period.end,
            *whole, *statistics, alarms.get(period),
        )  # fmt: skip


def _statistics(judged: Judgement) -> Iterator[tuple[Decimal, ...]]:
    found = judged.found
    for each in zip(found.muf, found.sigma_muf, found.cumuf, found.sigma_cumuf, found.sitmuf, found.page, strict=True):
        yield tuple(Decimal(f"{value:.3f}") for value in each)


def _account(at: datetime, subject: str) -> tuple[SiteAccounts, MeasuredAccount]:
    key, _slash, measurement = subject.partition("/")
    site = site_of(key, at)
    one = next((one for one in site.measured if one.measurement == measurement and one.judgement), None)
    if one is None:
        raise Http404
    return site, one


def site_balance(at: datetime, subject: str) -> Rows:
    """Return a site's account by one measurement."""
    return account_lines(*_account(at, subject))


def site_chart(at: datetime, subject: str) -> Chart | None:
    """Return the running sum of that account."""
    _site, one = _account(at, subject)
    return chart_of(one.judgement, site_title(at, subject)) if one.judgement else None


def site_title(_at: datetime, subject: str) -> str:
    """Return which account it is."""
    key, _slash, measurement = subject.partition("/")
    return gettext("Unaccounted for, added up: %(site)s, %(measurement)s") % {
        "site": key,
        "measurement": str(layer_title(measurement)).lower(),
    }


def _together(at: datetime, key: str) -> tuple[PartyAccounts, Judgement]:
    found = parties(at) if text_at(at) else []
    one = next((one for one in found if one.organisation.key == key), None)
    if one is None or one.together is None:
        raise Http404
    return one, one.together


def party_balance(at: datetime, key: str) -> Rows:
    """Return the periods of all sites of a laboratory as one."""
    one, judged = _together(at, key)
    periods = zip(judged.periods, _statistics(judged), strict=True)
    return [(one.organisation.key, period.start, period.end, *statistics) for period, statistics in periods]


def party_chart(at: datetime, key: str) -> Chart | None:
    """Return their running sum."""
    return chart_of(_together(at, key)[1], gettext("Unaccounted for, added up over the sites"))


def party_title(at: datetime, key: str) -> Words:
    """Return whose sites they are."""
    return gettext("Unaccounted for, added up over the sites of %(name)s") % {
        "name": _together(at, key)[0].organisation.name
    }


def judged_accounts(at: datetime) -> Iterator[str]:
    """Yield the subjects of `site_balance`: a site and a measurement by which its account is judged."""
    for one in parties(at) if text_at(at) else []:
        for site in one.sites:
            yield from (f"{site.facility.key}/{each.measurement}" for each in site.measured if each.judgement)


def judged_parties(at: datetime) -> Iterator[str]:
    """Yield the subjects of `party_balance`: the laboratories of which several sites are judged as one."""
    yield from (one.organisation.key for one in (parties(at) if text_at(at) else []) if one.together)
