import pytest
from django.core.management import call_command
from django.db import connection

from ledger.queries.audit import audit

pytestmark = pytest.mark.django_db(transaction=True)


def tamper(sql):
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(sql)
        cursor.execute("SET session_replication_role = DEFAULT")


def problems(signer):
    return list(audit(signer.key.verifier))


def test_an_untouched_record_fits(published_log, signer, write, capsys):
    write(3)
    assert problems(signer) == []
    call_command("verify_ledger", verbosity=0)
    assert "304 entries, all as recorded." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        (
            "UPDATE ledger_entry SET data = 'x' WHERE id = (SELECT entry_id FROM ledger_leaf WHERE index = 100)",
            "Entry 100",
        ),
        (
            "UPDATE ledger_entry SET data = convert_to(replace(convert_from(data, 'UTF8'), '99', '98'), 'UTF8') WHERE id = (SELECT entry_id FROM ledger_leaf WHERE index = 100)",
            "Entry 100",
        ),
        (
            "UPDATE ledger_entry e SET data = 'x' FROM ledger_leaf l WHERE l.entry_id = e.id AND l.index = 100; UPDATE ledger_leaf SET hash = sha256('\\x0078') WHERE index = 100",
            "Entry 100",
        ),
        ("DELETE FROM ledger_leaf WHERE index = 100", "Entry 100 is missing"),
        (
            "UPDATE ledger_leaf SET index = -1 WHERE index = 100; UPDATE ledger_leaf SET index = 100 WHERE index = 101; UPDATE ledger_leaf SET index = 101 WHERE index = -1",
            "tile/entries/000",
        ),
        (
            "UPDATE ledger_entry SET kind = 'vote.closed' WHERE id = (SELECT entry_id FROM ledger_leaf WHERE index = 100)",
            "Entry 100",
        ),
        (
            "UPDATE ledger_entry SET subjects = '{}' WHERE id = (SELECT entry_id FROM ledger_leaf WHERE index = 100)",
            "Entry 100",
        ),
        (
            "UPDATE ledger_checkpoint SET note = replace(note, '301', '302')",
            "The signature of localhost/tlog does not fit",
        ),
        ("UPDATE ledger_checkpoint SET root = sha256('x')", "root that was signed"),
        ("UPDATE ledger_head SET size = 302", "the head says 302"),
    ],
)
def test_a_change_is_found_and_named(published_log, signer, sql, words):
    tamper(sql)
    assert any(words in problem for problem in problems(signer)), problems(signer)
    with pytest.raises(SystemExit) as left:
        call_command("verify_ledger", verbosity=0)
    assert left.value.code == 1


@pytest.mark.parametrize(
    "name", ["tile/0/000", "tile/0/001.p/45", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/45"]
)
def test_a_published_file_that_was_changed_or_lost_is_named(published_log, signer, tlog, name):
    path = tlog / name
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert problems(signer) == [f"The published file {name} is not what the entries give."]
    path.unlink()
    assert problems(signer) == [f"The published file {name} is missing."]


def test_lost_files_are_written_again(published_log, signer, tlog, capsys):
    (tlog / "tile/0/000").unlink()
    call_command("verify_ledger", "--rebuild", verbosity=0)
    assert "all as recorded" in capsys.readouterr().out
