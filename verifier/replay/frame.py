"""The frame of the replay: entries in order, each handed to the steps that are registered for its kind.

A noun's module keeps its own state in a class of its own (`replay.of(Votes)`), and its steps yield what does not follow:

    @replays("vote.closed")
    def tally_again(replay: Replay, index: int, entry: EntryValue) -> Iterator[str]:
        ...
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from core.errors import DomainError
from ledger.rules.entries import EntryValue, read_entry

type Step = Callable[["Replay", int, EntryValue], Iterable[str]]

STEPS: Final[dict[str, list[Step]]] = {}
# Steps for every entry, whatever its kind.
ALWAYS: Final[list[Step]] = []


@dataclass(frozen=True)
class Problem:
    """An entry that does not follow from those before it, and why."""

    index: int
    kind: str
    text: str

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
            return [Problem(index, "", error.detail)]
        self.kinds[entry.kind] += 1
        found: list[Problem] = []
        for step in [*ALWAYS, *STEPS.get(entry.kind, [])]:
            found += [Problem(index, entry.kind, text) for text in _told(step, self, index, entry)]
        return found

    @property
    def unreplayed(self) -> dict[str, int]:
        """How many entries there were of each kind that no step recomputes: their bytes were checked, no more."""
        return {kind: count for kind, count in sorted(self.kinds.items()) if kind not in STEPS}


def _told(step: Step, replay: Replay, index: int, entry: EntryValue) -> list[str]:
    """Run a step; a payload of another shape than the step expects does not follow either."""
    try:
        return list(step(replay, index, entry))
    except DomainError as error:
        return [error.detail]
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, AssertionError, ArithmeticError) as error:
        return [f"its payload cannot be replayed: {type(error).__name__} {error}"]
