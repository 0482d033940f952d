"""`fermata tally`: anybody's vote counted by the same rules as the site's, from two or three small files."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from core.canonical import Json
from core.errors import DomainError
from core.times import instant, stamp
from treaty.rules.ballot_files import WORDS, Files, FilesInvalid, read_files
from treaty.rules.changes import smallest_change
from treaty.rules.courses import judge
from treaty.rules.profiles import VoteProfile
from treaty.rules.reading import TextInvalid, read_model
from treaty.rules.votes import Counting, Decision, Tally
from treaty.rules.words_votes import (
    change_in_words,
    class_in_words,
    decision_in_words,
    step_answer,
    step_name,
    step_sum,
    to_come_in_words,
    weight_in_words,
)
from verifier.output import complain, say

REFUSED = 65  # EX_DATAERR


def add_arguments(parser: ArgumentParser) -> None:
    """Say what can be asked."""
    parser.add_argument(
        "--profile", required=True, metavar="P.yaml", help=f"a vote profile, or one that is ready: {', '.join(ready())}"
    )
    parser.add_argument(
        "--ballots",
        required=True,
        type=Path,
        metavar="B.csv",
        help=f"columns: member, choice ({', '.join(WORDS)}), and if need be weight, at, class, ground",
    )
    parser.add_argument(
        "--roll",
        type=Path,
        metavar="R.csv",
        help="columns: member, and if need be class, weight, recused, delegate (default: everybody in B.csv)",
    )
    parser.add_argument(
        "--at", metavar="INSTANT", help="count only what was received before, such as 2026-11-22T12:00:00Z"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: Namespace) -> int:
    """Print the outcome; exit code 0 when there is one, adopted or rejected, 65 when the files are refused."""
    try:
        profile = read_profile(options.profile)
        at = instant(options.at) if options.at else None
        roll = options.roll.read_bytes() if options.roll else None
        read = read_files(
            profile, options.ballots.read_bytes(), roll, at=at, names=(str(options.ballots), str(options.roll))
        )
    except (DomainError, OSError) as error:
        complain(f"fermata tally: {error}")
        return REFUSED
    counting = Counting(profile, read.roll, read.present)
    counting.put_all(read.ballots)
    tally = Tally(counting.figures(), judge(profile, counting))
    say(
        json.dumps(as_json(profile, read, tally, at), indent=2)
        if options.json
        else "\n".join(in_words(profile, read, tally, counting))
    )
    return 0


def ready() -> list[str]:
    """Return the names of the profiles that come with the program."""
    folder = files("treaty") / "texts" / "profiles"
    return sorted(path.name.removesuffix(".yaml") for path in folder.iterdir()) if folder.is_dir() else []


def read_profile(name: str) -> VoteProfile:
    """Return the profile in the file `name`, or the ready one of that name; raise TextInvalid with lines."""
    path, key = Path(name), name.removesuffix(".yaml")
    if not path.exists() and key in ready():
        source = (files("treaty") / "texts" / "profiles" / f"{key}.yaml").read_bytes()
    else:
        source = path.read_bytes()
    try:
        return read_model(source, VoteProfile)
    except TextInvalid as error:
        raise FilesInvalid(f"{name}, {problem}" for problem in error.problems) from None


def as_json(profile: VoteProfile, read: Files, tally: Tally, at: datetime | None) -> dict[str, Json]:
    """Return the answer of `--json`: outcome, reason, and the formula with its numbers for each class."""
    return {
        "profile": profile.title,
        "at": stamp(at) if at else None,
        **tally.as_json(),
        "roll_hash": read.roll.hash,
        "seats_not_listed": dict(read.unlisted),
    }


def in_words(profile: VoteProfile, read: Files, tally: Tally, counting: Counting) -> Iterator[str]:
    """Write the answer for people."""
    yield profile.title
    yield decision_in_words(tally.decision, closed=True)
    for count in tally.counts:
        yield (
            f"  {class_in_words(count.electorate)}: {weight_in_words(count.consent)} consent, {weight_in_words(count.object)} object, "
            f"{weight_in_words(count.abstain)} abstain, of {weight_in_words(count.entitled)} entitled"
            + (f", {weight_in_words(count.recused)} recused" if count.recused else "")
            + (f", {count.delegated} of the ballots given by a delegate" if count.delegated else "")
            + (
                f" ({read.unlisted[count.electorate]} seats are not in the file)"
                if count.electorate in read.unlisted
                else ""
            )
        )
    for step in tally.decision.steps:
        yield f"  {step_name(step)}: {step_sum(step)} – {step_answer(step)}"
    yield from _change(tally.decision, counting)


def _change(decision: Decision, counting: Counting) -> Iterator[str]:
    anonymous = any(electorate.counted for electorate in counting.profile.electorates)
    if decision.reason.value == "silence" or anonymous:
        return
    if counting.entitled() - set(counting.standing):
        yield f"  {to_come_in_words(smallest_change(counting, silent_only=True), counting.roll)}"
    yield f"  {change_in_words(smallest_change(counting), {})}"
