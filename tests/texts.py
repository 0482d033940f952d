"""The model treaty's bytes, and the same treaty with lengths of time that a test can wait for."""

import re
from pathlib import Path

MODEL = Path(__file__).resolve().parent.parent / "treaty" / "texts" / "model-treaty.yaml"
# Nobody needs this time: it only has to pass.
WAITS = frozenset(
    {
        "delay",
        "notice",
        "timelock",
        "after",
        "routine",
        "short",
        "on_site",
        "minimum_open",
        "arrival_after_notice",
        "key_cooling_off",
    }
)
# Somebody acts in this time.
PERIODS = frozenset({"period", "confirm_within"})
LENGTH = re.compile(r"(?P<key>[a-z_]+): [0-9]+ (min|h|d|wd|mo|y)(?=\s*[,}\n])")


def model_text() -> bytes:
    """The model treaty, byte for byte."""
    return MODEL.read_bytes()


def quick_text(*, wait: str = "0 min", period: str = "1 min", **lengths: str) -> bytes:
    """The model treaty with each length named in WAITS as `wait` and each in PERIODS as `period`.

    Every vote profile that is not sealed gets `minimum_open`, so that a vote closes as soon as nothing can change it. `lengths` replaces every
    length of that key, such as within="2 min" or confirm_within="5 min". All else (deadlines, windows over readings, validity)
    stays as in the model, so that real readings mean the same.
    """
    chosen = dict.fromkeys(WAITS, wait) | dict.fromkeys(PERIODS, period) | lengths
    quick = LENGTH.sub(
        lambda found: f"{found['key']}: {chosen[found['key']]}" if found["key"] in chosen else found[0],
        model_text().decode(),
    )
    without = re.sub(r"^    minimum_open: .*\n", "", quick, flags=re.MULTILINE)
    return re.sub(
        r"^(    timelock: .*\n)(?!    sealed: true)",
        rf"\1    minimum_open: {chosen['minimum_open']}\n",
        without,
        flags=re.MULTILINE,
    ).encode()
