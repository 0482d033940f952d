"""A small record that follows, made by the site's own actions: eight laboratories under the treaty, keys, and a signed vote."""

from datetime import datetime, timedelta

import pytest
from django.test import override_settings

from accounts.actions.organisations import found_organisation
from accounts.actions.people import appoint
from accounts.models import Organisation, User
from accounts.rules.organisations import Kind, Role
from ledger.actions import open_log
from ledger.models import Entry
from tests.conftest import NOON
from tests.factories import LABS, user
from tests.once import kept
from tests.signing import Voter
from tests.texts import model_text
from tests.verifier.records import Record
from treaty.actions.keys import declare_root
from treaty.actions.parties import enter_into_force, ratify, sign
from treaty.actions.texts import publish_text
from treaty.actions.votes import notice_vote
from treaty.models import Party, TreatyText, Vote

BEGINNING = NOON - timedelta(days=90)
IN_FORCE = BEGINNING + timedelta(days=31)


def treaty_in_force(source: bytes | None = None, *, beginning: datetime = BEGINNING) -> None:
    """Open the log and let the model treaty (or `source`) enter into force for its eight laboratories, 31 days later."""
    at = beginning
    open_log(at=at)
    secretariat = _founded("secretariat", "Secretariat of the Treaty", Kind.SECRETARIAT, "CH", Role.DEPOSITARY, at)
    text = publish_text(source=source or model_text(), by=secretariat, at=at)
    for key, (name, country) in LABS.items():
        by = _founded(key, name, Kind.LABORATORY, country, Role.REPRESENTATIVE, at)
        sign(organisation=Organisation.objects.get(key=key), sha256=text.sha256, by=by, at=at)
        ratify(party=Party.objects.get(organisation__key=key), by=by, at=at)
    enter_into_force(text=TreatyText.objects.get(), at=at + timedelta(days=31))


def treaty_once(source: bytes | None = None):
    """A fixture for every test of a module: `treaty_in_force`, made once, with a signer of its own."""

    @pytest.fixture(scope="module", autouse=True)
    def treaty(tmp_path_factory, django_db_setup, django_db_blocker):
        folder = tmp_path_factory.mktemp("log") / "signer"
        ledger = {"ORIGIN": "localhost/tlog", "SIGNER_DIR": folder, "WITNESSES": [], "QUORUM": 0}
        with override_settings(LEDGER=ledger, DEMO=True), kept(django_db_blocker):
            treaty_in_force(source)
            yield

    return treaty


def _founded(key: str, name: str, kind: Kind, country: str, role: Role, at: datetime) -> User:
    made = found_organisation(key=key, name=name, kind=kind, jurisdiction=country, by=None, at=at)
    person = user(f"Person Of {name}", email=f"{key}@people.example")
    appoint(user=person, organisation=made, role=role, by=None, at=at)
    return person


def person_of(key: str) -> User:
    return User.objects.get(email=f"{key}@people.example")


def root_of(key: str = "aster") -> Voter:
    root = Voter()
    declare_root(
        organisation=Organisation.objects.get(key=key),
        public_key=root.public_key,
        signature=root.declares(root.public_key, organisation=key),
        by=person_of(key),
        at=IN_FORCE,
    )
    return root


def noticed(at=NOON) -> Vote:
    return notice_vote(
        decision="start_pause_ordinary",
        title="Start a pause",
        question="Shall a pause at the level pause start?",
        subject={"level": "pause"},
        requester=Organisation.objects.get(key="borealis"),
        subject_organisation=None,
        by=person_of("borealis"),
        at=at,
    )


def record() -> Record:
    return Record.of([bytes(data) for data in Entry.objects.order_by("pk").values_list("data", flat=True)])
