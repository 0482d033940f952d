"""What the ballot host's pages are given: public data, what was chosen on the site, and the keys of the organisation."""

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Organisation, User, VotingKey
from accounts.queries.keys import key_value, signers_required
from accounts.rules.keys import KeyRefused, require_usable
from accounts.rules.statements import KeyKind
from core.times import stamp
from treaty.handoffs import BallotHandoff
from treaty.models import Ballot, BallotSignature, Vote
from treaty.models.votes import CHOICE_LABELS
from treaty.queries.ballot_papers import ballot_paper
from treaty.queries.votes import profile_of
from treaty.rules.ballots import read_ballot, reason_hash
from treaty.rules.profiles import Choice
from web.templatetags.fermata import written

SIGNED_HERE = (KeyKind.PASSKEY, KeyKind.SOFTWARE)


def site_url(name: str, *args: object) -> str:
    """Return a page of the site, seen from the ballot host, whose own addresses are others."""
    return f"{settings.SITE_URL}{reverse(name, urlconf=settings.ROOT_URLCONF, args=args)}"


def ballot_asked(
    vote: Vote, organisation: Organisation, handoff: BallotHandoff, user: User, at: datetime
) -> dict[str, object]:
    """Return the ballot paper, what was chosen, and with which keys `user` can sign."""
    paper = ballot_paper(vote, organisation, at)
    along = next((one for one in waiting(vote, organisation) if one.hash == handoff.along), None)
    return {
        "binds": paper["ballot"],
        "signers": paper["signers"],
        "at": stamp(at.replace(microsecond=0)),
        "vote": {"key": vote.key, "title": vote.title, "question": vote.question},
        "organisation": {"key": organisation.key, "name": organisation.name},
        "text": bytes(along.content).decode() if along else "",
        "choice": handoff.choice,
        "choice_word": str(CHOICE_LABELS[Choice(handoff.choice)]),
        "reason": handoff.reason,
        "reason_hash": reason_hash(handoff.reason),
        "ground": handoff.ground,
        "closes": written(vote.closes_at),
        "keys": signing_keys(vote, organisation, user),
        "command": command(vote, organisation, handoff),
        "change_url": f"{site_url('treaty:ballot', vote.key)}?organisation={organisation.key}",
    }


def waiting(vote: Vote, organisation: Organisation) -> list[BallotSignature]:
    """Return the first signature under each ballot of the organisation that waits for more, if it is still the next in sequence."""
    after = vote.ballots.filter(organisation=organisation).count()
    found = vote.signatures.filter(organisation=organisation, key__revoked_at=None).select_related("key").order_by("pk")
    first = {one.hash: one for one in reversed(found)}
    return [one for one in first.values() if read_ballot(bytes(one.content)).sequence == after + 1]


def hand_offs_along(vote: Vote, organisation: Organisation, user: User) -> list[tuple[str, str]]:
    """Return what waits for one more signature, in words, and where `user` signs it."""
    found, signed = [], set(vote.signatures.filter(key__holder=user).values_list("hash", flat=True))
    for one in waiting(vote, organisation):
        if one.hash in signed:
            continue
        ballot = read_ballot(bytes(one.content))
        handoff = BallotHandoff(
            user=user.pk,
            vote=vote.key,
            organisation=organisation.key,
            choice=ballot.choice,
            reason=one.reason,
            ground=ballot.ground,
            along=one.hash,
        )
        found.append((str(CHOICE_LABELS[ballot.choice]), handoff.link))
    return found


def signing_keys(vote: Vote, organisation: Organisation, user: User) -> list[dict[str, str]]:
    """Return the keys that `user` can sign with, then those that cannot sign this ballot here, each with the reason."""
    rows = VotingKey.objects.unrevoked().filter(organisation=organisation).select_related("organisation")
    keys = [_key(row, problem_with(row, vote, user)) for row in rows if row.holder_id in {None, user.pk}]
    return sorted(keys, key=lambda key: (bool(key["problem"]), key["kind"] != KeyKind.PASSKEY))


def _key(row: VotingKey, problem: str) -> dict[str, str]:
    return {
        "id": row.key_id,
        "kind": row.kind,
        "label": row.label or row.key_id[:8],
        "credential": row.credential,
        "rp_id": row.rp_id,
        "problem": problem,
    }


def problem_with(row: VotingKey, vote: Vote, user: User) -> str:
    """Return why the key cannot sign a ballot of `user` in this vote on the ballot host; empty if it can."""
    try:
        require_usable(
            key_value(row),
            organisation=row.organisation.key,
            kinds=profile_of(vote).keys,
            noticed_at=vote.noticed_at,
        )
    except KeyRefused as refused:
        return refused.detail
    if row.kind not in SIGNED_HERE:
        return _("It signs with your own tools: see the command below.")
    if row.kind == KeyKind.SOFTWARE and row.holder_id != user.pk:
        return _("It belongs to another representative.")
    return ""


def signs_on_host(vote: Vote, organisation: Organisation, user: User) -> bool:
    """Whether the ballot goes to the ballot host: a key of `user` can sign it there, or a sign-in alone is not accepted."""
    if not takes_session(vote, organisation):
        return True
    return any(not key["problem"] for key in signing_keys(vote, organisation, user))


def takes_session(vote: Vote, organisation: Organisation) -> bool:
    """Whether a ballot of the organisation may be vouched for by a sign-in alone."""
    return "session" in profile_of(vote).keys and not signers_required(organisation, vote.noticed_at)


def command(vote: Vote, organisation: Organisation, handoff: BallotHandoff) -> str:
    """Return how to sign and send this ballot with one's own tools."""
    prepare = f"fermata ballot prepare {settings.SITE_URL} {vote.key} --organisation {organisation.key} --choice {handoff.choice}"
    reason = " --reason-file reason.txt" if handoff.reason else ""
    return "\n".join(
        (
            f"{prepare}{reason} --key id_ed25519.pub --out ballot.json",
            "ssh-keygen -Y sign -n fermata-ballot-v1 -f id_ed25519 ballot.json",
            f"fermata ballot send {settings.SITE_URL} ballot.json --signature ballot.json.sig{reason}",
        )
    )


def receipt(ballot: Ballot | BallotSignature) -> Mapping[str, object]:
    """Return what a voter keeps. `counts` is false while more keys have to sign the same bytes."""
    counts = isinstance(ballot, Ballot)
    page = site_url("treaty:ballot_receipt", ballot.vote.key, ballot.hash)
    return {
        "hash": ballot.hash,
        "entry_hash": ballot.entry_hash,
        "received_at": stamp(ballot.received_at),
        "counts": counts,
        "url": page if counts else site_url("ledger:receipt", ballot.entry_hash),
    }
