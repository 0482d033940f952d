"""The consultation about a proposed amendment: who may write, how long, by when the proposer answers, and when the vote opens."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from core.errors import DomainError
from treaty.rules.values import Count, Key, Length, Prose, Provision


class Voice(StrEnum):
    """Who writes about a proposed amendment."""

    PARTY = "party"
    BODY = "body"
    OBSERVER = "observer"
    PUBLIC = "public"


class Submissions(Provision):
    """Written submissions in the consultation about an amendment; a text without it takes none (Art. 26)."""

    who: tuple[Voice, ...] = Field(min_length=1)
    longest: Count  # in characters; an answer too
    each: Count  # of one author about one amendment
    answered_within: Length  # from the end of the consultation; the vote opens after it
    grounds: dict[Key, Prose] = Field(min_length=1)  # on which the depositary may hide what was submitted


class Amendment(Provision):
    """How this text changes."""

    decision: Key
    consultation: Length
    submissions: Submissions | None = None
    review_every: Length


class ConsultationClosed(DomainError):
    """This consultation takes no submissions now."""

    code = "consultation_closed"


class AnswersClosed(DomainError):
    """Submissions are answered until the vote on the amendment opens."""

    code = "answers_closed"


class TooManySubmissions(DomainError):
    """This author has sent as many submissions about this amendment as the text allows."""

    code = "too_many_submissions"


class AnsweredOtherwise(DomainError):
    """This submission has been answered already; an answer that is published stays."""

    code = "answered_otherwise"


class HiddenOtherwise(DomainError):
    """This submission has been hidden already, on another ground."""

    code = "hidden_otherwise"


class Phase(StrEnum):
    """Where a consultation stands."""

    SUBMISSIONS = "submissions"  # people write, the proposer may answer
    ANSWERS = "answers"  # the proposer alone answers
    OVER = "over"


@dataclass(frozen=True)
class Consultation:
    """Half-open periods: submissions in `[opens_at, closes_at)`, answers in `[opens_at, answered_by)`."""

    opens_at: datetime
    closes_at: datetime
    answered_by: datetime

    def phase(self, at: datetime, *, ended_at: datetime | None = None) -> Phase:
        """Return the phase at `at`; a vote that was withdrawn or closed at `ended_at` ends its consultation."""
        if at < self.opens_at or at >= self.answered_by or (ended_at is not None and at >= ended_at):
            return Phase.OVER
        return Phase.SUBMISSIONS if at < self.closes_at else Phase.ANSWERS


def consultation(terms: Amendment, proposed_at: datetime) -> Consultation | None:
    """Return the consultation about an amendment proposed at `proposed_at`; None where the text takes no submissions (Art. 26)."""
    if terms.submissions is None:
        return None
    closes_at = terms.consultation.after(proposed_at)
    return Consultation(proposed_at, closes_at, terms.submissions.answered_within.after(closes_at))


def vote_opens_at(terms: Amendment, notice: Length, proposed_at: datetime) -> datetime:
    """Return when the vote opens: consultation and answers are over, and the notice of its rule is kept."""
    found = consultation(terms, proposed_at)
    return max(found.answered_by if found else terms.consultation.after(proposed_at), notice.after(proposed_at))
