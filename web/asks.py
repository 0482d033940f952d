"""What is asked of a person: each app answers `queries.tasks.tasks_for(user, at)` with these; `dashboard` gathers them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Task:
    """One thing to do. `action` is the button's words; `late` that `due` has passed."""

    title: str
    url: str
    due: datetime | None = None
    detail: str = ""
    action: str = ""
    late: bool = False
