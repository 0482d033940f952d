import subprocess
from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.demonstration import root_key
from accounts.models import OrganisationRoot, VotingKey
from accounts.rules.signatures import dump_key
from accounts.rules.statements import KeyKind
from ledger.models import Entry
from tests import factories
from tests.conftest import NOON
from tests.forms import forms_of
from tests.signing import Voter, enrolled, passkey, with_root
from treaty.actions.ballots import cast_ballot
from treaty.actions.keys import declare_root, revoke_key
from treaty.actions.votes import advance_vote, notice_vote
from treaty.models import Repudiation
from treaty.rules.profiles import Choice

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
MINE = "/keys/mine/aster"


@pytest.fixture(autouse=True)
def own_cache(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}


@pytest.fixture(autouse=True)
def frozen():
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture(autouse=True)
def text():
    return factories.text()


@pytest.fixture
def mine(client):
    person = factories.representative(factories.laboratory())
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client.force_login(person)
    return client


def page_of(answer):
    return answer.content.decode()


def commands_on(page):
    """What the page tells people to run."""
    block = page.partition("printf %s")[2].partition("</pre>")[0]
    return ("printf %s" + block).replace("&#x27;", "'").replace("&amp;", "&").replace("&gt;", ">")


def test_the_directory_says_so_when_it_is_empty(client):
    assert "No key is enrolled yet" in page_of(client.get("/keys/"))


def test_the_directory_shows_every_key_its_state_and_who_signed_for_it(client):
    root = with_root()
    old = enrolled(passkey(), root)
    young = enrolled(passkey(b"young"), root, at=NOON - HOUR)
    revoke_key(key=old, by_key="root", signature=root.revokes(old.key_id), by=None, at=NOON)
    page = page_of(client.get("/keys/"))
    for words in (old.key_id, young.key_id, "Revoked", "Cooling off", "the root key", old.entry_hash):
        assert words in page
    assert "no key on record" in page_of(client.get("/keys/?organisation=nobody"))


def test_the_directory_takes_as_many_queries_for_one_laboratory_as_for_many(client):
    def queries():
        with CaptureQueriesContext(connection) as found:
            client.get("/keys/")
        return len(found)

    enrolled(passkey(), with_root())
    few = queries()
    for key in ("borealis", "cobalt", "daxing"):
        enrolled(Voter(), with_root(key), key)
    assert queries() == few


def test_the_printed_command_makes_the_signature_that_the_form_takes(mine, tmp_path):
    private = Ed25519PrivateKey.generate()
    (tmp_path / "root-key.pem").write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    lab = factories.laboratory()
    declare_root(
        organisation=lab,
        public_key=dump_key(private.public_key()),
        signature=Voter(private=private).declares(dump_key(private.public_key())),
        by=factories.representative(lab),
        at=NOON,
    )
    machine = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    shown = page_of(mine.post(f"{MINE}/register/", {"public_key": machine.decode(), "signed_by": "root"}))
    lines = [line for line in commands_on(shown).splitlines() if line and "ssh-keygen" not in line]
    done = subprocess.run(["bash", "-ec", "\n".join(lines)], cwd=tmp_path, check=True, capture_output=True, text=True)
    fields = {"public_key": machine.decode(), "signed_by": "root", "label": "CI", "step": "sign"}
    answer = mine.post(f"{MINE}/register/", fields | {"signature": done.stdout})
    assert answer.status_code == 302
    key = VotingKey.objects.get()
    assert (key.kind, key.label, key.holder.name) == (KeyKind.ED25519, "CI", factories.representative(lab).name)
    assert pem not in page_of(mine.get("/keys/mine/"))


def test_an_ssh_root_signs_by_the_printed_command(mine, tmp_path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "root-key"], check=True)
    public = (tmp_path / "root-key.pub").read_text()
    shown = page_of(mine.post(f"{MINE}/root-key/", {"public_key": public, "signed_by": "root"}))
    lines = [line for line in commands_on(shown).splitlines() if line.startswith(("printf", "ssh-keygen"))]
    subprocess.run(["bash", "-ec", "\n".join(lines)], cwd=tmp_path, check=True, capture_output=True)
    armored = (tmp_path / "statement.json.sig").read_text()
    answer = mine.post(
        f"{MINE}/root-key/", {"public_key": public, "signed_by": "root", "signature": armored, "step": "sign"}
    )
    assert answer.status_code == 302
    assert OrganisationRoot.objects.count() == 1


def test_showing_a_statement_records_nothing_and_a_wrong_signature_keeps_what_was_typed(mine):
    with_root()
    before = Entry.objects.count()
    line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJfY3m3Wz0Xm3Yx0xv3n2n5H0yT1l0cQvXb8H8mYk0aD ci"
    fields = {"public_key": line, "label": "CI", "signed_by": "root"}
    assert "Exactly this is signed" in page_of(mine.post(f"{MINE}/register/", fields))
    empty = mine.post(f"{MINE}/register/", fields | {"step": "sign"})
    wrong = mine.post(f"{MINE}/register/", fields | {"step": "sign", "signature": "AAAA"})
    assert (empty.status_code, wrong.status_code) == (422, 409)
    assert line in page_of(wrong)
    assert "Exactly this is signed" in page_of(wrong)
    assert (Entry.objects.count(), VotingKey.objects.count()) == (before, 0)


