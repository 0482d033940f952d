"""Starting a pause, mutual activation, ratification, lapse. What a sweep writes down holds from the instant it computes."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction
from django.db.models import prefetch_related_objects

from accounts.models import Organisation, User
from core.errors import DomainError, require
from core.times import stamp
from ledger.actions import record
from treaty.models import Commitment, Party, Pause, StandDown, Vote
from treaty.models.pauses import ROWS
from treaty.permissions import can_act_for_lab
from treaty.queries.commitments import covered_compute
from treaty.queries.numbering import next_key
from treaty.queries.parties import bound_labs
from treaty.queries.pauses import facts, state, terms
from treaty.queries.texts import rules_of
from treaty.rules.commitments import Named, PledgeCondition, read_condition
from treaty.rules.pauses import (
    BINDING,
    ActivationOutcome,
    PauseEvent,
    PauseInAnotherState,
    PauseState,
    PauseTerms,
    activation_deadline,
    activation_outcome,
    emergency_lapses_at,
    steps,
    terms_of,
)
from treaty.rules.profiles import VoteProfile
from treaty.rules.votes import Outcome


class VoteNotAdopted(DomainError):
    """The vote was not adopted, so it has no effect."""

    code = "vote_not_adopted"


class SubjectIncomplete(DomainError):
    """The vote's subject does not say what its effect needs."""

    code = "subject_incomplete"


class NotOnTheRoll(DomainError):
    """The laboratory is not on the roll of this pause."""

    code = "not_on_the_roll"


def lock(pause: Pause) -> None:
    """Lock the pause's row and read it afresh, with the rows that decide its state."""
    pause.refresh_from_db(from_queryset=Pause.objects.select_for_update(of=("self",), no_key=True))
    prefetch_related_objects([pause], *ROWS)


def lock_keys(name: str) -> None:
    """Let one transaction at a time give out the next key of a kind, until it ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"treaty.key.{name}"])


@transaction.atomic
def start_pause(*, vote: Vote, at: datetime) -> Pause:
    """Let an adopted vote start its pause: mutual activation opens, or, in an emergency, it is in force at once.

    Everything counts from the vote's instant of effect, however late this runs. A second call returns the pause.
    """
    vote.refresh_from_db(from_queryset=Vote.objects.select_for_update(of=("self",), no_key=True))
    started = Pause.objects.filter(vote=vote).first()
    if started:
        return started
    effective_at = effect_of(vote)
    level = named(vote, "level")
    emergency = VoteProfile.model_validate(vote.profile).emergency
    text = rules_of(vote.text)
    provisions = terms_of(
        text,
        sha256=vote.text.sha256,
        level=level,
        emergency=(emergency.lapses, emergency.ratified_by) if emergency else None,
    )
    lock_keys("pause")
    pause = Pause.objects.create(
        key=next_key(Pause.objects.all(), effective_at),
        title=provisions.level.title,
        level=level,
        vote=vote,
        text=vote.text,
        parameters=provisions.model_dump(mode="json"),
        emergency=emergency is not None,
        adopted_at=min(vote.closed_at or effective_at, effective_at),
        activating_at=effective_at,
    )
    roll = bound_labs(effective_at)
    compute = covered_compute(roll, text.covered, effective_at)
    Commitment.objects.bulk_create(
        Commitment(pause=pause, organisation=lab, compute="" if compute[lab.pk] is None else str(compute[lab.pk]))
        for lab in roll
    )
    if emergency:
        _enter_at_once(pause, provisions, effective_at)
    _record_start(pause, provisions, at)
    return pause


def effect_of(vote: Vote) -> datetime:
    """Return the instant from which an adopted vote has effect; raise VoteNotAdopted."""
    if vote.outcome != Outcome.ADOPTED or vote.closed_at is None:
        raise VoteNotAdopted
    return vote.effective_at or vote.closed_at


def named(vote: Vote, what: str) -> str:
    """Return what the vote's subject says of `what`; raise SubjectIncomplete."""
    value = vote.subject.get(what)
    if not isinstance(value, str) or not value:
        raise SubjectIncomplete(f"The subject of vote {vote.key} does not name its {what}.")
    return value


def pause_of(vote: Vote) -> Pause:
    """Return the pause that the vote is about; raise SubjectIncomplete."""
    pause = vote.pause or Pause.objects.filter(key=named(vote, "pause")).first()
    if pause is None:
        raise SubjectIncomplete(f"There is no pause {named(vote, 'pause')!r}.")
    return pause


