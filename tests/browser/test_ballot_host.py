"""Keys and signed ballots in a real Chromium, with Chromium's own virtual authenticator."""

import json
import os
import subprocess
from base64 import b64encode
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.utils import timezone
from playwright.sync_api import expect

from accounts.demonstration import software_key
from accounts.models import VotingKey
from accounts.rules.signatures import b64url, dump_key, from_b64url
from accounts.rules.statements import KeyKind
from tests import factories
from tests.follow import follow
from tests.signing import Voter, with_root
from treaty.actions.keys import ask_for_signers, enrol_key
from treaty.actions.votes import advance_vote, notice_vote
from treaty.handoffs import BallotHandoff
from treaty.models import Ballot, Vote

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)
CREDENTIAL = b64url(b"a credential of thirty-two bytes")


@pytest.fixture(autouse=True)
def hosts(settings, live_server):
    """The site and its ballot host at the port of the test's server."""
    port = urlsplit(live_server.url).port
    settings.SITE_URL = f"http://localhost:{port}"
    settings.BALLOT_URL = f"http://ballot.localhost:{port}"


@pytest.fixture
def vote():
    factories.parties()
    return notice_vote(
        decision="start_pause_ordinary",
        title="Start a pause at the level pause",
        question="A trigger has become true. Shall the pause start?",
        subject={"level": "pause"},
        requester=None,
        subject_organisation=None,
        by=None,
        at=timezone.now() - 3 * HOUR,
    )