@pytest.mark.parametrize(
    "pasted", ["", "x", "{}", '{"kind": "passkey"}', "-----BEGIN PUBLIC KEY-----\nx", "ssh-rsa AAAA"]
)
def test_what_is_no_public_key_is_refused_beside_its_field(mine, pasted):
    with_root()
    answer = mine.post(f"{MINE}/register/", {"public_key": pasted, "signed_by": "root"})
    assert answer.status_code == 422
    assert "Exactly this is signed" not in page_of(answer)


def test_a_key_is_revoked_after_a_clear_warning(mine):
    root = with_root()
    key = enrolled(passkey(), root)
    address = f"{MINE}/revoke/{key.key_id}/"
    assert "This cannot be undone" in page_of(mine.get(address))
    fields = {"signed_by": "root", "signature": root.revokes(key.key_id), "step": "sign"}
    assert mine.post(address, fields).status_code == 302
    key.refresh_from_db()
    assert key.revoked_at == NOON
    assert mine.get(address).status_code == 404


def test_the_root_asks_for_two_signatures(mine):
    root = with_root()
    fields = {"signers": 2, "signed_by": "root", "signature": root.asks_for(2), "step": "sign"}
    assert mine.post(f"{MINE}/signers/", fields).status_code == 302
    assert "2 of 0 keys" in page_of(mine.get("/keys/mine/"))


def test_only_those_who_act_for_the_laboratory_see_its_forms(mine):
    factories.laboratory("borealis")
    for path in ("register", "root-key", "signers", "passkey"):
        assert mine.get(f"/keys/mine/borealis/{path}/").status_code == 403
    assert "You bind no organisation" not in page_of(mine.get("/keys/mine/"))


def test_the_way_to_the_ballot_host_is_open_to_representatives(mine):
    answer = mine.get(f"{MINE}/passkey/")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("http://ballot.localhost:8000/key/#")


def test_the_demonstration_signs_with_the_root_keys_it_holds_and_nobody_else_does(mine, settings):
    lab = factories.laboratory()
    fields = {"public_key": root_pem(lab, settings), "signed_by": "root", "step": "demonstration"}
    settings.DEMO = False
    assert mine.post(f"{MINE}/root-key/", fields).status_code == 200
    assert OrganisationRoot.objects.count() == 0
    settings.DEMO = True
    assert mine.post(f"{MINE}/root-key/", fields).status_code == 302
    assert [form.action for form in forms_of(page_of(mine.get("/keys/mine/")))]


def root_pem(lab, settings):
    settings.DEMO = True
    return root_key(lab).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.fixture
def ballot():
    """One of a vote that closed half a day ago."""
    lab = factories.party().organisation
    by, title = factories.representative(lab), "A matter"
    vote = notice_vote(
        decision="procedural", title=title, question="Q?", subject={}, requester=lab, subject_organisation=None,
        by=by, at=NOON - 60 * HOUR,
    )  # fmt: skip
    made = cast_ballot(vote=vote, organisation=lab, choice=Choice.CONSENT, by=by, at=vote.opens_at + HOUR)
    advance_vote(vote=vote, at=NOON)
    return made


def test_a_ballot_is_repudiated_on_the_page_of_the_keys(mine, ballot):
    root, address = with_root(), f"{MINE}/repudiate/{ballot.hash}/"
    assert address in page_of(mine.get("/keys/mine/"))
    shown = page_of(mine.get(address))
    assert "This cannot be undone" in shown
    assert "A matter" in shown
    fields = {"signed_by": "root", "step": "sign"}
    wrong = mine.post(address, fields | {"signature": root.revokes("0" * 32)})
    assert (wrong.status_code, Repudiation.objects.count()) == (409, 0)
    answer = mine.post(address, fields | {"signature": root.repudiates(ballot)})
    assert answer.status_code == 302
    assert "repudiated a ballot in its name" in page_of(mine.get(answer["Location"]))
    assert address not in page_of(mine.get("/keys/mine/"))
    assert mine.get(address).status_code == 404


def test_a_program_repudiates_a_ballot_without_a_session(client, ballot):
    root = with_root()
    address = f"/api/v1/votes/{ballot.vote.key}/ballots/{ballot.hash}/repudiation/"
    refused = client.post(address, {"signature": root.revokes("0" * 32)}, content_type="application/json")
    assert (refused.status_code, Repudiation.objects.count()) == (400, 0)
    sent = {"signature": root.repudiates(ballot)}
    answers = [client.post(address, sent, content_type="application/json") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    [told] = client.get(f"/api/v1/votes/{ballot.vote.key}/").json()["ballots"]
    assert told["repudiated"] == {
        "at": "2026-11-22T12:00:00Z",
        "recounted": False,
        "signature": sent["signature"],
        "entry_hash": answers[0].json()["entry_hash"],
    }
    assert client.post(address.replace(ballot.hash, "0" * 64), sent, content_type="application/json").status_code == 404
