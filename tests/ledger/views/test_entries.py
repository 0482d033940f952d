import io
from datetime import UTC, datetime
from zipfile import ZipFile

import pytest

from ledger.actions.publish import publish
from ledger.models import Leaf
from ledger.rules.checkpoints import Head, OfflineProof
from ledger.rules.merkle import verify_inclusion

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db(transaction=True)


def leaf(index):
    return bytes(Leaf.objects.get(pk=index).hash)


def test_the_overview_says_how_far_the_record_is_published(published_log, client, write):
    write(2)
    page = client.get("/ledger/").content.decode()
    assert "303 entries, append-only" in page
    assert "2 more wait" in page


def test_an_empty_log_has_its_page(client):
    page = client.get("/ledger/").content.decode()
    assert "No checkpoint has been published" in page


def test_a_refusal_is_visible(published_log, client, signer, write):
    signer.raise_alarm("a witness disagrees")
    write(1)
    publish(at=NOON)
    page = client.get("/ledger/").content.decode()
    assert "a witness disagrees" in page
    assert "Not published further" in page


def test_the_overview_needs_few_queries_however_long_the_log_is(published_log, client, django_assert_max_num_queries):
    with django_assert_max_num_queries(9):
        client.get("/ledger/?page=3")


@pytest.mark.parametrize(
    ("query", "found"), [("kind=log.opened", 1), ("vote=1", 100), ("about=vote:2", 100), ("lab=aster", 0)]
)
def test_entries_are_found_by_kind_and_by_what_they_are_about(published_log, client, query, found):
    assert client.get(f"/ledger/?{query}").context["page_obj"].paginator.count == found


def test_an_entry_shows_its_words_its_bytes_and_its_proof(published_log, client):
    page = client.get("/ledger/7/")
    content = page.content.decode()
    assert "Thing done" in content
    assert "&quot;number&quot;:6" in content
    assert page.context["entry"].hash == leaf(7).hex()
    assert all(value in content for value in page.context["proof"])


def test_an_entry_that_no_checkpoint_covers_yet_says_so(published_log, client, write):
    write(1)
    assert "a checkpoint covers it within two seconds" in client.get("/ledger/301/").content.decode()


def test_a_receipts_address_is_the_hash(published_log, client, write):
    [entry] = write(1, start=999)
    assert client.get(f"/ledger/hash/{entry.hash}/").context["receipt"].index == 301


@pytest.mark.parametrize(
    "address",
    [
        "/ledger/301/",
        "/ledger/hash/00/",
        "/ledger/hash/nonsense/",
        "/ledger/301/receipt",
        "/api/v1/ledger/entries/301/",
    ],
)
def test_what_is_not_in_the_log_is_not_found(published_log, client, address):
    assert client.get(address).status_code == 404


def test_the_receipt_file_verifies_by_itself(published_log, client, signer):
    proof = OfflineProof.parse(client.get("/ledger/7/receipt").content.decode())
    assert proof.checkpoint.verified([signer.key.verifier])
    head = Head.parse(proof.checkpoint.text)
    assert verify_inclusion(7, head.size, leaf(7), proof.proof, head.root)


def test_the_api_answers_with_the_log_its_entries_and_proofs(published_log, client):
    log = client.get("/api/v1/ledger/").json()
    assert (log["size"], log["published_size"], log["refusal"]) == (301, 301, "")
    page = client.get("/api/v1/ledger/entries/?limit=2&about=vote:1").json()
    assert [entry["index"] for entry in page["results"]] == [299, 296]
    assert page["next"]
    entry = client.get("/api/v1/ledger/entries/7/")
    assert entry.json()["size"] == 301
    assert entry.headers["Access-Control-Allow-Origin"] == "*"


def test_the_bundle_holds_what_is_published(published_log, client):
    archive = ZipFile(io.BytesIO(b"".join(client.get("/ledger/bundle"))))
    assert archive.testzip() is None
    for name in archive.namelist():
        assert archive.read(name) == client.get(f"/tlog/{name}").content
    assert "tile/entries/001.p/45" in archive.namelist()
