"""Vote profiles: how a decision is taken. The text names one for each decision; `votes` applies it."""

from enum import StrEnum
from typing import Literal

from pydantic import model_validator

from treaty.rules.values import Key, Length, Prose, Provision, Share


class Base(StrEnum):
    """What a share is a share of."""

    CAST = "cast"  # every ballot received, abstentions included
    VALID = "valid"  # consent and object only
    ENTITLED = "entitled"  # the whole roll, less recusals
    PRESENT = "present"  # present, abstaining or not: for sittings


class Choice(StrEnum):
    """What a ballot says."""

    CONSENT = "consent"
    OBJECT = "object"
    ABSTAIN = "abstain"


class Default(StrEnum):
    """What holds when time runs out and the count does not decide."""

    ADOPTED = "adopted"
    REJECTED = "rejected"


class Threshold(Provision):
    """At least (strict: more than) a share of the base, or an absolute weight of consents."""

    share: Share | None = None
    absolute: int | None = None
    strict: bool = False
    base: Base = Base.VALID

    @model_validator(mode="after")
    def _one_of_two(self) -> "Threshold":
        if (self.share is None) == (self.absolute is None):
            raise ValueError("give either share or absolute")
        return self


class Electorate(Provision):
    """One class of voters that must concur. `members`: labs, bodies, or a list of organisation keys."""

    name: Key
    members: Literal["labs", "bodies"] | tuple[Key, ...]
    weight: Literal["equal"] | dict[Key, Share | int] = "equal"
    quorum: Share | None = None
    quorum_strict: bool = False
    threshold: Threshold
    abstention_counts_for_quorum: bool = True


class Veto(Provision):
    """Members whose objection defeats a vote that is not procedural."""

    members: tuple[Key, ...]
    grounds: tuple[Prose, ...] = ()


class Silence(Provision):
    """Silence is consent, unless objections weigh more than `blocking` of the entitled: then a contested vote opens."""

    period: Length
    blocking: Share
    strict: bool = True


class Extension(Provision):
    """Once: when a quorum is met or the result swings within `window` before the close, add `by`."""

    window: Length
    by: Length
    on: tuple[Literal["quorum", "swing"], ...]
    objections_only: bool = False


class Emergency(Provision):
    """In effect at once; lapses unless ratified under `ratified_by` within `lapses`."""

    lapses: Length
    ratified_by: Key


class VoteProfile(Provision):
    """A rule of decision. All arithmetic over it is in integers, cross-multiplied."""

    title: Prose
    electorates: tuple[Electorate, ...]
    notice: Length
    period: Length
    silence: Silence | None = None
    vetoes: tuple[Veto, ...] = ()
    procedural: bool = False
    blocking_minority: int | None = None
    tie: Default = Default.REJECTED
    default: Default = Default.REJECTED
    extension: Extension | None = None
    minimum_open: Length | None = None
    timelock: Length
    grace: Length | None = None
    emergency: Emergency | None = None
    sealed: bool = False
    recuse: tuple[Literal["subject", "requester", "affiliates"], ...] = ()
    keys: tuple[Literal["passkey", "ssh", "ed25519", "software", "session"], ...] = ("session",)
    source: Prose
    comment: Prose | None = None

    @model_validator(mode="after")
    def _has_classes(self) -> "VoteProfile":
        if not self.electorates:
            raise ValueError("name at least one electorate")
        return self
