"""What one can follow: topics, each a set of nouns of the record, and which of it is told at once whatever was asked for."""

from enum import StrEnum
from typing import Final


class Topic(StrEnum):
    """A part of what goes on record."""

    PAUSES = "pauses"
    VOTES = "votes"
    TRIGGERS = "triggers"
    INSPECTIONS = "inspections"
    COMPLIANCE = "compliance"
    TREATY = "treaty"


# By the noun of an entry's kind.
TOPICS: Final = {
    **dict.fromkeys(
        ("pause", "commitment", "standdown", "resumption", "criterion", "exemption", "drill", "order"), Topic.PAUSES
    ),
    **dict.fromkeys(("vote", "ballot", "signature", "delegation"), Topic.VOTES),
    **dict.fromkeys(("trigger", "reading", "readings", "quarantine", "release", "releases"), Topic.TRIGGERS),
    **dict.fromkeys(
        (
            "plan",
            "challenge",
            "special",
            "draw",
            "visit",
            "access",
            "evidence",
            "report",
            "finding",
            "inspector",
            "designation",
        ),
        Topic.INSPECTIONS,
    ),
    **dict.fromkeys(("case", "declaration"), Topic.COMPLIANCE),
    **dict.fromkeys(
        ("text", "amendment", "submission", "treaty", "mandate", "lab", "party", "organisation", "withdrawal"),
        Topic.TREATY,
    ),
}
# A pause is told of at once, also to those who asked for a digest.
AT_ONCE: Final = frozenset(
    {
        "trigger.fired",
        "pause.adopted",
        "pause.entered_into_force",
        "pause.escalated",
        "pause.relaxed",
        "pause.lapsed",
        "pause.ended",
        "resumption.begun",
        "resumption.snapped_back",
    }
)


def topic_of(kind: str) -> Topic | None:
    """Return the topic of an entry's kind; None for what is in no topic, only among everything."""
    return TOPICS.get(kind.partition(".")[0])
