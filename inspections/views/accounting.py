"""The balance of compute: of every party, of one, of a site; what is filed for it; and the same to take away."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView, View

from accounts.models import Organisation
from accounts.views.readers import reader
from core.times import stamp
from inspections.actions.observations import OBSERVING
from inspections.models import BalanceAlarm
from inspections.models.accounting import TEST_LABELS
from inspections.models.findings import SEVERITY_LABELS
from inspections.permissions import acts_for_independent_body
from inspections.queries.accounting import (
    MeasuredAccount,
    PartyAccounts,
    SiteAccounts,
    parties,
    period_of,
    site_accounts,
)
from inspections.rules.accounting import AlarmTest, Judgement, terms_of
from inspections.rules.findings import OPEN, Severity
from inspections.views.words import layer_title
from labs.models import Facility
from labs.permissions import can_file_for
from ledger.queries import position
from treaty.permissions import bodies_acting
from treaty.queries.parties import participating_bodies
from treaty.queries.texts import rules_at, text_at
from web.caching import cached_by
from web.charts import Chart, Point, line_chart
from web.exports import json_answer
from web.figures import place

UNIT: Final = gettext_lazy("H100-hours")


@method_decorator(cached_by(position), name="dispatch")
class BalancesPage(TemplateView):
    """The balance of every bound laboratory, and how to read it."""

    template_name = "inspections/balance_list.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add what stands now; a text without a balance has nothing to show."""
        at = timezone.now()
        terms = rules_at(at).monitoring.balance if text_at(at) else None
        return super().get_context_data(
            at=at,
            position=position(),
            terms=terms,
            rows=[party_row(one) for one in parties(at)] if terms else [],
            may_file=bool(bodies_acting(reader(self.request), at=at, roles=OBSERVING)),
            crumbs=[(reverse("inspections:list"), _("Inspections"))],
            **context,
        )


def party_row(one: PartyAccounts) -> dict[str, Any]:
    """Return a laboratory's line with its words."""
    sign, label = standing(one.together, one.alarms)
    return {"one": one, "sign": sign, "label": label, "sum": amount(one.together)}


def standing(judged: Judgement | None, alarms: Iterable[BalanceAlarm]) -> tuple[str, Any]:
    """Return sign and words of an account: the gravest open alarm, or that there is none, or that nothing can be said."""
    order = [Severity.NON_COMPLIANCE_SUSPECTED, Severity.DISCREPANCY, Severity.ANOMALY]
    states = {Severity(alarm.state) for alarm in alarms if alarm.state in OPEN}
    gravest = next((state for state in order if state in states), None)
    if gravest:
        return gravest.value, SEVERITY_LABELS[gravest]
    if judged is None:
        return "unknown", _("Unknown")
    return "ok", _("Within the uncertainty")


def amount(judged: Judgement | None) -> str:
    """Return what is unaccounted for in all, with the margin beyond which it would be more than chance."""
    if judged is None:
        return "—"
    return f"{whole(judged.found.cumuf[-1])} ± {whole(margin(judged, -1))}"


def whole(hours: float) -> str:
    """Write a number of hours to the last one, so that figures beside each other compare."""
    return f"{round(hours):,}".replace("-", "−")


def decimals(statistic: float) -> str:
    """Write a statistic with two decimals; a hair below nothing is nothing."""
    return f"{round(statistic, 2) + 0:.2f}".replace("-", "−")


def margin(judged: Judgement, t: int) -> int:
    """Return the margin of the running sum after period `t` that chance alone passes as rarely as the text says."""
    return round(judged.sitmuf_limit * judged.found.sigma_cumuf[t])


