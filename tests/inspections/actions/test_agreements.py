from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.db import DatabaseError, transaction

from core.errors import Malformed, NotAllowed
from inspections.actions.agreements import agree, propose_agreement
from inspections.models import FacilityAgreement
from inspections.rules.agreements import AgreementMoved, AgreementText, AgreesWithItself
from tests import factories as make
from tests.factories import NOON

pytestmark = pytest.mark.django_db
TEXT = AgreementText("The north gate.", "Two people.", "Names of customers.")
OTHER = AgreementText("The south gate.", "Two people.", "Names of customers.")


@pytest.fixture
def facility():
    make.accreditations()
    return make.facility()


@pytest.fixture
def lab(facility):
    return make.representative(facility.organisation)


@pytest.fixture
def officer(facility):
    return make.officer(make.body())


def test_versions_are_proposed_and_the_newest_is_agreed_to(facility, lab, officer, recorded):
    recorded()
    for _ in range(2):
        first = propose_agreement(facility=facility, text=TEXT, by=lab, at=NOON)
    second = propose_agreement(facility=facility, text=OTHER, by=lab, at=NOON)
    with pytest.raises(AgreementMoved):
        agree(agreement=first, body=make.body(), by=officer, at=NOON)
    for _ in range(2):
        agree(agreement=second, body=make.body(), by=officer, at=NOON)
    entries = recorded()
    assert [kind for kind, _ in entries] == ["agreement.proposed", "agreement.proposed", "agreement.agreed"]
    assert [payload["version"] for _, payload in entries] == [1, 2, 2]
    assert "gate" not in str(entries)
    with pytest.raises(DatabaseError), transaction.atomic():
        FacilityAgreement.objects.update(entry="Other.")


def test_only_the_laboratory_proposes_and_only_an_independent_body_agrees(facility, lab, officer, recorded):
    recorded()
    with pytest.raises(NotAllowed):
        propose_agreement(facility=facility, text=TEXT, by=officer, at=NOON)
    with pytest.raises(Malformed):
        propose_agreement(facility=facility, text=AgreementText("", "x", "y"), by=lab, at=NOON)
    assert (recorded(), FacilityAgreement.objects.count()) == ([], 0)
    made = propose_agreement(facility=facility, text=TEXT, by=lab, at=NOON)
    recorded()
    make.affiliation(make.body("nordic"), facility.organisation, from_at=NOON - timedelta(days=1))
    with pytest.raises(AgreesWithItself):
        agree(agreement=made, body=make.body("nordic"), by=make.officer(make.body("nordic")), at=NOON)
    for by in (lab, make.inspector(make.body())):
        with pytest.raises(NotAllowed):
            agree(agreement=made, body=make.body(), by=by, at=NOON)
    assert recorded() == []


def test_its_words_are_read_by_the_laboratory_and_the_bodies_alone(client, facility, lab, officer):
    page = f"/inspections/facilities/{facility.key}/agreement/"
    assert "Nothing is agreed" in client.get(page).text
    for user in (lab, officer):
        Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client.force_login(lab)
    fields = {"entry": "The north gate.", "escorts": "Two people.", "shrouding": "Names."}
    assert client.post(page + "new/", fields).status_code == 302
    assert "The north gate." in client.get(page).text
    assert client.post(page + "1/agree/").status_code in {403, 422}
    client.force_login(officer)
    assert "The north gate." in client.get(page).text
    assert client.get(page + "new/").status_code == 403
    assert client.post(page + "1/agree/").status_code == 302
    client.logout()
    public = client.get(page).text
    assert "The north gate." not in public
    assert "Agreed" in public
