"""The treaty replayed from its record: what each entry says must follow from those before it."""

from verifier.replay import (
    ballots,
    log,
    organisations,
    parties,
    pauses,
    readings,
    sites,
    texts,
    triggers,
    votes,
    works,
)
from verifier.replay.frame import Finding, Problem, Replay, differs, replays

# Steps register themselves when their module is imported; of one kind, in the order of these imports.
NOUNS = (log, organisations, texts, parties, votes, ballots, readings, sites, works, pauses, triggers)

__all__ = ["NOUNS", "Finding", "Problem", "Replay", "differs", "replays"]
