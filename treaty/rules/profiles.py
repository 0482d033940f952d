"""Vote profiles: how a decision is taken. The text names one for each decision; `votes` and `courses` apply it."""

import re
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from treaty.rules.values import Key, Length, Prose, Provision, Share


class Base(StrEnum):
    """What a share is a share of."""

    CAST = "cast"  # every ballot received, abstentions included
    VALID = "valid"  # consent and object only
    ENTITLED = "entitled"  # the whole roll, less recusals
    PRESENT = "present"  # whoever is there, voting, abstaining or doing neither: for sittings


class Choice(StrEnum):
    """What a ballot says."""

    CONSENT = "consent"
    OBJECT = "object"
    ABSTAIN = "abstain"


class Default(StrEnum):
    """What holds when time runs out and the count does not decide."""

    ADOPTED = "adopted"
    REJECTED = "rejected"


def _weight(value: object) -> Fraction:
    """Read 3, "1/2" or "0.5"; the pattern bounds the size before anything is computed."""
    text = str(value) if isinstance(value, int | str | Fraction) and not isinstance(value, bool) else ""
    if not re.fullmatch(r"[0-9]{1,18}(/[1-9][0-9]{0,8}|\.[0-9]{1,9})?", text, re.ASCII):
        raise ValueError('a weight is a whole number below 10^18, or a fraction in quotes such as "1/2"')
    weight = Fraction(text)
    if not weight:
        raise ValueError("a weight is more than nothing")
    return weight


type Weight = Annotated[Fraction, BeforeValidator(_weight), PlainSerializer(str, str)]


class Threshold(Provision):
    """At least (strict: more than) a share of the base, or an absolute weight of consents.

    A share shrinks with the base when members are recused; an absolute number does not.
    """

    share: Share | None = None
    absolute: int | None = Field(default=None, ge=1)
    strict: bool = False
    base: Base = Base.VALID

    @model_validator(mode="after")
    def _one_of_two(self) -> "Threshold":
        if (self.share is None) == (self.absolute is None):
            raise ValueError("give either share or absolute")
        if self.share == 1 and self.strict:
            raise ValueError("nothing is more than the whole: a share of 1 is not strict")
        return self


class Electorate(Provision):
    """One class of voters that must concur.

    `members`: labs (bound by the treaty), bodies (accredited), a list of organisation keys, or `roll`: whoever the roll
    beside the profile lists, for votes outside a treaty. `weight`: one each, a number for each member that is named
    (others weigh 1), or `roll`: as the roll states. `counted`: a member's ballots are counts of anonymous voters.
    """

    name: Key
    members: Literal["labs", "bodies", "roll"] | tuple[Key, ...]
    weight: Literal["equal", "roll"] | dict[Key, Weight] = "equal"
    seats: int | None = Field(default=None, ge=1)
    counted: bool = False
    quorum: Share | None = None
    quorum_absolute: int | None = Field(default=None, ge=1)
    quorum_strict: bool = False
    threshold: Threshold
    abstention_counts_for_quorum: bool = True
    objection_counts_for_quorum: bool = True

    @model_validator(mode="after")
    def _one_quorum(self) -> "Electorate":
        if self.quorum is not None and self.quorum_absolute is not None:
            raise ValueError("give either quorum or quorum_absolute")
        if self.quorum == 1 and self.quorum_strict:
            raise ValueError("nothing is more than the whole: a quorum of 1 is not strict")
        return self


class Veto(Provision):
    """Members, or more than a share of a class, whose objection defeats a vote that is not procedural.

    Where `grounds` are given, only an objection that names one of them counts as a veto.
    """

    members: tuple[Key, ...] = ()
    electorate: Key | None = None
    share: Share = Fraction(1, 2)
    grounds: dict[Key, Prose] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _somebody_holds_it(self) -> "Veto":
        if bool(self.members) == (self.electorate is not None):
            raise ValueError("a veto is held by named members or by an electorate: give one of the two")
        return self


