"""Public draws: opened by the calendar, committed to, sealed, revealed, carried out. Never stopped, never repeated."""

import secrets
from datetime import datetime

from django.db import transaction

from accounts.models import Organisation, User
from core.errors import require
from core.times import stamp
from inspections.models import Draw, DrawValue
from inspections.queries.draws import (
    as_rows,
    contributions_of,
    draws,
    due_at,
    listed,
    opens_days,
    repeated,
    stage_of,
    terms_of,
)
from inspections.rules.drawn_days import chain, day_commitment
from inspections.rules.draws import ALGORITHM
from inspections.rules.seeds import (
    SETTLED,
    DrawRefused,
    Stage,
    check_commitment,
    list_hash,
    opens,
    seed,
    value_commitment,
)
from ledger.actions import record
from ledger.queries import index_of, root_at
from treaty.actions.pauses import lock_keys
from treaty.permissions import can_ask_to_resume
from treaty.queries.numbering import next_key
from treaty.queries.texts import required_text, rules_of

CONTRIBUTORS = "A value is committed to by a bound laboratory or an accredited body."
HANDED_IN_BY = "A value is handed in by somebody who represents a bound laboratory or an accredited body."


@transaction.atomic
def open_draw(*, at: datetime) -> Draw | None:
    """Open the draw that is due: its list and rule are frozen, and the operator's value is committed to. None where none is due."""
    lock_keys("draw")
    text = required_text(at)
    terms = rules_of(text).monitoring.draw
    if terms is None or at < due_at(terms, at):
        return None
    sites = listed(at - SETTLED)
    if not sites:
        return None
    key, value = next_key(Draw.objects.all(), at), secrets.token_hex(32)
    lasts = [secrets.token_hex(32) for _ in range(terms.places)] if terms.days else []
    draw = Draw.objects.create(
        key=key,
        text=text,
        opened_at=at,
        listed_at=at - SETTLED,
        listed=as_rows(sites),
        list_hash=list_hash(sites, places=terms.places, per_party=terms.per_party),
        commit_by=terms.commit_within.after(at),
        value=value,
        commitment=value_commitment(key, "", value),
        day_secrets=lasts,
        day_commitments=[day_commitment(key, place, chain(last)[0]) for place, last in enumerate(lasts, start=1)],
    )
    _record_opening(draw)
    return draw


def _record_opening(draw: Draw) -> None:
    terms = terms_of(draw)
    record(
        kind="draw.opened",
        payload={
            "draw": draw.key,
            "text": draw.text.version,
            "listed_at": stamp(draw.listed_at),
            "sites": len(draw.listed),
            "list_hash": draw.list_hash,
            "algorithm": ALGORITHM,
            "places": terms.places,
            "per_party": terms.per_party,
            "commitment": draw.commitment,
            "commit_by": stamp(draw.commit_by),
            **({"days": draw.day_commitments} if terms.days else {}),
        },
        by=None,
        at=draw.opened_at,
    )


@transaction.atomic
def commit_value(*, draw: Draw, organisation: Organisation, commitment: str, by: User, at: datetime) -> DrawValue:
    """Commit to a value that is revealed once all commitments are sealed; one for an organisation, and for good."""
    _lock(draw)
    require(organisation in can_ask_to_resume(by, at=at), CONTRIBUTORS)
    check_commitment(commitment)
    known = DrawValue.objects.filter(draw=draw, organisation=organisation).first()
    if known and known.commitment == commitment:
        return known
    if known:
        raise DrawRefused(f"{organisation.name} has committed to a value in this draw, and that stands.")
    if stage_of(draw, at) is not Stage.COMMITTING:
        raise DrawRefused(f"Values could be committed to until {stamp(draw.commit_by)}.")
    made = DrawValue.objects.create(draw=draw, organisation=organisation, commitment=commitment, committed_at=at)
    payload = {"draw": draw.key, "organisation": organisation.key, "commitment": commitment}
    record(kind="draw.committed", payload=payload, by=by, at=at)
    return made


