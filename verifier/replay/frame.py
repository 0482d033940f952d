"""The frame of the replay: entries in order, each handed to the steps that are registered for its kind.

A noun's module keeps its own state in a class of its own (`replay.of(Votes)`), and its steps yield what does not follow:

    @replays("vote.closed")
    def tally_again(replay: Replay, index: int, entry: EntryValue) -> Iterator[Finding]:
        yield from differs("tally", "its tally", entry.payload["tally"], computed)
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.errors import DomainError
from core.times import stamp
from ledger.rules.entries import EntryValue, read_entry

type Step = Callable[["Replay", int, EntryValue], Iterable["Finding | str"]]

LONGEST_SHOWN: Final = 400
STEPS: Final[dict[str, list[Step]]] = {}
# Steps for every entry, whatever its kind.
ALWAYS: Final[list[Step]] = []


@dataclass(frozen=True)
class Finding:
    """What a step finds wrong: a stable code for programs, a sentence for people."""

    code: str
    text: str


@dataclass(frozen=True)
class Problem:
    """An entry that does not follow from those before it, and why."""

    index: int
    kind: str
    text: str
    code: str = "does_not_follow"

    def __str__(self) -> str:
        return f"entry {self.index} ({self.kind or 'unreadable'}): {self.text}"


def replays(*kinds: str) -> Callable[[Step], Step]:
    """Register a step for entries of these kinds; for every entry where none is named."""

    def register(step: Step) -> Step:
        for kind in kinds:
            STEPS.setdefault(kind, []).append(step)
        if not kinds:
            ALWAYS.append(step)
        return step

    return register


class Replay:
    """What has been established from the entries so far."""

    def __init__(self) -> None:
        self._states: dict[type, object] = {}
        self.kinds: Counter[str] = Counter()

    def of[State](self, noun: type[State]) -> State:
        """Return the state of a noun, made at its first use."""
        state = self._states.setdefault(noun, noun())
        assert isinstance(state, noun)
        return state

    def apply(self, index: int, data: bytes) -> list[Problem]:
        """Take the next entry; return what does not follow."""
        try:
            entry = read_entry(data)
        except DomainError as error:
            return [Problem(index, "", error.detail, "unreadable")]
        self.kinds[entry.kind] += 1
        found: list[Problem] = []
        for step in [*ALWAYS, *STEPS.get(entry.kind, [])]:
            found += [Problem(index, entry.kind, one.text, one.code) for one in _told(step, self, index, entry)]
        return found

    @property
    def unreplayed(self) -> dict[str, int]:
        """How many entries there were of each kind that no step recomputes: their bytes were checked, no more."""
        return {kind: count for kind, count in sorted(self.kinds.items()) if kind not in STEPS}


def differs(code: str, what: str, said: object, expected: object) -> Iterator[Finding]:
    """Yield a finding unless the record says what follows; `what` begins the sentence."""
    if said != expected:
        yield Finding(code, f"{what}: the record says {shown(said)}; it follows {shown(expected)}")


def shown(value: object) -> str:
    """Return a value for a sentence, cut to a length that can be read."""
    match value:
        case None:
            text = "nothing"
        case datetime():
            text = stamp(value)
        case str():
            text = value
        case bool():
            text = "yes" if value else "no"
        case _:
            text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _told(step: Step, replay: Replay, index: int, entry: EntryValue) -> list[Finding]:
    """Run a step; a payload of another shape than the step expects does not follow either."""
    found: list[Finding] = []
    try:
        for one in step(replay, index, entry):
            found.append(Finding("does_not_follow", one) if isinstance(one, str) else one)  # noqa: PERF401 - what was found before an error stays
    except DomainError as error:
        found.append(Finding(error.code, error.detail))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, AssertionError, ArithmeticError) as error:
        found.append(Finding("payload", f"its payload cannot be replayed: {type(error).__name__} {error}"))
    return found
