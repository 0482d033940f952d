"""What the clock does about declarations: ask for what the text's calendar has reached, and write down what is overdue."""

import logging
from datetime import datetime

from labs.actions.declarations import ask_declaration, mark_overdue
from treaty.queries.declarations import unasked
from treaty.queries.texts import rules_of, text_at

logger = logging.getLogger(__name__)


def ask_due(*, at: datetime) -> int:
    """Ask every party for what its calendar has reached by `at`, once each, each in its own transaction; return how many.

    What is asked and by when follows from the text and from when it bound the party, never from when this runs.
    """
    asked = 0
    for lab, one in unasked(at):
        try:
            ask_declaration(organisation=lab, kind=one.kind, due_at=one.due_at, at=at)
            asked += 1
        except Exception:
            logger.exception("%s could not be asked for its declaration (%s)", lab.key, one.kind)
    return asked


def mark_late(*, at: datetime) -> int:
    """Enter the declarations that are overdue at `at` under the text in force, once each; return how many."""
    text = text_at(at)
    return len(mark_overdue(at=at, overdue_after=rules_of(text).clarification.overdue_after)) if text else 0
