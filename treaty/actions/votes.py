"""Votes: notice, ballots, withdrawal, and the sweep that writes down what rule, ballots and time have already decided."""

import logging
import secrets
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from accounts.models import Organisation, User
from accounts.permissions import is_depositary, represents
from accounts.queries.organisations import affiliates
from core.canonical import Json, commitment, digest
from core.errors import DomainError, require
from core.prose import clean_words
from core.times import stamp
from ledger.actions import record
from treaty.models import RollEntry, TreatyText, Vote
from treaty.models.pauses import Pause
from treaty.queries.delegations import delegates_at
from treaty.queries.numbering import next_key
from treaty.queries.parties import entitled_labs, participating_bodies
from treaty.queries.texts import required_text, rules_of
from treaty.queries.votes import course_afresh, course_of, profile_of, sealable, standing_ballots, with_rows
from treaty.rules.ballots import question_hash, unseal
from treaty.rules.courses import Course
from treaty.rules.profiles import VoteProfile
from treaty.rules.rolls import Roll, RollIncomplete, draw_up
from treaty.rules.vote_states import UNDECIDED, State

logger = logging.getLogger(__name__)

LONGEST_REASON = 4000
MOST_BALLOTS_IN_ENTRY = 250
MOST_LINES_IN_ENTRY = 600


class UnknownDecision(DomainError):
    """The treaty text names no such decision."""

    code = "unknown_decision"


class NoticeTooShort(DomainError):
    """The vote would open before its notice has run."""

    code = "notice_too_short"


class VoteClosed(DomainError):
    """The vote has closed."""

    code = "vote_closed"


@transaction.atomic
def notice_vote(
    *,
    decision: str,
    title: str,
    question: str,
    subject: Mapping[str, Json],
    requester: Organisation | None,
    subject_organisation: Organisation | None,
    pause: Pause | None = None,
    opens_at: datetime | None = None,
    by: User | None,
    at: datetime,
) -> Vote:
    """Notice a vote on `question` and freeze its text, rule and roll. `by` is None for the clock (a trigger)."""
    text = TreatyText.objects.defer("source").select_for_update(no_key=True).get(pk=required_text(at).pk)
    require(
        _may_notice(by, requester, at),
        "A vote is noticed by a representative of whoever requests it, or by the depositary.",
    )
    profile_key, profile = _profile_for(decision, text)
    opens = _opening(profile, opens_at, at)
    title, question = clean_words(title, "title", 200), clean_words(question, "question", LONGEST_REASON)
    roll = _roll(profile, requester, subject_organisation, delegates_at(rules_of(text), decision, at), at)
    frozen = profile.model_dump(mode="json", exclude_defaults=True)
    vote = Vote(
        key=next_key(Vote.objects.all(), at),
        decision=decision,
        profile_key=profile_key,
        title=title,
        question=question,
        subject=dict(subject),
        profile=frozen,
        profile_hash=digest(frozen),
        roll_hash=roll.hash,
        text=text,
        requester=requester,
        subject_organisation=subject_organisation,
        pause=pause,
        emergency=profile.emergency is not None,
        noticed_at=at,
        opens_at=opens,
        closes_at=(profile.silence.period if profile.silence else profile.period).after(opens),
        next_at=opens,
    )
    vote.silence_ends_at = vote.closes_at if profile.silence else None
    vote.save(force_insert=True)
    _save_roll(vote, roll)
    record(kind="vote.noticed", payload=_notice(vote, roll), by=by, at=at)
    return vote


def _may_notice(by: User | None, requester: Organisation | None, at: datetime) -> bool:
    if by is None:
        return True
    return represents(by, requester, at=at) if requester else is_depositary(by, at=at)


def _profile_for(decision: str, text: TreatyText) -> tuple[str, VoteProfile]:
    rules = rules_of(text)
    if decision not in rules.decisions:
        raise UnknownDecision(
            f"The treaty text names no decision {decision!r}; it has {', '.join(sorted(rules.decisions))}."
        )
    key = rules.decisions[decision]
    return key, rules.profiles[key]


def _opening(profile: VoteProfile, opens_at: datetime | None, at: datetime) -> datetime:
    earliest = profile.notice.after(at)
    if opens_at is not None and opens_at < earliest:
        raise NoticeTooShort(
            f"The text asks for {profile.notice} of notice: the vote opens at {stamp(earliest)} at the earliest."
        )
    return opens_at or earliest


