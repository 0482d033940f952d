"""What is asked of a laboratory's people."""

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Membership, User
from accounts.rules.organisations import Role
from labs.models import Declaration
from web.asks import Task


def tasks_for(user: User, at: datetime) -> list[Task]:
    """Return the declarations that the person's laboratories owe, the earliest first, in one query."""
    theirs = Membership.objects.in_force(at).filter(user=user, role=Role.REPRESENTATIVE).values("organisation")
    owed = (
        Declaration.objects.unfiled()
        .filter(organisation__in=theirs, asked_at__lte=at)
        .select_related("organisation")
        .order_by("due_at")
    )
    return [
        Task(
            title=_("%(kind)s of %(lab)s")
            % {"kind": declaration.get_kind_display(), "lab": declaration.organisation.name},
            url=reverse("labs:file_declaration", args=[declaration.organisation.key, declaration.pk]),
            due=declaration.due_at,
            action=_("File"),
            late=declaration.due_at <= at,
        )
        for declaration in owed
    ]
