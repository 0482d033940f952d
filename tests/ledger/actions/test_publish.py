from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from ledger import published
from ledger.actions import open_log, record
from ledger.actions.publish import PublishingRefused, publish, rebuild
from ledger.models import Checkpoint, Entry, Leaf, Publisher
from ledger.queries import position, receipt
from ledger.rules.checkpoints import Head
from ledger.rules.merkle import leaf_hash, verify_consistency, verify_inclusion
from ledger.rules.tiles import Edge, Tile, all_tiles, entries_of
from tests.databases import empty

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db(transaction=True)


def leaves():
    return [bytes(value) for value in Leaf.objects.order_by("index").values_list("hash", flat=True)]


def tamper(sql, *values):
    """Change the record as somebody with the database's password could."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(sql, values)
        cursor.execute("SET session_replication_role = DEFAULT")


def refusal():
    return Publisher.objects.get().refusal


def test_an_empty_log_is_opened_and_published():
    checkpoint = publish(at=NOON)
    assert checkpoint.size == 1
    assert Entry.objects.get().kind == "log.opened"


def test_opening_twice_records_once():
    assert open_log(at=NOON)
    assert not open_log(at=NOON)
    assert Entry.objects.count() == 1


def test_the_checkpoint_in_place_is_signed_and_has_the_trees_root(published_log, signer):
    note = published.checkpoint()
    assert note.verified([signer.key.verifier])
    head = Head.parse(note.text)
    assert (head.origin, head.size, head.root) == ("localhost/tlog", 301, Edge().extend(b"".join(leaves()))[0].root)


def test_every_tile_and_every_bundle_is_published(published_log):
    for tile in all_tiles(301):
        assert len(published.read_tile(tile)) == 32 * tile.width
    bundle = published.read_file(Tile(0, 1, 45).bundle.path)
    assert [leaf_hash(entry) for entry in entries_of(bundle, 45)] == leaves()[256:]


def test_publishing_again_changes_nothing(published_log, tlog):
    before = {path: path.stat().st_mtime_ns for path in tlog.rglob("*")}
    assert publish(at=NOON).size == 301
    assert {path: path.stat().st_mtime_ns for path in tlog.rglob("*")} == before


def test_publishing_with_nothing_new_is_cheap(published_log, django_assert_max_num_queries):
    with django_assert_max_num_queries(4):
        publish(at=NOON)


def test_a_later_checkpoint_extends_the_earlier_one(published_log, write):
    old = published.head()
    write(500)
    assert publish(at=NOON).size == 801
    new = published.head()
    assert verify_consistency(old.size, new.size, old.root, new.root, published.tree(801).consistency(301))


def test_an_entry_has_its_receipt_once_a_checkpoint_covers_it(published_log, write):
    [entry] = write(1, start=1000)
    waiting = receipt(entry.hash)
    assert (waiting.index, waiting.is_in) == (301, False)
    publish(at=NOON)
    answer = receipt(entry.hash)
    root = Head.parse(published.checkpoint().text).root
    assert answer.is_in
    assert verify_inclusion(301, answer.size, bytes.fromhex(entry.hash), answer.proof, root)


def test_a_log_without_genesis_is_not_signed(write):
    write(1)
    assert publish(at=NOON) is None
    assert "log.opened" in refusal()
    assert not Checkpoint.objects.exists()


def test_an_edited_entry_is_not_signed(published_log, write):
    write(1)
    tamper("UPDATE ledger_entry SET data = 'x' WHERE id = (SELECT entry_id FROM ledger_leaf WHERE index = 301)")
    assert publish(at=NOON) is None
    assert "Entry 301" in refusal()


def test_an_entry_whose_position_was_deleted_is_not_passed_over(published_log, write):
    write(2)
    tamper("DELETE FROM ledger_leaf WHERE index = 301")
    assert publish(at=NOON) is None
    assert "Entry 301 is missing" in refusal()


def test_an_older_copy_of_the_database_is_refused(published_log, write):
    write(5)
    publish(at=NOON)
    tamper("DELETE FROM ledger_checkpoint WHERE size = 306")
    tamper("DELETE FROM ledger_leaf WHERE index >= 301")
    tamper("UPDATE ledger_head SET size = 301")
    assert position() == 301
    assert publish(at=NOON) is None
    assert "older copy" in refusal()


def test_an_older_copy_with_new_entries_on_top_is_refused_before_anything_is_written(published_log, write, tlog):
    write(5)
    publish(at=NOON)
    tamper("DELETE FROM ledger_checkpoint WHERE size = 306")
    tamper("DELETE FROM ledger_leaf WHERE index >= 301")
    tamper("UPDATE ledger_head SET size = 301")
    before = {path: path.read_bytes() for path in tlog.rglob("*") if path.is_file()}
    write(250, start=5000)
    assert publish(at=NOON) is None
    assert "history was changed" in refusal()
    with pytest.raises(PublishingRefused, match="history was changed"):
        rebuild()
    assert {path: path.read_bytes() for path in tlog.rglob("*") if path.is_file()} == before


def test_whoever_restored_a_fork_with_its_checkpoint_is_pointed_to_the_signers_memory(published_log, write):
    write(5)
    publish(at=NOON)
    data = b"another"
    tamper("UPDATE ledger_entry SET data = %s WHERE id = (SELECT entry_id FROM ledger_leaf WHERE index = 305)", data)
    tamper("UPDATE ledger_leaf SET hash = %s WHERE index = 305", leaf_hash(data))
    tamper("UPDATE ledger_checkpoint SET root = %s WHERE size = 306", Edge().extend(b"".join(leaves()))[0].root)
    write(1, start=5000)
    assert publish(at=NOON) is None
    assert "the signer remembers another head, of 306 entries" in refusal()
    assert "docs/operators.md" in refusal()
    with pytest.raises(PublishingRefused, match="history was changed"):
        rebuild()


def test_an_emptied_database_is_refused(published_log):
    empty(connection)
    assert publish(at=NOON) is None
    assert "older copy" in refusal()
    assert not Entry.objects.exists()


def test_a_signer_restored_from_an_older_copy_is_refused(published_log, write, signer):
    old = (signer.folder / "mark").read_bytes()
    write(1)
    publish(at=NOON)
    (signer.folder / "mark").write_bytes(old)
    write(1)
    assert publish(at=NOON) is None
    assert "its folder is an older copy" in refusal()


def test_a_lost_key_is_not_replaced(published_log, write, signer):
    (signer.folder / "key").unlink()
    write(1)
    assert publish(at=NOON) is None
    assert "key is missing" in refusal()


def test_an_alarm_stops_the_signer_until_it_is_taken_away(published_log, write, signer):
    signer.raise_alarm("a witness disagrees")
    write(1)
    assert publish(at=NOON) is None
    assert "a witness disagrees" in refusal()
    (signer.folder / "alarm").unlink()
    assert publish(at=NOON).size == 302
    assert not refusal()


def test_lost_tiles_stop_publishing_until_they_are_rebuilt(published_log, write, tlog):
    present = {path: path.read_bytes() for path in tlog.rglob("*") if path.is_file() and path.name != "checkpoint"}
    for path in present:
        path.unlink()
    write(1)
    assert publish(at=NOON) is None
    assert "--rebuild" in refusal()
    rebuild()
    assert {path: path.read_bytes() for path in present} == present
    assert publish(at=NOON).size == 302


def test_one_process_publishes_at_a_time(published_log, write, signer):
    write(1)
    with signer.publishing():
        assert publish(at=NOON) is None
    assert publish(at=NOON).size == 302


def test_the_key_is_readable_by_its_owner_only(published_log, signer):
    assert (signer.folder / "key").stat().st_mode & 0o777 == 0o600


def test_recording_in_a_transaction_that_fails_leaves_no_gap(published_log, write):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record(kind="thing.done", payload={"number": 1 // 0}, by=write(1), at=NOON)
    write(1)
    assert [index for (index,) in Leaf.objects.order_by("index").values_list("index")] == list(range(302))
