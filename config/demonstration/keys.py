"""The keys of the story: each fictional organisation's root, and a software key for everybody who votes for it.

The demonstration holds them all, and the record labels every ballot that they sign. In earnest it would hold none.
"""

from datetime import datetime
from functools import partial

from django.conf import settings

from accounts.demonstration import root_key, sign_as_root, software_key
from accounts.models import Organisation, User
from accounts.queries.people import holders
from accounts.rules.keys import Key, enrolment, root_declaration
from accounts.rules.organisations import Kind, Role
from accounts.rules.signatures import b64url, dump_key, key_id
from accounts.rules.statements import KeyKind, Purpose
from config.demonstration.story import Story
from core.canonical import canonical
from treaty.actions.ballots import clean_reason
from treaty.actions.keys import declare_root, enrol_key
from treaty.actions.signed_ballots import cast_signed_ballot
from treaty.models import Vote
from treaty.queries.ballot_papers import ballot_for
from treaty.rules.ballots import Envelope, reason_hash
from treaty.rules.profiles import Choice

ENROLLED = 408  # days before the present: the text is published, and no vote has been noticed
VOTERS = {Kind.LABORATORY: Role.REPRESENTATIVE, Kind.BODY: Role.OFFICER}


def tell(story: Story) -> None:
    """Let every laboratory and body declare its root and enrol its voters' keys, an hour apart."""
    for number, key in enumerate([*story.cast.labs, *story.cast.bodies]):
        story.before(partial(_enrol, story, key), days=ENROLLED, hours=-number)


def _enrol(story: Story, key: str, at: datetime) -> None:
    organisation = (story.cast.labs | story.cast.bodies)[key]
    log, by = settings.LEDGER["ORIGIN"], story.cast.representative(key)
    root = dump_key(root_key(organisation).public_key())
    statement = root_declaration(root, None, organisation=key, log=log)
    signature = sign_as_root(organisation, Purpose.ROOT, statement)
    declare_root(organisation=organisation, public_key=root, signature=signature, by=by, at=at)
    for voter in holders(organisation, VOTERS[Kind(organisation.kind)], at):
        public_key = dump_key(software_key(organisation, voter).public_key())
        made = Key(kind=KeyKind.SOFTWARE, public_key=public_key, organisation=key)
        enrol_key(
            organisation=organisation,
            kind=made.kind,
            public_key=made.public_key,
            label=voter.name,
            holder=voter,
            signature=sign_as_root(organisation, Purpose.ENROLMENT, enrolment(made, log)),
            by=by,
            at=at,
        )


def cast(*, vote: Vote, organisation: Organisation, choice: Choice, reason: str, by: User, at: datetime) -> None:
    """Cast a ballot, signed with the software key of `by`."""
    key = software_key(organisation, by)
    ballot = ballot_for(
        vote,
        organisation,
        choice=choice,
        reason=reason_hash(clean_reason(choice, reason)),
        ground="",
        key=key_id(dump_key(key.public_key())),
        nonce=f"{vote.pk:032x}",
        at=at,
    )
    proof = {"signature": b64url(key.sign(bytes.fromhex(ballot.hash)))}
    envelope = Envelope(canonical(ballot.value()), proof)
    cast_signed_ballot(vote=vote, envelope=envelope, reason=reason, by=by, at=at)
