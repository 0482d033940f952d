"""Ballots through the interface for programs, the tally, and the page of a vote.

python -m config.servers --state .state/bench -- python -m benchmarks votes
"""

import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fractions import Fraction
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from benchmarks.load import CLIENTS, TOOL, page_rows, served
from benchmarks.place import run_apart
from benchmarks.table import Row, seconds, show
from config.servers import valkey

LABS = (8, 200)
BALLOTS = 80  # in each measurement: what a ballot costs grows with those that are there
TALLIED = 100_000
BARE = (
    "DROP TABLE IF EXISTS bare_entry, bare_ballot",
    "CREATE TABLE bare_entry (LIKE ledger_entry INCLUDING ALL)",  # LIKE takes no trigger along: no position is given
    "CREATE TABLE bare_ballot (LIKE treaty_ballot INCLUDING ALL)",
)


def main() -> None:
    for labs in LABS:
        with tempfile.TemporaryDirectory() as folder, valkey(Path(folder)) as redis:
            os.environ["REDIS_URL"] = redis
            code = run_apart("benchmarks.votes", [str(labs)])
        if code:
            sys.exit(code)


def inside(labs: int) -> None:
    import django

    django.setup()
    from benchmarks.population import populate
    from treaty.models import Vote

    made = populate(labs)
    page = f"/votes/{Vote.objects.filter(title='Open question 1').get().key}/"
    with served() as site:
        rows = [ballots(site, made)]
        if labs > BALLOTS:
            rows.append(signed_ballots(site, made))
        rows += page_rows(site, page, f"page of a vote with {labs} members")
    show(f"Votes with {labs} members, {CLIENTS} clients, pages loaded by {TOOL}", rows)
    if labs == LABS[-1]:
        show("Tally", tallies())


def ballots(site: str, made: Any) -> Row:
    """Cast BALLOTS ballots in one open vote, every laboratory as often as every other, over CLIENTS connections."""
    from benchmarks.population import DAY, open_vote

    vote = open_vote("Start a pause", made.now - DAY, "start_pause_ordinary")
    jobs = []
    for number in range(BALLOTS + 1):
        lab, token = tokens(made)[number % len(made.labs)]
        choice = ("consent", "abstain")[number // len(made.labs) % 2]
        jobs.append(Job({"organisation": lab.key, "choice": choice}, {"Authorization": f"Token {token}"}))
    rate, statements = cast_all(site, vote, jobs)
    each = BALLOTS // len(made.labs)
    what = f"ballots in one vote, {each} of each member" if each else "ballots in one vote, one of a member"
    return Row(what, rate, floor(vote), "ballots/s", statements, f"{BALLOTS} ballots; floor: its two rows, committed")


def signed_ballots(site: str, made: Any) -> Row:
    """Cast BALLOTS ballots, one of a laboratory, each signed with a machine key of its own before the clock starts."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from accounts.rules.signatures import b64url, dump_key, verify
    from accounts.rules.statements import Purpose, challenge
    from benchmarks.population import DAY, open_vote
    from core.canonical import canonical
    from treaty.models import Vote

    vote = Vote.objects.get(pk=open_vote("Signed question", made.now - DAY, "start_pause_ordinary").pk)
    jobs, checks = [], []
    for lab in made.labs[: BALLOTS + 1]:
        private = Ed25519PrivateKey.generate()
        key = enrolled(lab, dump_key(private.public_key()), made.now - 40 * DAY)
        message = canonical(prepared(vote, lab, key.key_id, made.now).value())
        asked = challenge(Purpose.BALLOT, message)
        signature = private.sign(asked)
        jobs.append(Job({"ballot": b64url(message), "proof": {"signature": b64url(signature)}}))
        checks.append((key.public_key, asked, signature))
    rate, statements = cast_all(site, vote, jobs)
    bare = floor(vote, lambda number: verify(*checks[number % len(checks)]))
    note = f"{BALLOTS} ballots; goal: 150; floor: one check, its two rows, committed"
    return Row("signed ballots in one vote, verified, one of a member", rate, bare, "ballots/s", statements, note)


def enrolled(lab: Any, public_key: str, at: Any) -> Any:
    """Return a key as the directory has it, without its entry: a benchmark's record is not verified."""
    from accounts.models import VotingKey
    from accounts.rules.signatures import key_id

    return VotingKey.objects.create(
        organisation=lab, kind="ed25519", public_key=public_key, key_id=key_id(public_key), signed_by="root",
        signature="benchmark", enrolled_at=at, usable_at=at, entry_hash=f"{lab.pk:064x}",
    )  # fmt: skip


def prepared(vote: Any, lab: Any, key: str, at: Any) -> Any:
    """Return the first ballot of `lab` under `key`."""
    from treaty.queries.ballot_papers import ballot_for
    from treaty.rules.profiles import Choice

    return ballot_for(vote, lab, choice=Choice.ABSTAIN, reason=None, ground="", key=key, nonce=f"{lab.pk:032x}", at=at)


def tokens(made: Any) -> list[tuple[Any, str]]:
    """Return each laboratory with a token of its representative, made once."""
    from knox.models import AuthToken

    if not hasattr(made, "tokens"):
        made.tokens = [(lab, AuthToken.objects.create(by)[1]) for lab, by in zip(made.labs, made.people, strict=True)]
    return made.tokens


@dataclass(frozen=True)
class Job:
    """One ballot to send."""

    body: dict[str, object]
    headers: dict[str, str] = field(default_factory=dict)


def cast_all(site: str, vote: Any, jobs: Sequence[Job]) -> tuple[float, int]:
    """Send the ballots over CLIENTS connections, the first apart; return ballots per second, and the statements of the first."""
    path = f"/api/v1/votes/{vote.key}/ballots/"
    statements = queries_of(path, jobs[0])

    def client(number: int) -> None:
        connection = HTTPConnection(urlsplit(site).netloc, timeout=60)
        for job in jobs[1 + number :: CLIENTS]:
            connection.request("POST", path, json.dumps(job.body), {"Content-Type": "application/json"} | job.headers)
            answer = connection.getresponse()
            said = answer.read()
            if answer.status != 201:
                raise RuntimeError(f"{answer.status} {said[:300]!r}")

    rate = per_second(client, len(jobs) - 1)
    if (kept := vote.ballots.count()) != len(jobs):
        raise RuntimeError(f"{kept} ballots of {len(jobs)} are on record")
    return rate, statements


def per_second(client: Callable[[int], None], count: int) -> float:
    """Return how many of `count` pieces of work a second CLIENTS threads do between them."""
    start = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(client, range(CLIENTS)))
    return count / (time.perf_counter() - start)


