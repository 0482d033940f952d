"""The treaty replayed from its record: what each entry says must follow from those before it."""

from verifier.replay import log, organisations, parties, texts
from verifier.replay.frame import Finding, Problem, Replay, differs, replays

__all__ = ["Finding", "Problem", "Replay", "differs", "log", "organisations", "parties", "replays", "texts"]
