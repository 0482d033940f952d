from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.charts import WIDTH, Point, Threshold, line_chart, written

START = datetime(2026, 1, 1, tzinfo=UTC)


def series(*values, **options):
    return [Point(START + timedelta(days=at), value, **options) for at, value in enumerate(values)]


def test_a_missing_value_breaks_the_line():
    chart = line_chart(series(1, 2, None, 4, 5), title="x")
    assert len(chart.lines) == 2
    assert len(chart.gaps) == 1
    assert "One value is missing" in chart.description


def test_a_value_alone_between_gaps_is_still_seen():
    chart = line_chart(series(None, 2, None, 4, 5), title="x")
    assert [dot.words.split()[0] for dot in chart.dots] == ["2", "5"]


def test_a_series_that_stops_ends_in_a_gap():
    chart = line_chart(series(1, 2, None), title="x")
    assert chart.gaps[0].x + chart.gaps[0].width == pytest.approx(100)


@pytest.mark.parametrize("nothing", [(), (None, None), (float("nan"), float("inf"))])
def test_no_value_makes_an_empty_chart(nothing):
    assert line_chart(series(*nothing), title="x", thresholds=[Threshold(1, "one")]).is_empty


def test_zero_has_no_place_on_a_logarithmic_scale():
    chart = line_chart(series(0, Decimal("1e24"), Decimal("1e26")), title="x", log=True)
    assert [tick.label for tick in chart.y_ticks] == ["10²⁴", "10²⁵", "10²⁶"]
    assert "Logarithmic" in chart.description


def test_a_threshold_beyond_every_value_is_inside_the_plot():
    chart = line_chart(series(1, 2, 3), title="x", thresholds=[Threshold(80, "threshold 80")])
    assert 0 < chart.limits[0].place < chart.height
    assert "Threshold 80: the newest value is below it." in chart.description


def test_a_projection_is_told_apart():
    points = [*series(1, 2), Point(START + timedelta(days=2), 3, projected=True)]
    chart = line_chart(points, title="x")
    assert (len(chart.lines), len(chart.projections)) == (1, 1)
    assert chart.dots[-1].projected


def test_uncertainty_is_a_closed_band():
    chart = line_chart(series(2, 3, low=1, high=4), title="x")
    assert chart.bands[0].endswith("Z")
    assert chart.has_bounds


def test_points_are_drawn_in_the_order_of_time():
    assert line_chart(series(1, 2, 3)[::-1], title="x").lines == line_chart(series(1, 2, 3), title="x").lines


@pytest.mark.parametrize(
    ("days", "labels"),
    [
        (1, "1 Jan 06:00 12:00 18:00 2 Jan"),
        (27, "1 Jan 8 Jan 15 Jan 22 Jan"),
        (200, "Jan 2026 Mar May Jul"),
        (2000, "2026 2028 2030"),
    ],
)
def test_ticks_of_time_are_round_and_few(days, labels):
    chart = line_chart([Point(START, 1), Point(START + timedelta(days=days), 2)], title="x")
    assert " ".join(tick.label for tick in chart.x_ticks) == labels


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (83, "83"),
        (0.5, "0.5"),
        (1234, "1,234"),
        (Decimal("3.2e25"), "3.2×10²⁵"),
        (1e24, "10²⁴"),
        (9.999e24, "10²⁵"),
        (None, "—"),
    ],
)
def test_a_value_is_written_shortly(value, words):
    assert written(value) == words


numbers = st.one_of(
    st.none(), st.floats(min_value=-1e30, max_value=1e30), st.decimals(min_value=-(10**30), max_value=10**30, places=3)
)


@given(st.lists(st.tuples(st.integers(0, 10_000), numbers), max_size=30), st.booleans(), st.booleans())
def test_nothing_is_drawn_outside_the_plot(values, log, joined):
    points = [Point(START + timedelta(hours=hours), value) for hours, value in values]
    chart = line_chart(points, title="x", log=log, joined=joined)
    assert all(-1 <= dot.x <= 101 and -1 <= dot.y <= chart.height + 1 for dot in chart.dots)
    assert all(-1 <= tick.place <= chart.height + 1 for tick in chart.y_ticks)
    assert len(chart.x_ticks) <= 5
    for path in chart.lines:
        for pair in path.lstrip("M").split("L"):
            x, y = map(float, pair.split())
            assert -1 <= x <= WIDTH + 1
            assert -1 <= y <= chart.height + 1
