"""What somebody needs to compose a ballot with their own tools; all of it is public."""

from datetime import datetime

from django.conf import settings

from accounts.models import Organisation
from accounts.queries.keys import signers_required, usable_keys
from accounts.rules.statements import Purpose
from core.canonical import Json
from core.times import stamp
from ledger.queries.entries import position
from treaty.models import Vote
from treaty.queries.votes import course_of, profile_of, roll_of
from treaty.rules.ballots import CHOSEN, SignedBallot
from treaty.rules.profiles import Choice
from treaty.rules.words import profile_in_words


def ballot_paper(vote: Vote, organisation: Organisation, at: datetime) -> dict[str, object]:
    """Return everything public that a client needs to compose a ballot of `organisation`; `ballot` waits for its choice."""
    profile, course = profile_of(vote), course_of(vote, at)
    return {
        "ballot": _unfilled(vote, organisation, at),
        "title": vote.title,
        "question": vote.question,
        "subject": vote.subject,
        "decision": vote.decision,
        "rule": profile_in_words(profile),
        "choices": [choice.value for choice in Choice],
        "grounds": {key: words for veto in profile.vetoes for key, words in veto.grounds.items()},
        "on_roll": organisation.key in roll_of(vote),
        "recused": roll_of(vote).is_recused(organisation.key),
        "state": course.state.value,
        "takes_ballots": course.takes_ballots,
        "objections_only": course.objections_only,
        "noticed_at": stamp(vote.noticed_at),
        "opens_at": stamp(course.opens_at),
        "closes_at": stamp(course.closes_at),
        "accepts": list(profile.keys),
        "synced": profile.synced,
        "signers": signers_required(organisation, vote.noticed_at) or 1,
        "keys": [
            {
                "key": key.key_id,
                "kind": key.kind,
                "public_key": key.public_key,
                "origin": key.origin,
                "rp_id": key.rp_id,
                "credential": key.credential,
            }
            for key in usable_keys(organisation, profile.keys, vote.noticed_at)
        ],
        "tag": Purpose.BALLOT.tag,
        "namespace": Purpose.BALLOT.namespace,
        "now": stamp(at),
    }


def ballot_for(
    vote: Vote,
    organisation: Organisation,
    *,
    choice: Choice,
    reason: str | None,
    ground: str,
    key: str,
    nonce: str,
    at: datetime,
) -> SignedBallot:
    """Return the ballot that fits now: the organisation's next in its sequence. `reason` is its hash.

    It names the ballot before it by that one's hash, and in a sealed vote by the hash of its entry: the ballot's own would
    tell those who guess its content whether they are right.
    """
    last = vote.ballots.filter(organisation=organisation).order_by("-sequence").first()
    return SignedBallot(
        origin=settings.LEDGER["ORIGIN"],
        text=vote.text.sha256,
        vote=vote.key,
        profile=vote.profile_hash,
        roll=vote.roll_hash,
        organisation=organisation.key,
        choice=choice,
        reason=reason,
        sequence=last.sequence + 1 if last else 1,
        supersedes=(last.entry_hash if last.salt else last.hash) if last else None,
        key=key,
        head=position(),
        nonce=nonce,
        at=at,
        ground=ground,
    )


def _unfilled(vote: Vote, organisation: Organisation, at: datetime) -> dict[str, Json]:
    """Return the members that are not the maker's own."""
    whole = ballot_for(vote, organisation, choice=Choice.ABSTAIN, reason=None, ground="", key="", nonce="", at=at)
    return {name: value for name, value in whole.value().items() if name not in CHOSEN}
