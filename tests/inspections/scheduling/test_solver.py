from dataclasses import replace
from datetime import timedelta
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from core.times import Period
from inspections.rules.schedules import Rule, check
from inspections.scheduling.clashes import clash
from inspections.scheduling.grid import Grid
from inspections.scheduling.solver import Effort, solve
from tests.inspections.schedules import ARRIVAL, BEGINS, DAY, frame, terms, want

SMALL = Effort(seconds=20, workers=1, work=2)


def days(found):
    return {visit.key: (visit.period.start - ARRIVAL) // DAY for visit in found.placed}


@st.composite
def worlds(draw):
    made = frame(sites=4, labs=2, bodies=draw(st.integers(1, 3)), each=2)
    people = {
        handle: replace(
            one,
            barred=draw(st.frozensets(st.sampled_from(["lab0", "lab1"]), max_size=1)),
            available=draw(st.sampled_from([(), (Period(BEGINS, BEGINS + 30 * DAY),)])),
        )
        for handle, one in made.inspectors.items()
    }
    wanted = [
        want(f"v{number}", f"s{number % 4}", draw(st.integers(0, 60)), due=draw(st.sampled_from([20, 360])))
        for number in range(draw(st.integers(1, 6)))
    ]
    text = terms(visits_per_site_per_year=draw(st.integers(1, 2)), visits_per_party_per_year=draw(st.integers(1, 4)))
    return replace(made, inspectors=people, monitoring=text), wanted


@settings(max_examples=8, deadline=None)
@given(worlds())
def test_the_checker_finds_nothing_in_what_the_solver_answers(world):
    made, wanted = world
    found = solve(made, wanted, SMALL)
    assert [one for one in check(made, wanted, found.placed, found.missed) if one.rule is not Rule.PARITY] == []
    assert found.bound <= found.cost


def test_each_visit_comes_on_the_day_that_was_drawn_where_nothing_is_in_the_way():
    found = solve(frame(), [want("v0", "s0", 40), want("v1", "s1", 90)], SMALL)
    assert days(found) == {"v0": 40, "v1": 90}
    assert (found.cost, found.gap, found.missed) == (0, 0, ())


def test_two_visits_that_need_the_same_people_make_room_for_each_other():
    found = solve(frame(), [want("v0", "s0", 40), want("v1", "s1", 41)], SMALL)
    first, second = sorted(days(found).values())
    assert second - first == 3
    assert found.cost == found.bound == 2


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 80), st.integers(0, 80))
def test_what_two_visits_to_a_site_cost_at_least_is_what_trying_all_their_days_finds(one, other):
    grid = Grid(frame(ends=BEGINS + 90 * DAY))
    tasks = [grid.task(want("v0", "s0", one)), grid.task(want("v1", "s0", other))]
    both = product(*(task.costs.items() for task in tasks))
    assert grid.cheapest(*tasks) == min(a + b for (day, a), (then, b) in both if grid.are_apart(day, then))


def test_a_visit_that_is_due_sooner_goes_first():
    wanted = [want("v0", "s0", 1, due=3), want("v1", "s1", 1)]
    assert days(solve(frame(), wanted, SMALL))["v0"] <= 1


def test_what_cannot_be_placed_is_named_with_the_provisions_that_clash():
    made = frame(sites=3, monitoring=terms(visits_per_party_per_year=2))
    wanted = [want(f"v{number}", f"s{number}", 40 * number) for number in range(3)]
    found = solve(made, wanted, SMALL)
    [missed] = found.missed
    assert len(found.placed) == 2
    assert clash(made, wanted, found.placed, found.missed, missed) == (Rule.PARTY_QUOTA,)


def test_the_clash_of_a_due_day_and_peoples_time_names_both():
    away = {
        handle: replace(one, available=(Period(BEGINS + 100 * DAY, BEGINS + 200 * DAY),))
        for handle, one in frame().inspectors.items()
    }
    made, wanted = frame(inspectors=away), [want("v0", "s0", 10, due=50)]
    found = solve(made, wanted, SMALL)
    assert (days(found), found.missed) == ({"v0": 100}, ("v0",))
    assert set(clash(made, wanted, found.placed, found.missed, "v0")) == {Rule.DUE, Rule.AVAILABILITY}


def test_one_body_alone_clashes_with_two_inspectors_and_with_different_bodies():
    made, wanted = frame(bodies=1, each=3), [want("v0", "s0", 10)]
    found = solve(made, wanted, SMALL)
    assert found.missed == ("v0",)
    assert clash(made, wanted, (), found.missed, "v0") == (Rule.BODIES, Rule.TEAM)


def test_a_visit_for_paritys_sake_is_added_only_where_the_text_asks_for_it():
    wanted = [want("v0", "s0", 40), want("v1", "s0", 200), want("extra", "s1", 100, required=False)]
    kept = solve(frame(labs=2, monitoring=terms("1")), wanted, SMALL)
    assert "extra" in days(kept)
    none = solve(frame(labs=2), wanted[:1], SMALL)
    assert set(days(none)) == {"v0"}


def test_what_was_planned_stays_as_it_is_when_somebody_falls_out():
    made = frame(sites=4, each=2)
    wanted = [want(f"v{number}", f"s{number}", 30 * number) for number in range(4)]
    before = solve(made, wanted, SMALL)
    teams = {visit.key: visit.team for visit in before.placed}
    gone = teams["v0"][0]
    left = {
        **made.inspectors,
        gone: replace(made.inspectors[gone], designated=(Period(BEGINS, ARRIVAL + timedelta(days=20)),)),
    }
    kept = [replace(one, team=teams[one.key]) for one in wanted]
    after = solve(replace(made, inspectors=left), kept, SMALL)
    assert days(after) == days(before)
    for visit in after.placed:
        if gone not in teams[visit.key] or visit.key == "v0":
            assert visit.team == teams[visit.key]
        else:
            assert len(set(visit.team) & set(teams[visit.key])) == 1