class Silence(Provision):
    """Silence is consent, unless objections weigh more than `blocking` of the entitled: then a contested vote opens."""

    period: Length
    blocking: Share
    strict: bool = True


class Extension(Provision):
    """Once: when a quorum is first met, or the result swings, within `window` before the close, the close moves.

    It moves to `by` after the close, or after the event itself (never to an earlier instant), and at most to `longest`
    after the opening. In the added time `objections_only` refuses everything but objections.
    """

    window: Length
    by: Length
    on: tuple[Literal["quorum", "swing"], ...]
    counted_from: Literal["close", "event"] = "close"
    longest: Length | None = None
    objections_only: bool = False


class Emergency(Provision):
    """In effect at once; lapses unless ratified by the decision `ratified_by` within `lapses`."""

    lapses: Length
    ratified_by: Key


class RollChanges(Provision):
    """What becomes of a party on the roll that leaves in mid-vote. One that accedes votes from the next notice on.

    `one_vote`: of two that merge, the one that merged into the other leaves the roll.
    """

    withdrawn: Literal["keep", "drop"] = "keep"
    suspended: Literal["keep", "drop"] = "keep"
    merged: Literal["keep", "one_vote"] = "keep"


class VoteProfile(Provision):
    """A rule of decision. All arithmetic over it is in integers, cross-multiplied.

    `blocking_minority`: where fewer members than this withhold their consent, the thresholds are deemed met; where fewer
    than this are entitled, they stand.
    `minimum_open`: after this time the vote closes as soon as no ballot still to come can change its result; absent, it
    stays open to the end. `sealed`: until the close only who voted is known. `referred_to`: whose the matter is where nobody is
    left who may vote. `grace`: an adopted decision that has not taken
    effect this long after its timelock expires.
    `keys`: the kinds of key that sign its ballots; `session` is a ballot vouched for by the sign-in alone. `synced`: whether a
    passkey that its maker copies between devices is accepted.
    """

    title: Prose
    electorates: tuple[Electorate, ...]
    notice: Length
    period: Length
    silence: Silence | None = None
    vetoes: tuple[Veto, ...] = ()
    procedural: bool = False
    blocking_minority: int | None = Field(default=None, ge=1)
    tie: Default = Default.REJECTED
    default: Default = Default.REJECTED
    extension: Extension | None = None
    minimum_open: Length | None = None
    timelock: Length
    grace: Length | None = None
    emergency: Emergency | None = None
    sealed: bool = False
    roll_changes: RollChanges = RollChanges()
    referred_to: Prose | None = None
    recuse: tuple[Literal["subject", "requester", "affiliates"], ...] = ()
    keys: tuple[Literal["passkey", "ssh", "ed25519", "software", "session"], ...] = ("session",)
    synced: bool = False
    source: Prose
    comment: Prose | None = None

    @model_validator(mode="after")
    def _has_classes(self) -> "VoteProfile":
        names = [electorate.name for electorate in self.electorates]
        if not names:
            raise ValueError("name at least one electorate")
        if len(set(names)) != len(names):
            raise ValueError("two electorates have the same name")
        for veto in self.vetoes:
            if veto.electorate is not None and veto.electorate not in names:
                raise ValueError(f"vetoes: there is no electorate {veto.electorate!r}")
        if self.default is Default.ADOPTED and not all(one.objection_counts_for_quorum for one in self.electorates):
            raise ValueError(
                "where a decision stands by default, objections have to count for the quorum that defeats it"
            )
        if self.emergency and self.silence:
            raise ValueError("an emergency decision is never taken by silence")
        return self

    @model_validator(mode="after")
    def _sealed_ballots_move_nothing(self) -> "VoteProfile":
        moved = [name for name in ("silence", "extension", "minimum_open") if getattr(self, name) is not None]
        if self.sealed and moved:
            raise ValueError(
                f"a sealed vote has no {' and no '.join(moved)}: a close that ballots move would tell what they say"
            )
        return self
