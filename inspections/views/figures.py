"""The figures of inspections: visits, challenges, evidence, frequency, conclusions, parity, grades, balances."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from inspections.queries.accounting import MeasuredAccount, PartyAccounts, SiteAccounts, parties
from inspections.queries.challenges import rows as challenge_rows
from inspections.queries.conclusions import conclusions as conclusions_at
from inspections.queries.draws import rows as draw_rows
from inspections.queries.frequency import frequency_rows
from inspections.queries.grades import grades as grades_at
from inspections.queries.jurisdictions import jurisdictions as jurisdictions_of
from inspections.queries.jurisdictions import state_of
from inspections.queries.matrix import MatrixRow
from inspections.queries.matrix import matrix as matrix_at
from inspections.queries.visits import past, upcoming
from inspections.rules.accounting import Judgement
from inspections.rules.evidence import WEIGHT, EvidenceState
from inspections.views.accounting import chart_of, site_of
from inspections.views.words import layer_title
from labs.queries.facilities import lines_of
from labs.rules.accelerators import Precision
from labs.rules.inventories import h100_equivalents
from labs.views.figures import FACILITY, JURISDICTION, LAB
from treaty.queries.texts import rules_at, text_at
from treaty.views.figures import RECORD
from web.charts import Chart
from web.exports import Cell
from web.figures import Column, Figure, Rows, Type, Words

BODIES: Final = _("Reports of monitoring bodies and declarations of laboratories, as the record has them.")
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


def draws(at: datetime, _subject: str) -> Rows:
    """Return the draws, the newest first."""
    return [
        (row.draw.key, row.stage.value, row.draw.opened_at, len(row.sites), " ".join(one.key for one in row.drawn))
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
    ops = rules_at(at).covered.h100_ops_per_second
    return [_facility(row, ops) for row in matrix_at(at).rows]


def _facility(row: MatrixRow, ops: Decimal) -> tuple[Cell, ...]:
    states, lines = [one.state for one in row.cells], lines_of(row.facility)
    return (
        row.facility.organisation.key,
        row.facility.key,
        row.facility.jurisdiction,
        state_of(row).value,
        states.count(EvidenceState.VERIFIED),
        len(states) - states.count(EvidenceState.OUT_OF_SCOPE),
        round(h100_equivalents(lines, ops)) if lines else None,
    )


def jurisdictions(at: datetime, _subject: str) -> Rows:
    """Return every country with a facility of a bound laboratory."""
    if text_at(at) is None:
        return []
    return [
        (one.code, one.facilities, *(one.count(state) for state in WEIGHT), round(one.capacity), one.undeclared)
        for one in jurisdictions_of(matrix_at(at), rules_at(at))
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


def _site_subjects(at: datetime) -> Iterator[str]:
    for one in parties(at) if text_at(at) else []:
        for site in one.sites:
            yield from (f"{site.facility.key}/{each.measurement}" for each in site.measured if each.judgement)


def _section(anchor: str) -> str:
    return f"{reverse('inspections:list')}#{anchor}"


VISIT = Column("visit", _("Key of the visit."))
HOURS = "H100-h"
PERIOD = (
    Column("from_at", _("Beginning of the period."), Type.INSTANT),
    Column("until_at", _("End of the period, itself not in it."), Type.INSTANT),
)
STATISTICS = (
    Column("muf", _("Unaccounted for in the period."), Type.NUMBER, HOURS),
    Column("sigma_muf", _("Standard uncertainty of that."), Type.NUMBER, HOURS),
    Column("cumuf", _("Unaccounted for, added up."), Type.NUMBER, HOURS),
    Column("sigma_cumuf", _("Standard uncertainty of the sum."), Type.NUMBER, HOURS),
    Column("sitmuf", _("The period’s independent residual, as a number of its standard deviations."), Type.NUMBER, "1"),
    Column("page", _("Page’s statistic over the residuals."), Type.NUMBER, "1"),
)
ACCOUNT = (
    LAB,
    FACILITY,
    Column("measurement", _("What was measured.")),
    *PERIOD,
    Column("input", _("Computing that was seen."), Type.WHOLE, HOURS),
    Column("output", _("Computing that was declared as finished work."), Type.WHOLE, HOURS),
    Column("inventory_end", _("Work in progress at the end of the period."), Type.WHOLE, HOURS),
    *STATISTICS,
    Column("alarm", _("The tests that gave an alarm.")),
)

FIGURES: Final = (
    Figure(
        key="visits",
        title=_("Visits"),
        description=_("Every visit of which notice was given. What is planned stays sealed until then."),
        source=BODIES,
        columns=(
            VISIT,
            LAB,
            FACILITY,
            Column("kind", _("The kind of visit.")),
            Column("state", _("The state of the visit.")),
            Column("planned_from", _("Beginning of the time for which it is planned."), Type.INSTANT),
            Column("planned_until", _("End of that time."), Type.INSTANT),
            Column("notified_at", _("When notice was given."), Type.INSTANT),
            Column("access_at", _("When the team was let in."), Type.INSTANT),
            Column("reported_at", _("When the report was submitted."), Type.INSTANT),
        ),
        rows=visits,
        page=lambda _subject: _section("visits"),
    ),
    Figure(
        key="challenges",
        title=_("Challenge inspections"),
        description=_("Every challenge, the vote that may stop it, and its visit once notice of that was given."),
        source=BODIES,
        columns=(
            Column("challenge", _("Key of the challenge.")),
            LAB,
            FACILITY,
            Column("requester", _("Key of who asked for it.")),
            Column("standing", _("Where it stands.")),
            Column("vote", _("Key of the vote that may stop it.")),
            Column("requested_at", _("When it was asked for."), Type.INSTANT),
            Column("closes_at", _("When the vote closes."), Type.INSTANT),
            Column("stopped_at", _("When it was stopped."), Type.INSTANT),
            VISIT,
        ),
        rows=challenges,
        page=lambda _subject: _section("challenges"),
    ),
    Figure(
        key="draws",
        title=_("Draws of visits"),
        description=_("Every public draw of visits at short notice. The transcript of each is on its page."),
        source=RECORD,
        columns=(
            Column("draw", _("Key of the draw.")),
            Column("stage", _("Where it is: committing, sealing, revealing, drawing or drawn.")),
            Column("opened_at", _("When it was opened."), Type.INSTANT),
            Column("listed", _("How many facilities it is made from."), Type.WHOLE),
            Column("drawn", _("Keys of the facilities drawn, in their order, with spaces between.")),
        ),
        rows=draws,
        page=lambda _subject: reverse("inspections:draws"),
    ),
    Figure(
        key="frequency",
        title=_("How often each facility must be seen"),
        description=_("What a facility could do between two visits decides how often it must be seen. A line for each model of accelerator."),
        source=BODIES,
        columns=(
            LAB,
            FACILITY,
            Column("timeliness", _("Whether visits can be timely.")),
            Column("cadence_s", _("The longest time between two visits."), Type.WHOLE, "s"),
            Column("conversion_8bit_s", _("Time to the text’s threshold with 8-bit numbers."), Type.WHOLE, "s"),
            Column("conversion_16bit_s", _("Time to the text’s threshold with 16-bit numbers."), Type.WHOLE, "s"),
            Column("visits_needed_a_year", _("Visits that would be needed in a year."), Type.WHOLE),
            Column("accelerator", _("Key of the model of accelerator.")),
            Column("population", _("How many of it are declared."), Type.WHOLE),
            Column("false_items", _("How many false ones the sample is to find."), Type.WHOLE),
            Column("sample", _("How many are looked at."), Type.WHOLE),
            Column("detection_probability", _("How probably the sample finds one."), Type.NUMBER, "1"),
        ),
        rows=frequency,
        page=lambda _subject: _section("frequency"),
    ),
    Figure(
        key="matrix",
        title=_("Evidence, layer by facility"),
        description=_("What the evidence of each verification layer at each facility is worth, and until when. Evidence expires."),
        source=BODIES,
        columns=(
            LAB,
            FACILITY,
            Column("layer", _("Key of the verification layer in the text.")),
            Column("state", _("verified, stale, unknown, discrepancy, continuity_lost or out_of_scope.")),
            Column("collected_at", _("When the newest evidence was collected."), Type.INSTANT),
            Column("expires_at", _("Until when it is valid."), Type.INSTANT),
            Column("report", _("The visit and the version of the report.")),
        ),
        rows=matrix,
        page=lambda _subject: _section("matrix"),
    ),
    Figure(
        key="facilities",
        title=_("Declared facilities"),
        description=_("Every facility that a bound laboratory declared, its country, and what is known of it as a whole."),
        source=BODIES,
        columns=(
            LAB,
            FACILITY,
            JURISDICTION,
            Column("state", _("discrepancy where any layer contradicts the declaration, else verified where one is, else continuity_lost, stale or unknown.")),
            Column("layers_verified", _("Layers with valid evidence."), Type.WHOLE),
            Column("layers_in_scope", _("Layers in scope."), Type.WHOLE),
            Column("capacity", _("Declared capacity; empty where none is declared."), Type.WHOLE, _("H100-equivalents")),
        ),
        rows=facilities,
        page=lambda _subject: _section("where"),
    ),
    Figure(
        key="jurisdictions",
        title=_("Facilities by country"),
        description=_("Where the declared facilities of the bound laboratories stand, and how many of them are verified. The exact places are confidential."),
        source=BODIES,
        columns=(
            JURISDICTION,
            Column("facilities", _("Declared facilities."), Type.WHOLE),
            Column("discrepancy", _("Those where evidence contradicts the declaration."), Type.WHOLE),
            Column("verified", _("Those with valid evidence of at least one layer, and none against."), Type.WHOLE),
            Column("continuity_lost", _("Those where a stream of readings that carried the evidence broke."), Type.WHOLE),
            Column("stale", _("Those whose evidence has expired."), Type.WHOLE),
            Column("unknown", _("Those without evidence."), Type.WHOLE),
            Column("capacity", _("Declared capacity."), Type.WHOLE, _("H100-equivalents")),
            Column("undeclared", _("Facilities that declared no capacity."), Type.WHOLE),
        ),
        rows=jurisdictions,
        page=lambda _subject: _section("where"),
    ),
    Figure(
        key="conclusions",
        title=_("Conclusions"),
        description=_("What is concluded about each facility, and why nothing is where nothing is."),
        source=BODIES,
        columns=(
            LAB,
            FACILITY,
            Column("conclusion", _("The conclusion; empty where none is drawn.")),
            Column("not_drawn", _("Why none is drawn.")),
            Column("report", _("The visit and the version of the report.")),
            Column("until", _("Until when the conclusion stands."), Type.INSTANT),
        ),
        rows=conclusions,
        page=lambda _subject: _section("conclusions"),
    ),
    Figure(
        key="parity",
        title=_("The same terms for all"),
        description=_("What each laboratory was put to by inspections, in the same figures for every rival. A mean over no case is empty."),
        source=RECORD,
        columns=(
            LAB,
            Column("visits", _("Visits."), Type.WHOLE),
            Column("in_year", _("Visits with a quota in the fullest twelve months."), Type.WHOLE),
            Column("allowed", _("How many the text allows in twelve months."), Type.WHOLE),
            Column("mean_notice_s", _("Mean time from notice to arrival."), Type.WHOLE, "s"),
            Column("mean_access_s", _("Mean time from arrival to access."), Type.WHOLE, "s"),
            Column("delay_s", _("All delays of access added up."), Type.WHOLE, "s"),
            Column("delays", _("Delays of access."), Type.WHOLE),
            Column("refusals", _("Refusals of access."), Type.WHOLE),
            Column("overdue", _("Declarations that are overdue."), Type.WHOLE),
            Column("burden_thousandths", _("Inspector-hours on site for each thousand H100-equivalents."), Type.WHOLE, _("thousandths of an hour")),
        ),
        rows=parity,
        page=lambda _subject: reverse("inspections:grades"),
    ),
    Figure(
        key="grades",
        title=_("The inspectorate, graded"),
        description=_("What each monitoring body did, in the same figures for every body. A visit counts for each body that sent somebody."),
        source=RECORD,
        columns=(
            Column("body", _("Key of the body.")),
            Column("visits", _("Visits."), Type.WHOLE),
            Column("planned", _("Visits that were to be over by now."), Type.WHOLE),
            Column("done", _("Those of them that were reported on."), Type.WHOLE),
            Column("reports_due", _("Reports that were due by now."), Type.WHOLE),
            Column("in_time", _("Those of them that came in time."), Type.WHOLE),
            Column("corrections", _("Reports that were corrected."), Type.WHOLE),
        ),
        rows=grades,
        page=lambda _subject: reverse("inspections:grades"),
    ),
    Figure(
        key="balance",
        title=_("Compute balance of every site"),
        description=_("How much computing was seen at each site, how much of it was declared, and what is left over, by period and measurement."),
        source=BODIES,
        columns=ACCOUNT,
        rows=balance,
        page=lambda _subject: reverse("inspections:balances"),
    ),
    Figure(
        key="site-balance",
        title=_("Compute balance of a site"),
        description=_("A site’s account by one measurement. The chart shows the running sum with the band that chance alone leaves as rarely as the text says."),
        source=BODIES,
        columns=ACCOUNT,
        rows=site_balance,
        page=lambda subject: reverse("inspections:balance_site", args=[subject.partition("/")[0]]),
        chart=site_chart,
        titled=site_title,
        subjects=_site_subjects,
    ),
    Figure(
        key="party-balance",
        title=_("Compute balance of a laboratory"),
        description=_("All sites of a laboratory as one account. The chart shows the running sum with the band that chance alone leaves as rarely as the text says."),
        source=BODIES,
        columns=(LAB, *PERIOD, *STATISTICS),
        rows=party_balance,
        page=lambda key: reverse("inspections:balance_party", args=[key]),
        chart=party_chart,
        titled=party_title,
        subjects=lambda at: [one.organisation.key for one in (parties(at) if text_at(at) else []) if one.together],
    ),
)  # fmt: skip