def _roll(
    profile: VoteProfile,
    requester: Organisation | None,
    subject: Organisation | None,
    delegates: Mapping[str, str],
    at: datetime,
) -> Roll:
    concerned = [one for one in (requester, subject) if one]
    near = {one.key: affiliates(one, at) for one in concerned}
    keys = dict(Organisation.objects.filter(pk__in=frozenset().union(*near.values())).values_list("pk", "key"))
    return draw_up(
        profile,
        labs=[lab.key for lab in entitled_labs(at)],
        bodies=[body.key for body in participating_bodies(at)],
        subject=subject.key if subject else None,
        requester=requester.key if requester else None,
        affiliates={key: frozenset(keys[pk] for pk in pks) for key, pks in near.items()},
        delegates=delegates,
    )


def _save_roll(vote: Vote, roll: Roll) -> None:
    known = dict(Organisation.objects.filter(key__in={member.key for member in roll.members}).values_list("key", "pk"))
    missing = sorted({member.key for member in roll.members} - set(known))
    if missing:
        raise RollIncomplete(f"The rule names members that have no account here: {', '.join(missing)}.")
    RollEntry.objects.bulk_create(
        RollEntry(
            vote=vote,
            organisation_id=known[member.key],
            electorate=member.electorate,
            weight_numerator=member.weight.numerator,
            weight_denominator=member.weight.denominator,
            recused=member.recused is not None,
            recusal_reason=member.recused.value if member.recused else "",
            delegate_id=known[member.delegate] if member.delegate else None,
        )
        for member in roll.members
    )


def _notice(vote: Vote, roll: Roll) -> dict[str, Json]:
    lines = roll.as_json()
    return {
        "vote": vote.key,
        "decision": vote.decision,
        "text": vote.text.sha256,
        "profile": vote.profile_key,
        "rule": vote.profile,
        "rule_hash": vote.profile_hash,
        "roll": lines if len(lines) <= MOST_LINES_IN_ENTRY else None,
        "roll_hash": vote.roll_hash,
        "requester": vote.requester.key if vote.requester else None,
        "organisation": vote.subject_organisation.key if vote.subject_organisation else None,
        "pause": vote.pause.key if vote.pause else None,
        "subject": vote.subject,
        "question_hash": question_hash(vote.title, vote.question, vote.subject),
        "opens_at": stamp(vote.opens_at),
        "closes_at": stamp(vote.closes_at),
    }


@transaction.atomic
def withdraw_vote(*, vote: Vote, reason: str, by: User | None, at: datetime) -> Vote:
    """Withdraw an undecided vote, by whoever requested it or the depositary; a second call changes nothing."""
    vote.refresh_from_db(from_queryset=Vote.objects.select_for_update(no_key=True))
    allowed = is_depositary(by, at=at) or (vote.requester is not None and represents(by, vote.requester, at=at))
    require(allowed, "A vote is withdrawn by whoever requested it, or by the depositary.")
    if vote.withdrawn_at is not None:
        return vote
    if course_afresh(vote, at).state not in UNDECIDED:
        raise VoteClosed(f"Vote {vote.key} is decided: it can no longer be withdrawn.")
    vote.withdrawn_at, vote.next_at = at, None
    vote.withdrawal_reason, vote.withdrawal_salt = clean_words(reason, "reason", LONGEST_REASON), secrets.token_hex(32)
    vote.save(update_fields=["withdrawn_at", "withdrawal_reason", "withdrawal_salt", "next_at"])
    payload: dict[str, Json] = {"vote": vote.key, "reason": commitment(vote.withdrawal_salt, vote.withdrawal_reason)}
    record(kind="vote.withdrawn", payload=payload, by=by, at=at)
    return vote


