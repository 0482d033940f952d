import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspections.rules.observations import LARGEST_FILE, ObservationRow, read_observations
from treaty.rules.readings import FileRefused, RowRefused

HEADING = "facility,from_at,until_at,measurement,hours\n"
GOOD = "aster-north,2026-10-01,2026-11-01T00:00:00Z,power,1000\n"


def read(text, heading=HEADING):
    return list(read_observations((heading + text).encode()))


def test_a_row_is_a_period_of_a_site_and_whole_hours():
    [row] = read(GOOD)
    assert (row.line, row.facility, row.measurement, row.hours) == (2, "aster-north", "power", 1000)
    assert f"{row.period.start:%m-%d} {row.period.end:%m-%d}" == "10-01 11-01"


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (",2026-10-01,2026-11-01,power,1", "facility: it is empty"),
        ("a,yesterday,2026-11-01,power,1", "from_at"),
        ("a,2026-10-01,2026-11-01T24:00:00Z,power,1", "until_at"),
        ("a,2026-10-01,2026-11-01,power,1.5", "hours: '1.5' is no whole number"),
        ("a,2026-10-01,2026-11-01,power,-1", "hours"),
        ("a,2026-10-01,2026-11-01,power,NaN", "hours"),
        ("a,2026-10-01,2026-11-01,power,٣", "hours"),
        ("a,2026-10-01,2026-11-01,power," + "9" * 5000, "hours"),
        ("a,2026-10-01,2026-11-01,power", "the row has 4 fields"),
        ("aster-north,2026-10-01,2026-11-01,power,7", "line 2 has said this already"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_with_its_line_and_the_others_are_read(row, why):
    first, refused, last = read(f"{GOOD}{row}\n{GOOD.replace('power', 'counters')}")
    assert (first.line, refused.line, last.line) == (2, 3, 4)
    assert isinstance(refused, RowRefused)
    assert why in refused.why
    assert len(refused.why) < 200


@pytest.mark.parametrize(
    ("text", "heading", "why"),
    [
        ("", "", "empty"),
        ("", HEADING, "no row"),
        (GOOD, "facility,from_at,until_at,measurement\n", "'hours' is missing"),
        ("x," + GOOD, "lab," + HEADING, "no column 'lab'"),
        (GOOD * 501, HEADING, "501 rows"),
        ("a\0b" + GOOD, HEADING, "NUL"),
        (GOOD + "x" * LARGEST_FILE, HEADING, "allowed"),
    ],
    ids=["empty", "no_row", "no_hours", "strange", "many", "nul", "large"],
)
def test_a_file_that_is_none_is_refused_in_words(text, heading, why):
    with pytest.raises(FileRefused, match=why):
        read(text, heading)


@given(st.binary(max_size=300))
def test_any_bytes_are_rows_or_a_refusal(data):
    try:
        rows = list(read_observations(HEADING.encode() + data))
    except FileRefused:
        return
    stated = [row.datum for row in rows if isinstance(row, ObservationRow)]
    assert len(stated) == len(set(stated))
