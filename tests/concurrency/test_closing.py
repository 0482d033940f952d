"""Closing with real processes on one database: two Celery workers, and clients that vote over HTTP while the vote closes."""

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from threading import Event, Thread

import httpx
import pytest
from celery import Celery
from django.db import connection
from django.db.models import Q
from django.utils import timezone
from knox.models import AuthToken

from accounts.models import Organisation
from config import processes
from config.servers import valkey
from core.times import instant
from ledger.models import Entry
from tests.databases import at as database_at
from tests.factories import LABS
from tests.site import ROOT, Site, ending, free_port, surroundings
from tests.verifier.records import Record, entries_on_record
from tests.verifier.signed import person_of, treaty_in_force
from treaty.actions.ballots import cast_ballot
from treaty.actions.votes import notice_vote
from treaty.models import Ballot, Vote
from treaty.queries.votes import course_of, with_rows
from treaty.rules.profiles import Choice

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

WORKERS = ("first", "second")
ROUNDS, BALLOTS, CLIENTS = 200, 100, 20
PERIOD = timedelta(hours=48)  # of a matter of procedure, in the model treaty
YES, NO, ABSTAIN = Choice.CONSENT, Choice.OBJECT, Choice.ABSTAIN
PATTERNS = ((YES, YES, YES), (YES, NO, NO), (YES, NO, ABSTAIN), (NO,), ())


@pytest.fixture
def site(transactional_db, settings, tmp_path):
    """The web process and two workers on the test's own database, where the treaty is in force."""
    port, name = free_port(), connection.settings_dict["NAME"]
    own = {"ORIGIN": f"localhost:{port}/tlog", "SIGNER_DIR": tmp_path / "signer", "WITNESSES": [], "QUORUM": 0}
    settings.LEDGER = settings.LEDGER | own
    treaty_in_force(beginning=timezone.now() - timedelta(days=90))
    with valkey(tmp_path / "valkey") as redis_url:
        environment = surroundings(tmp_path, port, database_at(os.environ["DATABASE_URL"], name), redis_url)
        with ending(Site(f"http://localhost:{port}", environment, tmp_path)) as here:
            here.start("web", processes.web(port))
            for worker in WORKERS:
                here.start(worker, [*processes.worker(name=worker), "--loglevel", "info"])
            yield here


def wait_for(site):
    """Wait until the processes, which start while a test prepares its votes, are there."""
    site.until(lambda: all(" ready." in log(site, worker) for worker in WORKERS), 60, "both workers are ready")
    site.until(lambda: httpx.get(f"{site.url}/healthz", timeout=5), 60, "the site answers")


def log(site, worker):
    return (site.state / f"{worker}.log").read_text(errors="replace")


@pytest.fixture
def queue(site):
    """The workers' queue."""
    with Celery(broker=f"{site.environment['REDIS_URL']}/0", set_as_current=False) as app:
        yield app


@contextmanager
def sweeping(queue):
    """Ask for sweeps, four at once, over and over."""
    enough = Event()

    def ask():
        while not enough.wait(0.2):
            for _ in range(4):
                queue.send_task("treaty.tasks.sweep_votes")

    asking = Thread(target=ask)
    asking.start()
    try:
        yield
    finally:
        enough.set()
        asking.join()


def notice(at):
    return notice_vote(
        decision="procedural", title="A matter", question="Shall it be so?", subject={}, pause=None,
        requester=Organisation.objects.get(key="aster"), subject_organisation=None, by=person_of("aster"), at=at,
    )  # fmt: skip


def settled(votes=ROUNDS):
    """Whether so many votes are closed, and what was adopted has had its effect."""
    open_ends = Q(closed_at=None) | Q(outcome="adopted", effect_applied_at=None)
    return Vote.objects.count() == votes and not Vote.objects.filter(open_ends).exists()


def told(kind):
    entries = Entry.objects.filter(kind=kind).values_list("data", flat=True)
    return [json.loads(bytes(data))["payload"] for data in entries]


