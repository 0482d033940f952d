from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.views.figures import FIGURES
from web.figures import MOST_LETTERS, MOST_LINES, Type, drawing, metadata

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
CELLS = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=60), st.just(NOON), st.fractions())


@pytest.mark.parametrize("figure", FIGURES, ids=lambda one: one.key)
def test_every_figure_says_what_it_is_and_what_each_column_means(figure):
    assert all(str(words).endswith(".") for words in (figure.description, figure.source))
    assert str(figure.title)
    assert len(set(figure.names)) == len(figure.names)
    assert all(str(column.means).endswith(".") for column in figure.columns)
    assert all(column.unit for column in figure.columns if column.name.endswith(("_s", "_seconds")))


def test_no_two_figures_have_one_address():
    assert len({figure.key for figure in FIGURES}) == len(FIGURES)


def test_metadata_name_columns_types_units_licence_and_the_state_of_the_record():
    figure = next(one for one in FIGURES if one.key == "jurisdictions")
    said = metadata(
        figure, "jurisdictions", "x", site="https://site", position=7, at=NOON, page="/inspections/", past=None
    )
    capacity = next(one for one in said["tableSchema"]["columns"] if one["name"] == "capacity")
    assert (capacity["datatype"], capacity["schema:unitText"]) == (Type.WHOLE, "H100-equivalents")
    assert (said["url"], said["schema:version"]) == ("https://site/figures/jurisdictions.csv", "7")
    assert said["dc:license"] == {"@id": "https://creativecommons.org/licenses/by/4.0/"}


@given(st.lists(st.tuples(CELLS, CELLS), max_size=40))
def test_a_table_is_drawn_within_its_frame_and_says_what_it_leaves_out(rows):
    found = drawing(["a", "b"], rows)
    assert len(found.lines) + found.omitted == len(rows)
    assert len(found.lines) <= MOST_LINES
    for y, line in found.lines:
        assert y < found.foot
        assert all(len(cell.words) <= MOST_LETTERS for cell in line)
        assert line[0].x + len(line[0].words) * 7 < line[1].x < found.width


def test_numbers_in_a_drawn_table_are_exact():
    assert drawing(["a"], [[Fraction(2, 3)]]).lines[0][1][0].words == "2/3"
