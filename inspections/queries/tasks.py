"""What is asked of a person about inspections."""

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Membership, Organisation, User
from accounts.rules.organisations import Role
from inspections.models import Clarification, Report, Visit
from inspections.queries.accounting import owed
from inspections.queries.clarifications import to_answer, to_judge
from inspections.queries.draws import committers, draws, revealers
from inspections.queries.matrix import breaks, looking_bodies
from inspections.queries.redactions import undecided
from inspections.queries.reports import drafts_of
from inspections.queries.specials import to_answer as special_visits
from inspections.queries.tips import handled_by, unopened
from inspections.queries.training import CourseRow, courses_of, inspectors_of
from inspections.queries.visits import monitoring_of, visits_at, visits_of
from inspections.rules.reports import ReportState
from inspections.rules.training import Validity
from inspections.rules.visits import REPORTABLE, VisitState, comments_close, report_due
from labs.models import Facility
from treaty.permissions import bodies_acting, can_ask_to_resume
from treaty.queries.parties import bound_labs
from treaty.queries.texts import rules_at, text_at
from web.asks import Task

BEFORE_THE_GATE = frozenset(
    {
        VisitState.PLANNED,
        VisitState.NOTIFIED,
        VisitState.ACKNOWLEDGED,
        VisitState.ACCESS_DELAYED,
        VisitState.ACCESS_GRANTED,
    }
)


def tasks_for(user: User, at: datetime) -> list[Task]:
    """Return what `user` is asked to do, the most urgent first: reports and visits of an inspector, notices of a representative, tips of an officer, values in a draw."""
    found = [
        *_inspector(user, at),
        *_representative(user, at),
        *_officer(user, at),
        *_contributor(user, at),
        *_baselines(user, at),
        *_training(user, at),
    ]
    return sorted(found, key=lambda task: (task.due is None, task.due or at))


def _inspector(user: User, at: datetime) -> Iterator[Task]:
    yield from _answered(user, at)
    drafts = {report.visit_id: report for report in drafts_of(user, at)}
    for visit in visits_of(user, at):
        state, site = VisitState(visit.state), visit.facility.name
        if state in REPORTABLE:
            yield _report_task(visit, drafts.get(visit.pk), user, at)
        elif state in BEFORE_THE_GATE:
            title = _("Visit %(visit)s at %(site)s") % {"visit": visit.key, "site": site}
            yield _task(title, visit, visit.planned_from, _("Open it"), at)


def _report_task(visit: Visit, draft: Report | None, user: User, at: datetime) -> Task:
    due = report_due(visit.planned_until, monitoring_of(visit))
    names = {"visit": visit.key, "site": visit.facility.name}
    if draft is None:
        return _task(_("Write the report on visit %(visit)s at %(site)s") % names, visit, due, _("Write"), at)
    signed = draft.state == ReportState.AWAITING and not any(one.user_id == user.pk for one in draft.signatures.all())
    title = (
        _("Sign the report on visit %(visit)s at %(site)s")
        if signed
        else _("Finish the report on visit %(visit)s at %(site)s")
    )
    page = "inspections:report_sign" if signed else "inspections:report_form"
    return Task(
        title % names, reverse(page, args=[visit.key]), due, action=_("Sign") if signed else _("Go on"), late=due <= at
    )


def _representative(user: User, at: datetime) -> Iterator[Task]:
    held = Membership.objects.in_force(at).filter(user=user, role=Role.REPRESENTATIVE).select_related("organisation")
    labs = [membership.organisation for membership in held]
    yield from _asked(labs, at)
    yield from _undeclared(labs, at)
    for visit in visits_at(labs, at) if labs else []:
        names = {"visit": visit.key, "site": visit.facility.name}
        if visit.state == VisitState.NOTIFIED:
            yield _task(
                _("Acknowledge visit %(visit)s at %(site)s") % names, visit, visit.planned_from, _("Acknowledge"), at
            )
        elif visit.state == VisitState.PRELIMINARY and visit.reported_at:
            closes = comments_close(visit.reported_at, monitoring_of(visit))
            if at < closes:
                yield _task(
                    _("You may comment on the report on visit %(visit)s at %(site)s") % names,
                    visit,
                    closes,
                    _("Read"),
                    at,
                )


def _asked(labs: list[Organisation], at: datetime) -> Iterator[Task]:
    for special in special_visits(labs, at) if labs else []:
        title = _("Answer about the special visit to %(site)s") % {"site": special.facility.name}
        page = reverse("inspections:answer_special", args=[special.key])
        yield Task(title, page, special.answer_by, action=_("Answer"), late=False)
    for one in to_answer(labs):
        due = one.answer_by if one.acknowledged_at else one.acknowledge_by
        yield _about_finding(_("Answer about finding %(number)s at %(site)s"), one, due, _("Answer"), at)


