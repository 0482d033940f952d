import re

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Invitation, Organisation
from accounts.tasks import send_invitation
from ledger.models import Entry
from tests.factories import (
    NOON,
    body,
    depositary,
    inspector,
    laboratory,
    observer,
    officer,
    party,
    representative,
    text,
)
from tests.texts import model_text
from treaty.models import TreatyText

pytestmark = pytest.mark.django_db

DESK, FOUND, PUBLISH = "/secretariat/", "/secretariat/organisations/new/", "/secretariat/texts/new/"
MODEL = model_text()
ASTER = {"kind": "laboratory", "name": "Aster Institute", "key": "aster", "jurisdiction": "CA"}


@pytest.fixture(autouse=True)
def still(time_machine):
    time_machine.move_to(NOON, tick=False)


@pytest.fixture
def desk(client):
    """The depositary, signed in."""
    return enter(client, depositary())


def enter(client, person):
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client.force_login(person)
    return client


def page(answer, status=200):
    assert answer.status_code == status, answer.content.decode()[-2000:]
    return answer.content.decode()


def upload(client, source, **data):
    return client.post(PUBLISH, {"file": SimpleUploadedFile("treaty.yaml", source), **data})


def kept():
    return TreatyText.objects.count(), Entry.objects.filter(kind="text.published").count()


PEOPLE = {
    "representative": lambda: representative(laboratory("borealis")),
    "officer": lambda: officer(body("ivb")),
    "inspector": lambda: inspector(body("ivb")),
    "observer": observer,
}


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("address", [DESK, FOUND, PUBLISH])
def test_only_the_depositary_opens_these_pages(client, who, address):
    enter(client, PEOPLE[who]())
    page(client.get(address), 403)


@pytest.mark.parametrize("who", PEOPLE)
def test_only_the_depositary_founds_and_publishes(client, who):
    enter(client, PEOPLE[who]())
    page(client.post(FOUND, ASTER), 403)
    page(upload(client, MODEL), 403)
    assert (kept(), Organisation.objects.filter(key="aster").exists()) == ((0, 0), False)


@pytest.mark.parametrize("address", [DESK, FOUND, PUBLISH])
def test_the_public_is_asked_to_sign_in(client, address):
    assert "login" in client.get(address)["Location"]


def test_the_depositary_without_a_second_factor_changes_nothing(client):
    client.force_login(depositary())
    assert "factor" in page(client.post(FOUND, ASTER, follow=True)).lower()
    assert not Organisation.objects.filter(key="aster").exists()


def test_the_desk_lists_organisations_with_their_people_and_what_is_to_be_done(desk):
    representative(laboratory("borealis"))
    representative(laboratory("borealis"))
    laboratory("cobalt")
    shown = page(desk.get(DESK))
    assert re.search(r"Borealis Research.*?>2</td>.*?Its own people", shown, re.DOTALL)
    assert 'href="/account/people/cobalt/"' in shown
    assert 'href="/account/people/borealis/"' not in shown


def test_the_desk_offers_to_enter_whom_the_annexes_name(desk):
    text()
    laboratory("aster")
    shown = page(desk.get(DESK))
    assert "name=Borealis%20Research&amp;key=borealis&amp;jurisdiction=NO" in shown
    assert "key=aster&amp;" not in shown
    filled = page(desk.get(f"{FOUND}?kind=laboratory&name=Borealis%20Research&key=borealis&jurisdiction=NO"))
    assert 'value="Borealis Research"' in filled


def test_the_desk_asks_for_a_fixed_number_of_queries(desk, django_assert_max_num_queries):
    for key in ("aster", "borealis", "cobalt", "daxing", "elbe", "fjord"):
        representative(laboratory(key))
    with django_assert_max_num_queries(16):
        desk.get(DESK)


