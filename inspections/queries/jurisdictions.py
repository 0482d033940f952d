"""Where the declared facilities stand, and how much of what stands there is verified."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from inspections.queries.matrix import Matrix, MatrixRow
from inspections.rules.evidence import EvidenceState
from labs.queries.facilities import lines_of


@dataclass(frozen=True)
class Jurisdiction:
    """A country with the facilities of the bound laboratories there. `capacity` is declared, in H100-equivalents; `undeclared` declared none."""

    code: str
    facilities: int
    states: Mapping[EvidenceState, int]
    capacity: Fraction
    undeclared: int

    def count(self, state: EvidenceState) -> int:
        """How many facilities are in this state."""
        return self.states.get(state, 0)

    @property
    def parts(self) -> list[tuple[EvidenceState, int]]:
        """The states that some facility is in, from the best known to the least."""
        return [(state, self.count(state)) for state in EvidenceState if self.count(state)]


def jurisdictions(evidence: Matrix) -> list[Jurisdiction]:
    """Return every country with a declared facility, those with the most first; no query."""
    found: dict[str, list[MatrixRow]] = {}
    for row in evidence.rows:
        found.setdefault(row.facility.jurisdiction, []).append(row)
    answer = [_jurisdiction(code, rows) for code, rows in found.items()]
    return sorted(answer, key=lambda one: (-one.facilities, one.code))


def _jurisdiction(code: str, rows: list[MatrixRow]) -> Jurisdiction:
    states = [row.state for row in rows]
    return Jurisdiction(
        code,
        len(rows),
        {state: states.count(state) for state in set(states)},
        sum((row.capacity for row in rows), Fraction(0)),
        sum(not lines_of(row.facility) for row in rows),
    )
