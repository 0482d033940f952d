"""Where the declared facilities stand, and how much of what stands there is verified."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from inspections.queries.matrix import Matrix, MatrixRow
from inspections.rules.evidence import EvidenceState, of_facility
from labs.queries.facilities import lines_of
from labs.rules.inventories import h100_equivalents
from treaty.rules.text import Text


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


def state_of(row: MatrixRow) -> EvidenceState:
    """Return what is known of a facility as a whole."""
    return of_facility(one.state for one in row.cells)


def jurisdictions(evidence: Matrix, rules: Text) -> list[Jurisdiction]:
    """Return every country with a declared facility, those with the most first; no query."""
    found: dict[str, list[MatrixRow]] = {}
    for row in evidence.rows:
        found.setdefault(row.facility.jurisdiction, []).append(row)
    answer = [_jurisdiction(code, rows, rules) for code, rows in found.items()]
    return sorted(answer, key=lambda one: (-one.facilities, one.code))


def _jurisdiction(code: str, rows: list[MatrixRow], rules: Text) -> Jurisdiction:
    states = [state_of(row) for row in rows]
    held = [lines_of(row.facility) for row in rows]
    return Jurisdiction(
        code,
        len(rows),
        {state: states.count(state) for state in set(states)},
        sum((h100_equivalents(lines, rules.covered.h100_ops_per_second) for lines in held), Fraction(0)),
        sum(not lines for lines in held),
    )