@pytest.fixture
def person(vote, client, page, settings):
    """A representative of Aster Institute, signed in on the site."""
    found = factories.representative(factories.laboratory())
    Authenticator.objects.create(user=found, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client.force_login(found)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": settings.SITE_URL}])
    return found


@pytest.fixture
def root(vote):
    return with_root()


@pytest.fixture
def authenticator(page):
    """`authenticator(verifies=False)` plugs one in; it is present at once, and knows its holder unless told otherwise."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")

    def add(*, verifies=True):
        options = {
            "protocol": "ctap2",
            "transport": "usb",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": verifies,
            "automaticPresenceSimulation": True,
        }
        made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
        return Plugged(session, made)

    return add


class Plugged:
    """A virtual authenticator."""

    def __init__(self, session, number):
        self.session, self.number = session, number

    def holds(self, private, *, rp_id="ballot.localhost", credential=CREDENTIAL):
        der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        one = {
            "credentialId": b64encode(from_b64url(credential)).decode(),
            "isResidentCredential": False,
            "rpId": rp_id,
            "privateKey": b64encode(der).decode(),
            "signCount": 1,
        }
        self.session.send("WebAuthn.addCredential", {"authenticatorId": self.number, "credential": one})


@pytest.fixture
def passkey(person, root, settings):
    """A passkey of the person, enrolled ten days ago: it counts in the open vote."""
    private = generate_private_key(SECP256R1())
    own = {"origin": settings.BALLOT_URL, "rp_id": "ballot.localhost", "credential": CREDENTIAL}
    voter = Voter(KeyKind.PASSKEY, private=private, credential=CREDENTIAL)
    enrol_key(
        organisation=factories.laboratory(),
        kind=KeyKind.PASSKEY,
        public_key=dump_key(private.public_key()),
        **own,
        label="grey security key",
        holder=person,
        signature=root.enrols(voter, **own),
        by=person,
        at=timezone.now() - timedelta(days=10),
    )
    return private


@pytest.fixture
def choose(page, vote, settings):
    """Choose on the site and go to the ballot host."""

    def go(choice="Consent", reason=""):
        page.goto(f"{settings.SITE_URL}/votes/{vote.key}/ballot/")
        page.get_by_label(choice).check()
        page.get_by_label("Reason").fill(reason)
        follow(page.get_by_role("button", name="Check the ballot"))
        follow(page.get_by_role("link", name="Check and sign"))
        page.get_by_role("heading", name="Exactly this is signed").wait_for()

    return go


@pytest.fixture
def look(page, axe):
    """The page is accessible and fits, wide and narrow."""

    def at(name):
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            axe(page)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (page.url, width)
            if folder := os.environ.get("SCREENSHOTS"):
                page.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True)
        page.set_viewport_size({"width": 1280, "height": 900})

    return at


def sign(page):
    page.get_by_role("button", name="Sign and cast").click()


def trouble(page):
    found = page.get_by_role("alert")
    found.wait_for()
    return found.inner_text()


def test_a_passkey_is_made_signed_for_by_the_root_on_its_own_machine_and_enrolled(
    page, person, root, authenticator, settings, look, tmp_path
):
    authenticator()
    (tmp_path / "root-key.pem").write_bytes(
        root.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    page.goto(f"{settings.SITE_URL}/keys/mine/")
    look("keys-mine")
    follow(page.get_by_role("link", name="Make a passkey"))
    page.get_by_label("What you call it").fill("grey security key")
    look("key-make")
    page.get_by_role("button", name="Make the passkey").click()
    page.get_by_role("heading", name="Exactly this is enrolled").wait_for()
    look("key-statement")
    page.get_by_label("The root key’s signature").fill("AAAA")
    page.get_by_role("button", name="Enrol the key").click()
    assert "The key was not enrolled" in trouble(page)
    lines = page.locator("[data-put=command]").inner_text().splitlines()
    script = "\n".join(line for line in lines if "ssh-keygen" not in line)
    done = subprocess.run(["bash", "-ec", script], cwd=tmp_path, check=True, capture_output=True, text=True)
    page.get_by_label("The root key’s signature").fill(done.stdout)
    page.get_by_role("button", name="Enrol the key").click()
    page.get_by_role("heading", name="What this page did").wait_for()
    look("key-enrolled")
    made = VotingKey.objects.get()
    assert (made.kind, made.label, made.holder, made.rp_id) == (
        "passkey",
        "grey security key",
        person,
        "ballot.localhost",
    )
    follow(page.get_by_role("link", name="Your organisation’s keys"))
    expect(page.get_by_text("Cooling off")).to_be_visible()


def test_a_representative_votes_changes_the_vote_and_keeps_a_receipt(page, vote, passkey, authenticator, choose, look):
    authenticator().holds(passkey)
    choose()
    look("host-ballot")
    shown = page.locator("[data-put=text]").inner_text()
    sign(page)
    page.get_by_role("heading", name="What this page did").wait_for()
    look("host-receipt")
    first = Ballot.objects.get()
    assert bytes(first.content).decode() == shown
    assert (first.choice, first.key_kind, first.sequence) == ("consent", "passkey", 1)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the signed ballot").click()
    kept = json.loads(download.value.path().read_text())
    assert from_b64url(kept["ballot"]).decode() == shown
    choose("Object", "The evaluation is not finished.")
    expect(page.get_by_text("version 2 of this ballot")).to_be_visible()
    sign(page)
    follow(page.get_by_role("link", name="The receipt and its proof"))
    expect(page.get_by_text("Recorded, and it stands")).to_be_visible()
    assert list(Ballot.objects.order_by("sequence").values_list("choice", flat=True)) == ["consent", "object"]


def test_an_authenticator_that_does_not_verify_its_holder_signs_nothing(page, passkey, authenticator, choose, look):
    authenticator(verifies=False).holds(passkey)
    choose()
    sign(page)
    assert "Not signed" in trouble(page)
    look("host-cancelled")
    assert page.get_by_role("button", name="Sign and cast").is_enabled()
    assert Ballot.objects.count() == 0


def test_a_passkey_for_ballots_cannot_be_asked_for_on_the_site(page, passkey, authenticator, settings):
    authenticator().holds(passkey)
    page.goto(settings.SITE_URL + "/keys/")
    assert asked(page, "ballot.localhost") == "SecurityError"
    page.goto(settings.BALLOT_URL + "/")
    assert "signature" in asked(page, "ballot.localhost")


def asked(page, rp_id, challenge=b"\0" * 32):
    """What the page's own script gets when it asks for an assertion: its parts, or the name of the refusal."""
    script = """async ({ rpId, challenge, id }) => {
      const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
      const text = (data) => btoa(String.fromCharCode(...new Uint8Array(data)));
      try {
        const made = await navigator.credentials.get({ publicKey: { rpId, challenge: bytes(challenge), userVerification: "required",
          allowCredentials: [{ type: "public-key", id: bytes(id) }] } });
        const { clientDataJSON, authenticatorData, signature } = made.response;
        return { clientDataJSON: text(clientDataJSON), authenticatorData: text(authenticatorData), signature: text(signature) };
      } catch (error) { return error.name; }
    }"""
    plain = {"challenge": challenge, "id": from_b64url(CREDENTIAL)}
    return page.evaluate(script, {"rpId": rp_id, **{name: b64encode(data).decode() for name, data in plain.items()}})


def test_an_assertion_of_a_sign_in_credential_is_refused(page, vote, passkey, person, authenticator, settings):
    """The same private key under the site's own name, as a phishing login prompt would have it."""
    authenticator().holds(passkey, rp_id="localhost")
    voter = Voter(KeyKind.PASSKEY, private=passkey, credential=CREDENTIAL)
    ballot = voter.ballot(vote)
    page.goto(settings.SITE_URL + "/keys/")
    parts = asked(page, "localhost", bytes.fromhex(ballot.hash))
    proof = {name: part.rstrip("=").replace("+", "-").replace("/", "_") for name, part in parts.items()}
    body = {
        "token": hand_off(vote, person),
        "ballot": b64url(voter.envelope(ballot).ballot),
        "key": voter.id,
        "proof": proof | {"credential": CREDENTIAL},
    }
    answer = page.context.request.post(settings.BALLOT_URL.replace("ballot.", "") + "/ballots/", data=body)
    assert answer.status == 404  # the site itself takes no ballots
    port = urlsplit(settings.BALLOT_URL).port
    answer = page.context.request.post(
        f"http://localhost:{port}/ballots/", data=body, headers={"Host": f"ballot.localhost:{port}"}
    )
    assert (answer.status, answer.json()["code"]) == (400, "bad_signature")
    assert Ballot.objects.count() == 0


def hand_off(vote, person, organisation="aster"):
    made = BallotHandoff(
        user=person.pk, vote=vote.key, organisation=organisation, choice="consent", reason="", ground=""
    )
    return made.link.partition("#")[2]


def test_another_laboratorys_key_is_not_offered_and_its_signature_refused(
    page, vote, passkey, person, authenticator, choose, settings
):
    """Borealis enrols the very credential that this browser holds; for Aster it signs all the same nothing."""
    key = VotingKey.objects.get()
    authenticator().holds(generate_private_key(SECP256R1()))
    choose()
    sign(page)
    assert "This signature was refused" in trouble(page)
    assert Ballot.objects.count() == 0
    page.goto(f"{settings.BALLOT_URL}/#{hand_off(vote, person, 'borealis')}")
    page.reload()
    assert "You no longer act for" in trouble(page)
    assert key.key_id not in page.content()


def test_a_new_key_waits_out_its_cooling_off(page, vote, person, root, choose, settings):
    voter = Voter()
    enrol_key(
        organisation=factories.laboratory(),
        **voter.fields,
        holder=person,
        signature=root.enrols(voter),
        by=person,
        at=timezone.now(),
    )
    page.goto(f"{settings.BALLOT_URL}/#{hand_off(vote, person)}")
    page.get_by_text("was not usable yet when the vote was noticed").wait_for()
    assert page.get_by_role("button", name="Sign and cast").is_disabled()
    expect(page.get_by_text("No key of your organisation can sign this ballot")).to_be_visible()


def test_a_visitor_of_the_demonstration_signs_with_a_software_key_and_the_vote_says_so(
    page, vote, person, root, choose, settings, look
):
    settings.DEMO = True
    lab = factories.laboratory()
    voter = Voter(KeyKind.SOFTWARE, private=software_key(lab, person))
    enrol_key(
        organisation=lab,
        **voter.fields,
        label=person.name,
        holder=person,
        signature=root.enrols(voter),
        by=person,
        at=timezone.now() - timedelta(days=10),
    )
    choose()
    assert page.get_by_role("radio", name="Software key of the demonstration").is_checked()
    sign(page)
    page.get_by_role("heading", name="What this page did").wait_for()
    page.goto(f"{settings.SITE_URL}/votes/{vote.key}/")
    expect(page.get_by_role("cell", name="Software key of the demonstration")).to_be_visible()


def test_a_second_key_signs_the_same_text_where_the_laboratory_asked_for_two(
    page, client, person, root, choose, settings, look
):
    settings.DEMO = True
    lab, old = factories.laboratory(), timezone.now() - timedelta(days=10)
    colleague = factories.representative(lab, name="Second Example")
    for one in (person, colleague):
        voter = Voter(KeyKind.SOFTWARE, private=software_key(lab, one))
        enrol_key(
            organisation=lab, **voter.fields, label=one.name, holder=one, signature=root.enrols(voter), by=one, at=old
        )
    ask_for_signers(organisation=lab, signers=2, signature=root.asks_for(2), by=person, at=old)
    choose()
    shown = page.locator("[data-put=text]").inner_text()
    sign(page)
    page.get_by_text("counts once 2 keys").wait_for()
    assert Ballot.objects.count() == 0
    Authenticator.objects.create(user=colleague, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client.force_login(colleague)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": settings.SITE_URL}])
    page.goto(f"{settings.SITE_URL}/votes/{Vote.objects.get().key}/ballot/")
    look("ballot-along")
    follow(page.get_by_role("link", name="Check and sign it"))
    page.get_by_role("heading", name="Exactly this is signed").wait_for()
    assert page.locator("[data-put=text]").inner_text() == shown
    sign(page)
    page.get_by_role("paragraph").filter(has_text="The site checked them").wait_for()
    cast = Ballot.objects.get()
    assert (bytes(cast.content).decode(), len({one["key"] for one in cast.proofs})) == (shown, 2)


@pytest.mark.parametrize("how", ["closed", "offline", "expired"])
def test_what_goes_wrong_is_said_and_casts_nothing(
    page, vote, person, passkey, authenticator, choose, settings, look, how
):
    authenticator().holds(passkey)
    if how == "expired":
        with time_machine.travel(timezone.now() - HOUR):
            old = hand_off(vote, person)
        page.goto(f"{settings.BALLOT_URL}/#{old}")
        assert "This hand-off has expired" in trouble(page)
    else:
        choose()
        if how == "closed":
            advance_vote(vote=vote, at=vote.closes_at)
        page.context.set_offline(how == "offline")
        sign(page)
        expected = {"closed": "The vote closed in the meantime", "offline": "The site cannot be reached"}[how]
        assert expected in trouble(page)
        page.context.set_offline(False)
    look(f"host-{how}")
    assert Ballot.objects.count() == 0
    if how == "offline":
        sign(page)
        page.get_by_role("heading", name="What this page did").wait_for()
        assert Ballot.objects.count() == 1


def test_without_a_hand_off_the_host_says_what_it_is_for(page, settings, look):
    for path, words in (("/", "Nothing to sign"), ("/key/", "Nothing to make")):
        page.goto(settings.BALLOT_URL + path)
        page.get_by_text(words).wait_for()
        look(f"host-alone{path.count('key')}")
