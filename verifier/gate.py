"""May this work go on? Reads a laboratory's order, checks it offline, and answers with an exit code (treaty, Article 10).

0 clear; 75 held by a pause; 69 cannot tell: then nothing begins. The newest order seen is kept in a folder, so that an older one
cannot be replayed and most answers need no network. Started before every job, so this module imports little, and the network late.
"""

import json
import os
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from core.errors import DomainError, Malformed
from core.times import stamp
from ledger.rules.notes import Note, VerifierKey
from treaty.rules.orders import Answer, Order, Work, answer, quantity, written
from verifier.order_cache import Cache, Kept, NotKept
from verifier.output import say

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

CLEAR: Final = 0
CANNOT_TELL: Final = 69  # EX_UNAVAILABLE of sysexits.h
HELD: Final = 75  # EX_TEMPFAIL: to be tried again later
FRESH: Final = timedelta(seconds=60)  # an order asked for so recently is not asked for again
SKEW: Final = timedelta(minutes=5)  # how far this machine's clock may be behind the site's
_LAB: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)


class CannotTell(Exception):
    """No valid order can be read."""


class Seen(NamedTuple):
    """A valid order, and what is to be said about how it was come by."""

    order: Order
    remark: str = ""
    not_kept: str = ""  # why it could not be kept for next time


def add_arguments(parser: "ArgumentParser") -> None:
    """Add what the command takes."""
    for name, said in _options().items():
        parser.add_argument(name, **(said | {"type": _telling(said["type"])} if "type" in said else said))


def plain(arguments: Sequence[str]) -> "Namespace | None":
    """Read options that are written in full as `argparse` would, which takes 10 ms to load; None for all else."""
    options = _options()
    found = {name: said.get("default", False if "action" in said else None) for name, said in options.items()}
    rest = iter(arguments)
    for name in rest:
        said = options.get(name)
        value = "" if said is None or "action" in said else next(rest, "-")
        if said is None or value.startswith("-") or value not in said.get("choices", [value]):
            return None
        try:
            found[name] = "action" in said or said.get("type", str)(value)
        except DomainError:
            return None
    if any(said.get("required") and found[name] is None for name, said in options.items()):
        return None
    return SimpleNamespace(**{name[2:].replace("-", "_"): value for name, value in found.items()})  # type: ignore[return-value] # has what a Namespace has


def _telling(read: Callable[[str], Any]) -> Callable[[str], Any]:
    from argparse import ArgumentTypeError  # noqa: PLC0415 - not where options are plain

    def told(text: str) -> Any:
        try:
            return read(text)
        except DomainError as error:
            raise ArgumentTypeError(error.detail) from None

    return told


def _options() -> dict[str, dict[str, Any]]:
    return {
        "--site": {"required": True, "help": "address of the site, https://…"},
        "--lab": {"required": True, "help": "key of the laboratory"},
        "--action": {"required": True, "choices": [work.value for work in Work]},
        "--flop": {"required": True, "type": quantity, "help": "training compute of the model in FLOP, such as 3e25"},
        "--model": {"default": "", "help": "key of the run that trains it, where one is exempted"},
        "--max-age": {"type": _seconds, "default": timedelta(hours=1), "metavar": "SECONDS",
                      "help": "how long the order seen last is used while the site does not answer (3600)"},
        "--cache": {"metavar": "DIR", "help": "folder for the order seen last"},
        "--key": {"type": _key, "metavar": "VKEY", "help": "the key of the orders, from the record or /orders/key"},
        "--drill": {"action": "store_true", "help": "obey drills too"},
        "--json": {"action": "store_true", "help": "answer as one JSON object"},
    }  # fmt: skip


def run(options: "Namespace") -> int:
    """Answer in one line and with the exit code; whatever goes wrong is "cannot tell"."""
    now = datetime.now(UTC)
    try:
        seen = read_order(options, now)
        found = answer(
            seen.order.obligations,
            Work(options.action),
            options.flop,
            run=options.model,
            at=now,
            obey_drills=options.drill,
        )
    except (CannotTell, NotKept, DomainError) as error:
        return _say(options, CANNOT_TELL, f"cannot tell: {error}", {})
    except Exception as error:  # noqa: BLE001 - a fault of this program must not let work begin
        return _say(options, CANNOT_TELL, f"cannot tell: {type(error).__name__} {error}", {})
    if found.is_clear and seen.not_kept:
        return _say(options, CANNOT_TELL, f"cannot tell: {seen.not_kept}", _facts(found, seen.order))
    words = "; ".join(filter(None, [_words(options, found, seen.order), seen.remark]))
    return _say(options, CLEAR if found.is_clear else HELD, words, _facts(found, seen.order))


