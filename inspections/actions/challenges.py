"""Challenge inspections: asking for one, and what its vote made of it: stopped, or a visit."""

import secrets
from datetime import datetime

from django.db import transaction

from accounts.models import Organisation, User
from core.canonical import commitment, tagged_digest
from core.errors import require
from core.prose import clean_words
from core.times import stamp
from inspections.actions.plan import book, one_planner_at_a_time
from inspections.models import Challenge, FrivolousFinding, Visit
from inspections.permissions import can_judge_request
from inspections.queries.candidates import candidates, challenged_site
from inspections.queries.challenges import open_challenges, vote_state
from inspections.rules import plan as planner
from inspections.rules.challenges import (
    JUDGED,
    ChallengeNotOver,
    ChallengeRefused,
    Standing,
    needs_visit,
    obstacle,
    standing,
)
from inspections.rules.visits import VisitState
from labs.models import Facility
from ledger.actions import record
from treaty.actions.pauses import lock_keys
from treaty.actions.standdowns import NotIndependent
from treaty.actions.votes import notice_vote
from treaty.models import TreatyText, Vote
from treaty.permissions import bodies_acting, can_ask_to_resume
from treaty.queries.numbering import next_key
from treaty.queries.parties import bound_labs
from treaty.queries.texts import required_text, rules_at, rules_of

ASKERS = "A challenge inspection is asked for by a bound laboratory or an accredited body."
LONGEST_GROUND = 4000


@transaction.atomic
def request_challenge(*, facility: Facility, ground: str, requester: Organisation, by: User, at: datetime) -> Challenge:
    """Ask for the inspection of another laboratory's facility; the vote that may stop it opens under the text's rule (Art. 16).

    Two entries: `vote.noticed` and `challenge.requested`. The same request sent again while its vote is open returns it.
    """
    TreatyText.objects.defer("source").select_for_update(no_key=True).get(pk=required_text(at).pk)
    require(requester in can_ask_to_resume(by, at=at), ASKERS)
    words = clean_words(ground, "ground", LONGEST_GROUND)
    lock_keys("challenge")
    known = open_challenges(facility, at)
    for one, where in known:
        if where is Standing.ASKED and (one.requester, one.ground) == (requester, words):
            return one
    _check(facility, requester, under_challenge=bool(known), at=at)
    key = next_key(Challenge.objects.all(), at)
    vote = _ask(key, facility, requester, by, at)
    challenge = Challenge.objects.create(
        key=key,
        facility=facility,
        requester=requester,
        vote=vote,
        ground=words,
        salt=secrets.token_hex(32),
        requested_at=at,
    )
    payload = {**_names(challenge), "organisation": requester.key, "ground": commitment(challenge.salt, words)}
    record(kind="challenge.requested", payload=payload, by=by, at=at)
    return challenge


def _check(facility: Facility, requester: Organisation, *, under_challenge: bool, at: datetime) -> None:
    refusal = obstacle(
        requester=requester.key,
        lab=facility.organisation.key,
        bound={lab.key for lab in bound_labs(at)},
        in_use=Facility.objects.open_at(at).filter(pk=facility.pk).exists(),
        under_challenge=under_challenge,
    )
    if refusal:
        raise ChallengeRefused(refusal, fields={"facility": refusal})


def _ask(key: str, facility: Facility, requester: Organisation, by: User, at: datetime) -> Vote:
    return notice_vote(
        decision=rules_at(at).monitoring.challenge.decision,
        title=f"Stop the challenge inspection of {facility.name}",
        question=(
            f"Shall the challenge inspection of {facility.name} of {facility.organisation.name}, for which "
            f"{requester.name} has asked (challenge {key}), be stopped? It proceeds unless this is adopted."
        ),
        subject={"effect": "stop_challenge", "challenge": key, "facility": facility.key},
        requester=requester,
        subject_organisation=facility.organisation,
        by=by,
        at=at,
    )


@transaction.atomic
def settle_challenge(*, challenge: Challenge, at: datetime) -> Challenge:
    """Write down what the vote made of the challenge, once it is on record: stopped, or a visit that is planned and sealed.

    Where no team can be sent yet nothing is written, and the next sweep tries again.
    """
    one_planner_at_a_time()
    challenge.refresh_from_db(from_queryset=Challenge.objects.select_for_update(of=("self",)).with_names())
    state, visits = vote_state(challenge, at), [VisitState(visit.state) for visit in challenge.visits.all()]
    if challenge.vote.closed_at is None or challenge.stopped_at is not None:
        return challenge
    if standing(state, visits) is Standing.STOPPED:
        return _stop(challenge, at)
    if needs_visit(state, visits):
        _plan(challenge, tries=len(visits), at=at)
    return challenge


@transaction.atomic
def find_frivolous(
    *, challenge: Challenge, body: Organisation, reasons: str, by: User, at: datetime
) -> FrivolousFinding:
    """Publish that a body finds the request frivolous, with its reasons, once it was stopped or inspected (Art. 16)."""
    challenge.refresh_from_db(from_queryset=Challenge.objects.select_for_update(of=("self",)).with_names())
    require(body in bodies_acting(by, at=at), "Only an officer of an accredited body finds a request frivolous.")
    if not can_judge_request(challenge, body, at=at):
        raise NotIndependent("Whoever asked for it, or is affiliated with who did, does not judge the request.")
    known = challenge.found_frivolous.filter(body=body).first()
    if known:
        return known
    if standing(vote_state(challenge, at), [VisitState(one.state) for one in challenge.visits.all()]) not in JUDGED:
        raise ChallengeNotOver
    words, salt = clean_words(reasons, "reasons", LONGEST_GROUND), secrets.token_hex(32)
    finding = FrivolousFinding.objects.create(challenge=challenge, body=body, reasons=words, salt=salt, found_at=at)
    payload = {"challenge": challenge.key, "body": body.key, "reasons": commitment(salt, words)}
    record(kind="challenge.found_frivolous", payload=payload, by=by, at=at)
    return finding


def _stop(challenge: Challenge, at: datetime) -> Challenge:
    challenge.stopped_at = challenge.vote.effective_at or at
    challenge.save(update_fields=["stopped_at"])
    payload = {**_names(challenge), "effective_at": stamp(challenge.stopped_at)}
    record(kind="challenge.stopped", payload=payload, by=None, at=at)
    return challenge


def _plan(challenge: Challenge, *, tries: int, at: datetime) -> Visit | None:
    text = required_text(at)
    monitoring = rules_of(text).monitoring
    seed = tagged_digest("fermata/challenge-seed/v1", {"challenge": challenge.key, "plan": tries})
    site = challenged_site(challenge, monitoring, at)
    found = planner.plan([site], candidates(at), monitoring, seed=seed)
    if not found.placed:
        return None
    [visit] = book(found.placed, {challenge.facility.key: challenge.facility}, text, at=at, challenge=challenge)
    payload = {**_names(challenge), "seed": seed, "visit": visit.key, "commitment": visit.commitment}
    record(kind="challenge.planned", payload=payload, by=None, at=at)
    return visit


def _names(challenge: Challenge) -> dict[str, str]:
    facility = challenge.facility
    return {
        "challenge": challenge.key,
        "vote": challenge.vote.key,
        "lab": facility.organisation.key,
        "facility": facility.key,
    }
