import pytest
from allauth.mfa.models import Authenticator
from django.urls import reverse

from labs.models import Declaration, Deployment, Facility, Inventory, TrainingRun
from labs.queries.tasks import tasks_for
from labs.rules.declarations import DeclarationKind
from labs.rules.runs import RunStatus
from ledger.models import Entry
from tests.factories import (
    LONG_AGO,
    NOON,
    accelerator,
    declaration,
    deployment,
    facility,
    inventory,
    laboratory,
    representative,
    training_run,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def aster():
    return laboratory("aster")


def sign_in(client, person):
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client.force_login(person)
    return client


@pytest.fixture
def ada(client, aster):
    return sign_in(client, representative(aster, name="Ada"))


@pytest.fixture
def rival(client):
    return sign_in(client, representative(laboratory("borealis"), name="Bo"))


def address(name, *args):
    return reverse(f"labs:{name}", args=["aster", *args])


def test_a_laboratory_registers_a_site_and_declares_what_it_holds(ada):
    accelerator("h100")
    form = {"name": "Aster North", "jurisdiction": "CA", "location": "", "opened_at": "2026-01-01T00:00"}
    assert ada.post(address("register_facility"), form).status_code == 302
    site = Facility.objects.get()
    page = ada.get(address("declare_inventory", site.key)).content.decode()
    assert "H100 SXM" in page
    answer = ada.post(address("declare_inventory", site.key), {"as_of": "2026-02-01T00:00", "quantity_h100": "512"})
    assert answer["Location"] == address("desk")
    assert Inventory.objects.get().lines.get().quantity == 512
    assert "512 × H100 SXM" in ada.get(address("desk")).content.decode()


def test_a_laboratory_registers_halts_and_resumes_a_run(ada, aster):
    site = facility(aster)
    form = {"name": "Polaris", "facility": site.pk, "planned_flop": "3e25", "started_at": "2026-02-01T00:00"}
    assert ada.post(address("register_run"), form).status_code == 302
    run = TrainingRun.objects.get()
    assert ada.post(address("halt_run", run.key), {"checkpoint_commitment": "A" * 64}).status_code == 302
    run.refresh_from_db()
    assert (run.status, run.checkpoint_commitment) == (RunStatus.HALTED, "a" * 64)
    assert ada.post(address("start_run", run.key)).status_code == 302
    assert ada.post(address("finish_run", run.key)).status_code == 302


def test_a_refused_halt_keeps_what_was_typed_and_says_why(ada, aster):
    run = training_run(aster)
    answer = ada.post(address("halt_run", run.key), {"checkpoint_commitment": "beef"})
    assert answer.status_code == 409
    assert 'value="beef"' in answer.content.decode()
    assert "64 hexadecimal digits" in answer.content.decode()


def test_a_laboratory_registers_a_deployment_and_amends_its_procedure(ada):
    form = {
        "name": "Assistant",
        "model_name": "Aster 3",
        "flop": "2e25",
        "released_at": "2026-02-01T00:00",
        "steps": "Route\nSeal",
        "gates": "Head",
    }
    assert ada.post(address("register_deployment"), form).status_code == 302
    service = Deployment.objects.get()
    assert "Route" in ada.get(address("amend_procedure", service.key)).content.decode()
    ada.post(address("amend_procedure", service.key), {"steps": "Stop", "gates": "Head\nBoard"})
    assert service.procedures.first().gates == ["Head", "Board"]


@pytest.mark.parametrize("flop", ["0", "-5", "abc", "NaN", "Infinity", "1e400", "0.5"])
def test_a_quantity_of_compute_that_cannot_be_is_an_error_of_its_field(ada, aster, flop):
    form = {"name": "Polaris", "facility": facility(aster).pk, "planned_flop": flop, "started_at": ""}
    assert ada.post(address("register_run"), form).status_code in {409, 422}
    assert not TrainingRun.objects.exists()


def test_a_laboratory_files_what_it_owes_or_a_nil_return(ada, aster):
    owed = declaration(aster, due_at=NOON)
    assert "Initial declaration" in ada.get(address("file_declaration", owed.pk)).content.decode()
    assert ada.post(address("file_declaration", owed.pk), {"nil": "nil"}).status_code == 302
    assert Declaration.objects.get().nil is True
    assert "It is filed already" in ada.get(address("file_declaration", owed.pk)).content.decode()


def test_a_nil_return_against_the_record_is_shown_as_an_error(ada, aster):
    inventory(facility(aster))
    answer = ada.post(address("file_declaration", declaration(aster).pk), {"nil": "nil"})
    assert answer.status_code == 409
    assert "this cannot be a nil return" in answer.content.decode()


def test_a_person_is_asked_for_what_their_laboratory_owes(aster):
    ada = representative(aster)
    declaration(aster, due_at=NOON)
    declaration(aster, kind=DeclarationKind.UPDATE, due_at=LONG_AGO, filed_at=LONG_AGO)
    declaration(laboratory("borealis"))
    [task] = tasks_for(ada, NOON)
    assert (task.due, task.late) == (NOON, True)
    assert tasks_for(ada, LONG_AGO.replace(year=2025)) == []


def pages(aster):
    site, run, service, owed = facility(aster), training_run(aster), deployment(aster), declaration(aster)
    return [
        address("desk"),
        address("register_facility"),
        address("declare_inventory", site.key),
        address("close_facility", site.key),
        address("register_run"),
        address("start_run", run.key),
        address("halt_run", run.key),
        address("finish_run", run.key),
        address("register_deployment"),
        address("amend_procedure", service.key),
        address("file_declaration", owed.pk),
    ]


def test_every_page_of_the_desk_opens_for_its_own_people(ada, aster):
    assert {page: code for page in pages(aster) if (code := ada.get(page).status_code) != 200} == {}


def test_every_page_of_the_desk_is_closed_to_a_rival(rival, aster):
    for page in pages(aster):
        assert rival.get(page).status_code == 403, page
        assert rival.post(page, {}).status_code in {403, 405}, page
    assert not Entry.objects.exists()


def test_a_visitor_is_led_to_the_sign_in(client, aster):
    for page in pages(aster):
        assert client.get(page)["Location"].startswith(reverse("account_login")), page


def test_a_rivals_run_is_not_reached_through_ones_own_address(ada):
    theirs = training_run(laboratory("borealis"))
    assert ada.post(address("halt_run", theirs.key), {"checkpoint_commitment": "a" * 64}).status_code == 404
