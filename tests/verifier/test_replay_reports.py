"""Reports in the record: items and parts, a version that amends the first, redactions; and what would be forged."""

from copy import deepcopy
from datetime import timedelta

import pytest

from inspections.actions.redactions import ask_redaction, decide_redaction
from inspections.actions.reports import (
    amend_report,
    comment_on_report,
    open_report,
    save_draft,
    sign_report,
    submit_report,
)
from inspections.actions.visits import begin_visit, grant_access
from inspections.models import Report, Visit
from inspections.queries.reports import value_of
from inspections.queries.visits import team_of
from inspections.rules.redactions import RedactionState
from tests import factories as make
from tests.once import once_a_module
from tests.verifier.decisions import site_in_force
from tests.verifier.test_replay_challenges import inspected

pytestmark = pytest.mark.django_db


def signed(site, report, team, key):
    for user in team:
        sign_report(report=report, revision=report.revision, by=user, at=site.now)
    return submit_report(report=report, submission_key=key, by=team[0], at=site.now)


def reported():
    """The record of a visit whose report is submitted, redacted, amended and commented on."""
    site = site_in_force()
    inspected(site)
    visit = Visit.objects.get()
    team = [one.designation.user for one in team_of(visit)]
    site.now = visit.planned_from
    grant_access(visit=visit, by=team[0], at=site.now)
    begin_visit(visit=visit, by=team[0], at=site.now)
    site.now += timedelta(hours=5)
    draft = open_report(visit=visit, by=team[0], at=site.now)
    value = make.report_value(collected_at=site.now.replace(second=0, microsecond=0))
    draft = save_draft(report=draft, value=value, revision=0, by=team[0], at=site.now)
    first = signed(site, draft, team, "first")
    asked = ask_redaction(
        report=first,
        place="layers.weights",
        ground="security",
        reason="A way in.",
        by=site.person("fjord"),
        at=site.now,
    )
    body = team_of(visit)[1].designation.body.key
    decide_redaction(
        redaction=asked, state=RedactionState.GRANTED, basis="So it is.", by=site.person(body), at=site.now
    )
    site.now += timedelta(hours=1)
    draft = amend_report(report=Report.objects.get(), reason="A slip.", by=team[0], at=site.now)
    value = value_of(draft)
    draft = save_draft(report=draft, value=value, revision=draft.revision, by=team[0], at=site.now)
    second = signed(site, draft, team, "second")
    comment_on_report(report=second, text="Fair.", by=site.person("fjord"), at=site.now)
    return site.record()


written = once_a_module(reported)


@pytest.fixture
def record(written):
    return deepcopy(written)


def codes(record):
    return [problem.code for problem in record.problems()]


def test_a_report_with_redaction_and_amendment_follows(record):
    assert codes(record) == []
    kinds = [entry["kind"] for entry in record.entries]
    assert {"report.submitted", "redaction.asked", "redaction.granted", "report.amended", "report.commented"} <= {
        *kinds
    }


@pytest.mark.parametrize(
    ("kind", "change", "code"),
    [
        ("report.submitted", lambda it: it["items"]["power"].update(meters="not_verified"), "answer"),
        ("report.submitted", lambda it: it["answers"].update(power="not_verified"), "answer"),
        ("report.submitted", lambda it: it["items"]["power"].pop("meters"), "incomplete"),
        ("report.submitted", lambda it: it["parts"].update(sealed="0" * 64), "commitment"),
        ("report.amended", lambda it: it["parts"].pop("parties"), "malformed"),
        ("report.amended", lambda it: it.update(signatures=[]), "signatures"),
        ("report.amended", lambda it: it.update(report=it["report"][:-1] + "3"), "version"),
        ("redaction.asked", lambda it: it.update(ground="embarrassing"), "ground"),
        ("redaction.asked", lambda it: it.update(place="whole"), "repeated"),
        ("redaction.asked", lambda it: it.update(organisation="aster"), "authority"),
        ("redaction.asked", lambda it: it.update(number=2), "number"),
        ("redaction.granted", lambda it: it.update(body="fjord"), "authority"),
        ("redaction.granted", lambda it: it.update(number=2), "unknown"),
    ],
)
def test_what_says_otherwise_is_named(record, kind, change, code):
    change(record.payload(kind))
    assert code in codes(record)


def test_a_passage_taken_out_by_the_body_that_asked_is_named(record):
    decided = record.payload("redaction.granted")
    record.payload("redaction.asked")["organisation"] = decided["body"]
    assert codes(record).count("authority") == 2  # who asked was no officer of it, and it may not decide


def test_a_passage_taken_out_that_nobody_asked_for_and_one_decided_twice_are_named(record):
    index = record.find("redaction.granted")
    record.add(index + 1, record.entries[index])
    assert codes(record) == ["repeated"]
    record.drop("redaction.asked")
    assert codes(record)[0] == "unknown"


def test_an_amendment_signed_by_one_is_named(record):
    name = record.payload("report.amended")["report"]
    record.drop("report.signed", report=name)
    assert codes(record)[0] == "signatures"
