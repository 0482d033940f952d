"""The treaty replayed from its record: what each entry says must follow from those before it."""

from verifier.replay import log
from verifier.replay.frame import Problem, Replay, replays

__all__ = ["Problem", "Replay", "log", "replays"]
