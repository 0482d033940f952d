"""What was asked about findings, and who may ask, answer and dissent."""

from collections.abc import Iterable
from datetime import datetime

from accounts.models import Organisation, User
from inspections.models import Clarification, Finding, Visit
from inspections.permissions import can_dissent_for, is_on_team
from inspections.queries.visits import team_of
from inspections.rules.clarifications import ClarificationValue
from treaty.permissions import bodies_acting


def asked_about(finding: Finding) -> list[ClarificationValue]:
    """Return what the party was asked about the finding, the first first."""
    return [one.value() for one in finding.clarifications.all()]


def inspectors_body(visit: Visit, user: User) -> Organisation | None:
    """Return the body that sends `user` on the visit."""
    return next((one.designation.body for one in team_of(visit) if one.designation.user_id == user.pk), None)


def asker_of(visit: Visit, user: User, at: datetime) -> Organisation:
    """Return the body in whose name `user`, of the team or an officer of its bodies, asks."""
    own = inspectors_body(visit, user)
    bodies = {one.designation.body for one in team_of(visit)}
    return own or next(body for body in bodies_acting(user, at=at) if body in bodies)


def dissenters(visit: Visit, user: User | None, at: datetime) -> list[Organisation]:
    """Return the bodies in whose name `user` may dissent from a report on the visit."""
    if user is None:
        return []
    own = inspectors_body(visit, user) if is_on_team(user, visit, at=at) else None
    if own:
        return [own]
    return [body for body in bodies_acting(user, at=at) if can_dissent_for(user, body, visit, at=at)]


def to_answer(labs: Iterable[Organisation]) -> list[Clarification]:
    """Return what `labs` are asked and have not answered, the most urgent first."""
    found = Clarification.objects.filter(answered_at=None, finding__report__visit__facility__organisation__in=labs)
    return list(found.select_related("finding__report__visit__facility__organisation").order_by("answer_by"))


def to_judge(user: User) -> list[Clarification]:
    """Return the answers about open findings that a team of `user`'s has before it."""
    found = Clarification.objects.filter(
        answered_at__isnull=False,
        finding__in=Finding.objects.public().open(),
        finding__report__visit__team__designation__user=user,
        finding__report__visit__team__released_at=None,
    )
    return list(found.select_related("finding__report__visit__facility__organisation").order_by("answered_at"))
