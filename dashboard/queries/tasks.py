"""What is asked of a person, gathered from every app."""

from datetime import datetime

from accounts.models import User
from inspections.queries import tasks as inspections
from labs.queries import tasks as labs
from treaty.queries import tasks as treaty
from web.asks import Task


def tasks_for(user: User, at: datetime) -> list[Task]:
    """Return everything that `user` is asked to do at `at`: what is late first, then by due date, what has none last."""
    found = [*treaty.tasks_for(user, at), *inspections.tasks_for(user, at), *labs.tasks_for(user, at)]
    return sorted(found, key=lambda task: (not task.late, task.due is None, task.due or at))
