"""Amending the text: propose the next version byte for byte, put its hash to the vote, let it take effect."""

from datetime import datetime
from hashlib import sha256

from django.db import transaction

from accounts.models import Organisation, User
from core.canonical import Json, canonical, digest
from core.errors import DomainError, require
from core.times import stamp
from ledger.actions import record
from treaty.actions.pauses import effect_of, lock_keys
from treaty.actions.requests import ASKERS, in_the_name_of
from treaty.actions.votes import notice_vote
from treaty.models import Amendment, TreatyText, Vote
from treaty.permissions import may_request_for
from treaty.queries.numbering import next_key
from treaty.queries.texts import required_text, rules_of
from treaty.rules.amendments import AmendmentRefused, Changes, check_amendment
from treaty.rules.consultations import vote_opens_at
from treaty.rules.reading import read_text
from treaty.rules.text import Text

# An entry of the record has 65,535 bytes; longer changes stand in it by their hash.
LONGEST_CHANGES = 40_000


class AmendmentStale(DomainError):
    """Another text has entered into force since this amendment was proposed: it is proposed anew on that one."""

    code = "amendment_stale"


def check_proposal(*, source: bytes, by: User | None, at: datetime) -> tuple[Text, Changes]:
    """Return the text that could be proposed now and what it changes; raise what `propose_amendment` would. Nothing is kept."""
    require(bool(may_request_for(by, at=at)), ASKERS)
    return _checked(source, _in_force(at))


@transaction.atomic
def propose_amendment(
    *, source: bytes, title: str, question: str, requester: Organisation, by: User, at: datetime
) -> Amendment:
    """Propose the bytes `source` as the next version; its vote opens when consultation and answers are over (Art. 26).

    Two entries: `vote.noticed` and `amendment.proposed`. The same bytes proposed again while their vote is undecided return it.
    """
    base = TreatyText.objects.defer("source").select_for_update(no_key=True).get(pk=_in_force(at).pk)
    require(requester in may_request_for(by, at=at), ASKERS)
    text, found = _checked(source, base)
    made = sha256(source).hexdigest()
    known = Amendment.objects.filter(sha256=made, base=base, vote__in=Vote.objects.undecided(at)).first()
    if known:
        return known
    lock_keys("amendment")
    key = next_key(Amendment.objects.all(), at)
    rules = rules_of(base)
    profile = rules.profiles[rules.decisions[rules.amendment.decision]]
    vote = notice_vote(
        decision=rules.amendment.decision,
        title=title,
        question=question,
        subject={"effect": "amend", "amendment": key, "base": base.sha256, "sha256": made},
        requester=in_the_name_of(requester),
        subject_organisation=None,
        opens_at=vote_opens_at(rules.amendment, profile.notice, at),
        by=by,
        at=at,
    )
    amendment = Amendment.objects.create(
        key=key,
        vote=vote,
        base=base,
        proposer=requester,
        version=text.version,
        source=source,
        sha256=made,
        proposed_at=at,
    )
    record(kind="amendment.proposed", payload=_proposal(amendment, found), by=by, at=at)
    return amendment


def _in_force(at: datetime) -> TreatyText:
    text = required_text(at)
    if text.in_force_at is None or text.in_force_at > at:
        raise AmendmentRefused("The treaty is not in force: until then the depositary publishes its texts.")
    return text


def _checked(source: bytes, base: TreatyText) -> tuple[Text, Changes]:
    text = read_text(source)
    return text, check_amendment(rules_of(base), text)


def _proposal(amendment: Amendment, found: Changes) -> dict[str, Json]:
    said = found.as_json()
    return {
        "amendment": amendment.key,
        "vote": amendment.vote.key,
        "organisation": amendment.proposer.key,
        "text": amendment.version,
        "sha256": amendment.sha256,
        "bytes": len(amendment.source),
        "base": amendment.base.sha256,
        "changes": said if len(canonical(said)) <= LONGEST_CHANGES else None,
        "changes_hash": digest(said),
    }


@transaction.atomic
def amend(*, vote: Vote, at: datetime) -> TreatyText:
    """Let an adopted vote bring its text into force at its instant of effect, if the text that it amends still is."""
    effective_at = effect_of(vote)
    amendment = Amendment.objects.select_for_update(of=("self",)).select_related("base").filter(vote=vote).first()
    if amendment is None:
        raise AmendmentRefused(f"Vote {vote.key} is about no amendment.")
    if amendment.text:
        return amendment.text
    base = TreatyText.objects.defer("source").select_for_update(no_key=True).get(pk=required_text(at).pk)
    if base.pk != amendment.base_id:
        raise AmendmentStale
    amendment.text = TreatyText.objects.create(
        version=amendment.version,
        title=read_text(bytes(amendment.source)).title,
        source=amendment.source,
        sha256=amendment.sha256,
        published_at=effective_at,
        in_force_at=effective_at,
        entry_recorded_at=at,
    )
    amendment.save(update_fields=["text"])
    record(
        kind="text.amended",
        payload={
            "amendment": amendment.key,
            "vote": vote.key,
            "text": amendment.version,
            "sha256": amendment.sha256,
            "base": base.sha256,
            "in_force_at": stamp(effective_at),
        },
        by=None,
        at=at,
    )
    return amendment.text
