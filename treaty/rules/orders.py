"""Orders (Art. 10): a laboratory's obligations at an instant as a document that its machines read, and what it lets them do.

The document is canonical JSON and the text of a signed note. This module is what `fermata gate` loads: it imports the
standard library and `core` alone, none of it slow to load (so named tuples: `dataclasses` takes 20 ms), and knows the treaty text only by the values that it is given.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from core.canonical import Json, canonical, parse
from core.errors import Malformed
from core.times import instant, stamp

if TYPE_CHECKING:
    from core.durations import Duration
    from treaty.rules.pauses import PauseTerms
    from treaty.rules.standdowns import StageStanding

VERSION: Final = 1
LARGEST_EXPONENT: Final = 60
_EXPONENT_FROM: Final = 21  # as quantities are written everywhere in the record


class Work(StrEnum):
    """What a machine asks leave for."""

    TRAIN = "train"  # to begin a training run, or to go on with one
    DEPLOY = "deploy"  # to put a model into use that was released before
    RELEASE = "release"  # to make a model available that was not released before


class Exemption(NamedTuple):
    """Work that was allowed to go on: one run, up to the FLOP that were declared for it, until an instant."""

    run: str
    up_to_flop: Decimal
    until_at: datetime

    def covers(self, work: Work, flop: Decimal, run: str, at: datetime) -> bool:
        """Whether it allows this run; nothing else is ever exempted (Art. 11)."""
        return work is Work.TRAIN and run == self.run and flop <= self.up_to_flop and at < self.until_at

    def to_json(self) -> dict[str, Json]:
        """Return it as the order states it."""
        return {
            "run": self.run,
            "up_to_flop": written(self.up_to_flop),
            "until_at": stamp(self.until_at),
        }


class Obligation(NamedTuple):
    """What one pause, or one drill, asks of the laboratory. A limit of None limits nothing."""

    pause: str
    level: str
    state: str
    text: str  # sha256 of the text that governs it
    since: datetime
    above_flop: Mapping[Work, Decimal | None]
    due_at: Mapping[str, datetime] = MappingProxyType({})  # by stage of the stand-down
    exemptions: tuple[Exemption, ...] = ()
    drill: bool = False

    def forbids(self, work: Work, flop: Decimal, run: str, at: datetime) -> bool:
        """Whether it stops this work: above its limit and not exempted."""
        limit = self.above_flop[work]
        return (
            limit is not None and flop > limit and not any(one.covers(work, flop, run, at) for one in self.exemptions)
        )

    def to_json(self) -> dict[str, Json]:
        """Return it as the order states it."""
        return {
            "pause": self.pause,
            "level": self.level,
            "state": self.state,
            "text": self.text,
            "since": stamp(self.since),
            "above_flop": {work.value: None if it is None else written(it) for work, it in self.above_flop.items()},
            "due_at": {stage: stamp(at) for stage, at in self.due_at.items()},
            "exemptions": [one.to_json() for one in self.exemptions],
            "drill": self.drill,
        }


class Order(NamedTuple):
    """One order. `text` and `obligations` are what it says, the rest is its place among the others."""

    lab: str
    log: str  # the origin of the record that it belongs to
    sequence: int
    replaces: str | None  # sha256 of the order before it
    position: int  # how many entries the record had
    not_before: datetime
    expires_at: datetime
    text: str  # sha256 of the treaty text in force
    obligations: tuple[Obligation, ...] = ()

    @property
    def is_drill(self) -> bool:
        """Whether a drill asks for something here."""
        return any(one.drill for one in self.obligations)

    @property
    def content(self) -> str:
        """The hash of what it says: two orders with the same content differ in their place only."""
        return content_of(self.text, self.obligations)

    @property
    def note(self) -> str:
        """The text that is signed: one line of canonical JSON."""
        return canonical(self.to_json()).decode() + "\n"

    @property
    def hash(self) -> str:
        """The order's name: SHA-256 of the text that is signed."""
        return sha256(self.note.encode()).hexdigest()

    def to_json(self) -> dict[str, Json]:
        """Return the document."""
        return {
            "v": VERSION,
            "lab": self.lab,
            "log": self.log,
            "sequence": self.sequence,
            "replaces": self.replaces,
            "position": self.position,
            "not_before": stamp(self.not_before),
            "expires_at": stamp(self.expires_at),
            "text": self.text,
            "obligations": [one.to_json() for one in self.obligations],
            "drill": self.is_drill,
        }

    @classmethod
    def parse(cls, note: str) -> "Order":
        """Read the text of a note; raise Malformed for whatever this version would not have written."""
        try:
            order = _order(parse(note))
        except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise Malformed(f"This is not an order: {type(error).__name__} {error}") from None
        if order.note != note:
            raise Malformed("This is not an order as this version writes it.")
        return order


def content_of(text: str, obligations: Iterable[Obligation]) -> str:
    """Return the hash of what an order says, under the treaty text with that hash."""
    said: Json = {"text": text, "obligations": [one.to_json() for one in obligations]}
    return sha256(canonical(said)).hexdigest()


def acknowledgement(order: str, *, lab: str, log: str) -> Json:
    """Return what an enrolled key of the laboratory signs to acknowledge the order with that hash."""
    return {"log": log, "organisation": lab, "order": order}


