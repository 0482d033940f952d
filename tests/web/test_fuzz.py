"""The whole API under schemathesis: nothing fails, and nothing is answered that the schema does not say.

FERMATA_FUZZ=200 asks each operation 200 times with what fits the schema and 200 times with what does not.
"""

import os
from http import HTTPStatus

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from knox.models import AuthToken
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi import checks as openapi

from inspections.rules.visits import VisitState
from tests import factories as make
from tests.factories import NOON

EXAMPLES = int(os.environ.get("FERMATA_FUZZ", "2"))
CHECKS = [
    checks.not_a_server_error,
    openapi.status_code_conformance,
    openapi.content_type_conformance,
    openapi.response_schema_conformance,
    openapi.response_headers_conformance,
    openapi.negative_data_rejection,
    openapi.unsupported_method,
]
# What exists in the story below, so that not every address leads nowhere.
NAMES = {
    "votes": "2026-v1", "pauses": "2026-01", "balances": "aster-hall", "matrix": "aster-hall",
    "labs": "aster", "draws": "2026-01",
}  # fmt: skip


@pytest.fixture
def story(db, time_machine):
    """Laboratories under a pause, a site with a reading; a representative of one of them with a token."""
    time_machine.move_to(NOON, tick=False)
    make.pause_in_force()
    hall = make.facility(make.laboratory(), key="aster-hall")
    make.submitted_report(make.visit(hall, state=VisitState.IN_PROGRESS, team=make.inspectors(each=1)[:2]))
    make.breach("fjord", at=NOON)
    make.reading()
    return make.representative(make.laboratory())


@pytest.fixture
def site(story):
    """The site as a server runs it, in the test's own transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield get_wsgi_application()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # those of generated requests say nothing about the site
def test_every_operation_answers_as_its_schema_says(site, story, subtests):
    token = AuthToken.objects.create(story)[1]
    schema = schemathesis.openapi.from_wsgi("/api/v1/schema.json", site)
    expected = schema.config.checks.negative_data_rejection
    expected.expected_statuses = [*expected.expected_statuses, str(HTTPStatus.CONFLICT.value)]
    for found in schema.get_all_operations():
        operation = found.ok()
        with subtests.test(operation.label):
            fuzz(operation, st.sampled_from([{}, {"Authorization": f"Token {token}"}]))


def fuzz(operation, whose):
    """Ask the operation with generated requests of both kinds, half of them at an address that exists."""
    noun = operation.path.split("/")[3]
    places = [None, {"key": NAMES[noun]}] if "{key}" in operation.path and noun in NAMES else [None]
    has_input = operation.query or operation.path_parameters or operation.body
    for mode in GenerationMode if has_input else [GenerationMode.POSITIVE]:
        cases = st.one_of(*(operation.as_strategy(mode, path_parameters=place) for place in places))

        @seed(1)
        @settings(
            max_examples=EXAMPLES, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
        )
        @given(case=cases, headers=whose)
        def ask(case, headers):
            case.call_and_validate(headers=headers, checks=CHECKS)

        ask()
