"""What the text's part on monitoring may hold besides its numbers: the protocols of reports, grounds of redaction, the draw."""

from typing import Annotated

from pydantic import Field

from treaty.rules.values import Key, Length, Prose, Provision


class ProtocolItem(Provision):
    """One question that a team answers about a verification layer, and how it may go about it."""

    key: Key
    question: Prose
    method: Prose | None = None
    comment: Prose | None = None


type Protocol = Annotated[tuple[ProtocolItem, ...], Field(min_length=1)]


class Redactions(Provision):
    """On what grounds a passage is taken out of a published report, and by when a body decides that."""

    grounds: dict[Key, Prose] = Field(min_length=1)
    decided_within: Length


class Draw(Provision):
    """The public draw of short-notice visits: how often, of how many, and how long values are committed to and revealed."""

    every: Length
    places: Annotated[int, Field(ge=1, le=10_000, strict=True)]
    per_party: Annotated[int, Field(ge=1, le=10_000, strict=True)]  # the most places that a party can have
    commit_within: Length  # after the list was frozen
    reveal_within: Length  # after the commitments were sealed
    days: bool = False  # whether the seed draws the day of each visit too


class Special(Provision):
    """A special visit, which a body asks for: how long the party has to agree or refuse."""

    answered_within: Length


class Grading(Provision):
    """How often the figures of parity and the bodies' own grades are published."""

    every: Length


class Course(Provision):
    """What an inspector is trained in, and for how long that holds."""

    name: Prose
    valid_for: Length  # from its completion


class Training(Provision):
    """What inspectors are trained in before they are sent."""

    courses: dict[Key, Course] = Field(min_length=1)
    renewed_before: Length  # how long before it runs out the body is to see to the next one


class Notice(Provision):
    """Notice before a visit."""

    routine: Length
    short: Length
    on_site: Length


class Continuity(Provision):
    """For how long readings of seals and counters carry what a visit verified, and how far apart two of them may lie."""

    longest_gap: Length
    carries: Length  # from the visit that the stream begins with
