import json
import sys
from zipfile import ZipFile

import pytest

from tests.verifier.logs import ORIGIN, SmallLog, entry, key
from verifier.cli import main

SIZES = [1, 255, 256, 257, 700]


def verify(*arguments):
    return main(["verify", "--quiet", *map(str, arguments)])


@pytest.mark.parametrize("size", SIZES)
def test_an_honest_log_follows(tmp_path, capsys, size):
    assert verify(SmallLog().add(size - 1).publish(tmp_path)) == 0
    assert "all of it follows" in capsys.readouterr().out


def test_a_log_is_read_from_a_site_a_folder_or_a_file(tmp_path, serve, capsys):
    folder = SmallLog().add(300).publish(tmp_path / "tlog")
    with ZipFile(tmp_path / "log.zip", "w") as archive:
        for path in folder.rglob("*"):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    assert verify(serve(tmp_path)) == 0
    assert verify(tmp_path / "log.zip") == 0
    assert verify(folder) == 0


def test_the_report_for_programs_says_what_was_checked(tmp_path, capsys):
    log = SmallLog().add(20)
    assert verify(log.publish(tmp_path), "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["follows"]
    assert (report["origin"], report["size"], report["entries_checked"]) == (ORIGIN, 21, 21)
    assert report["unreplayed"] == {"thing.done": 20}


def test_a_changed_entry_is_named(tmp_path, capsys):
    folder = SmallLog().add(600).publish(tmp_path)
    path = folder / "tile/entries/001"
    path.write_bytes(path.read_bytes().replace(b'"number":300', b'"number":301'))
    assert verify(folder) == 1
    assert "entry 300: its bytes do not have the hash" in capsys.readouterr().out


def test_two_swapped_entries_are_named(tmp_path, capsys):
    log = SmallLog().add(600)
    log.publish(tmp_path)
    checkpoint = (tmp_path / "checkpoint").read_bytes()
    log.entries[400], log.entries[401] = log.entries[401], log.entries[400]
    log.publish(tmp_path)
    (tmp_path / "checkpoint").write_bytes(checkpoint)
    assert verify(tmp_path) == 1
    assert "root that was signed" in capsys.readouterr().out


def test_a_deleted_entry_is_found(tmp_path, capsys):
    folder = SmallLog().add(100).publish(tmp_path)
    path = folder / "tile/entries/000.p/101"
    data = path.read_bytes()
    removed = entry("thing.done", {"number": 50})
    path.write_bytes(data.replace(len(removed).to_bytes(2) + removed, b""))
    assert verify(folder) == 1
    assert "100 entries instead of 101" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["tile/0/000", "tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/002.p/88"])
def test_a_changed_or_missing_file_is_named(tmp_path, capsys, name):
    folder = SmallLog().add(599).publish(tmp_path)
    path = folder / name
    data = path.read_bytes()
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    assert verify(folder) == 1
    path.unlink()
    assert verify(folder) == 1
    assert f"{name} is missing" in capsys.readouterr().out


def test_a_checkpoint_signed_by_somebody_else_is_refused(tmp_path, capsys):
    SmallLog().add(10).publish(tmp_path)
    assert verify(tmp_path, "--key", key(2).verifier) == 1
    assert "not signed by the key" in capsys.readouterr().out


def test_a_changed_checkpoint_is_refused(tmp_path, capsys):
    SmallLog().add(10).publish(tmp_path)
    path = tmp_path / "checkpoint"
    path.write_text(path.read_text().replace("\n11\n", "\n10\n"))
    assert verify(tmp_path) == 1
    assert "does not fit the text" in capsys.readouterr().out


@pytest.mark.parametrize("kept", [1, 100, 256, 300, 600])
def test_a_log_that_extends_the_kept_checkpoint_follows(tmp_path, capsys, kept):
    note = tmp_path / "kept"
    note.write_text(str(SmallLog().add(kept - 1).note()))
    assert verify(SmallLog().add(599).publish(tmp_path / "log"), "--from-checkpoint", note) == 0
    assert f"extends the {kept} entries" in capsys.readouterr().out


@pytest.mark.parametrize("kept", [100, 256, 300, 600])
def test_a_history_rewritten_by_the_holder_of_the_key_is_found(tmp_path, capsys, kept):
    note = tmp_path / "kept"
    note.write_text(str(SmallLog().add(kept - 1).note()))
    forged = SmallLog().add(599)
    forged.entries[50] = entry("thing.done", {"number": -1})
    assert verify(forged.publish(tmp_path / "log"), "--from-checkpoint", note) == 1
    assert "history was changed" in capsys.readouterr().out


