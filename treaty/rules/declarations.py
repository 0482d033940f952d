"""Which declarations the text asks of a party, and by when: a calendar that is counted from the instant at which it was bound."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from core.durations import Duration
from core.times import Period
from labs.rules.declarations import DeclarationKind
from treaty.rules.text import Declarations


@dataclass(frozen=True)
class Regime:
    """What a text asks, and while it is in force. A declaration is asked under the text in force when its time begins."""

    asks: Declarations
    in_force: Period


@dataclass(frozen=True, order=True)
class AskedDeclaration:
    """One declaration: it is asked for from `from_at` on and filed in time before `due_at`."""

    due_at: datetime
    kind: DeclarationKind
    from_at: datetime


def asked_by(regimes: Sequence[Regime], bound: Period, at: datetime) -> list[AskedDeclaration]:
    """Return every declaration that the calendar of a party has reached by `at`, those due first at the top (Art. 4).

    `bound` is the time in which the treaty binds the party: what would fall due once it no longer does is not asked.
    """
    return sorted(
        one
        for regime in regimes
        for one in _calendar(regime.asks, bound.start, at)
        if one.from_at in regime.in_force and one.due_at in bound
    )


def _calendar(asks: Declarations, bound_at: datetime, at: datetime) -> Iterator[AskedDeclaration]:
    """Yield what is asked by `at`: the initial declaration, each update, each renewal of the register of accelerators.

    An update has the text's grace after its date. A renewal is due on its date, and is asked for from the date before it.
    """
    if bound_at <= at:
        yield AskedDeclaration(asks.initial_due.after(bound_at), DeclarationKind.INITIAL, bound_at)
    for date, _ in _rounds(asks.update_every, bound_at, at):
        if date > bound_at:
            yield AskedDeclaration(asks.update_grace.after(date), DeclarationKind.UPDATE, date)
    for date, following in _rounds(asks.chip_register_every, bound_at, at):
        yield AskedDeclaration(following, DeclarationKind.CHIP_REGISTER, date)


def _rounds(every: Duration, start: datetime, at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield each round that has begun by `at`, its first instant and the next one's. No time at all never comes round.

    Each is counted from the start, so that the ends of months do not drift.
    """
    for number in count() if every.amount else ():
        date, following = (Duration(every.amount * times, every.unit).after(start) for times in (number, number + 1))
        if date > at:
            return
        yield date, following
