"""The figures of inspections: visits, challenges, evidence, frequency, conclusions, parity, grades, balances."""

from typing import Final

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from inspections.views import tables
from labs.views.figures import FACILITY, JURISDICTION, LAB
from treaty.views.figures import RECORD
from web.figures import Column, Figure, Type

BODIES: Final = _("Reports of monitoring bodies and declarations of laboratories, as the record has them.")


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
        rows=tables.visits,
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
        rows=tables.challenges,
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
        rows=tables.draws,
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
        rows=tables.frequency,
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
        rows=tables.matrix,
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
        rows=tables.facilities,
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
        rows=tables.jurisdictions,
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
        rows=tables.conclusions,
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
        rows=tables.parity,
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
        rows=tables.grades,
        page=lambda _subject: reverse("inspections:grades"),
    ),
    Figure(
        key="balance",
        title=_("Compute balance of every site"),
        description=_("How much computing was seen at each site, how much of it was declared, and what is left over, by period and measurement."),
        source=BODIES,
        columns=ACCOUNT,
        rows=tables.balance,
        page=lambda _subject: reverse("inspections:balances"),
    ),
    Figure(
        key="site-balance",
        title=_("Compute balance of a site"),
        description=_("A site’s account by one measurement. The chart shows the running sum with the band that chance alone leaves as rarely as the text says."),
        source=BODIES,
        columns=ACCOUNT,
        rows=tables.site_balance,
        page=lambda subject: reverse("inspections:balance_site", args=[subject.partition("/")[0]]),
        chart=tables.site_chart,
        titled=tables.site_title,
        subjects=tables.judged_accounts,
    ),
    Figure(
        key="party-balance",
        title=_("Compute balance of a laboratory"),
        description=_("All sites of a laboratory as one account. The chart shows the running sum with the band that chance alone leaves as rarely as the text says."),
        source=BODIES,
        columns=(LAB, *PERIOD, *STATISTICS),
        rows=tables.party_balance,
        page=lambda key: reverse("inspections:balance_party", args=[key]),
        chart=tables.party_chart,
        titled=tables.party_title,
        subjects=tables.judged_parties,
    ),
)  # fmt: skip