@transaction.atomic
def seal_draw(*, draw: Draw, at: datetime) -> Draw:
    """Close the commitments, once their time is over; the record up to this entry goes into the seed."""
    _lock(draw)
    if stage_of(draw, at) is not Stage.SEALING:
        return draw
    draw.sealed_at, draw.reveal_by = at, terms_of(draw).reveal_within.after(at)
    committed = [one.organisation for one in contributions_of(draw)]
    payload = {"draw": draw.key, "organisations": committed, "reveal_by": stamp(draw.reveal_by)}
    draw.seal = record(kind="draw.sealed", payload=payload, by=None, at=at).hash
    draw.save(update_fields=["sealed_at", "reveal_by", "seal"])
    return draw


@transaction.atomic
def reveal_value(*, draw: Draw, organisation: Organisation, value: str, by: User, at: datetime) -> DrawValue:
    """Hand in the value that an organisation committed to. Anybody of a party or body may who has it: it opens the commitment or does not."""
    _lock(draw)
    require(bool(can_ask_to_resume(by, at=at)), HANDED_IN_BY)
    row = DrawValue.objects.filter(draw=draw, organisation=organisation).first()
    if row is None:
        raise DrawRefused(f"{organisation.name} has not committed to a value in this draw.")
    if not opens(draw.key, organisation.key, value, row.commitment):
        raise DrawRefused("That is not the value that was committed to.")
    if row.value:
        return row
    if stage_of(draw, at) is not Stage.REVEALING:
        raise DrawRefused("Values are revealed after the commitments were sealed and before the time for it is over.")
    row.value, row.revealed_at = value, at
    row.save(update_fields=["value", "revealed_at"])
    payload = {"draw": draw.key, "organisation": organisation.key, "value": value}
    record(kind="draw.revealed", payload=payload, by=by, at=at)
    return row


@transaction.atomic
def carry_out_draw(*, draw: Draw, at: datetime) -> Draw:
    """Open the operator's value and draw, once the time for values is over: whoever withheld theirs neither stops nor repeats it."""
    _lock(draw)
    sealing = index_of(draw.seal) if draw.seal else None
    if stage_of(draw, at) is not Stage.DRAWING or sealing is None:
        return draw
    known = contributions_of(draw)
    draw.drawn_at, draw.size = at, sealing + 1
    draw.root = root_at(draw.size).hex()
    draw.seed = seed(draw=draw.key, listed=draw.list_hash, root=draw.root, contributions=known, value=draw.value)
    draw.drawn = list(repeated(draw).drawn)
    draw.save(update_fields=["drawn_at", "size", "root", "seed", "drawn"])
    record(
        kind="draw.carried_out",
        payload={
            "draw": draw.key,
            "size": draw.size,
            "root": draw.root,
            "values": [[one.organisation, one.value] for one in known],
            "value": draw.value,
            "seed": draw.seed,
            "drawn": draw.drawn,
        },
        by=None,
        at=at,
    )
    return draw


@transaction.atomic
def open_days(*, draw: Draw, at: datetime) -> Draw:
    """Open the links of every place once the last of its days is over, visited or not: from then on everybody finds all days drawn."""
    _lock(draw)
    if not opens_days(draw, at):
        return draw
    draw.days_opened_at = at
    draw.save(update_fields=["days_opened_at"])
    record(kind="draw.days_opened", payload={"draw": draw.key, "links": draw.day_secrets}, by=None, at=at)
    return draw


def advance_draw(*, draw: Draw, at: datetime) -> Draw:
    """Do what time asks for: seal the commitments, carry the draw out, or open its days."""
    if draw.drawn_at is not None:
        return open_days(draw=draw, at=at)
    return seal_draw(draw=draw, at=at) if draw.sealed_at is None else carry_out_draw(draw=draw, at=at)


def _lock(draw: Draw) -> None:
    draw.refresh_from_db(from_queryset=draws().select_for_update(of=("self",)))