def queries_of(path: str, job: Job) -> int:
    """Count the SQL statements of one ballot by the same middleware and view in this process; it stays on record."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        answer = Client(HTTP_HOST="localhost").post(
            path, job.body, content_type="application/json", headers=job.headers
        )
    if answer.status_code != 201:
        raise RuntimeError(answer.content)
    return len(captured)


def floor(vote: Any, check: Callable[[int], object] = int) -> float:
    """Return how often a second the two rows of a ballot are inserted and committed, without a position, by CLIENTS connections.

    Before each, `check` is called with its number.
    """
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in BARE:
            connection.execute(statement)
        ballot = connection.execute(
            "SELECT choice, ground, reason, content, received_at, by_id, key_kind, proofs::text, organisation_id,"
            " entry_hash, salt FROM treaty_ballot WHERE vote_id = %s LIMIT 1",
            [vote.pk],
        ).fetchone()
        entry = connection.execute(
            "SELECT kind, at, data, subjects FROM ledger_entry WHERE kind = 'ballot.cast' ORDER BY id DESC LIMIT 1"
        ).fetchone()

    def client(number: int) -> None:
        with psycopg.connect(url) as connection:
            for sequence in range(1, 3 * BALLOTS + 1):
                check(sequence)
                connection.execute(
                    "INSERT INTO bare_entry (kind, at, data, subjects) VALUES (%s, %s, %s, %s) RETURNING id", entry
                )
                connection.execute(
                    "INSERT INTO bare_ballot (choice, ground, reason, content, received_at, by_id, key_kind, proofs,"
                    " organisation_id, entry_hash, salt, vote_id, sequence, hash)"
                    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s, %s, %s, %s, %s, %s) RETURNING id",
                    [*ballot, -number, sequence, f"{number:032x}{sequence:032x}"],
                )
                connection.commit()

    return per_second(client, 3 * BALLOTS * CLIENTS)


def tallies() -> list[Row]:
    """Tally TALLIED ballots, of as many members and of 200 who vote again, beside a sum of as many whole numbers."""
    from treaty.rules.profiles import VoteProfile
    from treaty.rules.votes import BallotValue, Choice, Roll, RollMember, tally

    majority = {"share": "1/2", "strict": True}
    profile = VoteProfile.model_validate(
        {
            "title": "Majority", "notice": "0 h", "period": "48 h", "timelock": "0 h", "source": "This benchmark.",
            "electorates": [{"name": "labs", "members": "labs", "quorum": "1/2", "threshold": majority}],
        }
    )  # fmt: skip
    dice = random.Random(6962)
    numbers = [dice.randrange(3) for _ in range(TALLIED)]
    plain = seconds(lambda: sum(numbers), 50)
    rows = []
    for members, what in ((TALLIED, "one of each member"), (200, "of 200 members who vote again")):
        lines = tuple(
            RollMember(f"m{number:05}", "labs", Fraction(dice.randint(1, 1000), dice.choice([1, 2])))
            for number in range(members)
        )
        cast = [
            BallotValue(f"m{number % members:05}", dice.choice(list(Choice)), sequence=1 + number // members)
            for number in range(TALLIED)
        ]
        spent = seconds(lambda lines=lines, cast=cast: tally(profile, Roll(lines), cast))
        rows.append(
            Row(
                f"tally of {TALLIED:,} weighted ballots, {what}",
                spent * 1000,
                plain * 1000,
                "ms",
                0,
                "goal: 300; floor: sum() of as many",
            )
        )
    return rows


if __name__ == "__main__":
    inside(int(sys.argv[-1]))
