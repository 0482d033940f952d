"""Challenge inspections in the record: asked for, stopped by a vote or carried out by the text's clock, and what would be forged."""

from copy import deepcopy
from datetime import timedelta

import pytest

from accounts.rules.organisations import Role
from config.demonstration.cast import person, train
from inspections.actions.challenges import find_frivolous, request_challenge, settle_challenge
from inspections.actions.inspectors import designate
from inspections.actions.plan import give_notice
from inspections.models import Challenge, Visit
from inspections.rules.visits import VisitState
from labs.actions.facilities import register_facility
from tests.once import once_a_module
from tests.verifier.decisions import site_in_force

pytestmark = pytest.mark.django_db


founded = once_a_module(site_in_force)


@pytest.fixture
def site(founded):
    return deepcopy(founded)


def challenged(site, by="aster", lab="fjord"):
    """A challenge of a hall of Fjord's, with an inspector of every body to be sent."""
    hall = register_facility(
        organisation=site.organisation(lab), name="A hall", jurisdiction="NO", opened_at=site.now,
        by=site.person(lab), at=site.now,
    )  # fmt: skip
    for key, body in site.cast.bodies.items():
        for number in range(2):
            sent = person(f"Ins Pector {key} {number}", body, Role.INSPECTOR, site.now, site.person(key))
            designate(body=body, user=sent, by=site.person(key), at=site.now)
            train(sent, body, site.person(key), site.now)
    return request_challenge(
        facility=hall, ground="It hums at night.", requester=site.organisation(by), by=site.person(by), at=site.now
    )


def decided(site, challenge, choice):
    """The challenge after a vote in which everybody entitled says the same."""
    site.decide(challenge.vote, choice)
    return settle_challenge(challenge=Challenge.objects.get(pk=challenge.pk), at=site.now)


def inspected(site, **options):
    """The site's record with a challenge that proceeds, and its notice."""
    decided(site, challenged(site, **options), "object")
    site.now += timedelta(minutes=1)
    visit = give_notice(visit=Visit.objects.get(), at=site.now)
    assert visit.state == VisitState.NOTIFIED
    return site.record()


def assert_follows(site):
    replay, problems = site.record().replay()
    assert problems == []
    assert replay.unreplayed == {}


def codes(record):
    return [problem.code for problem in record.problems()]


def test_a_challenge_that_three_quarters_stop_is_stopped_and_has_no_visit(site):
    challenge = decided(site, challenged(site), "consent")
    assert (challenge.stopped_at, Visit.objects.count()) == (site.now, 0)
    assert_follows(site)


@pytest.mark.parametrize("asker", ["aster", "ivb"])
def test_a_challenge_that_proceeds_is_planned_and_notified_as_the_record_says(site, asker):
    inspected(site, by=asker)
    assert_follows(site)


def test_a_challenge_stopped_without_its_vote_is_named(site):
    record = inspected(site)
    index = record.find("challenge.planned")
    planned = record.entries[index]
    stopped = {**planned, "kind": "challenge.stopped"}
    record.add(index, stopped, effective_at=planned["at"])
    assert codes(record)[0] == "not_adopted"


def test_a_vote_to_stop_it_that_is_denied_its_effect_is_named(site):
    decided(site, challenged(site), "consent")
    record = site.record()
    applied = record.entries[record.find("vote.applied", decision="stop_challenge")]
    applied["kind"] = "vote.effect_refused"
    applied["payload"]["code"] = "no_reason"
    record.drop("challenge.stopped")
    assert codes(record) == ["effect"]


def test_an_inspection_that_the_vote_stopped_is_named(site):
    record = inspected(site)
    record.payload("vote.closed")["outcome"] = "adopted"
    assert "state" in codes(record)


@pytest.mark.parametrize(
    ("kind", "member", "value", "code"),
    [
        ("challenge.requested", "organisation", "borealis", "authority"),
        ("challenge.requested", "lab", "elbe", "unknown"),
        ("challenge.requested", "facility", "nowhere", "unknown"),
        ("challenge.planned", "seed", "0" * 64, "seed"),
        ("challenge.planned", "vote", "2026-99", "vote"),
        ("challenge.planned", "challenge", "2026-99", "unknown_challenge"),
        ("challenge.planned", "commitment", "0" * 64, "commitment"),
        ("visit.notified", "kind", "routine", "kind"),
    ],
)
def test_a_challenge_that_says_otherwise_is_named(site, kind, member, value, code):
    record = inspected(site)
    record.payload(kind)[member] = value
    assert codes(record)[0] == code


def test_a_visit_longer_than_the_text_allows_is_named(site):
    record = inspected(site)
    record.payload("visit.notified")["until"] = "2027-06-01T00:00:00Z"
    assert codes(record) == ["commitment", "clock"]


def test_a_challenge_nobody_asked_for_is_named_with_its_visit(site):
    record = inspected(site)
    record.drop("challenge.requested")
    assert codes(record)[0] == "unknown_challenge"


def test_a_roll_on_which_the_requester_votes_is_named(site):
    record = inspected(site)
    lines = record.payload("vote.noticed")["roll"]
    next(line for line in lines if line[0] == "aster")[3] = None
    assert codes(record)[0] == "roll"


def test_a_team_near_whoever_asked_is_named(site):
    record = inspected(site)
    sent = record.payload("visit.notified")["bodies"][0]
    index = record.find("challenge.planned")
    at = record.entries[index]["at"]
    affiliation = {"v": 1, "kind": "affiliation.declared", "by": None, "payload": {}}
    record.add(index, affiliation, at=at, organisation="aster", affiliate=sent, basis="", from_at=at)
    assert codes(record) == ["conflict"]


def test_a_request_found_frivolous_follows_and_a_forged_finding_is_named(site):
    challenge = decided(site, challenged(site), "consent")
    ivb, by = site.organisation("ivb"), site.person("ivb")
    find_frivolous(challenge=challenge, body=ivb, reasons="It hums by day too.", by=by, at=site.now)
    assert_follows(site)
    for change, code in [({"body": "aster"}, "conflict"), ({"body": "pacific"}, "authority")]:
        record = site.record()
        record.payload("challenge.found_frivolous").update(change)
        assert code in codes(record)
    record = site.record()
    record.drop("challenge.stopped")
    record.drop("vote.applied")
    assert "state" in codes(record)
