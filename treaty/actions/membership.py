"""What decisions do to the annexes and to rights: admit, accredit, suspend, reinstate, merge."""

from datetime import datetime

from django.db import transaction

from accounts.models import Organisation
from accounts.rules.organisations import Kind
from core.errors import DomainError
from core.times import stamp
from ledger.actions import record
from treaty.actions.pauses import effect_of, named
from treaty.models import Accreditation, Annexed, Merger, Party, Suspension, Vote
from treaty.queries.parties import annex, is_in_breach, status_of
from treaty.queries.texts import rules_of
from treaty.rules.parties import Status, may_be_suspended, may_merge


class AlreadyAnnexed(DomainError):
    """The annexes name this organisation already."""

    code = "already_annexed"


class NotAnOrganisation(DomainError):
    """There is no such organisation that this decision could be about."""

    code = "not_an_organisation"


class NotInBreach(DomainError):
    """Only a party that is determined to be in breach, in a case that is open, is suspended."""

    code = "not_in_breach"


class NotSuspended(DomainError):
    """The party's rights are not suspended."""

    code = "not_suspended"


class NotMerged(DomainError):
    """A party merges once, into another one that has not merged itself."""

    code = "not_merged"


@transaction.atomic
def admit(*, vote: Vote, at: datetime) -> Annexed:
    """Let an adopted vote add the laboratory that its subject names to Annex 1, so that it may sign."""
    effective_at = effect_of(vote)
    known = Annexed.objects.filter(vote=vote).first()
    if known:
        return known
    lab = _organisation(named(vote, "lab"), Kind.LABORATORY)
    annexed = _annex(lab, vote, effective_at)
    record(
        kind="lab.admitted",
        payload={"lab": lab.key, "vote": vote.key, "effective_at": stamp(effective_at)},
        by=None,
        at=at,
    )
    return annexed


@transaction.atomic
def accredit(*, vote: Vote, at: datetime) -> Annexed | Accreditation:
    """Let an adopted vote add a body to Annex 2 or accredit an observer; a body that holds its mandate has it renewed (Art. 2)."""
    effective_at = effect_of(vote)
    organisation = _organisation(named(vote, "organisation"), Kind.BODY, Kind.OBSERVER)
    held = Accreditation.objects.select_for_update().filter(organisation=organisation).first()
    known = held if held and held.renewed_by_id == vote.pk else Annexed.objects.filter(vote=vote).first()
    if known:
        return known
    made = _renew(held, vote, effective_at) if held else _annex(organisation, vote, effective_at)
    record(
        kind="organisation.accredited",
        payload={
            "organisation": organisation.key,
            "role": organisation.kind,
            "vote": vote.key,
            "effective_at": stamp(effective_at),
            "until_at": stamp(made.ended_at) if isinstance(made, Accreditation) and made.ended_at else None,
        },
        by=None,
        at=at,
    )
    return made


def _organisation(key: str, *kinds: Kind) -> Organisation:
    found = Organisation.objects.select_for_update(no_key=True).filter(key=key, kind__in=kinds).first()
    if found is None:
        raise NotAnOrganisation(f"There is no organisation {key!r} that this decision could be about.")
    return found


def _annex(organisation: Organisation, vote: Vote, from_at: datetime) -> Annexed:
    if organisation.key in {member.key for member in annex(Kind(organisation.kind), from_at)}:
        raise AlreadyAnnexed
    return Annexed.objects.create(organisation=organisation, vote=vote, from_at=from_at)


def _renew(held: Accreditation, vote: Vote, effective_at: datetime) -> Accreditation:
    held.ended_at = rules_of(vote.text).admission.accreditation_validity.after(effective_at)
    held.renewed_by = vote
    held.save(update_fields=["ended_at", "renewed_by"])
    return held


@transaction.atomic
def suspend(*, vote: Vote, at: datetime) -> Suspension:
    """Let an adopted vote suspend the party that its subject names, if it is still determined to be in breach (Art. 2)."""
    effective_at = effect_of(vote)
    party = _party(named(vote, "lab"))
    known = party.suspensions.filter(vote=vote).first()
    if known:
        return known
    if not may_be_suspended(status_of(party, at), in_breach=is_in_breach(party.organisation, at)):
        raise NotInBreach
    suspension = Suspension.objects.create(party=party, vote=vote, from_at=effective_at)
    record(
        kind="party.suspended",
        payload={"lab": party.organisation.key, "vote": vote.key, "effective_at": stamp(effective_at)},
        by=None,
        at=at,
    )
    return suspension


@transaction.atomic
def reinstate(*, vote: Vote, at: datetime) -> Suspension:
    """Let an adopted vote give the suspended party that its subject names its rights back (Art. 2)."""
    effective_at = effect_of(vote)
    party = _party(named(vote, "lab"))
    known = party.suspensions.filter(lifted_by=vote).first()
    if known:
        return known
    suspension = party.suspensions.filter(until_at=None).first()
    if suspension is None or status_of(party, at) is not Status.SUSPENDED:
        raise NotSuspended
    suspension.until_at, suspension.lifted_by = max(effective_at, suspension.from_at), vote
    suspension.save(update_fields=["until_at", "lifted_by"])
    record(
        kind="party.reinstated",
        payload={"lab": party.organisation.key, "vote": vote.key, "effective_at": stamp(suspension.until_at)},
        by=None,
        at=at,
    )
    return suspension


@transaction.atomic
def merge(*, vote: Vote, at: datetime) -> Merger:
    """Let an adopted vote say that a party has merged into another: the two have one vote, and every obligation stays (Art. 2)."""
    effective_at = effect_of(vote)
    lab, into = named(vote, "lab"), named(vote, "into")
    parties = {key: _party(key) for key in sorted({lab, into})}
    known = Merger.objects.filter(vote=vote).first()
    if known:
        return known
    if not may_merge(lab, status_of(parties[lab], at), into, status_of(parties[into], at)):
        raise NotMerged
    merger = Merger.objects.create(party=parties[lab], into=parties[into], vote=vote, from_at=effective_at)
    record(
        kind="party.merged",
        payload={"lab": lab, "into": into, "vote": vote.key, "effective_at": stamp(effective_at)},
        by=None,
        at=at,
    )
    return merger


def _party(key: str) -> Party:
    found = Party.objects.select_for_update(of=("self",), no_key=True).select_related("organisation")
    party = found.filter(organisation__key=key).first()
    if party is None:
        raise NotAnOrganisation(f"{key!r} is not a party.")
    return party
