"""`fermata draw`: a public draw repeated from its transcript, each thing that was altered named; and a value to commit to."""

import json
import secrets
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.canonical import parse
from core.errors import Malformed
from core.times import instant, stamp
from inspections.rules.drawn_days import Drawn, links_up_to, misfits, opens_day, order
from inspections.rules.draws import ALGORITHM, Draw, Step, Ticketed, draw, first_difference, steps_as_json
from inspections.rules.seeds import Contribution, caps, list_hash, opens, seed, value_commitment
from verifier.output import complain, say

UNREADABLE = 65
USAGE = 2
LONGEST = 80  # digits of a number of tickets


def add_arguments(parser: ArgumentParser) -> None:
    """Say what can be asked."""
    parser.add_argument(
        "file",
        metavar="FILE|value",
        help="a draw's transcript, or an object with seed (hex), places, listed [{key, weight, group}] and caps; "
        "or the word value: make a random value to commit to",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--draw", metavar="KEY", help="with value: the draw that it is for")
    parser.add_argument("--organisation", metavar="KEY", help="with value: for whom it is")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="with value: the new file that keeps it until it is revealed"
    )


def run(options: Namespace) -> int:
    """Print who is drawn; answer 0, 1 where the file says otherwise, 65 where it cannot be read."""
    if options.file == "value":
        return _make_value(options)
    try:
        value: Any = parse(Path(options.file).read_bytes())
        repeated = repeat(value)
        differences = list(compare(value, repeated))
    except (Malformed, OSError) as error:
        say(f"fermata draw: {getattr(error, 'detail', error)}")
        return UNREADABLE
    say(as_json(repeated, differences) if options.json else as_text(repeated, differences))
    return 1 if differences else 0


def as_json(repeated: Draw, differences: Sequence[str]) -> str:
    """Return the draw as one JSON object."""
    return json.dumps(
        {
            "drawn": repeated.drawn,
            "transcript": steps_as_json(repeated.transcript),
            "difference": next(iter(differences), ""),
            "differences": list(differences),
        }
    )


def as_text(repeated: Draw, differences: Sequence[str]) -> str:
    """Return the draw as lines for people."""
    places = [f"{place}. {key}" for place, key in enumerate(repeated.drawn, start=1)]
    return "\n".join([*places, *(differences or ["The seed gives exactly this draw."])])


def repeat(value: Any) -> Draw:
    """Draw again from the file's list and seed."""
    try:
        listed = [
            Ticketed(str(item["key"]), _tickets(item["weight"]), str(item.get("group", ""))) for item in value["listed"]
        ]
        limits = {str(group): _integer(cap) for group, cap in value.get("caps", {}).items()}
        if "per_party" in value:
            limits |= caps(listed, _integer(value["per_party"]))
        return draw(bytes.fromhex(value["seed"]), listed, _integer(value["places"]), limits)
    except KeyError as error:
        raise Malformed(f"The file has no {error}.") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise Malformed(f"This is not a file of a draw: {error}") from None


def compare(value: Mapping[str, Any], repeated: Draw) -> Iterator[str]:
    """Yield what the file says and what does not follow; nothing where it claims nothing or all of it follows."""
    try:
        if "draw" in value:
            yield from _seed_differences(value)
        if "transcript" in value:
            steps = tuple(_step(item) for item in value["transcript"])
            drawn = tuple(value.get("drawn", [step.key for step in steps]))
            claimed = Draw(drawn, steps)
        elif "drawn" in value:
            claimed = Draw(tuple(value["drawn"]), repeated.transcript)
        else:
            return
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Malformed(f"The transcript cannot be read: {type(error).__name__} {error}") from None
    if found := first_difference(claimed, repeated):
        yield found