@method_decorator(cached_by(position), name="dispatch")
class PartyBalancePage(TemplateView):
    """A laboratory: its sites, and all of them as one."""

    template_name = "inspections/balance_party.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the laboratory's accounts as they stand now."""
        at = timezone.now()
        found = [one for one in parties(at) if one.organisation.key == self.kwargs["key"]] if text_at(at) else []
        if not found:
            raise Http404
        [one] = found
        return super().get_context_data(
            at=at,
            position=position(),
            chart=chart_of(one.together, _("Unaccounted for, added up over the sites")) if one.together else None,
            figure=place("party-balance", one.organisation.key),
            sites=[site_row(site, at) for site in one.sites],
            unit=UNIT,
            crumbs=crumbs(),
            **party_row(one),
            **context,
        )


def site_row(site: SiteAccounts, at: datetime) -> dict[str, Any]:
    """Return a site's line with its words."""
    best = site.best
    sign, label = standing(best.judgement if best else None, site.alarms)
    return {
        "site": site,
        "sign": sign,
        "label": label,
        "measurement": layer_title(best.measurement) if best else "",
        "sum": amount(best.judgement if best else None),
        "overdue": site.next_due <= at,
    }


class SiteBalancePage(TemplateView):
    """A site: the account by each measurement with its chart and table, the alarms, and what the reader may file."""

    template_name = "inspections/balance_site.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Add the site's accounts as they stand now."""
        at = timezone.now()
        site = site_of(self.kwargs["key"], at)
        user, lab = reader(self.request), site.facility.organisation
        bodies = may_observe(self.request, site.facility, at)
        return super().get_context_data(
            at=at,
            position=position(),
            accounts=[account_context(site, one) for one in site.measured],
            alarms=[alarm_row(alarm, at) for alarm in site.alarms],
            may_declare=can_file_for(user, lab, at=at),
            may_observe=bool(bodies) and bool(site.books.declared),
            may_settle=bool(bodies),
            terms=terms_of(rules_at(at).monitoring),
            limits=rules_at(at).monitoring.false_alarm,
            unit=UNIT,
            crumbs=[*crumbs(), (reverse("inspections:balance_party", args=[lab.key]), lab.name)],
            **site_row(site, at),
            **context,
        )


def site_of(key: str, at: datetime) -> SiteAccounts:
    """Return the accounts of the site with this key; 404 where there is none, or the text knows no balance."""
    facility = get_object_or_404(Facility.objects.select_related("organisation"), key=key)
    monitoring = rules_at(at).monitoring if text_at(at) else None
    if monitoring is None or monitoring.balance is None:
        raise Http404
    return site_accounts([facility], monitoring, at)[0]


def account_context(site: SiteAccounts, one: MeasuredAccount) -> dict[str, Any]:
    """Return an account by one measurement: chart, lines, and what is missing from it."""
    title = _("Unaccounted for, added up: %(measurement)s") % {"measurement": layer_title(one.measurement).lower()}
    seen = site.books.seen(one.measurement)
    held = one.judgement.periods if one.judgement else ()
    return {
        "key": one.measurement,
        "figure": place("site-balance", f"{site.facility.key}/{one.measurement}"),
        "title": layer_title(one.measurement),
        "chart": chart_of(one.judgement, title) if one.judgement else None,
        "rows": list(reversed([*account_rows(one)])),
        "judged": one.judgement,
        "waiting": [period_of(row) for row in site.books.declared if seen and period_of(row) not in seen],
        "before": [row for row in site.books.declared if period_of(row) in seen and period_of(row) not in held],
    }


def account_rows(one: MeasuredAccount) -> Iterator[dict[str, Any]]:
    """Yield each period of an account with its figures as text."""
    if one.judgement is None or one.account is None:
        return
    values, found = one.account.values, one.judgement.found
    alarms = {alarm.period: alarm for alarm in one.judgement.alarms}
    for t, period in enumerate(one.judgement.periods):
        alarm = alarms.get(period)
        yield {
            "period": period,
            "last": period.end - timedelta(seconds=1),
            "input": whole(values.input[t]),
            "output": whole(values.output[t]),
            "inventory": whole(values.inventory[t + 1]),
            "muf": whole(found.muf[t]),
            "sigma": whole(found.sigma_muf[t]),
            "sitmuf": decimals(found.sitmuf[t]),
            "page": decimals(found.page[t]),
            "tests": [TEST_LABELS[test] for test in alarm.tests] if alarm else [],
        }