def test_a_log_that_was_rolled_back_is_found(tmp_path, capsys):
    note = tmp_path / "kept"
    note.write_text(str(SmallLog().add(50).note()))
    assert verify(SmallLog().add(40).publish(tmp_path / "log"), "--from-checkpoint", note) == 1
    assert "rolled back" in capsys.readouterr().out


def test_a_second_run_goes_on_from_what_was_kept(tmp_path, serve, capsys):
    log = SmallLog().add(600)
    log.publish(tmp_path / "site/tlog")
    site, keep = serve(tmp_path / "site"), tmp_path / "keep"
    assert verify(site, "--keep", keep) == 0
    (tmp_path / "site/tlog/tile/entries/000").unlink()
    log.add(100).publish(tmp_path / "site/tlog")
    (tmp_path / "site/tlog/tile/entries/001").unlink()
    assert verify(site, "--keep", keep) == 0
    assert "extends the 601 entries" in capsys.readouterr().out


def test_the_kept_checkpoint_is_not_replaced_by_one_that_does_not_follow(tmp_path, capsys):
    keep = tmp_path / "keep"
    assert verify(SmallLog().add(10).publish(tmp_path / "one"), "--keep", keep) == 0
    before = (keep / "checkpoint").read_text()
    forged = SmallLog().add(20)
    forged.entries[3] = entry("thing.done", {"number": -1})
    assert verify(forged.publish(tmp_path / "two"), "--keep", keep) == 1
    assert (keep / "checkpoint").read_text() == before


def test_a_missing_quorum_is_found(tmp_path, capsys):
    from ledger.rules.notes import KeyType

    witness = key(9, "w.example", KeyType.COSIGNATURE)
    log = SmallLog(cosigners=[witness], quorum=1).add(5)
    assert verify(log.publish(tmp_path)) == 0
    assert "cosigned by 1 of 1 witnesses, w.example" in capsys.readouterr().out
    (tmp_path / "checkpoint").write_text(str(SmallLog().add(5).note()))
    assert verify(tmp_path) == 1
    assert "lacks the quorum" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (b"not json", "not JSON"),
        (b'{"v": 1}', "exactly the members"),
        (entry("log.opened", {}), "opened by its first entry, and once only"),
        (entry("thing.done", {}, at="2026-11-21T12:00:00Z"), "long before an entry that precedes it"),
    ],
)
def test_an_entry_that_does_not_follow_is_named(tmp_path, capsys, bad, words):
    log = SmallLog().add(30)
    log.entries[17] = bad
    assert verify(log.publish(tmp_path)) == 1
    output = capsys.readouterr().out
    assert "entry 17 (" in output
    assert words in output


def test_a_log_without_its_opening_does_not_follow(tmp_path, capsys):
    log = SmallLog(entries=[entry("thing.done", {})])
    assert verify(log.publish(tmp_path)) == 1
    assert "entry 0" in capsys.readouterr().out


def test_a_log_opened_with_another_key_does_not_follow(tmp_path, capsys):
    log = SmallLog(signer=key(2))
    log.entries[0] = SmallLog(signer=key(1)).entries[0]
    assert verify(log.publish(tmp_path)) == 1
    assert "was opened with the key" in capsys.readouterr().out


def test_what_cannot_be_reached_is_not_called_false(tmp_path, serve, capsys):
    assert verify("http://127.0.0.1:1") == 3
    assert verify(tmp_path / "absent") == 3
    assert verify(serve(tmp_path)) == 1


def test_wrong_usage_has_a_code_of_its_own(tmp_path, capsys):
    assert main([]) == 2
    assert main(["nonsense"]) == 2
    assert verify(SmallLog().publish(tmp_path), "--key", "nonsense") == 2
    with pytest.raises(SystemExit) as left:
        main(["verify"])
    assert left.value.code == 2


def test_the_command_starts_without_importing_what_it_does_not_need():
    import subprocess

    code = "import sys, verifier.cli; verifier.cli.main(['--help']); print(sorted(set(sys.modules) & {'httpx', 'django', 'cryptography', 'pydantic', 'tqdm'}))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("index", [0, 255, 256, 299, 599])
def test_an_entry_is_shown_with_its_proof(tmp_path, capsys, index):
    folder = SmallLog().add(599).publish(tmp_path)
    assert main(["entry", str(folder), str(index), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["index"], shown["size"]) == (index, 600)


def test_an_entry_whose_proof_fails_is_refused(tmp_path, capsys):
    folder = SmallLog().add(599).publish(tmp_path)
    path = folder / "tile/0/000"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert main(["entry", str(folder), "7"]) == 1
    assert main(["entry", str(folder), "600"]) == 2
