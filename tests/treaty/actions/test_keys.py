import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from accounts.models import OrganisationRoot, SigningRule, VotingKey
from accounts.queries.keys import signers_required
from accounts.rules.keys import KeyRefused
from accounts.rules.signatures import BadSignature
from accounts.rules.statements import KeyKind
from core.errors import NotAllowed
from ledger.models import Entry
from tests import factories
from tests.conftest import NOON
from tests.factories import LONG_AGO
from tests.signing import Voter, enrolled, passkey, with_root
from tests.texts import model_text
from treaty.actions.keys import ask_for_signers, declare_root, enrol_key, revoke_key

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def text():
    return factories.text()


@pytest.fixture
def root():
    return with_root()


def kinds():
    return list(Entry.objects.order_by("pk").values_list("kind", flat=True))


def declare(root, signature=None, *, by=None, at=NOON):
    lab = factories.laboratory()
    return declare_root(
        organisation=lab,
        public_key=root.public_key,
        signature=signature or root.declares(root.public_key),
        by=by or factories.representative(lab),
        at=at,
    )


def enrol(voter, signature, **fields):
    fields = {"organisation": factories.laboratory(), "by": None, "at": NOON} | voter.fields | fields
    return enrol_key(signature=signature, **fields)


def test_a_representative_declares_the_root_key_once():
    root = Voter()
    assert declare(root) == declare(root)
    assert kinds() == ["key.root_declared"]


def test_a_root_key_is_declared_by_its_own_representative_and_signs_for_itself():
    root = Voter()
    with pytest.raises(NotAllowed):
        declare(root, by=factories.representative(factories.laboratory("borealis")))
    with pytest.raises(BadSignature):
        declare(root, Voter().declares(root.public_key))
    assert (OrganisationRoot.objects.count(), kinds()) == (0, [])


def test_a_new_root_key_is_signed_by_the_old(root):
    new = Voter()
    with pytest.raises(BadSignature):
        declare(new, new.declares(new.public_key, root.id))
    declare(new, root.declares(new.public_key, root.id))
    enrolled(passkey(), new)
    with pytest.raises(BadSignature):
        enrolled(passkey(b"other"), root)


def test_where_the_annex_prints_a_root_key_no_other_is_declared_and_it_enrols():
    printed = Voter()
    line = b"  - {key: aster, name: Aster Institute, jurisdiction: CA"
    source = model_text().replace(line, line + f", root_key: {printed.public_key}".encode())
    source = source.replace(b"\nversion: 1", b"\nversion: 2", 1)
    factories.text(source, published_at=LONG_AGO + timedelta(days=1), in_force_at=LONG_AGO + timedelta(days=1))
    with pytest.raises(KeyRefused):
        declare(Voter())
    assert enrolled(passkey(), printed, at=NOON).signed_by == "root"


def test_a_key_is_enrolled_by_the_root_and_usable_after_the_cooling_off(root):
    key = enrolled(passkey(), root, at=NOON)
    assert key.usable_at == NOON + timedelta(hours=72)
    assert enrolled_again(key, root) == key
    assert kinds() == ["key.root_declared", "key.enrolled"]
    payload = json.loads(bytes(Entry.objects.get(kind="key.enrolled").data))["payload"]
    assert (payload["key"], payload["rp_id"], payload["usable_at"]) == (
        key.key_id,
        "ballot.example",
        "2026-11-25T12:00:00Z",
    )


def enrolled_again(key, root):
    fields = {
        name: getattr(key, name)
        for name in ("organisation", "public_key", "origin", "rp_id", "credential", "signature")
    }
    return enrol_key(**fields, kind=KeyKind(key.kind), by=None, at=NOON + timedelta(days=1))


def test_a_key_without_the_signature_of_its_own_root_is_refused(root):
    voter, theirs = Voter(), with_root("borealis")
    for signature in (
        voter.enrols(voter),
        theirs.enrols(voter),
        theirs.enrols(voter, "borealis"),
        root.enrols(Voter()),
    ):
        with pytest.raises(BadSignature):
            enrol(voter, signature)
    with pytest.raises(KeyRefused):
        enrol(voter, root.enrols(voter), organisation=factories.laboratory("cobalt"))
    assert (VotingKey.objects.count(), kinds().count("key.enrolled")) == (0, 0)


def test_an_enrolment_for_another_deployment_is_refused(root, settings):
    voter = Voter()
    here = settings.LEDGER
    settings.LEDGER = here | {"ORIGIN": "elsewhere.example/tlog"}
    signature = root.enrols(voter)
    settings.LEDGER = here
    with pytest.raises(BadSignature):
        enrol(voter, signature)