def test_the_depositary_enters_an_organisation_and_invites_its_first_person_by_mail(
    desk, client, django_capture_on_commit_callbacks
):
    answer = desk.post(FOUND, ASTER)
    assert answer["Location"] == "/account/people/aster/"
    desk.post(answer["Location"], {"email": "ada@aster.example", "role": "representative"})
    send_invitation(invitation_id=Invitation.objects.get().pk)
    assert mail.outbox[0].to == ["ada@aster.example"]
    link = re.search(r"http://\S+", mail.outbox[0].body)[0]
    desk.logout()
    secret = "correct horse battery staple"
    client.post(link, {"name": "Ada", "password": secret, "again": secret})
    assert Organisation.objects.get(key="aster").memberships.get().user.name == "Ada"


def test_once_somebody_binds_an_organisation_the_depositary_invites_nobody(desk):
    representative(laboratory("aster"))
    page(desk.get("/account/people/aster/"), 403)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": "\u0410ster Institute"}, "mixes"),
        ({"name": "Aster\u200bInstitute"}, "cannot see"),
        ({"name": "B0realis Research"}, "looks like"),
        ({"key": "Aster Institute"}, "small letters"),
        ({"key": "borealis"}, "is taken"),
        ({"jurisdiction": "ca"}, "two capital letters"),
        ({"jurisdiction": ""}, "two capital letters"),
    ],
)
def test_a_name_or_key_that_misleads_is_refused_beside_its_field(desk, wrong, said):
    laboratory("borealis")
    before = Organisation.objects.count(), Entry.objects.count()
    shown = page(desk.post(FOUND, ASTER | wrong), 409)
    assert said in shown
    assert 'aria-invalid="true"' in shown
    assert (Organisation.objects.count(), Entry.objects.count()) == before


def test_a_text_is_published_byte_for_byte(desk):
    assert upload(desk, MODEL)["Location"] == "/treaty/1/"
    assert bytes(TreatyText.objects.get().source) == MODEL
    assert kept() == (1, 1)


def test_checking_says_that_a_text_is_valid_and_keeps_nothing(desk):
    shown = page(upload(desk, MODEL, check="1"))
    assert "could be published as version 1" in shown
    assert kept() == (0, 0)


INVALID = {
    "a misspelt field": (b"  initial_due: 45 d", b"  inital_due: 45 d", "declarations.inital_due", "initial_due"),
    "a threshold of 3/2": (
        b'threshold: {share: "2/3"',
        b'threshold: {share: "3/2"',
        "threshold.share",
        "3/2 is not a share",
    ),
    "a profile that does not exist": (
        b"resume: resumption",
        b"resume: resumptoin",
        "decisions.resume",
        "no vote profile",
    ),
}


@pytest.mark.parametrize("what", INVALID)
@pytest.mark.parametrize("data", [{}, {"check": "1"}])
def test_a_text_that_is_refused_is_refused_with_line_and_field_and_nothing_is_kept(desk, what, data):
    good, bad, field, said = INVALID[what]
    broken = MODEL.replace(good, bad, 1)
    assert broken != MODEL
    line = broken[: broken.index(bad)].count(b"\n") + 1
    shown = page(upload(desk, broken, **data), 422)
    assert f'<th scope="row" class="num">{line}</th>' in shown
    assert field in shown
    assert said in shown
    assert kept() == (0, 0)


@pytest.mark.parametrize("data", [{}, {"check": "1"}])
def test_a_text_with_the_wrong_version_or_after_a_signature_is_refused(desk, data):
    second = MODEL.replace(b"version: 1\n", b"version: 2\n", 1)
    assert "the next one is version 1" in page(upload(desk, second, **data), 409)
    party(laboratory("aster"), under=text(), ratified_at=None, bound_at=None)
    assert "amendment" in page(upload(desk, second, **data), 409)
    assert kept() == (1, 0)


@pytest.mark.parametrize(
    ("source", "said"),
    [(b"", "empty"), (b"x" * 1_000_001, "are allowed"), (b"\xff\xfe", "not UTF-8"), (b"a: &b 1", "line")],
)
def test_what_is_no_text_is_refused(desk, source, said):
    assert said in page(upload(desk, source), 422)
    assert kept() == (0, 0)


def test_markup_in_a_refused_text_is_shown_as_text(desk):
    shown = page(upload(desk, b"<script>alert(1)</script>: 1\n"), 422)
    assert "<script>alert(1)" not in shown