def _enter_at_once(pause: Pause, provisions: PauseTerms, effective_at: datetime) -> None:
    pause.in_force_at = effective_at
    pause.emergency_lapses_at = emergency_lapses_at(facts(pause), provisions)
    pause.save(update_fields=["in_force_at", "emergency_lapses_at"])
    pause.commitments.update(bound=True, reason={"code": "emergency"})
    _stand_down([one.organisation for one in pause.commitments.select_related("organisation")], pause, effective_at)


def _stand_down(labs: Iterable[Organisation], pause: Pause, starts_at: datetime) -> None:
    StandDown.objects.bulk_create(StandDown(pause=pause, organisation=lab, starts_at=starts_at) for lab in labs)


def _record_start(pause: Pause, provisions: PauseTerms, at: datetime) -> None:
    roll = pause.commitments.select_related("organisation").order_by("organisation__key")
    record(
        kind="pause.adopted",
        payload={
            "pause": pause.key,
            "vote": pause.vote.key,
            "level": pause.level,
            "text": provisions.text,
            "effective_at": stamp(pause.activating_at),
            "emergency": pause.emergency,
            "confirm_by": None if pause.emergency else stamp(activation_deadline(facts(pause), provisions)),
            "lapses_at": stamp(pause.emergency_lapses_at) if pause.emergency_lapses_at else None,
            "roll": [{"lab": one.organisation.key, "compute": one.compute or None} for one in roll],
        },
        by=None,
        at=at,
    )


@transaction.atomic
def confirm_commitment(
    *, pause: Pause, organisation: Organisation, condition: object, by: User, at: datetime
) -> Commitment:
    """Give, or replace, the lab's pledge to this pause while it is activating; `condition` is structured data."""
    lock(pause)
    require(can_act_for_lab(by, organisation, at=at), "Only a representative of the laboratory confirms for it.")
    wanted = read_condition(condition)
    commitment = _activating(pause, organisation, at)
    _check_named(wanted, pause)
    data = wanted.model_dump(mode="json")
    if commitment.confirmed_at and not commitment.withdrawn_at and commitment.condition == data:
        return commitment
    commitment.condition, commitment.confirmed_at, commitment.withdrawn_at = data, at, None
    commitment.save(update_fields=["condition", "confirmed_at", "withdrawn_at"])
    record(
        kind="commitment.confirmed",
        payload={"pause": pause.key, "lab": organisation.key, "condition": data},
        by=by,
        at=at,
    )
    return commitment


@transaction.atomic
def withdraw_commitment(*, pause: Pause, organisation: Organisation, by: User, at: datetime) -> Commitment:
    """Take the lab's pledge back while the pause is activating."""
    lock(pause)
    require(can_act_for_lab(by, organisation, at=at), "Only a representative of the laboratory withdraws for it.")
    commitment = _activating(pause, organisation, at)
    if commitment.confirmed_at is None or commitment.withdrawn_at:
        return commitment
    commitment.withdrawn_at = at
    commitment.save(update_fields=["withdrawn_at"])
    record(kind="commitment.withdrawn", payload={"pause": pause.key, "lab": organisation.key}, by=by, at=at)
    return commitment


def _activating(pause: Pause, organisation: Organisation, at: datetime) -> Commitment:
    found = state(pause, at)
    if found is not PauseState.ACTIVATING:
        raise PauseInAnotherState(
            f"Pause {pause.key} is {found.value.replace('_', ' ')}: commitments are given while it is activating."
        )
    commitment = pause.commitments.select_related("organisation").filter(organisation=organisation).first()
    if commitment is None:
        raise NotOnTheRoll(f"{organisation.name} was not bound by the treaty when pause {pause.key} was adopted.")
    return commitment


def _check_named(condition: PledgeCondition, pause: Pause) -> None:
    roll = {one.organisation.key for one in pause.commitments.all()}
    unknown = sorted(_names(condition) - roll)
    if unknown:
        raise NotOnTheRoll(
            f"Not on the roll of this pause: {', '.join(unknown)}.",
            fields={"labs": f"Not on the roll: {', '.join(unknown)}."},
        )


def _names(condition: PledgeCondition) -> set[str]:
    if isinstance(condition, Named):
        return set(condition.labs)
    return {name for part in getattr(condition, "of", ()) for name in _names(part)}


