"""The accounts of compute as pages, programs and actions need them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Organisation
from inspections.models import BalanceAlarm, ComputeObservation, WorkDeclaration
from inspections.rules.accounting import (
    Account,
    Alarm,
    BalancePeriod,
    Declared,
    Judgement,
    account,
    balanced_since,
    declared_by,
    judge,
    together,
)
from labs.models import Facility, TrainingRun
from treaty.models import Party, TreatyText
from treaty.queries.parties import bound_labs
from treaty.queries.texts import rules_at, rules_of, text_at
from treaty.rules.accounting import MaterialBalance
from treaty.rules.text import Monitoring


@dataclass(frozen=True)
class Books:
    """What is on file about the compute of one site: the newest versions, by period and by measurement."""

    declared: tuple[WorkDeclaration, ...] = ()
    observed: tuple[ComputeObservation, ...] = ()

    @property
    def values(self) -> tuple[Declared, ...]:
        """The declarations as the rules take them."""
        return tuple(
            Declared(period_of(one), sum(one.work.values()), one.in_progress, one.begun_with) for one in self.declared
        )

    def seen(self, measurement: str) -> Mapping[BalancePeriod, int]:
        """Return the hours observed in each period by one measurement."""
        return {period_of(one): one.hours for one in self.observed if one.measurement == measurement}


@dataclass(frozen=True)
class MeasuredAccount:
    """A site's account by one measurement, judged; `judgement` is None where no period has both sides."""

    measurement: str
    account: Account | None
    judgement: Judgement | None


@dataclass(frozen=True)
class SiteAccounts:
    """A site, its books, its accounts, and from when and by when its next declaration is owed."""

    facility: Facility
    books: Books
    measured: tuple[MeasuredAccount, ...]
    alarms: tuple[BalanceAlarm, ...]
    next_from: datetime
    next_due: datetime

    @property
    def best(self) -> MeasuredAccount | None:
        """The judged account with the smallest uncertainty in its newest period: what stands for the site."""
        judged = [(one.judgement.found.sigma_muf[-1], one) for one in self.measured if one.judgement]
        return min(judged, key=lambda pair: pair[0])[1] if judged else None


@dataclass(frozen=True)
class PartyAccounts:
    """A laboratory's sites, and all of those that are judged as one."""

    organisation: Organisation
    sites: tuple[SiteAccounts, ...]
    together: Judgement | None

    @property
    def covered(self) -> int:
        """How many sites have an account."""
        return sum(one.best is not None for one in self.sites)

    @property
    def alarms(self) -> tuple[BalanceAlarm, ...]:
        """The alarms of all sites."""
        return tuple(alarm for site in self.sites for alarm in site.alarms)


def period_of(row: WorkDeclaration | ComputeObservation | BalanceAlarm) -> BalancePeriod:
    """Return the balance period of a row."""
    return BalancePeriod(row.from_at, row.until_at)


def books_of(facilities: Collection[Facility], at: datetime) -> Mapping[int, Books]:
    """Return what is on file at `at` by the site's primary key, in two queries."""
    declared: dict[int, list[WorkDeclaration]] = defaultdict(list)
    observed: dict[int, list[ComputeObservation]] = defaultdict(list)
    for work in WorkDeclaration.objects.filter(facility__in=facilities).newest(at):
        declared[work.facility_id].append(work)
    for seen in ComputeObservation.objects.filter(facility__in=facilities).newest(at).select_related("body"):
        observed[seen.facility_id].append(seen)
    return {one.pk: Books(tuple(declared[one.pk]), tuple(observed[one.pk])) for one in facilities}


def site_accounts(facilities: Collection[Facility], monitoring: Monitoring, at: datetime) -> list[SiteAccounts]:
    """Return the accounts of these sites under a text that has a balance, in five queries."""
    terms = monitoring.balance
    assert terms
    books, alarms = books_of(facilities, at), defaultdict(list)
    begins = _owed_from(facilities, at)
    for alarm in BalanceAlarm.objects.filter(facility__in=facilities, noted_at__lte=at).prefetch_related("steps"):
        alarms[alarm.facility_id].append(alarm)
    found = []
    for one in facilities:
        held = books[one.pk]
        since, due = declared_by([period_of(it) for it in held.declared], begins[one.pk], terms)
        measured = tuple(_measured(held, key, terms, monitoring) for key in terms.measurements)
        found.append(SiteAccounts(one, held, measured, tuple(alarms[one.pk]), since, due))
    return found


