"""Filing both sides of a site's account of compute, noting its alarms, and saying what became of them (Art. 18)."""

import secrets
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from accounts.models import Organisation, User
from core.canonical import Json, commitment
from core.errors import require
from core.times import stamp
from inspections.actions.findings import BasisNeeded
from inspections.models import AlarmStep, BalanceAlarm, ComputeObservation, WorkDeclaration
from inspections.permissions import can_observe, can_settle_alarm
from inspections.queries.accounting import long_undeclared, period_of, run_keys, unnoted
from inspections.rules.accounting import (
    MOST_HOURS,
    BalancePeriod,
    FilingRefused,
    are_hours,
    beginning_obstacle,
    observation_obstacle,
    period_obstacle,
    terms_of,
    work_obstacle,
)
from inspections.rules.findings import FindingEvent, Severity, next_state
from labs.actions.facilities import NOT_YOURS
from labs.models import Facility
from labs.permissions import can_file_for
from ledger.actions import record
from treaty.actions.cases import open_overdue_case
from treaty.models import Case
from treaty.queries.texts import rules_at
from treaty.rules.cases import work_subject

SETTLED = {FindingEvent.CLARIFY: "balance.clarified", FindingEvent.GRAVER: "balance.escalated"}
NOT_A_NUMBER = f"H100-hours are whole numbers from 0 to {MOST_HOURS:,}."
OBSERVERS = "Only an accredited body whose mandate covers this measurement, and which is independent of the laboratory, says what it saw."


@transaction.atomic
def declare_work(
    *, facility: Facility, period: BalancePeriod, work: Mapping[str, int], begun_with: int | None, in_progress: int,
    by: User, at: datetime,
) -> WorkDeclaration:  # fmt: skip
    """Declare the work of a site in a period, in H100-hours. Declaring it anew corrects it until a body has said what it saw."""
    lock_facility(facility)
    require(can_file_for(by, facility.organisation, at=at), NOT_YOURS)
    done = {use: hours for use, hours in sorted(work.items()) if hours}
    newest = list(WorkDeclaration.objects.filter(facility=facility).newest(at))
    last = next((one for one in newest if period_of(one) == period), None)
    if last and (last.work, last.begun_with, last.in_progress) == (done, begun_with, in_progress):
        return last
    _check_work(
        facility=facility, period=period, work=work, begun_with=begun_with, in_progress=in_progress, newest=newest, at=at
    )  # fmt: skip
    made = WorkDeclaration.objects.create(
        facility=facility, from_at=period.start, until_at=period.end, version=last.version + 1 if last else 1,
        work=done, begun_with=begun_with, in_progress=in_progress, filed_at=at, by=by,
    )  # fmt: skip
    payload: dict[str, Json] = {
        **_subject(made),
        "version": made.version,
        "work": [{"use": use, "hours": hours} for use, hours in done.items()],
        "begun_with": begun_with,
        "in_progress": in_progress,
    }
    record(kind="work.declared", payload=payload, by=by, at=at)
    return made


def _check_work(
    *, facility: Facility, period: BalancePeriod, work: Mapping[str, int], begun_with: int | None, in_progress: int,
    newest: list[WorkDeclaration], at: datetime,
) -> None:  # fmt: skip
    known = [period_of(one) for one in newest]
    obstacles = {
        "until_at": period_obstacle(period, known, terms_of(rules_at(at).monitoring).period, at),
        "work": work_obstacle(work, run_keys(facility, at)),
        "begun_with": beginning_obstacle(begun_with, follows=any(one.end == period.start for one in known)),
        "in_progress": "" if are_hours(in_progress) and are_hours(begun_with or 0) else NOT_A_NUMBER,
    }
    if ComputeObservation.objects.filter(facility=facility, from_at=period.start).exists():
        obstacles["until_at"] = (
            "A body has said what it saw in this period: the declaration stands, and what explains a difference is said in the clarification."
        )
    _refuse(obstacles)


