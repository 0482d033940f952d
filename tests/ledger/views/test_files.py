import pytest

from ledger.models import Entry

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_checkpoint_is_plain_text_that_nobody_keeps(published_log, client):
    answer = client.get("/tlog/checkpoint")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.content.startswith(b"localhost/tlog\n301\n")


@pytest.mark.parametrize(
    "path", ["tile/0/000", "tile/0/001.p/45", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/45"]
)
def test_a_tile_is_immutable_and_open_to_every_site(published_log, client, path):
    answer = client.get(f"/tlog/{path}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Cache-Control"] == "public, max-age=604800, immutable"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "path", ["tile/0/002", "tile/0/0", "tile/0/../checkpoint", "tile/0/001", "tile/64/000", "tile/0/000/"]
)
def test_what_is_not_published_is_not_found(published_log, client, path):
    assert client.get(f"/tlog/{path}").status_code == 404


def test_tiles_are_served_without_a_look_at_any_row(published_log, client, django_assert_num_queries):
    with django_assert_num_queries(0):
        client.get("/tlog/checkpoint")
        client.get("/tlog/tile/0/000")
        client.get("/tlog/tile/entries/000")


def test_the_policy_names_the_logs_key(published_log, client, signer):
    assert (
        client.get("/tlog/policy").content.decode()
        == f"log {signer.key.verifier} http://localhost:8000/tlog\nquorum none\n"
    )


def test_nothing_is_changed_by_a_post(published_log, client):
    before = Entry.objects.count()
    assert client.post("/tlog/checkpoint").status_code == 405
    assert Entry.objects.count() == before
