"""Orders: each is made again from the pauses on record at its instant, and must have the hash that was entered."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from accounts.rules.organisations import Role
from accounts.rules.statements import Purpose, check_statement
from ledger.rules.entries import EntryValue
from ledger.rules.notes import VerifierKey
from treaty.rules.orders import (
    Exemption,
    Obligation,
    Order,
    acknowledgement,
    next_instant,
    obligation,
)
from treaty.rules.pauses import BINDING
from verifier.replay.drills import drill_obligations
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.keys import directory_at
from verifier.replay.log import Log
from verifier.replay.organisations import by_clock, by_role
from verifier.replay.parties import Parties
from verifier.replay.pauses import PauseRecord, Pauses
from verifier.replay.payloads import Payload, maybe_text, moment, number, part, parts, text
from verifier.replay.texts import Texts
from verifier.replay.works import Works


@dataclass
class Orders:
    """The newest order to each laboratory, the key in force, and what was acknowledged."""

    newest: dict[str, Order] = field(default_factory=dict)
    key: str | None = None
    acknowledged: set[str] = field(default_factory=set)


@replays("order.key_declared")
def declare_key(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The key that orders are signed with is declared before the first of them, and a new one with the one before it."""
    yield from by_clock(entry)
    orders, key = replay.of(Orders), VerifierKey.parse(text(entry.payload, "verifier_key"))
    yield from differs("key", "the key before it", maybe_text(entry.payload, "supersedes"), orders.key)
    if str(key) == orders.key:
        yield Finding("repeated", "this key was declared before")
    orders.key = str(key)


@replays("order.issued")
def issue(replay: Replay, index: int, entry: EntryValue) -> Iterator[Finding]:
    """An order says what the pauses in force ask of the laboratory, and is issued when that is something new."""
    payload, lab = entry.payload, text(entry.payload, "lab")
    document = part(payload, "document")
    yield from _instants(replay, entry, document)
    expected = _order(replay, lab, document)
    yield from differs("order", "the order", dict(document), expected.to_json())
    yield from differs("order", "its hash", text(payload, "order"), expected.hash)
    before = replay.of(Orders).newest.get(lab)
    if before and before.content == expected.content:
        yield Finding("repeated", f"the order before it said the same to {lab}")
    yield from _take(replay, index, expected)


@replays("order.renewed")
def renew(replay: Replay, index: int, entry: EntryValue) -> Iterator[Finding]:
    """Orders that say what they said before are renewed together, before they expire."""
    yield from _instants(replay, entry, entry.payload)
    for one in parts(entry.payload, "orders"):
        lab = text(one, "lab")
        expected = _order(replay, lab, {**entry.payload, "sequence": number(one, "sequence")})
        yield from differs("order", f"the hash of the order to {lab}", text(one, "order"), expected.hash)
        before = replay.of(Orders).newest.get(lab)
        if before is None or before.content != expected.content:
            yield Finding("order", f"{lab} is asked something new: that is an order of its own, and no renewal")
        yield from _take(replay, index, expected)


def _instants(replay: Replay, entry: EntryValue, document: Payload) -> Iterator[Finding]:
    """Find an order by somebody, before its key, or for other instants than the text gives."""
    yield from by_clock(entry)
    orders, rule = replay.of(Orders), replay.of(Texts).at(entry.at).rules.orders
    if orders.key is None:
        yield Finding("key", "no key to sign orders with is on record")
    bound = replay.of(Parties).bound(entry.at)
    latest = [order.not_before for lab, order in orders.newest.items() if lab in bound]
    # Orders that are issued together are several entries: the first of them may already be on record.
    begins, said = next_instant(entry.at, max(latest, default=None), rule.valid_for), moment(document, "not_before")
    yield from differs("instant", "from when it is valid", said, begins)
    yield from differs("instant", "when it expires", moment(document, "expires_at"), rule.valid_for.after(said))


def _order(replay: Replay, lab: str, document: Payload) -> Order:
    """Return the order that follows for the laboratory, in the place that the document gives it."""
    at, before = moment(document, "not_before"), replay.of(Orders).newest.get(lab)
    return Order(
        lab=lab,
        log=replay.of(Log).origin,
        sequence=number(document, "sequence"),
        replaces=before.hash if before else None,
        position=number(document, "position"),
        not_before=at,
        expires_at=moment(document, "expires_at"),
        text=replay.of(Texts).at(at).sha256,
        obligations=tuple(_obligations(replay, lab, at)),
    )


def _obligations(replay: Replay, lab: str, at: datetime) -> Iterator[Obligation]:
    for _key, pause in sorted(replay.of(Pauses).known.items()):
        bound = pause.stand_downs.get(lab)
        if pause.state(at) in BINDING and bound and bound.starts_at <= at:
            yield obligation(
                pause.key,
                pause.terms,
                state=pause.state(at).value,
                since=bound.starts_at,
                stages=pause.stages(lab, at),
                resumed=_resumed(pause, at),
                exemptions=tuple(_exempted(replay, pause, lab, at)),
            )
    yield from drill_obligations(replay, lab, at)


def _exempted(replay: Replay, pause: PauseRecord, lab: str, at: datetime) -> Iterator[Exemption]:
    granted = [one for one in pause.exemptions if one.lab == lab and one.in_force(at)]
    ends = sorted((one.run, one.holds.end) for one in granted if one.holds.end)
    return (Exemption(run, replay.of(Works).runs[run].planned_flop, end) for run, end in ends)


def _resumed(pause: PauseRecord, at: datetime) -> int | None:
    under_way = next((it for it in pause.resumptions if it.snapped_back_at is None), None)
    return sum(1 for reached in under_way.reached if reached <= at) if under_way else None


def _take(replay: Replay, index: int, order: Order) -> Iterator[Finding]:
    """Keep the order; find one to a stranger, one with a number that was used, or one ahead of the record."""
    orders = replay.of(Orders)
    before = orders.newest.get(order.lab)
    if order.lab not in replay.of(Parties).bound(order.not_before):
        yield Finding("state", f"the treaty does not bind {order.lab}: no order is issued to it")
    if before and order.sequence <= before.sequence:
        yield Finding("sequence", f"order {order.sequence} follows order {before.sequence}")
    if order.position > index:
        yield Finding("position", f"it names {order.position} entries, and there were {index} before it")
    orders.newest[order.lab] = order


@replays("order.acknowledged")
def acknowledge(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A laboratory acknowledges its newest order once: by a representative, or by a signature of one of its keys."""
    payload, lab, orders = entry.payload, text(entry.payload, "lab"), replay.of(Orders)
    newest, said, signature = orders.newest.get(lab), text(payload, "order"), text(payload, "signature")
    yield from differs("order", "the order acknowledged", said, newest.hash if newest else None)
    yield from differs("sequence", "its number", number(payload, "sequence"), newest.sequence if newest else None)
    if said in orders.acknowledged:
        yield Finding("repeated", "it was acknowledged before")
    orders.acknowledged.add(said)
    if entry.by is not None or not signature:
        yield from by_role(replay, entry, {Role.REPRESENTATIVE}, lab)
    if signature:
        statement = acknowledgement(said, lab=lab, log=replay.of(Log).origin)
        signer = directory_at(replay, lab, entry.at).signer(lab, text(payload, "by_key"), signature)
        check_statement(signer, signature, purpose=Purpose.ACKNOWLEDGEMENT, statement=statement)
