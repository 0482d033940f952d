import threading
from datetime import UTC, datetime, timedelta

import pytest

from ledger import published
from ledger.actions import open_log
from ledger.actions.publish import publish
from ledger.models import Checkpoint, Cosignature, Publisher
from ledger.queries.health import health
from ledger.rules.witnesses import Policy
from verifier.witness import Handler, Witness, make_server

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def witnesses(settings, tmp_path, signer, monkeypatch):
    """Start so many witnesses of the log, and name them in the settings."""
    monkeypatch.setattr(Handler, "log_message", lambda *_arguments: None)
    servers = []

    def start(count, quorum=0):
        open_log(at=NOON)
        made = [
            Witness(tmp_path / f"w{number}", f"w{number}.example", [signer.key.verifier]) for number in range(count)
        ]
        servers.extend(make_server(witness, "127.0.0.1", 0) for witness in made)
        for server in servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        urls = [f"http://127.0.0.1:{server.server_address[1]}" for server in servers]
        settings.LEDGER["WITNESSES"] = [
            f"w{number}={url}={witness.key}" for number, (url, witness) in enumerate(zip(urls, made, strict=True))
        ]
        settings.LEDGER["QUORUM"] = quorum
        return made, servers

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def refusal():
    return Publisher.objects.get().refusal


def test_every_checkpoint_is_cosigned_by_every_witness(witnesses, write):
    made, _servers = witnesses(2, quorum=2)
    for count in (1, 300, 5):
        write(count, start=count * 1000)
        publish(at=NOON)
    note = published.checkpoint()
    assert len(note.verified([witness.key for witness in made])) == 2
    assert Cosignature.objects.count() == 6
    assert [(one.name, one.size, one.cosigned_newest) for one in health().witnesses] == [
        ("w0", 307, True),
        ("w1", 307, True),
    ]


def test_the_published_policy_is_met_by_the_published_checkpoint(witnesses, client):
    witnesses(2, quorum=2)
    publish(at=NOON)
    policy = Policy.parse(client.get("/tlog/policy").content.decode())
    assert policy.is_met_by(published.checkpoint().verified(policy.keys))
    assert not policy.is_met_by([])


def test_without_its_quorum_a_checkpoint_is_not_moved_into_place(witnesses, write):
    _made, servers = witnesses(2, quorum=2)
    publish(at=NOON)
    write(1)
    servers[0].shutdown()
    servers[0].server_close()
    publish(at=NOON)
    assert published.head().size == 1
    assert Checkpoint.objects.get(size=2).published_at is None


def test_a_witness_that_is_away_stops_nothing_where_no_quorum_is_asked(witnesses, write):
    _made, servers = witnesses(1)
    servers[0].shutdown()
    servers[0].server_close()
    write(1)
    publish(at=NOON)
    assert published.head().size == 2
    assert health().cosigned == 0


def test_an_unchanged_log_is_cosigned_again_after_ten_minutes(witnesses):
    witnesses(1)
    publish(at=NOON)
    first = Publisher.objects.get().witnesses_asked_at
    publish(at=NOON + timedelta(minutes=9))
    assert Publisher.objects.get().witnesses_asked_at == first
    publish(at=NOON + timedelta(minutes=10))
    assert Publisher.objects.get().witnesses_asked_at == NOON + timedelta(minutes=10)
    assert Cosignature.objects.count() == 1


def test_a_witness_that_was_told_more_by_somebody_else_is_answered_from_there(witnesses, write):
    witnesses(1)
    publish(at=NOON)
    write(10)
    publish(at=NOON)
    Cosignature.objects.all().delete()  # this site no longer knows what the witness cosigned
    write(5)
    publish(at=NOON)
    assert health().cosigned == 1


def test_a_witness_that_has_seen_more_than_the_log_holds_stops_the_signer(witnesses, write, signer, tmp_path):
    _made, _servers = witnesses(1)
    write(10)
    publish(at=NOON)
    [state] = (tmp_path / "w0").glob("*.checkpoint")
    from ledger.rules.checkpoints import Head
    from ledger.rules.notes import Note

    head = Head.parse(Note.parse(state.read_text()).text)
    text = Head(head.origin, 100, head.root).text
    state.write_text(str(Note(text, (signer.key.sign(text),))))
    write(1)
    publish(at=NOON)
    assert "has cosigned 100 entries, but the log holds 12" in refusal()
    write(1)
    assert publish(at=NOON) is None
    assert Checkpoint.objects.order_by("-size").first().size == 12


def test_a_witness_of_another_history_stops_the_signer(witnesses, write, signer, tmp_path):
    witnesses(1)
    write(10)
    publish(at=NOON)
    [state] = (tmp_path / "w0").glob("*.checkpoint")
    from ledger.rules.checkpoints import Head
    from ledger.rules.notes import Note

    head = Head.parse(Note.parse(state.read_text()).text)
    text = Head(head.origin, head.size, b"x" * 32).text
    state.write_text(str(Note(text, (signer.key.sign(text),))))
    write(1)
    publish(at=NOON)
    assert "does not see the log's 12 entries as an extension" in refusal()
    assert signer.alarm


def test_a_cosignature_by_somebody_else_is_not_kept(witnesses, settings):
    made, _servers = witnesses(2)
    first, _second = settings.LEDGER["WITNESSES"]
    settings.LEDGER["WITNESSES"] = [first.replace(str(made[0].key), str(made[1].key))]
    publish(at=NOON)
    assert not Cosignature.objects.exists()


def test_the_ledger_page_says_who_cosigned(witnesses, client):
    witnesses(2)
    publish(at=NOON)
    page = client.get("/ledger/").content.decode()
    assert "<b>w0</b>" in page
    assert page.count("Cosigned") == 2
