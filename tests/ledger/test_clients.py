"""Programs that others wrote accept the published log, and refuse a tampered one."""

import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import aics_tlog
import metamorphic_log
import pytest
from tlog_scales.backend import HttpBackend, LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey

from ledger import published
from ledger.actions.publish import publish
from ledger.models import Leaf
from ledger.rules.witnesses import AddCheckpoint
from verifier.witness import Witness

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def large_log(published_log, write):
    """Two levels of full tiles would take 65,536 entries; one level and a partial one are enough to differ."""
    write(900, start=1000)
    assert publish(at=NOON).size == 1201


def leaf(index):
    return bytes(Leaf.objects.get(pk=index).hash)


def flip(path):
    data = path.read_bytes()
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])


def test_aics_tlog_audits_every_tile_and_entry(large_log, tlog, signer):
    key = aics_tlog.parse_vkey(str(signer.key.verifier))
    assert aics_tlog.verify_checkpoint(aics_tlog.parse_note((tlog / "checkpoint").read_text()), key).log_ok
    head = published.head()
    report = aics_tlog.audit_tiles(aics_tlog.FileSystemTileReader(tlog), head.size, head.root)
    assert (report.size, report.bundles) == (1201, 5)


@pytest.mark.parametrize(
    "name", ["tile/0/000", "tile/0/004.p/177", "tile/1/000.p/4", "tile/entries/000", "tile/entries/004.p/177"]
)
def test_aics_tlog_refuses_a_tampered_file(large_log, tlog, name):
    flip(tlog / name)
    head = published.head()
    with pytest.raises((aics_tlog.TileVerificationError, aics_tlog.TileMissingError)):
        aics_tlog.audit_tiles(aics_tlog.FileSystemTileReader(tlog), head.size, head.root)


def test_aics_tlog_refuses_a_tampered_checkpoint(large_log, tlog, signer):
    note = aics_tlog.parse_note((tlog / "checkpoint").read_text().replace("\n1201\n", "\n1202\n"))
    assert not aics_tlog.verify_checkpoint(note, aics_tlog.parse_vkey(str(signer.key.verifier))).log_ok


@pytest.mark.parametrize("over_http", [True, False])
def test_tlog_scales_reads_the_log_and_proves_from_its_tiles(large_log, tlog, signer, over_http):
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(tlog)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    backend = HttpBackend(f"http://127.0.0.1:{server.server_address[1]}") if over_http else LocalBackend(tlog)
    try:
        reader = TilesReader(backend)
        checkpoint = reader.get_checkpoint()
        checkpoint.verify(Vkey.from_string(str(signer.key.verifier)))
        assert reader.calculate_root_hash() == checkpoint.root_hash
        for index in (0, 255, 256, 1200):
            reader.get_inclusion_proof(index, checkpoint.size).check(leaf(index), checkpoint.root_hash)
        reader.get_consistency_proof(301, checkpoint.size).check(
            published.tree(1201).root_at(301), checkpoint.root_hash
        )
        assert aics_tlog.leaf_hash(reader.get_entry(700)) == leaf(700)
    finally:
        if over_http:
            reader.backend.session.close()
        server.shutdown()
        server.server_close()


def test_tlog_scales_refuses_a_tampered_tile(large_log, tlog):
    flip(tlog / "tile/1/000.p/4")
    reader = TilesReader(LocalBackend(tlog))
    assert reader.get_checkpoint().root_hash != reader.calculate_root_hash()


def test_metamorphic_log_accepts_the_checkpoint_and_the_proofs(large_log, tlog, signer, write):
    old, keys = (tlog / "checkpoint").read_text(), [str(signer.key.verifier)]
    write(100, start=9000)
    publish(at=NOON)
    new = (tlog / "checkpoint").read_text()
    tree = published.tree(1301)
    head = metamorphic_log.checkpoint_verify(new, keys)
    assert (head.origin, head.size) == ("localhost/tlog", 1301)
    metamorphic_log.checkpoint_verify_inclusion(new, keys, 700, leaf(700), tree.inclusion(700))
    metamorphic_log.checkpoint_verify_consistency(old, new, keys, tree.consistency(1201))


def test_metamorphic_log_refuses_what_was_altered(large_log, tlog, signer):
    note, keys = (tlog / "checkpoint").read_text(), [str(signer.key.verifier)]
    proof = published.tree(1201).inclusion(700)
    for altered in (
        note.replace("\n1201\n", "\n1200\n"),
        note.replace("localhost/tlog\n1201", "localhost/other\n1201"),
    ):
        with pytest.raises(Exception, match=r"."):
            metamorphic_log.checkpoint_verify(altered, keys)
    with pytest.raises(Exception, match=r"."):
        metamorphic_log.checkpoint_verify_inclusion(note, keys, 701, leaf(700), proof)
    with pytest.raises(Exception, match=r"."):
        metamorphic_log.checkpoint_verify_inclusion(note, keys, 700, leaf(700), [*proof[:-1], b"x" * 32])


def test_our_witness_writes_a_cosignature_that_others_verify(large_log, tlog, signer, tmp_path):
    witness = Witness(tmp_path / "witness", "witness.example/aster", [signer.key.verifier])
    note = published.checkpoint()
    answer = witness.add_checkpoint(AddCheckpoint(0, (), note).body.encode(), int(time.time()))
    policy = aics_tlog.WitnessPolicy(quorum=1, witnesses=(aics_tlog.parse_vkey(str(witness.key)),), max_age_seconds=60)
    cosigned = aics_tlog.parse_note(f"{note}{answer.body}")
    result = aics_tlog.verify_checkpoint(cosigned, aics_tlog.parse_vkey(str(signer.key.verifier)), policy=policy)
    assert result.ok, result


@pytest.fixture
def aics_witness(tmp_path, signer, published_log):
    """A witness that others wrote, as a process of its own."""
    config = str(tmp_path / "witness.json")

    def command(*arguments):
        return [sys.executable, "-m", "aics_witness", *arguments, "--config", config]

    port = free_port()
    listen = f"127.0.0.1:{port}"
    key = subprocess.run(
        command("init", "--name", "witness.example/w1", "--listen", listen), capture_output=True, text=True, check=True
    ).stdout.strip()
    subprocess.run(
        command("add-log", "--origin", "localhost/tlog", "--vkey", str(signer.key.verifier)),
        capture_output=True,
        check=True,
    )
    process = subprocess.Popen(command("serve"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(port)
    yield f"http://{listen}", key
    process.terminate()
    process.wait(10)


def test_a_witness_that_others_wrote_cosigns_this_log(aics_witness, settings, write):
    url, key = aics_witness
    settings.LEDGER["WITNESSES"] = [f"w1={url}={key}"]
    settings.LEDGER["QUORUM"] = 1
    for count in (1, 300, 7):
        write(count, start=count * 10_000)
        publish(at=datetime.now(UTC))
    note = published.checkpoint()
    assert published.head().size == 609
    assert "witness.example/w1" in str(note)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(100):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=0.2):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError
