"""A person's own page: what is asked, for whom they act, what was recorded about it lately, what comes next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Membership, Organisation, User
from accounts.queries.people import roles_of
from accounts.rules.organisations import BINDING, Kind
from dashboard.queries.tasks import tasks_for
from ledger.queries import entries_about
from notices.queries.events import Event, events, titles
from treaty.models import Ballot
from treaty.queries.texts import rules_of, text_at
from treaty.queries.votes import ballots_of
from web.asks import Task

MOST_EVENTS = 8
MOST_RECEIPTS = 5
SUBJECTS = {Kind.LABORATORY: "lab", Kind.BODY: "body"}


@dataclass(frozen=True)
class Me:
    """Everything on the page."""

    at: datetime
    tasks: Sequence[Task]
    roles: Sequence[Membership]
    events: Sequence[Event]
    receipts: Sequence[Ballot]

    @property
    def late(self) -> int:
        """How many of the tasks are late."""
        return sum(1 for task in self.tasks if task.late)

    @property
    def next_due(self) -> datetime | None:
        """The first date ahead."""
        return min((task.due for task in self.tasks if task.due and not task.late), default=None)

    @property
    def organisations(self) -> list[Organisation]:
        """The organisations, each once."""
        return list({role.organisation_id: role.organisation for role in self.roles}.values())


def me(user: User, at: datetime) -> Me:
    """Return the page of `user` at `at`."""
    roles = roles_of(user, at)
    mine = {role.organisation_id: role.organisation for role in roles}
    found = {
        entry.value.hash: entry
        for one in mine.values()
        if one.kind in SUBJECTS
        for subject in (SUBJECTS[Kind(one.kind)], "organisation")
        for entry in entries_about(f"{subject}:{one.key}", limit=40)
    }
    newest = sorted(found.values(), key=lambda entry: (entry.value.at, entry.index or 0), reverse=True)
    text = text_at(at)
    told = events(newest, titles(rules_of(text)) if text else None, own=True)
    binding = [role.organisation for role in roles if role.role in BINDING]
    return Me(
        at=at,
        tasks=tasks_for(user, at),
        roles=roles,
        events=told[:MOST_EVENTS],
        receipts=ballots_of(binding, MOST_RECEIPTS) if binding else [],
    )
