"""Special visits in the record: one that is agreed to and announced, one refused; and what would be forged."""

from copy import deepcopy
from datetime import timedelta

import pytest

from accounts.rules.organisations import Role
from config.demonstration.cast import person, train
from inspections.actions.inspectors import designate
from inspections.actions.plan import give_notice
from inspections.actions.specials import answer_special, request_special, settle_special
from inspections.models import Visit
from labs.actions.facilities import register_facility
from tests.once import once_a_module
from tests.verifier.decisions import site_in_force

pytestmark = pytest.mark.django_db


def told():
    """Halls of two laboratories: one agrees and its visit is announced, one refuses and has a case."""
    site = site_in_force()
    for key, body in site.cast.bodies.items():
        sent = person(f"Ins Pector {key}", body, Role.INSPECTOR, site.now, site.person(key))
        designate(body=body, user=sent, by=site.person(key), at=site.now)
        train(sent, body, site.person(key), site.now)
    asked = {}
    for lab, agrees in (("aster", True), ("fjord", False)):
        hall = register_facility(
            organisation=site.organisation(lab), name=f"Hall of {lab}", jurisdiction="NO", opened_at=site.now,
            by=site.person(lab), at=site.now,
        )  # fmt: skip
        asked[lab] = request_special(
            facility=hall, reason="It hums.", body=site.organisation("ivb"), by=site.person("ivb"), at=site.now
        )
        site.now += timedelta(hours=1)
        answer_special(special=asked[lab], agrees=agrees, words="Because.", by=site.person(lab), at=site.now)
        site.now += timedelta(minutes=1)
        settle_special(special=asked[lab], at=site.now)
        for visit in Visit.objects.with_names():
            give_notice(visit=visit, at=site.now)
    return site.record()


founded = once_a_module(told)


@pytest.fixture
def record(founded):
    return deepcopy(founded)


def codes(record):
    return [problem.code for problem in record.problems()]


def test_special_visits_follow_from_their_record(record):
    replay, problems = record.replay()
    assert problems == []
    assert replay.unreplayed == {}
    assert replay.kinds["special.requested"] == 2


@pytest.mark.parametrize(
    ("kind", "member", "value", "code"),
    [
        ("special.requested", "body", "openwatch", "authority"),
        ("special.requested", "facility", "nowhere", "unknown"),
        ("special.requested", "answer_by", "2031-01-01T00:00:00Z", "deadline"),
        ("special.answered", "lab", "elbe", "lab"),
        ("special.answered", "special", "2026-99", "unknown_special"),
        ("special.answered", "agrees", False, "state"),
        ("special.planned", "seed", "0" * 64, "seed"),
        ("special.planned", "facility", "nowhere", "facility"),
        ("special.planned", "commitment", "0" * 64, "commitment"),
        ("visit.notified", "kind", "routine", "kind"),
    ],
)
def test_a_special_visit_that_says_otherwise_is_named(record, kind, member, value, code):
    record.payload(kind)[member] = value
    assert code in codes(record)


def test_a_refusal_without_words_and_a_case_about_what_was_agreed_to_are_named(record):
    refused = record.payload("special.answered", lab="fjord")
    refused["words"] = None
    assert codes(record) == ["words"]
    refused["agrees"] = True
    assert codes(record) == ["state"]


def test_a_second_case_and_a_second_visit_are_named(record):
    index = record.find("case.opened", about="special")
    record.add(index + 1, deepcopy(record.entries[index]), case="2026-777")
    index = record.find("special.planned")
    record.add(index + 1, deepcopy(record.entries[index]), visit="2026-7777", commitment="0" * 64)
    assert {"repeated", "state"} <= set(codes(record))
