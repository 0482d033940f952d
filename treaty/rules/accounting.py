"""What a text says of the balance of compute (Art. 18)."""

from collections.abc import Collection, Iterator
from typing import Annotated

from pydantic import Field

from treaty.rules.values import Key, Length, Number, Provision, Share


class Accuracy(Provision):
    """Standard deviations relative to what is measured: independent from one measurement to the next, and the same in all."""

    random: Share
    systematic: Share


class Measurement(Accuracy):
    """A way to observe a site's compute, and the verification layer whose mandate it takes."""

    layer: Key


class PageTest(Provision):
    """Page's test for a loss that goes on: its reference value, and how many quiet periods pass between two false alarms."""

    reference: Number  # in standard deviations
    run_length: Annotated[int, Field(ge=2, le=1_000_000, strict=True)]  # balance periods, on average


class MaterialBalance(Provision):
    """The balance of a site's compute: declared work and what is left in progress against what was observed (Art. 18)."""

    period: Length  # the longest
    declared_within: Length  # of a period's end
    work: Accuracy  # of work declared as done
    in_progress: Accuracy  # of work declared as begun and not done
    measurements: dict[Key, Measurement] = Field(min_length=1)
    page: PageTest


def unknown_layers(
    balance: MaterialBalance | None, continuity: Collection[str], layers: Collection[str]
) -> Iterator[str]:
    """Yield "path: message" for each measurement and each stream of a layer that the text does not have."""
    for layer in continuity:
        if layer not in layers:
            yield f"monitoring.continuity.{layer}: there is no such verification layer"
    for key, one in (balance.measurements if balance else {}).items():
        if one.layer not in layers:
            yield f"monitoring.balance.measurements.{key}.layer: there is no verification layer {one.layer!r}"
