import json

from ledger.rules.notes import KeyType
from tests.verifier.logs import SmallLog, entry, key
from verifier.cli import main


def look(folder, state, *more):
    return main(["monitor", str(folder), "--once", "--state", str(state), *more])


def said(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_log_that_grows_is_well(tmp_path, capsys):
    state = tmp_path / "state"
    for size in (5, 300, 300, 700):
        assert look(SmallLog().add(size).publish(tmp_path / "log"), state) == 0
    assert [line["state"] for line in said(capsys)] == ["well"] * 4


def test_a_forked_log_raises_an_alarm_each_time_and_the_state_stays(tmp_path, capsys):
    state = tmp_path / "state"
    look(SmallLog().add(300).publish(tmp_path / "log"), state)
    forged = SmallLog().add(400)
    forged.entries[7] = entry("thing.done", {"number": -1})
    for _ in range(2):
        assert look(forged.publish(tmp_path / "fork"), state) == 1
    assert said(capsys)[-1]["words"].startswith("history was changed")
    assert look(SmallLog().add(500).publish(tmp_path / "log"), state) == 0


def test_a_log_that_was_rolled_back_raises_an_alarm(tmp_path, capsys):
    state = tmp_path / "state"
    look(SmallLog().add(300).publish(tmp_path / "log"), state)
    assert look(SmallLog().add(200).publish(tmp_path / "old"), state) == 1


def test_an_old_cosignature_raises_an_alarm(tmp_path, capsys):
    log = SmallLog(cosigners=[key(9, "w.example", KeyType.COSIGNATURE)]).add(5)
    assert look(log.publish(tmp_path / "log"), tmp_path / "state", "--stale", "60") == 1
    assert "seconds old" in said(capsys)[-1]["words"]


def test_an_unreachable_log_is_no_alarm(tmp_path, capsys):
    assert look("http://127.0.0.1:1", tmp_path / "state") == 3
    assert said(capsys)[-1]["state"] == "unreachable"