def read_order(options: "Namespace", now: datetime) -> Seen:
    """Return the order that holds: the one kept, where it is fresh; else the site's, never older than the one kept."""
    if not _LAB.fullmatch(options.lab):
        raise CannotTell(f"{options.lab[:40]!r} is not the key of a laboratory")
    site = options.site.rstrip("/")
    cache = Cache(options.cache or _default_folder(), f"{sha256(site.encode()).hexdigest()[:16]}-{options.lab}")
    kept = cache.read()
    if kept and options.key and kept.key != str(options.key):
        kept = None
    old = _valid(kept.note, VerifierKey.parse(kept.key), options.lab, None) if kept else None
    age = now - kept.fetched_at if kept else timedelta.max
    if old and timedelta(0) <= age < min(FRESH, options.max_age):
        return Seen(_in_time(old, now))
    try:
        key, note = _fetch(site, options, kept, old)
    except OSError as error:
        if old and timedelta(0) <= age < options.max_age:
            return Seen(_in_time(old, now), f"the site does not answer ({error}), so this is the order seen last")
        raise CannotTell(f"the site does not answer ({error}){_too_old(old, age)}") from None
    order = _in_time(_valid(note, key, options.lab, old), now)
    try:
        cache.write(Kept(str(key), now, note), newer=lambda other: _is_newer(other, key, order))
    except NotKept as error:
        return Seen(order, not_kept=str(error))
    return Seen(order)


def _valid(note: str, key: VerifierKey, lab: str, old: Order | None) -> Order:
    """Return the order of a note that `key` signed, for this laboratory, and no step back from `old`."""
    signed = Note.parse(note)
    if key not in signed.verified([key]):
        raise CannotTell(f"the order is not signed by {key.name}+{key.id.hex()}")
    order = Order.parse(signed.text)
    for problem, wrong in [
        (f"the order is for {order.lab}, not for {lab}", order.lab != lab),
        (f"the order belongs to another record, {order.log}", old is not None and order.log != old.log),
    ]:
        if wrong:
            raise CannotTell(problem)
    if old and (order.sequence < old.sequence or (order.sequence == old.sequence and order.hash != old.hash)):
        raise CannotTell(f"the site shows order {order.sequence} again or anew, after order {old.sequence} was seen")
    return order


def _in_time(order: Order, now: datetime) -> Order:
    if now >= order.expires_at:
        raise CannotTell(f"order {order.sequence} expired at {stamp(order.expires_at)}")
    if order.not_before > now + SKEW:
        raise CannotTell(f"order {order.sequence} begins at {stamp(order.not_before)}: is this machine's clock right?")
    return order


def _is_newer(other: Kept, key: VerifierKey, order: Order) -> bool:
    """Whether another gate has meanwhile kept an order that came after this one."""
    return other.key == str(key) and Order.parse(Note.parse(other.note).text).sequence > order.sequence


def _fetch(site: str, options: "Namespace", kept: Kept | None, old: Order | None) -> tuple[VerifierKey, str]:
    """Return the key that orders are believed by and the site's order; raise OSError where the site does not answer."""
    from verifier.order_fetch import fetch  # noqa: PLC0415 - the network's modules take longer to load than all the rest

    key = options.key or (VerifierKey.parse(kept.key) if kept else None)
    if key is None:
        if not site.startswith(("https://", "http://localhost", "http://127.0.0.1")):
            raise CannotTell("without --key the site must be asked by https")
        key = VerifierKey.parse(fetch(f"{site}/orders/key").strip())
    found = fetch(f"{site}/labs/{options.lab}/order", etag=old.hash if old else "")
    return key, found or (kept.note if kept else "")


def _too_old(old: Order | None, age: timedelta) -> str:
    if old is None:
        return ", and no order was seen before"
    return f", and order {old.sequence} was seen {round(age.total_seconds())} s ago, longer than --max-age"


def _default_folder() -> str:
    return os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "fermata")


def _words(options: "Namespace", found: Answer, order: Order) -> str:
    work = f"{options.action} {written(options.flop)} FLOP"
    place = f"order {order.sequence} to {order.lab}, valid until {stamp(order.expires_at)}"
    if found.held_by:
        one = found.held_by[0]
        limit = one.above_flop[Work(options.action)]
        said = (
            f"above {written(limit or Decimal(0))} FLOP, the limit of {'drill' if one.drill else 'pause'} {one.pause}"
        )
        return f"held: {work} is {said} ({one.level}, {one.state.replace('_', ' ')} since {stamp(one.since)}); {place}"
    drill = f"; a drill would hold it ({found.drills[0].pause})" if found.drills else ""
    asked = "is within every limit of" if order.obligations else "is asked about by no pause in"
    return f"clear: {work} {asked} {place}{drill}"


def _facts(found: Answer, order: Order) -> dict[str, Any]:
    return {
        "order": order.hash,
        "sequence": order.sequence,
        "not_before": stamp(order.not_before),
        "expires_at": stamp(order.expires_at),
        "held_by": [one.to_json() for one in found.held_by],
        "drills": [one.to_json() for one in found.drills],
    }


def _say(options: "Namespace", code: int, words: str, facts: dict[str, Any]) -> int:
    asked = {"lab": options.lab, "action": options.action, "flop": written(options.flop), "model": options.model}
    line = " ".join(words.split())
    result = {CLEAR: "clear", HELD: "held"}.get(code, "cannot tell")
    say(json.dumps({"answer": result, "exit": code, "why": line, **asked, **facts}) if options.json else line)
    return code


def _seconds(text: str) -> timedelta:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise Malformed(f"{text[:20]!r} is not a number of seconds")
    return timedelta(seconds=int(text))


def _key(text: str) -> VerifierKey:
    return VerifierKey.parse(text.strip())