def _owed_from(facilities: Collection[Facility], at: datetime) -> Mapping[int, datetime]:
    """Return from when the work at each site is owed: in use, the laboratory bound, and a text with a balance in force."""
    bound = dict(Party.objects.filter(bound_at__lte=at).values_list("organisation", "bound_at"))
    texts = TreatyText.objects.filter(in_force_at__lte=at).order_by("in_force_at", "pk")
    asked = balanced_since(
        (one.in_force_at, rules_of(one).monitoring.balance is not None) for one in texts if one.in_force_at
    )
    return {
        one.pk: max(it for it in (one.opened_at, bound.get(one.organisation_id), asked) if it) for one in facilities
    }


def owed(
    facilities: Collection[Facility], terms: MaterialBalance, at: datetime
) -> list[tuple[Facility, datetime, datetime]]:
    """Return for each site from when its next period runs, and by when its work is to be declared."""
    begins, periods = _owed_from(facilities, at), defaultdict(list)
    for one in WorkDeclaration.objects.filter(facility__in=facilities).newest(at):
        periods[one.facility_id].append(period_of(one))
    return [(one, *declared_by(periods[one.pk], begins[one.pk], terms)) for one in facilities]


def long_undeclared(at: datetime) -> list[tuple[Facility, datetime]]:
    """Return the sites whose work is long overdue, with when it was due; none under a text that knows no balance."""
    text = text_at(at)
    if text is None or text.in_force_at is None:
        return []
    rules = rules_of(text)
    terms, patience = rules.monitoring.balance, rules.clarification.long_overdue_after
    if terms is None:
        return []
    sites = Facility.objects.open_at(at).filter(organisation__in=bound_labs(at)).select_related("organisation")
    return [
        (one, due) for one, _since, due in owed(list(sites.order_by("key")), terms, at) if patience.after(due) <= at
    ]


def _measured(books: Books, measurement: str, terms: MaterialBalance, monitoring: Monitoring) -> MeasuredAccount:
    found = account(books.values, books.seen(measurement), terms, measurement)
    return MeasuredAccount(measurement, found, judge(found, monitoring))


def parties(at: datetime) -> list[PartyAccounts]:
    """Return the accounts of every bound laboratory, by name; none under a text that knows no balance."""
    monitoring = rules_at(at).monitoring
    if monitoring.balance is None:
        return []
    labs = bound_labs(at)
    facilities = Facility.objects.open_at(at).filter(organisation__in=labs).select_related("organisation")
    sites: dict[int, list[SiteAccounts]] = defaultdict(list)
    for site in site_accounts(list(facilities.order_by("name")), monitoring, at):
        sites[site.facility.organisation_id].append(site)
    return [PartyAccounts(lab, tuple(sites[lab.pk]), _together(sites[lab.pk], monitoring)) for lab in labs]


def _together(sites: Iterable[SiteAccounts], monitoring: Monitoring) -> Judgement | None:
    judged = [best.judgement for site in sites if (best := site.best) and best.judgement]
    return together(judged, monitoring)


def unnoted(facility: Facility, at: datetime) -> list[tuple[str, Alarm]]:
    """Return the site's alarms that no row notes yet, each with its measurement."""
    monitoring = rules_at(at).monitoring
    if monitoring.balance is None:
        return []
    [site] = site_accounts([facility], monitoring, at)
    noted = {(alarm.measurement, alarm.from_at) for alarm in site.alarms}
    return [
        (one.measurement, alarm)
        for one in site.measured
        if one.judgement
        for alarm in one.judgement.alarms
        if (one.measurement, alarm.period.start) not in noted
    ]


def observed_sites(at: datetime) -> list[Facility]:
    """Return the sites in use of which anything was observed: those that can alarm."""
    seen = ComputeObservation.objects.filter(filed_at__lte=at).values("facility")
    return list(Facility.objects.open_at(at).filter(pk__in=seen).select_related("organisation"))


def run_keys(facility: Facility, at: datetime) -> list[str]:
    """Return the keys of the runs that the site's laboratory has declared there by `at`."""
    runs = TrainingRun.objects.filter(facility=facility, registered_at__lte=at)
    return list(runs.order_by("key").values_list("key", flat=True))