@transaction.atomic
def advance_vote(*, vote: Vote, at: datetime) -> Vote:
    """Write down what has happened to the vote by `at`: contested, extended, closed, expired, one entry for each.

    What is written follows from the frozen rule, the ballots and time, never from when this runs: late, twice or on two
    workers at once it leaves one result.
    """
    vote.refresh_from_db(from_queryset=Vote.objects.select_for_update(of=("self",), no_key=True))
    if vote.withdrawn_at is not None:
        return vote
    loaded = with_rows(Vote.objects.all()).get(pk=vote.pk)
    course = course_of(loaded, at)
    _write_contest(vote, course, at)
    _write_extension(vote, course, at)
    _write_close(vote, course, loaded, at)
    _write_expiry(vote, course, at)
    vote.next_at = course.next_at
    vote.save()
    return vote


def _write_contest(vote: Vote, course: Course, at: datetime) -> None:
    if course.contested_at is None or vote.contested_at is not None:
        return
    vote.contested_at = course.contested_at
    vote.closes_at = profile_of(vote).period.after(course.contested_at)
    record(
        kind="vote.contested",
        payload={"vote": vote.key, "contested_at": stamp(course.contested_at), "closes_at": stamp(vote.closes_at)},
        by=None,
        at=at,
    )


def _write_extension(vote: Vote, course: Course, at: datetime) -> None:
    if course.extended_at is None or vote.extended_at is not None:
        return
    vote.extended_at, vote.closes_at = course.extended_at, course.closes_at
    record(
        kind="vote.extended",
        payload={"vote": vote.key, "extended_at": stamp(course.extended_at), "closes_at": stamp(course.closes_at)},
        by=None,
        at=at,
    )


def _write_close(vote: Vote, course: Course, loaded: Vote, at: datetime) -> None:
    if course.closed_at is None or vote.closed_at is not None:
        return
    vote.closed_at = vote.closes_at = course.closed_at
    vote.outcome, vote.reason = course.decision.outcome.value, course.decision.reason.value
    vote.tally = course.tally.as_json()
    vote.effective_at, vote.expires_at = course.effective_at, course.expires_at
    _open_ballots(vote, loaded, at)
    record(kind="vote.closed", payload=_closing(vote, loaded), by=None, at=at)


def _open_ballots(vote: Vote, loaded: Vote, at: datetime) -> None:
    """Open every sealed ballot, together and in the transaction that closes the vote."""
    if not profile_of(vote).sealed:
        return
    for ballot in loaded.ballots.all():
        payload = unseal(sealable(ballot), sequence=ballot.sequence, salt=ballot.salt)
        record(kind="ballot.opened", payload=payload, by=None, at=at)


def _closing(vote: Vote, loaded: Vote) -> dict[str, Json]:
    """Return all that a stranger needs to recompute the outcome: the ballots that stand, by entry, and the counts."""
    closed_at = vote.closed_at or vote.closes_at
    standing = sorted(standing_ballots(loaded, closed_at).items())
    ballots: list[Json] = [[key, ballot.sequence, ballot.hash, ballot.entry_hash] for key, ballot in standing]
    return {
        "vote": vote.key,
        "closed_at": stamp(closed_at),
        "outcome": vote.outcome,
        "reason": vote.reason,
        "tally": vote.tally,
        "ballots": ballots if len(ballots) <= MOST_BALLOTS_IN_ENTRY else None,
        "ballots_hash": digest(ballots),
        "ballots_received": loaded.ballots.count(),
        "effective_at": stamp(vote.effective_at) if vote.effective_at else None,
        "expires_at": stamp(vote.expires_at) if vote.expires_at else None,
    }


def _write_expiry(vote: Vote, course: Course, at: datetime) -> None:
    if course.state is not State.EXPIRED or vote.effect_settled_at is not None:
        return
    vote.effect_settled_at = course.expires_at
    record(
        kind="vote.expired", payload={"vote": vote.key, "expired_at": stamp(course.expires_at or at)}, by=None, at=at
    )


def advance_due(*, at: datetime) -> int:
    """Advance every vote that time has moved on, each in its own transaction; rows that another worker holds are left to it."""
    advanced = 0
    for pk in list(Vote.objects.due(at).order_by("next_at").values_list("pk", flat=True)):
        try:
            with transaction.atomic():
                vote = Vote.objects.select_for_update(skip_locked=True, no_key=True).due(at).filter(pk=pk).first()
                if vote is not None:
                    advance_vote(vote=vote, at=at)
                    advanced += 1
        except Exception:
            logger.exception("vote %s could not be advanced", pk)
    return advanced
