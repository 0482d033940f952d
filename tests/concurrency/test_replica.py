"""Public pages from a real standby by streaming replication, with a real web process; ballots go to the primary, whichever that is."""

import os
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.utils import timezone
from knox.models import AuthToken
from psycopg.conninfo import conninfo_to_dict

from accounts.models import Organisation
from config import processes
from ledger.models import Entry
from tests.databases import at as database_at
from tests.site import Site, ending, free_port, surroundings
from tests.standby import standby
from tests.verifier.signed import person_of, treaty_in_force
from treaty.actions.votes import notice_vote

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
LAG = 5  # seconds


@pytest.fixture
def vote(settings, tmp_path):
    """A vote that is open; an instant before any of it is in the standby's copy."""
    own = {"ORIGIN": "localhost/tlog", "SIGNER_DIR": tmp_path / "signer", "WITNESSES": [], "QUORUM": 0}
    settings.LEDGER = settings.LEDGER | own
    now = timezone.now()
    treaty_in_force(beginning=now - timedelta(days=90))
    return notice_vote(
        decision="procedural", title="A matter", question="Shall it be so?", subject={}, pause=None,
        requester=Organisation.objects.get(key="aster"), subject_organisation=None, by=person_of("aster"),
        at=now - timedelta(minutes=1),
    )  # fmt: skip


@pytest.fixture
def replica(transactional_db, vote):
    if not connection.settings_dict["OPTIONS"].get("host", "").startswith("/"):
        pytest.skip("the standby is made of the embedded server")
    with standby(os.environ["DATABASE_URL"], connection.settings_dict["NAME"]) as found:
        yield found


@pytest.fixture
def site(replica, tmp_path):
    port, both = (
        free_port(),
        ",".join(conninfo_to_dict(url)["host"] for url in (os.environ["DATABASE_URL"], replica.url)),
    )
    name = connection.settings_dict["NAME"]
    primary = f"postgresql://postgres@/{name}?host={both}&target_session_attrs=read-write"
    environment = surroundings(tmp_path, port, primary, os.environ["REDIS_URL"])
    replicated = {"DATABASE_REPLICA_URL": replica.url, "FERMATA_REPLICA_LAG": str(LAG)}
    with ending(Site(f"http://localhost:{port}", environment | replicated, tmp_path)) as here:
        here.start("web", processes.web(port))
        yield here


class Reader:
    """What a reader without a name is shown of the vote and of the record."""

    def __init__(self, site, vote):
        self.site, self.vote, self.http = site, vote, site.client().http

    def json(self, path, **how):
        answer = self.http.get(path, **how)
        assert answer.status_code == 200, answer.text[-2000:]
        return answer.json()

    def newest(self, **how):
        """The newest entry's position, and which ballots the vote's page counts: both are of one state, or the page is mixed."""
        entries = self.json(f"/api/v1/ledger/entries/?about=vote:{self.vote.key}&limit=100", **how)["results"]
        ballots = self.json(f"/api/v1/votes/{self.vote.key}/", **how)["ballots"]
        assert len(ballots) == sum(entry["kind"] == "ballot.cast" for entry in entries)
        return len(ballots)

    def cast(self, lab, tokens):
        return self.http.post(
            f"/api/v1/votes/{self.vote.key}/ballots/",
            json={"organisation": lab, "choice": "consent"},
            headers={"Authorization": f"Token {tokens[lab]}"},
        )

    def replicas(self):
        return self.json("/readyz")["parts"]["replica_lag_entries"]


@pytest.fixture
def alter():
    """Alter the test's database on the primary, for every connection."""
    name, server = connection.settings_dict["NAME"], database_at(os.environ["DATABASE_URL"], "postgres")

    def done(*changes):
        connection.close()
        with psycopg.connect(server, autocommit=True) as admin:
            for change in changes:
                admin.execute(f'ALTER DATABASE "{name}" {change}')
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])

    yield done
    done("ALLOW_CONNECTIONS true", "RESET default_transaction_read_only")


def test_readers_are_given_the_replica_while_it_is_well_and_those_who_act_the_primary(site, replica, vote, alter):
    tokens = {lab: AuthToken.objects.create(person_of(lab))[1] for lab in ("aster", "borealis", "cobalt")}
    mine = {"headers": {"Authorization": f"Token {tokens['aster']}"}}
    reader = Reader(site, vote)
    site.until(lambda: reader.replicas()["well"], 60, "the replica is level")

    # An entry reaches readers through the replica.
    assert reader.cast("aster", tokens).status_code == 201
    site.until(lambda: reader.newest() == 1, LAG, "the first ballot is shown")

    # While the replica shows nothing new, readers get an older state, whole; whoever has a token gets today's.
    replica.pause()
    assert reader.cast("borealis", tokens).status_code == 201
    assert reader.newest() == 1
    assert reader.newest(**mine) == 2
    assert Entry.objects.filter(kind="ballot.cast").count() == 2

    # It is behind for too long: the primary answers, and operators are told.
    site.until(lambda: reader.newest() == 2, 3 * LAG, "the primary answers")
    told = reader.replicas()
    assert (told["well"], told["number"]) == (False, 1)

    # The primary is away: what the replica has is all there is. Nothing can be done, and that is said.
    alter("ALLOW_CONNECTIONS false")
    site.until(lambda: reader.newest() == 1, 3 * LAG, "the replica answers again, as it was")
    refused = reader.cast("cobalt", tokens)
    assert (refused.status_code, refused.json()["code"], refused.headers["Retry-After"]) == (503, "unavailable", "30")
    assert reader.http.get("/votes/", headers={"Cookie": "sessionid=mine"}).status_code == 503
    alter("ALLOW_CONNECTIONS true")
    assert Entry.objects.filter(kind="ballot.cast").count() == 2

    # It catches up, and falls: pages go on.
    replica.resume()
    site.until(lambda: reader.replicas()["well"], 3 * LAG, "the replica is level again")
    replica.fall()
    assert reader.newest() == 2
    assert reader.http.get("/votes/").status_code == 200

    # It is there again and becomes the primary, and the old one takes nothing any more: ballots are taken there.
    replica.rise()
    site.until(lambda: reader.replicas()["well"], 3 * LAG, "the replica is there again")
    replica.promote()
    alter("SET default_transaction_read_only = on")
    assert reader.cast("cobalt", tokens).status_code == 201
    site.until(lambda: reader.newest() == 3, LAG, "the third ballot is shown")
