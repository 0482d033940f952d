"""The checker of schedules: a schedule that keeps to everything passes, and each provision broken once is named, and no other."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest

from core.times import Period
from inspections.rules.schedules import Booked, Frame, Inspector, Parity, Place, Rule, Wanted, check, parity, region_of
from inspections.rules.visits import VisitKind, planned_end
from tests.inspections.schedules import ARRIVAL, BEGINS, DAY, ENDS, TERMS, YEARS, terms

PLACES = {
    "a1": Place("a1", "aster", "europe"),
    "a2": Place("a2", "aster", "americas"),
    "b1": Place("b1", "borealis", "europe"),
}
PEOPLE = {
    "ines": Inspector("ines", "ivb", YEARS, barred=frozenset({"cobalt"})),
    "noor": Inspector("noor", "nordic", YEARS, refused=(("borealis", BEGINS + 200 * DAY),)),
    "ivo": Inspector("ivo", "ivb", YEARS),
    "tara": Inspector("tara", "pacific", YEARS, trained=(Period(BEGINS, BEGINS + 40 * DAY),)),
    "paul": Inspector("paul", "pacific", YEARS, available=(Period(BEGINS + 40 * DAY, BEGINS + 60 * DAY),)),
}
FRAME = Frame(BEGINS, ENDS, TERMS, PLACES, PEOPLE)


def visit(key, site, day, team=("ines", "noor"), kind=VisitKind.ROUTINE):
    start = ARRIVAL + day * DAY
    place = PLACES[site]
    return Booked(key, site, place.lab, place.region, kind, Period(start, planned_end(kind, start, TERMS)), team)


KEPT = (visit("v1", "a1", 10), visit("v2", "b1", 13), visit("v3", "a2", 50, ("ivo", "paul")))
WANTED = tuple(Wanted(one.key, one.site, one.kind, BEGINS, ENDS, one.period.start) for one in KEPT)


def broken(*changed, wanted=WANTED, frame=FRAME, missed=()):
    """The rules that are broken once these visits stand in the place of those with their keys."""
    by_key = {one.key: one for one in KEPT} | {one.key: one for one in changed}
    return {breach.rule for breach in check(frame, wanted, list(by_key.values()), missed)}


def test_a_schedule_that_keeps_to_everything_has_no_breach():
    assert broken() == set()


def also(one):
    """A visit that was asked for besides."""
    return (*WANTED, Wanted(one.key, one.site, one.kind, BEGINS, ENDS, one.period.start))


MUTATIONS = {
    Rule.TEAM: ({}, visit("v1", "a1", 10, ("ines",))),
    Rule.BODIES: ({}, visit("v1", "a1", 10, ("ines", "ivo"))),
    Rule.DESIGNATION: ({}, visit("v1", "a1", 10, ("ines", "stranger"))),
    Rule.AVAILABILITY: ({}, visit("v3", "a2", 62, ("ivo", "paul"))),
    Rule.TRAINING: ({}, visit("v3", "a2", 50, ("ivo", "tara"))),
    Rule.REFUSAL: ({}, visit("v2", "b1", 201)),
    Rule.HOLIDAYS: ({"holidays": (date(2027, 1, 14),)}, KEPT[0]),
    Rule.BOOKED: ({}, visit("v2", "b1", 11)),
    Rule.LENGTH: ({}, replace(KEPT[2], period=Period(KEPT[2].period.start, KEPT[2].period.start + 3 * DAY))),
}


@pytest.mark.parametrize("rule", MUTATIONS, ids=lambda rule: rule.value)
def test_each_provision_broken_once_is_named_and_no_other(rule):
    changes, changed = MUTATIONS[rule]
    assert broken(changed, frame=replace(FRAME, monitoring=terms(**changes))) == {rule}


def test_an_inspector_near_to_the_laboratory_is_named():
    near = {**PEOPLE, "ines": replace(PEOPLE["ines"], barred=frozenset({"aster"}))}
    assert broken(frame=replace(FRAME, inspectors=near)) == {Rule.AFFILIATES}


def test_quotas_count_visits_that_are_fixed_already_and_not_those_under_a_pause():
    earlier = visit("old", "a1", -100)
    assert broken(frame=replace(FRAME, monitoring=terms(visits_per_site_per_year=1), fixed=(earlier,))) == {
        Rule.SITE_QUOTA
    }
    assert broken(frame=replace(FRAME, monitoring=terms(visits_per_party_per_year=2), fixed=(earlier,))) == {
        Rule.PARTY_QUOTA
    }
    paused = replace(earlier, kind=VisitKind.PAUSE_VERIFICATION)
    assert broken(frame=replace(FRAME, monitoring=terms(visits_per_site_per_year=1), fixed=(paused,))) == set()


def test_two_visits_to_a_site_lie_apart():
    again = visit("v4", "a1", 39, ("ivo", "noor"))
    assert broken(again, wanted=also(again)) == {Rule.APART}
    later = visit("v4", "a1", 40, ("ivo", "noor"))
    assert broken(later, wanted=also(later)) == set()


def test_inspectors_have_time_to_travel_and_more_of_it_between_regions():
    assert broken(visit("v2", "b1", 12)) == {Rule.TRAVEL}
    abroad = visit("v3", "a2", 17, ("noor", "ivo"))
    assert broken(abroad) == {Rule.TRAVEL}
    assert broken(visit("v3", "a2", 18, ("noor", "ivo"))) == set()


def test_what_was_asked_for_is_in_it_once_in_time_or_named():
    assert broken(wanted=(*WANTED, replace(WANTED[0], key="v9"))) == {Rule.ASKED}
    assert broken(wanted=(*WANTED, replace(WANTED[0], key="v9")), missed={"v9"}) == set()
    assert broken(wanted=(*WANTED, replace(WANTED[0], key="v9", required=False))) == set()
    assert broken(wanted=WANTED[:2]) == {Rule.ASKED}
    assert {breach.rule for breach in check(FRAME, WANTED, [*KEPT, visit("v1", "a1", 90)])} == {Rule.ASKED}
    assert broken(replace(KEPT[0], kind=VisitKind.BASELINE)) == {Rule.ASKED}
    late = (replace(WANTED[0], due=BEGINS + 5 * DAY), *WANTED[1:])
    assert broken(wanted=late) == {Rule.DUE}
    assert broken(wanted=late, missed={"v1"}) == set()
    assert broken(wanted=(replace(WANTED[0], earliest=BEGINS + 30 * DAY), *WANTED[1:])) == {Rule.NOTICE}


def test_burdens_that_lie_too_far_apart_are_named_unless_they_did_so_before():
    again = visit("v4", "b1", 90, ("ivo", "noor"))
    unequal = replace(FRAME, monitoring=terms(parity_within="1/2"))
    assert broken(again, wanted=also(again), frame=unequal) == {Rule.PARITY}
    assert broken(again, wanted=also(again)) == set()
    before = replace(unequal, fixed=tuple(visit(f"f{day}", "b1", day, ()) for day in (120, 160)))
    assert Rule.PARITY not in broken(frame=before)


def test_burden_is_visits_for_each_site():
    found = parity(PLACES.values(), KEPT, Period(BEGINS, ENDS))
    assert isinstance(found, Parity)
    assert [(one.lab, one.visits, one.sites) for one in found.burdens] == [("aster", 2, 2), ("borealis", 1, 1)]
    assert (found.spread, found.most) == (Fraction(0), "aster")
    assert parity([], KEPT, Period(BEGINS, ENDS)).spread == 0


def test_a_country_that_no_region_names_is_one_of_its_own():
    assert TERMS.schedule is not None
    travel = TERMS.schedule.travel
    assert (region_of("DE", travel), region_of("ZZ", travel)) == ("europe", "ZZ")


def test_a_visit_notified_before_a_refusal_took_effect_stands():
    refused = visit("v2", "b1", 201)
    told = replace(refused, notified_at=BEGINS + 199 * DAY)
    assert (broken(refused), broken(told)) == ({Rule.REFUSAL}, set())
    assert refused.ends_at - refused.period.start == timedelta(days=2)