def _order(value: Json) -> Order:
    match value:
        case {
            "v": 1,
            "lab": str(lab),
            "log": str(log),
            "sequence": int(sequence),
            "replaces": str() | None as replaces,
            "position": int(position),
            "not_before": str(not_before),
            "expires_at": str(expires_at),
            "text": str(text),
            "obligations": list(obligations),
        } if not isinstance(sequence, bool) and not isinstance(position, bool):
            return Order(
                lab=lab,
                log=log,
                sequence=sequence,
                replaces=replaces,
                position=position,
                not_before=instant(not_before),
                expires_at=instant(expires_at),
                text=text,
                obligations=tuple(_obligation(one) for one in obligations),
            )
    raise Malformed("This is not an order: it lacks a member, or one is of another type.")


def _obligation(value: Mapping[str, Json]) -> Obligation:
    match value:
        case {"above_flop": Mapping() as limits, "due_at": Mapping() as stages, "exemptions": list(exemptions)}:
            return Obligation(
                pause=str(value["pause"]),
                level=str(value["level"]),
                state=str(value["state"]),
                text=str(value["text"]),
                since=instant(str(value["since"])),
                above_flop={work: None if limits[work] is None else quantity(str(limits[work])) for work in Work},
                due_at={stage: instant(str(at)) for stage, at in stages.items()},
                exemptions=tuple(_exemption(one) for one in exemptions),
                drill=value["drill"] is True,
            )
    raise Malformed("This is not an order: an obligation lacks a member.")


def _exemption(value: Mapping[str, Json]) -> Exemption:
    return Exemption(
        str(value["run"]),
        quantity(str(value["up_to_flop"])),
        instant(str(value["until_at"])),
    )


def quantity(text: str) -> Decimal:
    """Read a number of operations exactly, such as 3e25; raise Malformed for a sign, NaN, or what nobody could mean."""
    try:
        number = (
            Decimal(text) if text.isascii() and text[:1].isdigit() and text[-1:].isdigit() and "_" not in text else None
        )
    except ArithmeticError:
        number = None
    if number is None or not number.is_finite() or len(text) > 80 or abs(number.adjusted()) > LARGEST_EXPONENT:
        raise Malformed(f"{text[:40]!r} is not a number of operations: write it as 3e25.")
    return number


def written(number: Decimal) -> str:
    """Return the one way an order writes a quantity: all digits below 10^21, then 3e25; exact for any number of digits."""
    sign, digits, exponent = number.as_tuple()
    assert not sign
    assert isinstance(exponent, int)
    mantissa = "".join(map(str, digits)).lstrip("0")
    plain = mantissa.rstrip("0")
    exponent += len(mantissa) - len(plain)
    if not plain:
        return "0"
    power = exponent + len(plain) - 1
    if exponent >= 0 and power < _EXPONENT_FROM:
        return plain + "0" * exponent
    return f"{plain[0]}{'.' if plain[1:] else ''}{plain[1:]}e{power}"


def obligation(
    pause: str,
    terms: "PauseTerms",
    *,
    state: str,
    since: datetime,
    stages: "Iterable[StageStanding]",
    resumed: int | None = None,
    exemptions: tuple[Exemption, ...] = (),
    drill: bool = False,
) -> Obligation:
    """Return what a pause that binds asks of a laboratory bound `since` then (Art. 7, 9, 12).

    `resumed` is how many stages of a resumption have been reached: the last of them states what may be trained again.
    Deployments are limited where the level rolls them back.
    """
    level, training = terms.level, terms.level.training_above_flop
    if resumed:
        training = terms.resumption.stages[resumed - 1].training_above_flop
    return Obligation(
        pause=pause,
        level=terms.level_key,
        state=state,
        text=terms.text,
        since=since,
        above_flop={
            Work.TRAIN: training,
            Work.DEPLOY: level.release_above_flop if level.roll_back_deployments else None,
            Work.RELEASE: level.release_above_flop,
        },
        due_at={stage.key.value: stage.due_at for stage in stages},
        exemptions=exemptions,
        drill=drill,
    )


def next_instant(at: datetime, latest: datetime | None, valid_for: "Duration") -> datetime:
    """Return the instant that orders made at `at` are for: never before `latest`, so that a clock set back lifts nothing.

    An order that lies further ahead than any is valid was made by a clock that ran wild, and is not waited for.
    """
    return latest if latest and at < latest <= valid_for.after(at) else at


def is_renewal_due(oldest: datetime, at: datetime, renewed_every: "Duration") -> bool:
    """Whether the orders in force are to be renewed, the oldest of them having begun at `oldest`."""
    return at >= renewed_every.after(oldest)


class Answer(NamedTuple):
    """What an order says to one piece of work: the obligations that stop it, and drills that would."""

    held_by: tuple[Obligation, ...]
    drills: tuple[Obligation, ...]

    @property
    def is_clear(self) -> bool:
        """Whether the work may go on."""
        return not self.held_by


def answer(
    obligations: Collection[Obligation], work: Work, flop: Decimal, *, run: str, at: datetime, obey_drills: bool
) -> Answer:
    """Return whether `work` of `flop` operations may go on at `at`; a drill stops only who obeys drills."""
    stops = [one for one in obligations if one.forbids(work, flop, run, at)]
    return Answer(
        held_by=tuple(one for one in stops if obey_drills or not one.drill),
        drills=tuple(one for one in stops if one.drill and not obey_drills),
    )