def test_two_workers_close_each_of_many_votes_once_and_alike_however_late(site, queue):
    """Their time ran out eight minutes ago, just now, or runs out while the workers sweep."""
    began = timezone.now() - PERIOD + timedelta(seconds=8)
    votes = [notice(began - timedelta(seconds=2.5) * (ROUNDS - number)) for number in range(ROUNDS)]
    people = [(Organisation.objects.get(key=key), person_of(key)) for key in LABS]
    for number, vote in enumerate(votes):
        for (lab, by), choice in zip(people, PATTERNS[number % len(PATTERNS)], strict=False):
            reason = "No." if choice is NO else ""
            cast_ballot(vote=vote, organisation=lab, choice=choice, reason=reason, by=by, at=began)
    wait_for(site)
    with sweeping(queue):
        site.until(settled, 60, "every vote is closed")
    assert all("sweep_votes" in log(site, worker) for worker in WORKERS)
    closed, results = {one["vote"]: one for one in told("vote.closed")}, defaultdict(set)
    assert len(told("vote.closed")) == len(closed) == ROUNDS
    for number, vote in enumerate(with_rows(Vote.objects.order_by("opens_at"))):
        course, entry = course_of(vote, timezone.now()), closed[vote.key]
        assert vote.tally == course.tally.as_json() == entry["tally"]
        assert vote.closed_at == course.closed_at == instant(entry["closed_at"]) == vote.opens_at + PERIOD
        results[number % len(PATTERNS)].add((vote.outcome, vote.reason, json.dumps(vote.tally)))
    assert [len(found) for found in results.values()] == [1] * len(PATTERNS)
    assert {outcome for found in results.values() for outcome, _, _ in found} == {"adopted", "rejected"}
    adopted = sorted(Vote.objects.filter(outcome="adopted").values_list("key", flat=True))
    assert sorted(one["vote"] for one in told("vote.applied")) == adopted
    assert Record.of(entries_on_record()).problems() == []


def test_of_a_hundred_ballots_around_the_close_each_is_counted_or_refused_and_the_verifier_agrees(site, queue):
    tokens = {key: AuthToken.objects.create(person_of(key))[1] for key in LABS}
    wait_for(site)
    with sweeping(queue):
        for seconds in (
            1,
            4,
            16,
        ):  # on a busy machine, over a longer time, until ballots arrived before the close and after
            vote = notice(timezone.now() - PERIOD + timedelta(seconds=seconds + 2))
            taken, refused = voted_around(site, vote, tokens, seconds)
            site.until(partial(settled, Vote.objects.count()), 30, "the vote is closed")
            counted_or_refused(vote, taken, refused)
            if taken and refused:
                break
    assert taken
    assert refused
    queue.send_task("ledger.tasks.publish")
    verified = site.until(lambda: verify(site), 30, "the verifier agrees with all of it")
    assert verified["entries_checked"] == Entry.objects.count()


def counted_or_refused(vote, taken, refused):
    assert len(taken) + len(refused) == BALLOTS
    assert all((status, said["code"]) == (409, "vote_closed") for status, said in refused)
    assert all(instant(said["received_at"]) < vote.closes_at for said in taken)
    hashes = Ballot.objects.filter(vote=vote).values_list("entry_hash", flat=True)
    assert {said["entry_hash"] for said in taken} == set(hashes)
    cast = [one for one in told("ballot.cast") if one["vote"] == vote.key]
    [closed] = [one for one in told("vote.closed") if one["vote"] == vote.key]
    assert len(cast) == closed["ballots_received"] == len(taken)


def voted_around(site, vote, tokens, seconds):
    """What was taken, and what was refused, of ballots that parallel clients send from so many seconds before the close to as many after."""
    labs, first = sorted(tokens), vote.closes_at.timestamp() - seconds

    def cast(number):
        lab = labs[number % len(labs)]
        time.sleep(max(0, first + 2 * seconds * number / (BALLOTS - 1) - time.time()))
        answer = client.post(
            f"{site.url}/api/v1/votes/{vote.key}/ballots/",
            json={"organisation": lab, "choice": "consent"},
            headers={"Authorization": f"Token {tokens[lab]}"},
        )
        return answer.status_code, answer.json()

    with httpx.Client(timeout=60) as client, ThreadPoolExecutor(CLIENTS) as threads:
        answers = list(threads.map(cast, range(BALLOTS)))
    return [said for status, said in answers if status == 201], [one for one in answers if one[0] != 201]


def verify(site):
    """What `fermata verify` says of the whole site, once all that is recorded is published."""
    command = [sys.executable, "-m", "verifier.cli", "verify", site.url, "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    said = json.loads(done.stdout)
    return said if said["size"] == Entry.objects.count() else None
