from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from core.times import Period
from inspections.rules.conflicts import Ties, conflict
from inspections.rules.plan import Candidate, Site, days, plan
from inspections.rules.quotas import fullest_year
from inspections.rules.visits import VisitKind
from tests.inspections.values import monitoring

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ALWAYS = Period(datetime(2026, 1, 1, tzinfo=UTC))


def candidate(key, body, **changes):
    return replace(Candidate(key, body, Ties(frozenset({body})), ALWAYS), **changes)


def site(key, lab=100, **changes):
    return replace(Site(key, lab, earliest=NOON + timedelta(hours=24), kind=VisitKind.ROUTINE), **changes)


PAIR = (candidate(1, 11), candidate(2, 12))


@st.composite
def problems(draw):
    bodies = draw(st.integers(1, 4))
    people = [
        candidate(
            number,
            10 + number % bodies,
            ties=Ties(frozenset({10 + number % bodies}), draw(st.frozensets(st.integers(100, 103), max_size=2))),
            booked=(Period(NOON + timedelta(days=draw(st.integers(0, 4))), NOON + timedelta(days=5)),),
        )
        for number in range(draw(st.integers(0, 6)))
    ]
    sites = [
        site(
            f"s{number}",
            draw(st.integers(100, 103)),
            visited=tuple(NOON - timedelta(days=draw(st.integers(1, 500))) for _ in range(draw(st.integers(0, 3)))),
        )
        for number in range(draw(st.integers(0, 8)))
    ]
    return (
        people,
        sites,
        monitoring(from_different_bodies=draw(st.booleans()), visits_per_party_per_year=draw(st.integers(1, 3))),
    )


@settings(max_examples=60)
@given(problems())
def test_a_plan_keeps_every_provision(problem):
    people, sites, text = problem
    found = plan(sites, people, text, seed="s")
    booked = Counter()
    for placement in found.placed:
        assert len({member.key for member in placement.team}) == text.inspectors_per_visit
        assert placement.period.start >= placement.site.earliest
        assert not text.from_different_bodies or len({member.body for member in placement.team}) == len(placement.team)
        assert fullest_year(placement.site.visited, placement.period.start) < text.visits_per_site_per_year
        for member in placement.team:
            assert conflict(member.ties, placement.site.lab) is None
            assert not any(period.overlaps(placement.period) for period in member.booked)
            booked[member.key, placement.period.start] += 1
    assert all(times == 1 for times in booked.values())
    assert (
        max(Counter(placement.site.lab for placement in found.placed).values(), default=0)
        <= text.visits_per_party_per_year
    )
    assert {placement.site.key for placement in found.placed} | {missed.site.key for missed in found.unplaced} == {
        one.key for one in sites
    }
    assert all(missed.reasons for missed in found.unplaced)


@given(st.permutations([site(f"s{number}") for number in range(5)]), st.permutations(PAIR))
def test_the_order_of_the_lists_changes_nothing(sites, people):
    assert plan(sites, people, monitoring(), seed="s") == plan(
        sorted(sites, key=lambda one: one.key), PAIR, monitoring(), seed="s"
    )


def test_another_seed_gives_another_order():
    sites = [site(f"s{number}") for number in range(5)]
    orders = {
        tuple(placement.site.key for placement in plan(sites, PAIR, monitoring(), seed=str(seed)).placed)
        for seed in range(20)
    }
    assert len(orders) > 5


def test_notice_runs_before_anybody_arrives():
    first = plan([site("s")], PAIR, monitoring(), seed="s").placed[0]
    assert first.period == Period(NOON + timedelta(hours=24), NOON + timedelta(hours=34))


def test_a_team_arrives_at_the_very_instant_from_which_it_may_or_at_the_next_full_minute():
    assert next(days(NOON, monitoring())).start == NOON
    assert next(days(NOON + timedelta(microseconds=1), monitoring())).start == NOON + timedelta(minutes=1)
    assert next(days(NOON + timedelta(seconds=59), monitoring())).start == NOON + timedelta(minutes=1)