def _answered(user: User, at: datetime) -> Iterator[Task]:
    for one in to_judge(user):
        title = _("Say what became of finding %(number)s at %(site)s: the laboratory has answered")
        yield _about_finding(title, one, None, _("Read"), at)


def _about_finding(title: str, one: Clarification, due: datetime | None, action: str, at: datetime) -> Task:
    report = one.finding.report
    names = {"number": one.finding.number, "site": report.visit.facility.name}
    url = reverse("inspections:report", args=[report.visit.key, report.version]) + f"#finding-{one.finding.number}"
    return Task(title % names, url, due, action=action, late=due is not None and due <= at)


def _undeclared(labs: list[Organisation], at: datetime) -> Iterator[Task]:
    """Yield the sites whose balance period is over and whose work is not declared."""
    terms = rules_at(at).monitoring.balance if labs and text_at(at) else None
    if terms is None:
        return
    sites = Facility.objects.open_at(at).filter(organisation__in=[one for one in bound_labs(at) if one in labs])
    for site, since, due in owed(list(sites.order_by("name")), terms, at):
        if terms.period.after(since) <= at:
            title = _("Declare the work done at %(site)s") % {"site": site.name}
            url = reverse("inspections:declare_work", args=[site.key])
            yield Task(title, url, due, action=_("Declare"), late=due <= at)


def _redactions(user: User, at: datetime) -> Iterator[Task]:
    for one, due in undecided(user, at):
        visit = one.report.visit
        names = {"number": one.number, "site": visit.facility.name}
        title = _("Decide request %(number)s to take a passage out of the report on %(site)s") % names
        url = reverse("inspections:decide_redaction", args=[visit.key, one.report.version, one.number])
        yield Task(title, url, due, action=_("Decide"), late=due is not None and due <= at)


def _officer(user: User, at: datetime) -> Iterator[Task]:
    yield from _redactions(user, at)
    for body in handled_by(user, at):
        count = unopened(body)
        if count:
            title = ngettext("%(count)s sealed tip to open", "%(count)s sealed tips to open", count) % {"count": count}
            yield Task(title, reverse("inspections:tips", args=[body.key]), None, action=_("Open"))


def _training(user: User, at: datetime) -> Iterator[Task]:
    """What runs out or is missing: of an officer's inspectors, to be entered; of an inspector, to be completed."""
    people = inspectors_of(user, at)
    found = courses_of([one.user_id for one in people], at) if people else {}
    for one in people:
        for course in found.get(one.user_id, ()):
            if course.validity is not Validity.VALID:
                yield _to_be_trained(one, course, user, at)


def _to_be_trained(one: Membership, course: CourseRow, user: User, at: datetime) -> Task:
    key = [one.organisation.key]
    late = course.until is None or course.until <= at
    if one.user_id == user.pk:
        title = _("Your training “%(course)s” is needed before you can be sent") % {"course": course.name}
        return Task(
            title, reverse("inspections:body", args=key) + "#inspectors", course.until, action=_("See"), late=late
        )
    title = _("See to the training “%(course)s” of %(name)s") % {"course": course.name, "name": one.user.name}
    page = reverse("inspections:record_training", args=[*key, one.user.handle])
    return Task(title, page, course.until, action=_("Enter"), late=late)


def _baselines(user: User, at: datetime) -> Iterator[Task]:
    """The new baselines that the bodies of an officer owe; the schedule plans them."""
    own = {one.pk for one in bodies_acting(user, at=at)}
    for one in breaks(at) if own else []:
        if own & {body.pk for body in looking_bodies(one.facility, one.layer, at)}:
            names = {"layer": one.layer, "site": one.facility.name}
            title = _("New baseline at %(site)s: continuity of “%(layer)s” was lost") % names
            url = reverse("inspections:cell", args=[one.facility.key, one.layer])
            yield Task(title, url, one.due, action=_("See"), late=one.due is not None and one.due <= at)


def _contributor(user: User, at: datetime) -> Iterator[Task]:
    own = {one.pk for one in can_ask_to_resume(user, at=at)}
    for draw in draws().filter(drawn_at=None, opened_at__lte=at) if own else []:
        names, key = {"draw": draw.key}, [draw.key]
        if committers(draw, user, at):
            title = _("You may commit to a value in draw %(draw)s") % names
            yield Task(title, reverse("inspections:draw_commit", args=key), draw.commit_by, action=_("Commit"))
        if any(one.pk in own for one in revealers(draw, user, at)):
            title = _("Reveal your value in draw %(draw)s") % names
            yield Task(title, reverse("inspections:draw_reveal", args=key), draw.reveal_by, action=_("Reveal"))


def _task(title: str, visit: Visit, due: datetime, action: str, at: datetime) -> Task:
    return Task(title, reverse("inspections:visit", args=[visit.key]), due, action=action, late=due <= at)