def chart_of(judged: Judgement, title: str) -> Chart:
    """Return the running sum with the band that chance alone leaves it in as often as the text says."""
    found = judged.found
    points = [Point(judged.periods[0].start, 0, 0, 0)]
    for t, period in enumerate(judged.periods):
        value, wide = round(found.cumuf[t]), margin(judged, t)
        points.append(Point(period.end, value, value - wide, value + wide))
    return line_chart(points, title=title, unit=str(UNIT))


def alarm_row(alarm: BalanceAlarm, at: datetime) -> dict[str, Any]:
    """Return an alarm with its words and what became of it."""
    return {
        "alarm": alarm,
        "measurement": layer_title(alarm.measurement),
        "tests": [TEST_LABELS[AlarmTest(test)] for test in alarm.tests],
        "label": SEVERITY_LABELS[Severity(alarm.state)],
        "is_open": alarm.state in OPEN,
        "steps": [step for step in alarm.steps.all() if step.happened_at <= at],
    }


@method_decorator(cached_by(position), name="dispatch")
class SiteAccountsFile(View):
    """A site's accounts, of which each is what `fermata balance --periods` reads."""

    def get(self, request: HttpRequest, key: str) -> HttpResponse:  # noqa: ARG002 - the signature of a view
        """Answer with them."""
        at = timezone.now()
        return json_answer({"at": at, "position": position(), **site_json(site_of(key, at))})


def site_json(site: SiteAccounts) -> dict[str, Any]:
    """Return a site's accounts for programs."""
    return {
        "lab": site.facility.organisation.key,
        "facility": site.facility.key,
        "unit": "H100-hours",
        "next_period_from": stamp(site.next_from),
        "next_declaration_due": stamp(site.next_due),
        "accounts": {one.measurement: account_json(one) for one in site.measured if one.judgement},
        "alarms": [
            {
                "measurement": alarm.measurement,
                "from_at": stamp(alarm.from_at),
                "until_at": stamp(alarm.until_at),
                "tests": alarm.tests,
                "sitmuf": alarm.sitmuf,
                "page": alarm.page,
                "state": alarm.state,
                "noted_at": stamp(alarm.noted_at),
            }
            for alarm in site.alarms
        ],
    }


def account_json(one: MeasuredAccount) -> dict[str, Any]:
    """Return an account: its periods and measurements as `fermata balance` reads them, and what they come to."""
    assert one.account
    assert one.judgement
    values, found = one.account.values, one.judgement.found
    return {
        "periods": [{"from_at": stamp(it.start), "until_at": stamp(it.end)} for it in one.account.periods],
        "input": values.input,
        "output": values.output,
        "inventory": values.inventory,
        "err": {key: {"random": it.random, "systematic": it.systematic} for key, it in values.err.items()},
        "muf": found.muf,
        "sigma_muf": found.sigma_muf,
        "cumuf": found.cumuf,
        "sigma_cumuf": found.sigma_cumuf,
        "sitmuf": found.sitmuf,
        "page": found.page,
        "sitmuf_limit": one.judgement.sitmuf_limit,
        "page_limit": one.judgement.page_limit,
    }


def crumbs() -> list[tuple[str, str]]:
    """Return the way to the pages of the balance."""
    return [(reverse("inspections:list"), _("Inspections")), (reverse("inspections:balances"), _("Compute balance"))]


def may_observe(request: HttpRequest, facility: Facility, at: datetime) -> list[Organisation]:
    """Return the bodies for which the reader may file about the site."""
    user = reader(request)
    if user is None:
        return []
    return [one for one in participating_bodies(at) if acts_for_independent_body(user, one, facility, at=at)]
