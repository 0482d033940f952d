"""Who may not inspect whom: computed from declared affiliations, never self-declared at the gate."""

from dataclasses import dataclass
from enum import StrEnum


class Ground(StrEnum):
    """Why somebody may not inspect a laboratory."""

    BELONGS = "belongs"  # is a member of the laboratory itself
    BODY_AFFILIATED = "body_affiliated"  # the body, or another organisation of theirs, is affiliated with it
    VIA_AFFILIATE = "via_affiliate"  # belongs to an affiliate of the laboratory
    SAME_BODY = "same_body"  # the pair's second must come from another body


@dataclass(frozen=True)
class Ties:
    """A person's organisations (memberships, the body included) and everything affiliated with those."""

    own: frozenset[int]
    affiliated: frozenset[int] = frozenset()


def conflict(ties: Ties, lab: int, lab_affiliates: frozenset[int] = frozenset()) -> Ground | None:
    """Return the first ground that keeps a person from inspecting `lab`; None when there is none."""
    if lab in ties.own:
        return Ground.BELONGS
    if ties.own & lab_affiliates:
        return Ground.VIA_AFFILIATE
    if lab in ties.affiliated:
        return Ground.BODY_AFFILIATED
    return None


def team_conflict(bodies: tuple[int, ...], *, from_different_bodies: bool) -> Ground | None:
    """Return SAME_BODY when the text asks for different bodies and two of the team share one."""
    return Ground.SAME_BODY if from_different_bodies and len(set(bodies)) < len(bodies) else None


def may_refuse(pool: int, smallest_pool: int) -> bool:
    """Whether a laboratory may refuse one more of the `pool` inspectors who could be sent to it: so many remain that the text's number is left (Art. 14)."""
    return pool > smallest_pool
