import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from core.errors import Malformed
from ledger.rules.checkpoints import Head
from ledger.rules.notes import KeyType, Note, VerifierKey
from ledger.rules.tiles import TiledTree
from ledger.rules.witnesses import AddCheckpoint, origin_hash
from tests.verifier.logs import ORIGIN, SmallLog, entry, key
from verifier.cli import main
from verifier.witness import Witness, make_server

NAME = "witness.example/aster"


@pytest.fixture
def witness(tmp_path):
    return Witness(tmp_path / "witness", NAME, [key().verifier])


def proof_of(log, old, folder):
    log.publish(folder)
    tree = TiledTree(len(log.entries), lambda tile: (folder / tile.path).read_bytes())
    return tuple(tree.consistency(old)) if 0 < old < tree.size else ()


def ask(witness, log, old, folder, proof=None):
    proof = proof_of(log, old, folder) if proof is None else proof
    return witness.add_checkpoint(AddCheckpoint(old, proof, log.note()).body.encode(), 1_763_812_800)


def test_a_first_checkpoint_and_its_extension_are_cosigned(witness, tmp_path):
    log = SmallLog().add(4)
    first = ask(witness, log, 0, tmp_path / "a")
    second = ask(witness, log.add(300), 5, tmp_path / "b")
    assert (first.status, second.status) == (200, 200)
    note = Note.parse(f"{log.note().text}\n{second.body}")
    assert list(note.verified([witness.key])) == [witness.key]
    assert note.signatures[0].timestamp == 1_763_812_800


def test_the_same_size_again_refreshes_the_time(witness, tmp_path):
    log = SmallLog().add(4)
    ask(witness, log, 0, tmp_path)
    assert ask(witness, log, 5, tmp_path).status == 200


def test_each_refusal_has_the_status_of_the_specification(witness, tmp_path):
    log = SmallLog().add(9)
    ask(witness, log, 0, tmp_path)
    forged = SmallLog().add(9)
    forged.entries[3] = entry("thing.done", {"number": -1})
    other = SmallLog(signer=key(5))
    unknown = SmallLog(signer=key(1, "unknown.example/log"))
    assert witness.add_checkpoint(b"nonsense", 1).status == 400
    assert ask(witness, log, 11, tmp_path, proof=()).status == 400
    assert ask(witness, unknown, 0, tmp_path).status == 404
    assert ask(witness, other, 0, tmp_path).status == 403
    assert ask(witness, forged, 10, tmp_path, proof=()).status == 422
    assert ask(witness, SmallLog().add(20), 10, tmp_path, proof=(b"x" * 32,)).status == 422
    conflict = ask(witness, SmallLog().add(20), 3, tmp_path)
    assert (conflict.status, conflict.body, conflict.type) == (409, "10\n", "text/x.tlog.size")


def test_a_smaller_checkpoint_is_never_cosigned(witness, tmp_path):
    ask(witness, SmallLog().add(20), 0, tmp_path)
    assert ask(witness, SmallLog().add(10), 0, tmp_path).status == 409
    assert ask(witness, SmallLog().add(10), 11, tmp_path).status == 409


def test_what_was_cosigned_is_remembered_by_the_next_start(witness, tmp_path):
    log = SmallLog().add(20)
    ask(witness, log, 0, tmp_path / "log")
    again = Witness(tmp_path / "witness", NAME, [key().verifier])
    assert again.key == witness.key
    assert ask(again, SmallLog().add(30), 0, tmp_path / "log").body == "21\n"
    answer = again.checkpoint(origin_hash(ORIGIN))
    assert Head.parse(Note.parse(answer.body).text).size == 21
    assert len(Note.parse(answer.body).verified([witness.key, key().verifier])) == 2


def test_a_witness_whose_state_is_lost_does_not_start(witness, tmp_path):
    ask(witness, SmallLog(), 0, tmp_path / "log")
    (tmp_path / "witness" / f"{origin_hash(ORIGIN)}.checkpoint").unlink()
    with pytest.raises(Malformed):
        Witness(tmp_path / "witness", NAME, [key().verifier])


def test_a_witness_whose_key_is_lost_does_not_start(witness, tmp_path):
    ask(witness, SmallLog(), 0, tmp_path / "log")
    (tmp_path / "witness/key").unlink()
    with pytest.raises(Malformed):
        Witness(tmp_path / "witness", NAME, [key().verifier])


def test_of_two_branches_at_once_one_is_cosigned(witness, tmp_path):
    ask(witness, SmallLog().add(4), 0, tmp_path / "log")
    branches = [SmallLog().add(5 + number) for number in range(8)]
    proofs = [proof_of(branch, 5, tmp_path / str(number)) for number, branch in enumerate(branches)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda pair: ask(witness, pair[0], 5, tmp_path, proof=pair[1]), zip(branches, proofs, strict=True))
        )
    assert sorted(answer.status for answer in answers) == [200] + [409] * 7


def test_the_key_is_readable_by_its_owner_only(witness, tmp_path):
    assert (tmp_path / "witness/key").stat().st_mode & 0o777 == 0o600


def test_it_answers_over_http(witness, tmp_path):
    server = make_server(witness, "127.0.0.1", 0)
    server.RequestHandlerClass.log_message = lambda *_arguments: None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        body = AddCheckpoint(0, (), SmallLog().note()).body
        assert httpx.get(f"{address}/{origin_hash(ORIGIN)}/checkpoint").status_code == 404
        answer = httpx.post(f"{address}/add-checkpoint", content=body.encode())
        assert (answer.status_code, answer.text.startswith("— witness.example/aster ")) == (200, True)
        assert httpx.get(f"{address}/{origin_hash(ORIGIN)}/checkpoint").status_code == 200
        assert httpx.post(f"{address}/add-checkpoint", content=b"x" * 70_000).status_code == 413
        assert httpx.post(f"{address}/elsewhere", content=b"").status_code == 404
        assert VerifierKey.parse(httpx.get(address).text.strip()) == witness.key
    finally:
        server.shutdown()
        server.server_close()


def test_its_key_is_shown_by_the_command(tmp_path, capsys):
    assert main(["witness", str(tmp_path / "w"), "--name", NAME, "--show-key"]) == 0
    shown = VerifierKey.parse(capsys.readouterr().out.strip())
    assert (shown.name, shown.type) == (NAME, KeyType.COSIGNATURE)
