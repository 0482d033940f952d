"""Consultations as pages, the API and the actions need them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from treaty.models import Amendment, Submission
from treaty.queries.texts import rules_of
from treaty.rules.consultations import Consultation, Phase, Submissions, consultation

PHASE_LABELS: Final = {
    Phase.SUBMISSIONS: _("Open to submissions"),
    Phase.ANSWERS: _("The proposer answers"),
    Phase.OVER: _("Over"),
}
PHASE_SIGNS: Final = {Phase.SUBMISSIONS: "on", Phase.ANSWERS: "on", Phase.OVER: "na"}


@dataclass(frozen=True)
class Figures:
    """How many submissions there are, and what became of them."""

    received: int
    answered: int
    hidden: int

    @property
    def unanswered(self) -> int:
        """Those that still wait; a hidden one is not waited for, answered or not."""
        return self.received - self.answered - self.hidden


@dataclass(frozen=True)
class ConsultationRow:
    """A consultation on a page: its periods, where it stands, its figures, the text's terms."""

    periods: Consultation
    phase: Phase
    figures: Figures
    terms: Submissions

    @property
    def label(self) -> str:
        """Return the phase in words."""
        return str(PHASE_LABELS[self.phase])

    @property
    def sign(self) -> str:
        """Return the phase's sign."""
        return PHASE_SIGNS[self.phase]


def terms_of(amendment: Amendment) -> Submissions | None:
    """Return what the text under which the amendment was proposed says of submissions."""
    return rules_of(amendment.base).amendment.submissions


def consultation_of(amendment: Amendment) -> Consultation | None:
    """Return the consultation's periods; None where that text takes no submissions."""
    return consultation(rules_of(amendment.base).amendment, amendment.proposed_at)


def phase_of(amendment: Amendment, at: datetime) -> Phase:
    """Return where the amendment's consultation stands at `at`."""
    found, vote = consultation_of(amendment), amendment.vote
    return found.phase(at, ended_at=vote.withdrawn_at or vote.closed_at) if found else Phase.OVER


def consultation_row(amendment: Amendment, at: datetime) -> ConsultationRow | None:
    """Return the consultation as it stands at `at`, in one query; None where there is none."""
    periods, terms = consultation_of(amendment), terms_of(amendment)
    if periods is None or terms is None:
        return None
    return ConsultationRow(periods, phase_of(amendment, at), figures_of(amendment), terms)


def figures_of(amendment: Amendment) -> Figures:
    """Count the submissions; a hidden one counts as hidden only."""
    found = amendment.submissions.aggregate(
        received=Count("pk"),
        answered=Count("answer", filter=Q(hidden=None)),
        hidden=Count("hidden"),
    )
    return Figures(**found)


def waiting(organisations: list[Organisation], at: datetime) -> list[tuple[Amendment, ConsultationRow]]:
    """Return the amendments that one of them proposed and about which submissions wait for an answer at `at`."""
    found = Amendment.objects.filter(proposer__in=organisations, proposed_at__lte=at, vote__opens_at__gt=at)
    rows = [
        (one, consultation_row(one, at))
        for one in found.defer("source").select_related("base", "vote", "proposer").order_by("proposed_at")
    ]
    return [(one, row) for one, row in rows if row and row.phase is not Phase.OVER and row.figures.unanswered]


def submissions_of(amendment: Amendment) -> QuerySet[Submission]:
    """Return the submissions in their order, with all that is said of them."""
    return amendment.submissions.select_related("organisation", "answer", "hidden", "amendment__proposer")
