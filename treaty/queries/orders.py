"""Orders: what each laboratory is to be ordered at an instant, and what it was ordered."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

from accounts.models import Organisation
from ledger.rules.notes import Note
from treaty.models import Exemption, Order, OrderKey, Pause
from treaty.queries.drills import drill_obligations
from treaty.queries.pauses import in_force, state, terms
from treaty.queries.resumption import under_way
from treaty.queries.standdowns import stand_down_facts
from treaty.rules import orders as rules
from treaty.rules.orders import Obligation
from treaty.rules.standdowns import stages

NEWEST_NOTE: Final = """
    SELECT hash, note FROM treaty_order
    WHERE organisation_id = (SELECT id FROM accounts_organisation WHERE key = %s)
    ORDER BY sequence DESC LIMIT 1
"""


def obligations(at: datetime) -> Mapping[int, tuple[Obligation, ...]]:
    """Return what pauses that bind at `at`, and the drill that runs, ask of each laboratory, by its primary key; the oldest pause first."""
    found: dict[int, tuple[Obligation, ...]] = defaultdict(tuple)
    for pause in sorted(in_force(at=at), key=lambda one: one.key):
        for organisation, one in _of_pause(pause, at):
            found[organisation] += (one,)
    for organisation, one in drill_obligations(at).items():
        found[organisation] += (one,)
    return found


def _of_pause(pause: Pause, at: datetime) -> Iterable[tuple[int, Obligation]]:
    resumption, exempted = under_way(pause), _exempted(pause, at)
    resumed = resumption.steps.filter(reached_at__lte=at).count() if resumption else None
    provisions, found = terms(pause), state(pause, at).value
    for stand_down in pause.stand_downs.filter(starts_at__lte=at).prefetch_related("extensions"):
        yield (
            stand_down.organisation_id,
            rules.obligation(
                pause.key,
                provisions,
                state=found,
                since=stand_down.starts_at,
                stages=stages(provisions.level, stand_down_facts(stand_down), at),
                resumed=resumed,
                exemptions=tuple(exempted[stand_down.organisation_id]),
            ),
        )


def _exempted(pause: Pause, at: datetime) -> Mapping[int, list[rules.Exemption]]:
    found: dict[int, list[rules.Exemption]] = defaultdict(list)
    for one in Exemption.objects.under(pause).filter(from_at__lte=at, until_at__gt=at).order_by("run__key", "until_at"):
        found[one.organisation_id].append(rules.Exemption(one.run.key, one.run.planned_flop, one.until_at))
    return found


def newest_orders(labs: Iterable[Organisation]) -> dict[int, Order]:
    """Return the newest order to each of `labs`, by its primary key, in one query."""
    orders = Order.objects.filter(organisation__in=list(labs)).order_by("organisation_id", "-sequence")
    return {order.organisation_id: order for order in orders.distinct("organisation_id")}


def newest_order(lab: str) -> Order | None:
    """Return the newest order to the laboratory with this key."""
    return Order.objects.filter(organisation__key=lab).order_by("-sequence").first()


def newest_note(lab: str) -> tuple[str, str] | None:
    """Return hash and signed note of the newest order to the laboratory with this key.

    In SQL: every machine of every laboratory asks for this, and building the same query costs seven times what running it does.
    """
    with connection.cursor() as cursor:
        cursor.execute(NEWEST_NOTE, [lab])
        found: tuple[str, str] | None = cursor.fetchone()
    return found


def document(order: Order) -> rules.Order:
    """Return what an order says."""
    return rules.Order.parse(Note.parse(order.note).text)


def order_key() -> OrderKey | None:
    """Return the key that orders are signed with, as the record declared it last."""
    return OrderKey.objects.first()


@dataclass(frozen=True)
class HistoryRow:
    """An order that said something new, how often it was renewed, and when the laboratory acknowledged it."""

    order: Order
    document: rules.Order
    renewals: int
    acknowledged_at: datetime | None


def history(lab: Organisation, limit: int = 50) -> list[HistoryRow]:
    """Return the orders to a laboratory that said something new, the newest first, in three queries."""
    found = list(Order.objects.filter(organisation=lab, renewal=False).order_by("-sequence")[:limit])
    if not found:
        return []
    since = Order.objects.filter(organisation=lab, sequence__gte=found[-1].sequence)
    said = dict(since.values_list("sequence", "acknowledgement__acknowledged_at"))
    rows, end = [], max(said) + 1
    for order in found:
        places = [sequence for sequence in sorted(said) if order.sequence <= sequence < end]
        acknowledged = next((at for sequence in places if (at := said[sequence])), None)
        rows.append(HistoryRow(order, document(order), len(places) - 1, acknowledged))
        end = order.sequence
    return rows
