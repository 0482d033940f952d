"""The fewest members that together reach several sums at once: what the smallest change of a result comes down to.

Every gain is a whole number of nothing or more. One sum is reached by the heaviest first. Several sums of the same members
are searched: members are put into chains in which each is worth at least as much as the next for every sum, so that only
beginnings of chains need to be tried, and what cannot reach some sum any more is left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import add

LONGEST_SEARCH = 100_000


@dataclass(frozen=True, slots=True)
class Need:
    """A sum that is still to be reached, and what each member would add to it."""

    missing: int
    gains: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Cover:
    """Members that reach every sum; `exact` where it is proven that fewer cannot."""

    members: tuple[str, ...]
    exact: bool = True


def fewest(needs: Iterable[Need]) -> Cover | None:
    """Return the fewest members that reach every sum; None where all together do not."""
    open_needs = [need for need in needs if need.missing > 0]
    if any(sum(need.gains.values()) < need.missing for need in open_needs):
        return None
    found = [_fewest_of(component) for component in _components(open_needs)]
    members = tuple(member for cover in found for member in cover.members)
    return Cover(members, all(cover.exact for cover in found))


def _components(needs: Sequence[Need]) -> list[list[Need]]:
    """Put those sums together that share a member; the others do not concern each other."""
    components: list[tuple[set[str], list[Need]]] = []
    for need in needs:
        helping = {key for key, gain in need.gains.items() if gain}
        sharing = [one for one in components if one[0] & helping]
        keys = helping.union(*(keys for keys, _ in sharing))
        components = [one for one in components if one not in sharing]
        components.append((keys, [*(one for _, inner in sharing for one in inner), need]))
    return [inner for _, inner in components]


def _fewest_of(needs: Sequence[Need]) -> Cover:
    keys = {key: None for need in needs for key, gain in need.gains.items() if gain}
    vectors = {key: tuple(need.gains.get(key, 0) for need in needs) for key in keys}
    missing = [need.missing for need in needs]
    if len(needs) == 1:
        return Cover(_heaviest_first(vectors, missing[0]))
    greedy = _greedy(vectors, missing)
    search = _Search(_chains(vectors), missing)
    for count in range(search.least, len(greedy)):
        taken = search.of(count)
        if taken is not None:
            return Cover(taken)
        if search.steps > LONGEST_SEARCH:
            return Cover(greedy, exact=False)
    return Cover(greedy)


def _heaviest_first(vectors: Mapping[str, tuple[int, ...]], missing: int) -> tuple[str, ...]:
    taken: list[str] = []
    for key in sorted(vectors, key=lambda key: (-vectors[key][0], key)):
        if missing <= 0:
            break
        taken.append(key)
        missing -= vectors[key][0]
    return tuple(taken)


def _greedy(vectors: Mapping[str, tuple[int, ...]], missing: Sequence[int]) -> tuple[str, ...]:
    """Reach every sum, if not with the fewest: a bound for the search. The first sum first, then what the next still lacks."""
    taken: dict[str, None] = {}
    for index, whole in enumerate(missing):
        left = whole - sum(vectors[key][index] for key in taken)
        for key in sorted(vectors.keys() - taken, key=lambda key: (-vectors[key][index], -sum(vectors[key]), key)):
            if left <= 0:
                break
            taken[key] = None
            left -= vectors[key][index]
    return tuple(taken)


def _chains(vectors: Mapping[str, tuple[int, ...]]) -> list[list[tuple[str, tuple[int, ...]]]]:
    chains: list[list[tuple[str, tuple[int, ...]]]] = []
    for key, vector in sorted(vectors.items(), key=lambda item: (tuple(-gain for gain in item[1]), item[0])):
        fitting = (chain for chain in chains if all(a >= b for a, b in zip(chain[-1][1], vector, strict=True)))
        chain = next(fitting, None)
        if chain is None:
            chains.append([(key, vector)])
        else:
            chain.append((key, vector))
    return chains


class _Search:
    """Whether so many members can reach every sum, by trying how many of each chain."""

    def __init__(self, chains: list[list[tuple[str, tuple[int, ...]]]], missing: Sequence[int]) -> None:
        self.chains, self.missing, self.steps = chains, tuple(missing), 0
        nothing = (0,) * len(self.missing)
        self.sums = [
            list(accumulate((vector for _, vector in chain), lambda a, b: tuple(map(add, a, b)), initial=nothing))
            for chain in chains
        ]
        self.best = [self._best(chains[start:]) for start in range(len(chains) + 1)]
        self.least = max(
            next(count for count, reached in enumerate(best) if reached >= need)
            for best, need in zip(self.best[0], self.missing, strict=True)
        )

    def _best(self, chains: list[list[tuple[str, tuple[int, ...]]]]) -> list[list[int]]:
        """Return, for each sum, the most that 0, 1, 2 … members of these chains add to it."""
        vectors = [vector for chain in chains for _, vector in chain]
        return [
            list(accumulate(sorted((vector[index] for vector in vectors), reverse=True), initial=0))
            for index in range(len(self.missing))
        ]

    def of(self, count: int) -> tuple[str, ...] | None:
        """Return `count` members that reach every sum; None where there are none, or where the search got too long."""
        taken = self._of(0, count, self.missing)
        if taken is None:
            return None
        return tuple(key for chain, number in zip(self.chains, taken, strict=False) for key, _ in chain[:number])

    def _of(self, start: int, count: int, missing: tuple[int, ...]) -> list[int] | None:
        self.steps += 1
        if all(need <= 0 for need in missing):
            return []
        best = self.best[start]
        within = all(sums[min(count, len(sums) - 1)] >= need for sums, need in zip(best, missing, strict=True))
        if not within or self.steps > LONGEST_SEARCH:
            return None
        sums = self.sums[start]
        for number in range(min(count, len(sums) - 1), -1, -1):
            left = tuple(need - gain for need, gain in zip(missing, sums[number], strict=True))
            rest = self._of(start + 1, count - number, left)
            if rest is not None:
                return [number, *rest]
        return None
