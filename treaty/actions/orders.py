"""Orders (Art. 10): issued when what a laboratory is asked changes, renewed for all before they expire, acknowledged."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import batched
from typing import Final

from django.conf import settings
from django.db import transaction

from accounts.models import Organisation, User
from accounts.queries.keys import directory_of
from accounts.rules.statements import Purpose, check_statement
from core.canonical import Json
from core.errors import DomainError, require
from core.times import stamp
from ledger.actions import record
from ledger.queries import position
from ledger.rules.notes import Note
from treaty.actions.pauses import lock_keys
from treaty.actions.pushes import queue_deliveries
from treaty.models import Order, OrderAcknowledgement, OrderKey, Pause
from treaty.permissions import can_act_for_lab
from treaty.queries.keys import root_of
from treaty.queries.orders import document, newest_orders, obligations, order_key
from treaty.queries.parties import bound_labs
from treaty.queries.texts import rules_of, text_at
from treaty.rules import orders as rules
from treaty.rules.orders import Obligation, is_renewal_due, next_instant
from treaty.signer import order_signer

# Orders in one entry of renewal: an entry is published in 64 KiB at most.
RENEWED_TOGETHER: Final = 200


class OrderOvertaken(DomainError):
    """There is a newer order to this laboratory: acknowledge that one."""

    code = "order_overtaken"


@dataclass(frozen=True)
class Wanted:
    """What a laboratory is to be ordered, and the order that it has."""

    lab: Organisation
    newest: Order | None
    obligations: tuple[Obligation, ...]
    is_new: bool


@dataclass(frozen=True)
class Plan:
    """The orders that are due: for which instant, until when, under which text."""

    text: str
    not_before: datetime
    expires_at: datetime
    wanted: tuple[Wanted, ...]


def issue_due(*, at: datetime) -> list[Order]:
    """Issue the orders that are due. Mostly none is: that is seen without a lock."""
    plan = _plan(at)
    return issue_orders(at=at) if plan and plan.wanted else []


@transaction.atomic
def issue_orders(*, at: datetime) -> list[Order]:
    """Issue an order to each laboratory that is asked something new, and renew all others once that is due.

    The pauses are locked, so that an order says what follows from the entries before its own. Late, twice or on two
    workers at once: the same orders, each entered once.
    """
    lock_keys("order")
    lock_keys("pause")
    list(Pause.objects.not_over().select_for_update(no_key=True).order_by("pk").values_list("pk"))
    plan = _plan(at)
    if plan is None or not plan.wanted:
        return []
    declare_order_key(at=at)
    orders = Order.objects.bulk_create(_signed(plan))
    queue_deliveries(orders, at=at)
    _record(plan, orders, at)
    return orders


def _plan(at: datetime) -> Plan | None:
    text = text_at(at)
    if text is None:
        return None
    rule, labs = rules_of(text).orders, bound_labs(at)
    newest = newest_orders(labs)
    now = next_instant(at, max((it.not_before for it in newest.values()), default=None), rule.valid_for)
    asked, signed = obligations(now), order_signer().sequences()
    wanted = [_wanted(lab, newest.get(lab.pk), asked.get(lab.pk, ()), text.sha256) for lab in labs]
    begun = [it.newest.not_before for it in wanted if it.newest and not it.is_new]
    renew = bool(begun) and is_renewal_due(min(begun), now, rule.renewed_every)
    due = tuple(it for it in wanted if it.is_new or renew or signed.get(it.lab.key, 0) > _number(it))
    return Plan(text.sha256, now, rule.valid_for.after(now), due)


def _wanted(lab: Organisation, newest: Order | None, asked: tuple[Obligation, ...], text: str) -> Wanted:
    return Wanted(lab, newest, asked, is_new=newest is None or newest.content != rules.content_of(text, asked))


def _number(wanted: Wanted) -> int:
    """The number of the order on record. Where the signer knows a later one, the database is an older copy."""
    return wanted.newest.sequence if wanted.newest else 0


def _signed(plan: Plan) -> Iterator[Order]:
    entries = position()
    notes = order_signer().sign({it.lab.key: (_number(it), partial(_note, plan, it, entries)) for it in plan.wanted})
    for wanted in plan.wanted:
        yield _row(wanted, notes[wanted.lab.key])


def _note(plan: Plan, wanted: Wanted, entries: int, sequence: int) -> str:
    return rules.Order(
        lab=wanted.lab.key,
        log=settings.LEDGER["ORIGIN"],
        sequence=sequence,
        replaces=wanted.newest.hash if wanted.newest else None,
        position=entries,
        not_before=plan.not_before,
        expires_at=plan.expires_at,
        text=plan.text,
        obligations=wanted.obligations,
    ).note


def _row(wanted: Wanted, note: Note) -> Order:
    order = rules.Order.parse(note.text)
    return Order(
        organisation=wanted.lab,
        sequence=order.sequence,
        hash=order.hash,
        content=order.content,
        note=str(note),
        position=order.position,
        not_before=order.not_before,
        expires_at=order.expires_at,
        renewal=not wanted.is_new,
        drill=order.is_drill,
    )


def _whole(order: Order) -> dict[str, Json]:
    return {"lab": order.organisation.key, "order": order.hash, "document": document(order).to_json()}


def _record(plan: Plan, orders: Iterable[Order], at: datetime) -> None:
    renewed = [order for order in orders if order.renewal]
    for order in orders:
        if not order.renewal:
            record(kind="order.issued", payload=_whole(order), by=None, at=at)
    for some in batched(renewed, RENEWED_TOGETHER):
        record(
            kind="order.renewed",
            payload={
                "text": plan.text,
                "position": some[0].position,
                "not_before": stamp(plan.not_before),
                "expires_at": stamp(plan.expires_at),
                "orders": [{"lab": it.organisation.key, "sequence": it.sequence, "order": it.hash} for it in some],
            },
            by=None,
            at=at,
        )


@transaction.atomic
def declare_order_key(*, at: datetime) -> OrderKey:
    """Record the key that orders are signed with: made at the first time, afterwards whenever the signer has another."""
    lock_keys("order")
    newest = order_key()
    if newest is None:
        order_signer().create(settings.LEDGER["ORIGIN"].removesuffix("/tlog") + "/orders")
    key = str(order_signer().key.verifier)
    if newest and newest.verifier_key == key:
        return newest
    supersedes = newest.verifier_key if newest else None
    record(kind="order.key_declared", payload={"verifier_key": key, "supersedes": supersedes}, by=None, at=at)
    return OrderKey.objects.create(verifier_key=key, declared_at=at)


@transaction.atomic
def acknowledge_order(
    *, order: Order, by_key: str = "", signature: str = "", by: User | None, at: datetime
) -> OrderAcknowledgement:
    """Record that the laboratory has its newest order: by a representative, or by a signature of one of its keys."""
    lab = order.organisation
    lock_keys("order")
    known = OrderAcknowledgement.objects.filter(order=order).first()
    if by_key or signature:
        statement = rules.acknowledgement(order.hash, lab=lab.key, log=settings.LEDGER["ORIGIN"])
        key = directory_of(lab, root_of(lab, at)).signer(lab.key, by_key, signature)
        check_statement(key, signature, purpose=Purpose.ACKNOWLEDGEMENT, statement=statement)
    require(
        bool(signature if by is None else can_act_for_lab(by, lab, at=at)),
        "A representative of the laboratory acknowledges its orders, or one of its enrolled keys.",
    )
    if known:
        return known
    if Order.objects.filter(organisation=lab, sequence__gt=order.sequence).exists():
        raise OrderOvertaken
    record(
        kind="order.acknowledged",
        payload={
            "lab": lab.key,
            "order": order.hash,
            "sequence": order.sequence,
            "by_key": by_key,
            "signature": signature,
        },
        by=by,
        at=at,
    )
    return OrderAcknowledgement.objects.create(order=order, acknowledged_at=at, by_key=by_key, signature=signature)