def test_a_login_credential_is_not_enrolled(root):
    voter = passkey()
    login = {"origin": "https://site.example", "rp_id": "site.example"}
    with pytest.raises(KeyRefused):
        enrol(voter, root.enrols(voter, **login), **login)


def test_the_session_that_brings_an_enrolment_is_of_the_organisation(root):
    voter, stranger = Voter(), factories.representative(factories.laboratory("borealis"))
    for person in ({"by": stranger}, {"holder": stranger}):
        with pytest.raises(NotAllowed):
            enrol(voter, root.enrols(voter), **person)
    mine = factories.representative(factories.laboratory())
    assert enrol(voter, root.enrols(voter), by=mine, holder=mine).holder == mine


def test_a_software_key_belongs_to_the_demonstration(root, settings):
    voter = Voter(KeyKind.SOFTWARE)
    settings.DEMO = False
    with pytest.raises(KeyRefused):
        enrolled(voter, root)
    settings.DEMO = True
    assert enrolled(voter, root).kind == "software"


@pytest.mark.parametrize("kind", ["passkey", "ssh", "ed25519"])
def test_the_old_key_enrols_its_successor_and_revokes_itself(root, kind, tmp_path):
    old = passkey() if kind == "passkey" else Voter(KeyKind(kind), tmp_path)
    new = Voter()
    row = enrolled(old, root)
    successor = enrol(new, old.enrols(new), signed_by=old.id)
    assert successor.signed_by == old.id
    revoked = revoke_key(key=row, by_key=old.id, signature=old.revokes(old.id), by=None, at=NOON)
    assert (revoked.revoked_at, revoked.revoked_by) == (NOON, old.id)
    third = Voter()
    with pytest.raises(KeyRefused):
        enrol(third, old.enrols(third), signed_by=old.id)


def test_a_root_kept_as_an_ssh_key_enrols_too(tmp_path):
    root = Voter(KeyKind.SSH, tmp_path)
    declare(root)
    assert enrolled(passkey(), root)


def test_a_key_is_revoked_once_and_by_its_own_organisation_only(root):
    voter, theirs = Voter(), Voter()
    row = enrolled(voter, root)
    enrolled(theirs, with_root("borealis"), "borealis")
    with pytest.raises(KeyRefused):
        revoke_key(key=row, by_key=theirs.id, signature=theirs.revokes(voter.id), by=None, at=NOON)
    with pytest.raises(BadSignature):
        revoke_key(key=row, by_key="root", signature=voter.revokes(voter.id), by=None, at=NOON)
    assert kinds().count("key.revoked") == 0
    for _ in range(2):
        revoke_key(key=row, by_key="root", signature=root.revokes(voter.id), by=None, at=NOON)
    assert kinds().count("key.revoked") == 1
    with pytest.raises(KeyRefused):
        enrolled(voter, root)


def test_the_root_alone_asks_for_several_signatures(root):
    voter, lab = Voter(), factories.laboratory()
    enrolled(voter, root)
    with pytest.raises(BadSignature):
        ask_for_signers(organisation=lab, signers=2, signature=voter.asks_for(2), by=None, at=NOON)
    with pytest.raises(KeyRefused):
        ask_for_signers(organisation=lab, signers=0, signature=root.asks_for(0), by=None, at=NOON)
    for _ in range(2):
        ask_for_signers(organisation=lab, signers=2, signature=root.asks_for(2), by=None, at=NOON)
    assert (SigningRule.objects.count(), kinds().count("signing.required")) == (1, 1)
    with pytest.raises(BadSignature):
        ask_for_signers(organisation=lab, signers=1, signature=root.asks_for(1), by=None, at=NOON)
    assert signers_required(lab, NOON) == 2
    assert signers_required(lab, NOON - timedelta(seconds=1)) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda row: VotingKey.objects.filter(pk=row.pk).update(public_key="AAAA"),
        lambda row: VotingKey.objects.filter(pk=row.pk).update(usable_at=LONG_AGO),
        lambda row: VotingKey.objects.filter(pk=row.pk).delete(),
        lambda _row: OrganisationRoot.objects.update(signature=""),
        lambda _row: OrganisationRoot.objects.all().delete(),
    ],
)
def test_the_database_refuses_to_change_what_was_enrolled(root, change):
    row = enrolled(Voter(), root, at=NOON)
    with pytest.raises(DatabaseError), transaction.atomic():
        change(row)


def test_a_revocation_is_never_taken_back(root):
    voter = Voter()
    row = enrolled(voter, root)
    revoke_key(key=row, by_key="root", signature=root.revokes(voter.id), by=None, at=NOON)
    with pytest.raises(DatabaseError), transaction.atomic():
        VotingKey.objects.update(revoked_at=None, revoked_by="")
