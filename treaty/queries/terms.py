"""The numbers of the text in force that the pages of laboratories show."""

from datetime import datetime

from labs.rules.inventories import Covered
from labs.rules.terms import Terms
from treaty.queries.texts import rules_of, text_at


def terms_at(at: datetime) -> Terms | None:
    """Return the text's numbers at `at`; None before any text is published."""
    text = text_at(at)
    if text is None:
        return None
    rules = rules_of(text)
    covered = rules.covered
    return Terms(
        covered=Covered(
            h100_equivalents_above=covered.h100_equivalents_above,
            memory_gb_above=covered.memory_gb_above,
            h100_ops=covered.h100_ops_per_second,
        ),
        significant_flop=rules.monitoring.significant_flop,
        utilisation=rules.monitoring.utilisation,
        overdue_after=rules.clarification.overdue_after,
        long_overdue_after=rules.clarification.long_overdue_after,
    )