def test_holidays_of_the_text_are_left_out():
    first = plan([site("s")], PAIR, monitoring(holidays=(date(2026, 11, 23),)), seed="s").placed[0]
    assert first.period.start.date() == date(2026, 11, 24)


def test_a_visit_that_ends_after_its_due_instant_is_planned_and_marked_late():
    assert not plan([site("s", due=NOON + timedelta(days=3))], PAIR, monitoring(), seed="s").placed[0].late
    assert plan([site("s", due=NOON + timedelta(days=1))], PAIR, monitoring(), seed="s").placed[0].late


def test_too_few_inspectors_without_a_conflict_are_named_as_the_reason():
    tied = candidate(2, 12, ties=Ties(frozenset({12}), frozenset({100})))
    [missed] = plan([site("s")], [PAIR[0], tied], monitoring(), seed="s").unplaced
    assert missed.reasons == (
        ("monitoring.inspectors_per_visit", "1 inspectors without a conflict of interest, 2 needed"),
    )


def test_one_body_alone_cannot_send_a_pair_where_the_text_asks_for_two():
    same = [candidate(1, 11), candidate(2, 11)]
    [missed] = plan([site("s")], same, monitoring(), seed="s").unplaced
    assert dict(missed.reasons).keys() == {"monitoring.from_different_bodies"}
    assert plan([site("s")], same, monitoring(from_different_bodies=False), seed="s").placed


def test_a_site_with_its_quota_used_up_is_not_visited():
    visited = (NOON - timedelta(days=30), NOON - timedelta(days=60))
    [missed] = plan([site("s", visited=visited)], PAIR, monitoring(), seed="s").unplaced
    assert dict(missed.reasons).keys() == {"monitoring.visits_per_site_per_year"}


def test_article_15_neither_a_pauses_visit_nor_a_challenge_is_in_a_quota():
    often = tuple(NOON - timedelta(days=days) for days in range(10, 60, 10))
    uncounted = [VisitKind.PAUSE_VERIFICATION, VisitKind.CHALLENGE]
    sites = [site(f"{kind}{n}", kind=kind, visited=often) for kind in uncounted for n in range(2)]
    text = monitoring(visits_per_party_per_year=1)
    assert not plan(sites, PAIR, text, seed="s", party_starts={100: often}).unplaced
    assert len(plan([*sites, site("own")], PAIR, text, seed="s").placed) == 5


def test_an_inspector_whose_designation_ends_in_mid_visit_is_not_sent():
    ending = candidate(2, 12, designated=Period(ALWAYS.start, NOON + timedelta(hours=33)))
    assert not plan([site("s")], [PAIR[0], ending], monitoring(), seed="s").placed


def test_stated_availability_is_kept_to():
    free = Period(datetime(2026, 11, 26, tzinfo=UTC), datetime(2026, 11, 28, tzinfo=UTC))
    first = plan([site("s")], [PAIR[0], candidate(2, 12, available=(free,))], monitoring(), seed="s").placed[0]
    assert first.period.start.date() == date(2026, 11, 26)


def test_article_14_who_is_refused_is_not_sent_from_the_day_on_which_that_takes_effect():
    tomorrow = NOON + timedelta(hours=24)
    refused = candidate(2, 12, refused=((100, tomorrow),))
    assert not plan([site("s")], [PAIR[0], refused], monitoring(), seed="s").placed
    assert plan([site("s", lab=101)], [PAIR[0], refused], monitoring(), seed="s").placed
    later = candidate(2, 12, refused=((100, tomorrow + timedelta(hours=1)),))
    assert plan([site("s")], [PAIR[0], later], monitoring(), seed="s").placed


def test_the_work_is_shared_out():
    people = [candidate(number, 11 + number % 3) for number in range(6)]
    placed = plan([site(f"s{number}", lab=100 + number) for number in range(6)], people, monitoring(), seed="s").placed
    loads = Counter(member.key for placement in placed for member in placement.team)
    assert set(loads.values()) == {2}