@transaction.atomic
def observe_compute(
    *,
    facility: Facility,
    period: BalancePeriod,
    measurement: str,
    hours: int,
    body: Organisation,
    by: User,
    at: datetime,
) -> ComputeObservation:
    """Say how many H100-hours the site used in a declared period by one measurement. The same body may correct itself."""
    lock_facility(facility)
    terms = terms_of(rules_at(at).monitoring)
    layer = terms.measurements[measurement].layer if measurement in terms.measurements else ""
    require(can_observe(by, body, facility, layer, at=at), OBSERVERS)
    filed = ComputeObservation.objects.filter(facility=facility, measurement=measurement, from_at=period.start)
    last = filed.select_related("body").order_by("-version").first()
    declared = WorkDeclaration.objects.filter(facility=facility, from_at=period.start, until_at=period.end)
    obstacle = observation_obstacle(
        is_declared=declared.exists(),
        measurement=measurement,
        terms=terms,
        owner=last.body.key if last else "",
        body=body.key,
    )
    _refuse({"period": obstacle, "hours": "" if are_hours(hours) else NOT_A_NUMBER})
    if last and last.hours == hours:
        return last
    made = ComputeObservation.objects.create(
        facility=facility, from_at=period.start, until_at=period.end, version=last.version + 1 if last else 1,
        body=body, measurement=measurement, hours=hours, filed_at=at, by=by,
    )  # fmt: skip
    payload = {
        **_subject(made),
        "body": body.key,
        "measurement": measurement,
        "version": made.version,
        "hours": hours,
    }
    record(kind="compute.observed", payload=payload, by=by, at=at)
    return made


@transaction.atomic
def note_alarm(*, facility: Facility, at: datetime) -> BalanceAlarm | None:
    """Write down the first alarm of the site that no row notes yet; None where there is none."""
    lock_facility(facility)
    waiting = unnoted(facility, at)
    if not waiting:
        return None
    measurement, alarm = waiting[0]
    made = BalanceAlarm.objects.create(
        facility=facility, measurement=measurement, from_at=alarm.period.start, until_at=alarm.period.end,
        tests=[test.value for test in alarm.tests], sitmuf=alarm.sitmuf, page=alarm.page, noted_at=at,
    )  # fmt: skip
    payload = {
        **_subject(made),
        "measurement": measurement,
        "tests": list(made.tests),
        "sitmuf": alarm.sitmuf,
        "page": alarm.page,
        "state": Severity.ANOMALY.value,
    }
    record(kind="balance.alarmed", payload=payload, by=None, at=at)
    return made


@transaction.atomic
def ask_about_work(*, facility: Facility, at: datetime) -> Case | None:
    """Open, once, the compliance case about work at the site whose declaration is long overdue; None where none is (Art. 19)."""
    lock_facility(facility)
    due = dict(long_undeclared(at)).get(facility)
    return open_overdue_case(lab=facility.organisation, subject=work_subject(facility.key, due), at=at) if due else None


@transaction.atomic
def settle_alarm(
    *, alarm: BalanceAlarm, event: FindingEvent, basis: str, body: Organisation, by: User, at: datetime
) -> AlarmStep:
    """Say what became of an alarm, and on what ground: clarified, or graver. Only a vote determines non-compliance."""
    alarm.refresh_from_db(from_queryset=BalanceAlarm.objects.select_for_update(of=("self",)))
    require(can_settle_alarm(by, body, alarm.facility, at=at), "Only an accredited, independent body settles an alarm.")
    if not basis.strip():
        raise BasisNeeded(fields={"basis": BasisNeeded().detail})
    alarm.state = next_state(Severity(alarm.state), event)
    alarm.save(update_fields=["state"])
    step = AlarmStep.objects.create(
        alarm=alarm, body=body, event=event, basis=basis, salt=secrets.token_hex(32), happened_at=at, by=by
    )
    payload = {
        **_subject(alarm),
        "measurement": alarm.measurement,
        "body": body.key,
        "state": alarm.state,
        "basis": commitment(step.salt, basis),
    }
    record(kind=SETTLED[event], payload=payload, by=by, at=at)
    return step


def lock_facility(facility: Facility) -> None:
    """Lock the site's row: what is filed about it, and what follows from that, comes one after the other."""
    rows = Facility.objects.select_for_update(no_key=True, of=("self",)).select_related("organisation")
    facility.refresh_from_db(from_queryset=rows)


def _subject(row: WorkDeclaration | ComputeObservation | BalanceAlarm) -> dict[str, Json]:
    return {
        "lab": row.facility.organisation.key,
        "facility": row.facility.key,
        "from_at": stamp(row.from_at),
        "until_at": stamp(row.until_at),
    }


def _refuse(obstacles: Mapping[str, str]) -> None:
    told = {field: words for field, words in obstacles.items() if words}
    if told:
        raise FilingRefused(next(iter(told.values())), fields=told)
