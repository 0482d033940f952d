"""`fermata draw`: a public draw repeated from its list and seed, and its transcript compared place by place."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.canonical import parse
from core.errors import Malformed
from inspections.rules.draws import Draw, Step, Ticketed, draw, first_difference


def add_arguments(parser: ArgumentParser) -> None:
    """Say what can be asked."""
    parser.add_argument(
        "file",
        type=Path,
        help="an object with seed (hex), places, listed [{key, weight, group}], caps; drawn and transcript are compared when given",
    )
    parser.add_argument("--json", action="store_true", help="print the draw and its transcript as JSON")


def run(options: Namespace) -> int:
    """Print who is drawn; answer 0, 1 where the file's own transcript differs, 65 where it cannot be read."""
    try:
        value: Any = parse(options.file.read_bytes())
        repeated = repeat(value)
        difference = compare(value, repeated)
    except (Malformed, OSError) as error:
        print(f"fermata draw: {getattr(error, 'detail', error)}")  # noqa: T201 - a command answers on standard output
        return 65
    print(as_json(repeated, difference) if options.json else as_text(repeated, difference))  # noqa: T201 - as above
    return 1 if difference else 0


def as_json(repeated: Draw, difference: str) -> str:
    """Return the draw as one JSON object."""
    transcript = [asdict(step) for step in repeated.transcript]
    return json.dumps({"drawn": repeated.drawn, "transcript": transcript, "difference": difference})


def as_text(repeated: Draw, difference: str) -> str:
    """Return the draw as lines for people."""
    places = [f"{place}. {key}" for place, key in enumerate(repeated.drawn, start=1)]
    return "\n".join([*places, difference or "The seed gives exactly this draw."])


def repeat(value: Any) -> Draw:
    """Draw again from the file's list and seed."""
    try:
        listed = [
            Ticketed(str(item["key"]), _integer(item["weight"]), str(item.get("group", ""))) for item in value["listed"]
        ]
        caps = {str(group): _integer(cap) for group, cap in value.get("caps", {}).items()}
        return draw(bytes.fromhex(value["seed"]), listed, _integer(value["places"]), caps)
    except KeyError as error:
        raise Malformed(f"The file has no {error}.") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise Malformed(f"This is not a file of a draw: {error}") from None


def compare(value: Mapping[str, Any], repeated: Draw) -> str:
    """Return the first difference from what the file claims; empty where it claims nothing or the same."""
    try:
        if "transcript" in value:
            steps = tuple(
                Step(item["counter"], item["tickets"], item["ticket"], item["key"]) for item in value["transcript"]
            )
            drawn = tuple(value.get("drawn", [step.key for step in steps]))
            return first_difference(Draw(drawn, steps), repeated)
        if "drawn" in value:
            return first_difference(Draw(tuple(value["drawn"]), repeated.transcript), repeated)
    except (KeyError, TypeError) as error:
        raise Malformed(f"The transcript cannot be read: {error}") from None
    return ""


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{str(value)[:30]!r} is not a whole number")
    return value
