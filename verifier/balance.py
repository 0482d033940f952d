"""`fermata balance`: the compute material balance of a file, recomputed."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.errors import Malformed
from inspections.rules.balance import STRATA, Balance, Periods, RelativeError, balance

PRINTED = ("muf", "cumuf", "sigma_muf", "sitmuf", "page")


def add_arguments(parser: ArgumentParser) -> None:
    """Say what can be asked."""
    parser.add_argument(
        "--periods", type=Path, required=True, metavar="P.json", help="one object with input, output, inventory and err"
    )
    parser.add_argument("--k", type=float, default=0.5, help="Page's reference value (default 0.5)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: Namespace) -> int:
    """Print the statistics; answer 0, or 65 with the reason where the file cannot be read as periods."""
    try:
        found = balance(read_periods(options.periods.read_bytes()), k=options.k)
    except (Malformed, OSError) as error:
        print(f"fermata balance: {getattr(error, 'detail', error)}")  # noqa: T201 - a command answers on standard output
        return 65
    values = {name: list(asdict(found)[name]) for name in PRINTED}
    print(json.dumps(values) if options.json else as_table(found))  # noqa: T201 - as above
    return 0


def read_periods(data: bytes) -> Periods:
    """Return the periods in `data`; raise Malformed with what is wrong."""
    try:
        value = json.loads(data, parse_constant=_refuse)
        given, taken, inventory = (_numbers(value[stratum]) for stratum in STRATA)
        return Periods(given, taken, inventory, {name: _error(pair) for name, pair in value["err"].items()})
    except KeyError as error:
        raise Malformed(f"The file has no {error}.") from None
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise Malformed(f"This is not a file of balance periods: {error}") from None


def as_table(found: Balance) -> str:
    """Return the statistics as lines for people, a period each."""
    head = f"{'period':>6} " + " ".join(f"{name:>14}" for name in PRINTED)
    rows = zip(*(getattr(found, name) for name in PRINTED), strict=True)
    return "\n".join(
        [
            head,
            *(
                f"{number:>6} " + " ".join(f"{value:>14.6g}" for value in row)
                for number, row in enumerate(rows, start=1)
            ),
        ]
    )


def _numbers(values: Any) -> tuple[float, ...]:
    if not isinstance(values, list):
        raise TypeError("input, output and inventory are lists of numbers")
    return tuple(_number(value) for value in values)


def _error(pair: Any) -> RelativeError:
    if isinstance(pair, Mapping):
        return RelativeError(_number(pair["random"]), _number(pair["systematic"]))
    random, systematic = pair
    return RelativeError(_number(random), _number(systematic))


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{str(value)[:30]!r} is not a number")
    if not abs(value) < 1e150:  # its square must still be a float
        raise ValueError("a quantity lies below 1e150")
    return float(value)


def _refuse(text: str) -> float:
    raise ValueError(f"{text} is not a number")
