"""A vote for programs."""

from datetime import datetime
from fractions import Fraction

from core.times import stamp
from treaty.models import Ballot, Repudiation, RollEntry, Vote
from treaty.queries.votes import course_of, is_sealed, repudiation_of


def vote_json(vote: Vote, at: datetime) -> dict[str, object]:
    """Return the vote for programs: all that is needed to recompute it."""
    course, sealed = course_of(vote, at), is_sealed(vote, at)
    return {
        "key": vote.key,
        "title": vote.title,
        "question": vote.question,
        "decision": vote.decision,
        "profile": vote.profile_key,
        "rule": vote.profile,
        "rule_hash": vote.profile_hash,
        "roll_hash": vote.roll_hash,
        "text": vote.text.sha256,
        "subject": vote.subject,
        "state": course.state.value,
        "noticed_at": stamp(vote.noticed_at),
        "opens_at": stamp(course.opens_at),
        "contested_at": _stamp(course.contested_at),
        "extended_at": _stamp(course.extended_at),
        "closes_at": stamp(course.closes_at),
        "closed_at": _stamp(course.closed_at),
        "effective_at": _stamp(course.effective_at),
        "outcome": course.decision.outcome.value,
        "reason": course.decision.reason.value,
        "sealed": sealed,
        "tally": None if sealed else course.tally.as_json(),
        "roll": [_roll_json(line) for line in vote.roll.all()],
        "ballots": [
            _sealed_json(ballot) if sealed else _ballot_json(ballot)
            for ballot in vote.ballots.all()
            if ballot.received_at <= at
        ],
    }


def _stamp(at: datetime | None) -> str | None:
    return stamp(at) if at else None


def _roll_json(line: RollEntry) -> dict[str, object]:
    return {
        "organisation": line.organisation.key,
        "class": line.electorate,
        "weight": str(Fraction(line.weight_numerator, line.weight_denominator)),
        "recused": line.recusal_reason or None,
        "delegate": line.delegate.key if line.delegate else None,
    }


def _sealed_json(ballot: Ballot) -> dict[str, object]:
    return {
        "organisation": ballot.organisation.key,
        "sequence": ballot.sequence,
        "received_at": stamp(ballot.received_at),
        "entry_hash": ballot.entry_hash,
    }


def _ballot_json(ballot: Ballot) -> dict[str, object]:
    return _sealed_json(ballot) | {
        "choice": ballot.choice,
        "reason": ballot.reason,
        "ballot": bytes(ballot.content).decode(),
        "signed_with": ballot.key_kind,
        "proofs": ballot.proofs,
        "hash": ballot.hash,
        "salt": ballot.salt or None,
        "repudiated": _repudiation_json(found) if (found := repudiation_of(ballot)) else None,
    }


def _repudiation_json(found: Repudiation) -> dict[str, object]:
    return {
        "at": stamp(found.repudiated_at),
        "recounted": found.recounted,
        "signature": found.signature,
        "entry_hash": found.entry_hash,
    }