@transaction.atomic
def activate(*, pause: Pause, at: datetime) -> Pause:
    """Write down how activation ended, once it has: in force for the largest set whose pledges are met, or lapsed."""
    lock(pause)
    if pause.emergency or pause.in_force_at or pause.lapsed_at:
        return pause
    outcome = activation_outcome(facts(pause), terms(pause))
    if outcome.at > at:
        return pause
    for one in pause.commitments.all():
        reason = outcome.bound.reasons[one.organisation.key]
        one.bound, one.reason = reason.bound and outcome.in_force, {"code": reason.code, "round": reason.round}
    Commitment.objects.bulk_update(pause.commitments.all(), ["bound", "reason"])
    if outcome.in_force:
        pause.in_force_at = outcome.at
        _stand_down([one.organisation for one in pause.commitments.all() if one.bound], pause, outcome.at)
    else:
        pause.lapsed_at = outcome.at
    pause.save(update_fields=["in_force_at", "lapsed_at"])
    _record_activation(pause, outcome, at)
    return pause


def _record_activation(pause: Pause, outcome: ActivationOutcome, at: datetime) -> None:
    reasons = sorted(outcome.bound.reasons.items())
    record(
        kind="pause.entered_into_force" if outcome.in_force else "pause.lapsed",
        payload={
            "pause": pause.key,
            "at": stamp(outcome.at),
            "reason": outcome.reason,
            "bound": [lab for lab, reason in reasons if reason.bound and outcome.in_force],
            "out": [{"lab": lab, "code": why.code, "round": why.round} for lab, why in reasons if not why.bound],
        },
        by=None,
        at=at,
    )


@transaction.atomic
def expire(*, pause: Pause, at: datetime) -> Pause:
    """Write down that time ended the pause: an emergency that nobody ratified, or the text's sunset."""
    lock(pause)
    if pause.lapsed_at or pause.ended_at or pause.in_force_at is None:
        return pause
    found, provisions = facts(pause), terms(pause)
    over = next(
        (
            step
            for step in steps(found, provisions)
            if step.at <= at and step.event in {PauseEvent.LAPSE, PauseEvent.END}
        ),
        None,
    )
    if over is None:
        return pause
    lapsed = over.event is PauseEvent.LAPSE
    pause.lapsed_at, pause.ended_at, pause.resuming_at = (over.at, None, None) if lapsed else (None, over.at, None)
    pause.save(update_fields=["lapsed_at", "ended_at", "resuming_at"])
    record(
        kind="pause.lapsed" if lapsed else "pause.ended",
        payload={"pause": pause.key, "at": stamp(over.at), "reason": "not_ratified" if lapsed else "sunset"},
        by=None,
        at=at,
    )
    return pause


@transaction.atomic
def ratify_pause(*, vote: Vote, at: datetime) -> Pause:
    """Let an adopted vote ratify the emergency pause that its subject names, if it has effect before the lapse."""
    effective_at = effect_of(vote)
    pause = pause_of(vote)
    lock(pause)
    if pause.ratified_at:
        return pause
    if not pause.emergency or state(pause, effective_at) not in BINDING:
        raise PauseInAnotherState(
            f"Pause {pause.key} was {state(pause, effective_at).value} when the ratification took effect."
        )
    pause.ratified_at = effective_at
    pause.save(update_fields=["ratified_at"])
    record(
        kind="pause.ratified",
        payload={"pause": pause.key, "vote": vote.key, "effective_at": stamp(effective_at)},
        by=None,
        at=at,
    )
    return pause


@transaction.atomic
def join_newcomers(*, pause: Pause, at: datetime) -> list[Organisation]:
    """Bind the labs that acceded while the pause was in force; their stand-down starts when the treaty bound them."""
    lock(pause)
    if state(pause, at) not in BINDING or pause.in_force_at is None:
        return []
    roll = [one.organisation_id for one in pause.commitments.all()]
    new = list(Party.objects.bound(at).exclude(organisation__in=roll).select_related("organisation"))
    if not new:
        return []
    starts = {party.organisation: max(party.bound_at or at, pause.in_force_at) for party in new}
    Commitment.objects.bulk_create(
        Commitment(pause=pause, organisation=lab, bound=True, joined_at=start, reason={"code": "acceded"})
        for lab, start in starts.items()
    )
    for lab, start in starts.items():
        _stand_down([lab], pause, start)
    record(
        kind="pause.joined",
        payload={
            "pause": pause.key,
            "labs": [{"lab": lab.key, "starts_at": stamp(start)} for lab, start in starts.items()],
        },
        by=None,
        at=at,
    )
    return list(starts)