def _seed_differences(value: Mapping[str, Any]) -> Iterator[str]:
    """Yield what of list, commitments and seed does not follow."""
    key, contributions = str(value["draw"]), [_contribution(item) for item in value["values"]]
    if value["algorithm"] != ALGORITHM:
        yield f"algorithm: it was drawn by {value['algorithm']}, this program draws by {ALGORITHM}"
    listed = [Ticketed(item["key"], _tickets(item["weight"]), item["group"]) for item in value["listed"]]
    places, per_party = _integer(value["places"]), _integer(value["per_party"])
    if list_hash(listed, places=places, per_party=per_party) != value["list_hash"]:
        yield "listed: the sites, weights, places or the cap are not those that were committed to (list_hash)"
    for one in contributions:
        if one.value is not None and not opens(key, one.organisation, one.value, one.commitment):
            yield f"values: the value of {one.organisation} is not the one that it committed to"
    if not opens(key, "", value["value"], value["commitment"]):
        yield "value: the operator's value is not the one that was committed to"
    grown = seed(
        draw=key, listed=value["list_hash"], root=value["root"], contributions=contributions, value=value["value"]
    )
    if grown != value["seed"]:
        yield f"seed: the file says {value['seed']}, list, root, commitments and values give {grown}"
    if "days" in value:
        yield from _day_differences(value)


def _day_differences(value: Mapping[str, Any]) -> Iterator[str]:
    """Yield what of the days that were opened does not follow from the seed and the links."""
    days, drawn = value["days"], value["drawn"]
    yield from _link_differences(value["draw"], days["commitments"], days.get("links"))
    possible = tuple(instant(day) for day in days["possible"])
    for one in days["opened"]:
        place, passed = _integer(one["place"]), [str(item["day"]) for item in one["passed"]]
        links = links_up_to(str(one["link"]), len(passed))
        if not opens_day(value["draw"], place, links, days["commitments"][place - 1]):
            yield f"days: the link of place {place} is not of the chain that was committed to"
        found = [
            stamp(day) for day in order(Drawn(value["draw"], place, drawn[place - 1], value["seed"], possible), links)
        ]
        if found != [*passed, one["day"]]:
            yield f"days: place {place} says {', '.join([*passed, one['day']])}, seed and link give {', '.join(found)}"


def _link_differences(draw: str, commitments: Sequence[str], links: Sequence[str] | None) -> Iterator[str]:
    """Yield where the links of all places, opened once their days are over, are not those that were committed to."""
    if links is None:
        return
    if len(links) != len(commitments):
        yield f"days: {len(links)} places have their links opened, {len(commitments)} were committed to"
    for place in misfits(draw, [str(link) for link in links], commitments):
        yield f"days: the links of place {place} are not those that were committed to"


def _contribution(item: Mapping[str, Any]) -> Contribution:
    return Contribution(str(item["organisation"]), str(item["commitment"]), item["value"])


def _step(item: Mapping[str, Any]) -> Step:
    numbers = [_tickets(item[name]) for name in ("tickets", "ticket", "own_tickets", "own_ticket")]
    return Step(numbers[0], numbers[1], str(item["group"]), numbers[2], numbers[3], str(item["key"]))


def _tickets(value: Any) -> int:
    """Read a number of tickets: a whole number, or its decimal digits as text where it is longer than JSON's integers."""
    is_text = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= LONGEST
    return int(value) if is_text else _integer(value)


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{str(value)[:30]!r} is not a whole number")
    return value


def _make_value(options: Namespace) -> int:
    """Make a value, keep it in a new file that only its owner reads, and print what is to be committed to."""
    if not (options.draw and options.organisation and options.out):
        complain("fermata draw value: say --draw KEY, --organisation KEY and --out FILE")
        return USAGE
    value = secrets.token_hex(32)
    committed = value_commitment(options.draw, options.organisation, value)
    kept = {"draw": options.draw, "organisation": options.organisation, "value": value, "commitment": committed}
    try:
        options.out.touch(mode=0o600, exist_ok=False)
        options.out.write_text(json.dumps(kept, indent=2) + "\n")
    except OSError as error:
        complain(f"fermata draw value: {error}")
        return USAGE
    public = {name: kept[name] for name in ("draw", "organisation", "commitment")}
    say(
        json.dumps(public)
        if options.json
        else f"Commit to {committed}\nThe value is in {options.out}: show it to nobody until the commitments are sealed."
    )
    return 0
