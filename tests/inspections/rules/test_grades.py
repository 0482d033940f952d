from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from core.durations import Duration
from inspections.rules.grades import VisitStory, grade, next_as_of
from inspections.rules.visits import Cause, VisitKind
from tests.inspections.values import monitoring

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
TEXT = monitoring()
VISIT = VisitStory(
    visit="v1", lab="aster", facility="hall", kind=VisitKind.ROUTINE, bodies=("ivb", "nordic"), inspectors=2,
    from_at=NOON - 200 * HOUR, until_at=NOON - 190 * HOUR, monitoring=TEXT, notified_at=NOON - 250 * HOUR,
    acknowledged_at=NOON - 240 * HOUR, access_at=NOON - 198 * HOUR, reported=(NOON - 100 * HOUR,),
)  # fmt: skip


def graded(*stories, as_of=NOON, labs=None, sites=("hall", "other")):
    return grade(
        stories, labs=labs or {"aster": Fraction(1000), "borealis": None}, bodies=["ivb", "nordic", "pacific"],
        sites=sites, monitoring=TEXT, as_of=as_of,
    )  # fmt: skip


def test_the_figures_of_a_laboratory_are_those_of_its_visits():
    aster, borealis = graded(VISIT).labs
    assert (aster.visits, aster.in_year, aster.allowed) == (1, 1, 20)
    assert (aster.notice, aster.access, aster.delay) == (50 * HOUR, 2 * HOUR, 2 * HOUR)
    assert (aster.refusals, aster.overdue) == (0, 0)
    assert aster.burden == 16_000  # two inspectors for eight hours, for a thousand H100-equivalents
    assert (borealis.visits, borealis.notice, borealis.access, borealis.burden) == (0, None, None, None)


def test_a_visit_that_verifies_a_pause_is_in_no_quota():
    assert graded(replace(VISIT, kind=VisitKind.PAUSE_VERIFICATION)).labs[0].in_year == 0


def test_what_the_laboratory_owes_is_overdue_and_what_it_did_is_counted():
    waiting = replace(
        VISIT, acknowledged_at=None, access_at=None, reported=(), refused=((NOON - 199 * HOUR, Cause.PARTY),)
    )
    aster = graded(waiting).labs[0]
    assert (aster.overdue, aster.refusals, aster.access) == (2, 1, None)


def test_a_visit_that_was_called_off_counts_for_nobody_from_then_on():
    off = replace(VISIT, access_at=None, reported=(), cancelled_at=NOON - 220 * HOUR)
    assert graded(off).labs[0].visits == 0
    assert graded(off, as_of=NOON - 221 * HOUR).labs[0].visits == 1


def test_a_body_is_graded_by_its_visits_done_of_planned_and_its_reports_in_time():
    late = replace(VISIT, visit="v2", bodies=("ivb",), reported=(NOON + 900 * HOUR, NOON + 901 * HOUR))
    missing = replace(VISIT, visit="v3", bodies=("ivb",), reported=())
    ivb, nordic, pacific = graded(VISIT, late, missing, as_of=NOON + 1000 * HOUR).bodies
    assert (ivb.visits, ivb.planned, ivb.done, ivb.due, ivb.in_time, ivb.corrections) == (3, 3, 2, 3, 1, 1)
    assert (nordic.planned, nordic.done, nordic.due, nordic.in_time) == (1, 1, 1, 1)
    assert (pacific.visits, pacific.due) == (0, 0)


def test_the_spread_is_the_largest_less_the_smallest_of_those_that_have_a_figure():
    other = replace(VISIT, visit="v2", lab="borealis", notified_at=NOON - 260 * HOUR)
    found = graded(VISIT, other)
    assert found.spread["notice"] == 10 * 3600
    assert found.spread["burden"] is None  # only one laboratory has declared its compute


def test_sites_seen_are_those_in_use_that_were_reported_on_within_a_year():
    assert (graded(VISIT).sites, graded(VISIT).sites_seen) == (2, 1)
    assert graded(VISIT, as_of=NOON + 400 * 24 * HOUR).sites_seen == 0
    assert graded(VISIT, sites=["other"]).sites_seen == 0


@given(st.integers(0, 400), st.integers(1, 400))
def test_what_happens_later_changes_no_table_of_before(now, later):
    """Made again from a longer record, a table as of an instant is the same."""
    as_of = VISIT.notified_at + now * HOUR
    at = as_of + later * HOUR
    more = replace(
        VISIT, acknowledged_at=at, access_at=at, delayed=((at, Cause.PARTY),), refused=((at, Cause.PARTY),), reported=(at,), cancelled_at=at
    )  # fmt: skip
    bare = replace(VISIT, acknowledged_at=None, access_at=None, reported=())
    assert graded(bare, as_of=as_of).as_json() == graded(more, as_of=as_of).as_json()


def test_tables_follow_each_other_from_the_entry_into_force():
    month = Duration.parse("1 mo")
    first = next_as_of(None, NOON, month)
    assert first == datetime(2026, 12, 22, 12, tzinfo=UTC)
    assert next_as_of(first, NOON, month) == datetime(2027, 1, 22, 12, tzinfo=UTC)
    assert next_as_of(NOON - HOUR, NOON, month) == first


def test_a_storm_is_on_nobodys_account():
    storm = ((NOON - 199 * HOUR, Cause.FORCE_MAJEURE),)
    aster = graded(replace(VISIT, delayed=storm, refused=storm)).labs[0]
    assert (aster.access, aster.delay, aster.delays, aster.refusals) == (2 * HOUR, timedelta(0), 0, 0)
