"""Special visits: asking for one, the party's answer, and what becomes of it: a visit, or a case."""

import secrets
from datetime import datetime

from django.db import transaction

from accounts.models import Organisation, User
from core.canonical import commitment, tagged_digest
from core.errors import require
from core.prose import clean_words
from core.times import stamp
from inspections.actions.plan import book, one_planner_at_a_time
from inspections.models import Special, Visit
from inspections.queries.candidates import candidates, special_site
from inspections.queries.specials import asked_of, is_pending, specials, standing_of, states_of
from inspections.rules import plan as planner
from inspections.rules.specials import TO_THE_CASE, SpecialRefused, Standing, needs_visit, obstacle
from labs.models import Facility
from ledger.actions import record
from treaty.actions.cases import open_special_case
from treaty.actions.pauses import lock_keys
from treaty.permissions import bodies_acting, can_act_for_lab, is_independent_of
from treaty.queries.numbering import next_key
from treaty.queries.parties import bound_labs
from treaty.queries.texts import required_text, rules_at, rules_of

LONGEST_WORDS = 4000
ASKERS = "A special visit is asked for by an officer of an accredited body."


@transaction.atomic
def request_special(*, facility: Facility, reason: str, body: Organisation, by: User, at: datetime) -> Special:
    """Ask for a special visit, with the reason, which is published at once. The same request while it is open returns it."""
    lock_keys("special")
    require(body in bodies_acting(by, at=at), ASKERS)
    words = clean_words(reason, "reason", LONGEST_WORDS)
    terms = rules_at(at).monitoring.special
    if terms is None:
        raise SpecialRefused("The text in force knows no special visits.")
    for one in specials().filter(facility=facility, body=body, reason=words):
        if standing_of(one, at) is Standing.ASKED:
            return one
    _check(facility, body, at)
    made = Special.objects.create(
        key=next_key(Special.objects.all(), at),
        facility=facility,
        body=body,
        reason=words,
        salt=secrets.token_hex(32),
        requested_at=at,
        answer_by=terms.answered_within.after(at),
    )
    payload = {**_names(made), "body": body.key, "reason": commitment(made.salt, words)}
    record(kind="special.requested", payload={**payload, "answer_by": stamp(made.answer_by)}, by=by, at=at)
    return made


def _check(facility: Facility, body: Organisation, at: datetime) -> None:
    refusal = obstacle(
        lab=facility.organisation.key,
        bound={lab.key for lab in bound_labs(at)},
        in_use=Facility.objects.open_at(at).filter(pk=facility.pk).exists(),
        independent=is_independent_of(body, facility.organisation, at=at),
        pending=is_pending(facility, at),
    )
    if refusal:
        raise SpecialRefused(refusal, fields={"facility": refusal})


@transaction.atomic
def answer_special(*, special: Special, agrees: bool, words: str, by: User, at: datetime) -> Special:
    """Agree for the party, or refuse with words; once, and in the text's time. The same answer again changes nothing."""
    _lock(special)
    lab = special.facility.organisation
    require(can_act_for_lab(by, lab, at=at), "Only a representative of the laboratory answers for it.")
    if special.agrees is not None and special.agrees == agrees:
        return special
    if standing_of(special, at) is not Standing.ASKED:
        raise SpecialRefused("It was answered, or the time to answer is over.")
    said = "" if agrees and not words.strip() else clean_words(words, "words", LONGEST_WORDS)
    special.agrees, special.answer, special.answered_at = agrees, said, at
    special.answer_salt = secrets.token_hex(32)
    special.save(update_fields=["agrees", "answer", "answer_salt", "answered_at"])
    payload = {**_names(special), "agrees": agrees, "words": commitment(special.answer_salt, said) if said else None}
    record(kind="special.answered", payload=payload, by=by, at=at)
    return special


@transaction.atomic
def settle_special(*, special: Special, at: datetime) -> Special:
    """Plan the visit that was agreed to; open the case where it was refused, or not answered in time. Once.

    Where no team can be sent yet nothing is written, and the next sweep tries again.
    """
    one_planner_at_a_time()
    _lock(special)
    if standing_of(special, at) in TO_THE_CASE:
        open_special_case(special=special.key, lab=special.facility.organisation, at=at)
    elif needs_visit(asked_of(special), states_of(special)):
        _plan(special, at=at)
    return special


def _plan(special: Special, *, at: datetime) -> Visit | None:
    text = required_text(at)
    monitoring = rules_of(text).monitoring
    seed = tagged_digest("fermata/special-seed/v1", {"special": special.key, "plan": special.visits.count()})
    found = planner.plan([special_site(special, monitoring, at)], candidates(at), monitoring, seed=seed)
    if not found.placed:
        return None
    [visit] = book(found.placed, {special.facility.key: special.facility}, text, at=at, special=special)
    payload = {**_names(special), "seed": seed, "visit": visit.key, "commitment": visit.commitment}
    record(kind="special.planned", payload=payload, by=None, at=at)
    return visit


def _lock(special: Special) -> None:
    special.refresh_from_db(from_queryset=Special.objects.select_for_update(of=("self",)).with_names())


def _names(special: Special) -> dict[str, str]:
    facility = special.facility
    return {"special": special.key, "lab": facility.organisation.key, "facility": facility.key}
