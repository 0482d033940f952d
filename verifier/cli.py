"""The command `fermata`. Each sub-command is a module of its own, imported only when it is used."""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Final

from verifier.output import complain, say

if TYPE_CHECKING:
    from argparse import Namespace

# Name, module, and one line of help. A module has `add_arguments(parser)` and `run(options) -> exit code`; one that must
# be quick has `plain(arguments)`, which reads what needs no parser.
COMMANDS: Final = {
    "verify": ("verifier.verify", "check a whole record: signatures, every entry, and what was decided"),
    "ballot": ("verifier.ballot", "read a vote, make out a ballot, send it signed, and check its receipt"),
    "entry": ("verifier.entry", "show one entry with its proof"),
    "monitor": ("verifier.monitor", "keep watching a record, and say when something is wrong"),
    "witness": ("verifier.witness", "run a witness that cosigns checkpoints"),
    "gate": ("verifier.gate", "exit 0 when a laboratory may go on, 75 when it is paused"),
    "tally": ("verifier.tally", "count a vote from a file"),
    "outcomes": ("verifier.outcomes", "recompute the outcomes of public records of real votes"),
    "evaluate": ("verifier.evaluate", "evaluate a condition over readings from a file"),
    "balance": ("verifier.balance", "compute a material balance from a file"),
    "draw": ("verifier.draw", "repeat a public draw from its transcript"),
}
USAGE: Final = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one sub-command; exit code 0 all follows, 1 something does not, 2 wrong usage, 3 cannot reach."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and given[0] in COMMANDS:
        return _run(given[0], given[1:])
    asked = given in (["-h"], ["--help"])
    shown = [f"  {name:<10}{words}" for name, (module, words) in COMMANDS.items() if find_spec(module)]
    (say if asked else complain)("\n".join(["usage: fermata COMMAND [-h] ...", "", *shown]))
    return 0 if asked else USAGE


def _run(name: str, rest: Sequence[str]) -> int:
    module_name, words = COMMANDS[name]
    if find_spec(module_name) is None:
        complain(f"fermata: this build has no command {name}")
        return USAGE
    module = import_module(module_name)
    plain = getattr(module, "plain", None)
    code: int = module.run((plain and plain(rest)) or _parsed(module, f"fermata {name}", words, rest))
    return code


def _parsed(module: ModuleType, name: str, words: str, rest: Sequence[str]) -> "Namespace":
    from argparse import ArgumentParser  # noqa: PLC0415 - takes longer to load than the gate to answer

    parser = ArgumentParser(prog=name, description=words)
    module.add_arguments(parser)
    return parser.parse_args(rest)


if __name__ == "__main__":
    sys.exit(main())
