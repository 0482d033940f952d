"""The ladder of a finding on pages: who is shown which step, and what each of them does."""

from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.cache import cache

from inspections.models import Clarification, Dissent
from inspections.rules.reports import Conclusion, Mark
from inspections.rules.visits import VisitState
from tests import factories as make
from tests.factories import NOON
from treaty.models import Case

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon():
    cache.clear()  # public pages are kept by the record's position, which a test's transaction never moves
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def report(noon):
    make.accreditations()
    make.parties("aster")
    visit = make.visit(state=VisitState.IN_PROGRESS, team=make.inspectors(each=1)[:2])
    found = (make.finding_value(mark=Mark.SEALED),)
    return make.submitted_report(visit, conclusion=Conclusion.DISCREPANCY, findings=found)


@pytest.fixture
def as_(client):
    """`as_(user)` is the client, signed in as them."""

    def sign_in(user):
        Authenticator.objects.get_or_create(user=user, type=Authenticator.Type.TOTP, defaults={"data": {"secret": "x"}})
        client.force_login(user)
        return client

    return sign_in


def test_the_ladder_on_pages_from_the_question_to_the_case(client, as_, report, noon):
    page = f"/inspections/reports/{report.visit.key}/1/"
    step = f"{page}findings/1/"
    inspector = report.visit.team.first().designation.user
    lab = make.representative(report.visit.facility.organisation)
    assert "Ask the laboratory" in as_(inspector).get(page).text
    assert as_(inspector).post(step + "ask/", {"words": "Where are they?"}).status_code == 302
    shown = as_(lab).get(page).text
    assert "Where are they?" in shown
    assert step + "answer/" in shown
    assert as_(lab).post(step + "acknowledge/").status_code == 302
    client.logout()
    public = client.get(page).text
    assert "Where are they?" not in public  # the finding is sealed, and so is what is said about it
    assert "Acknowledged" in public
    assert "The laboratory is being heard" in client.get("/inspections/evidence/").text
    noon.shift(timedelta(days=6))
    officer = make.officer(make.body("pacific"))
    assert "Open a case" in as_(officer).get(page).text
    fields = {"words": "No answer came.", "body": "pacific"}
    answer = as_(officer).post(step + "refer/", fields)
    case = Case.objects.get()
    assert answer.url == f"/cases/{case.key}/"
    client.logout()
    assert f"{page}#finding-1" in client.get(answer.url).text
    assert "late" in as_(lab).get(page).text


def test_dissent_is_shown_beside_the_report_and_refused_to_others(client, as_, report):
    page = f"/inspections/reports/{report.visit.key}/1/"
    lab = make.representative(report.visit.facility.organisation)
    assert as_(lab).get(page + "dissent/").status_code == 403
    assert "File a dissenting view" not in client.get(page).text
    officer = make.officer(make.body("pacific"))
    fields = {"words": "The register was misread.", "body": "pacific"}
    assert as_(officer).post(page + "dissent/", {**fields, "body": "nordic"}).status_code == 422
    assert as_(officer).post(page + "dissent/", fields).status_code == 302
    client.logout()
    assert "The register was misread." in client.get(page).text
    assert "A body dissents" in client.get("/inspections/evidence/").text
    rows = client.get("/figures/conclusions.json").json()["rows"]
    assert [row["not_drawn"] for row in rows] == ["disagreement"]
    assert "disagreement" in client.get("/figures/conclusions.csv").text
    assert (Dissent.objects.count(), Clarification.objects.count()) == (1, 0)
