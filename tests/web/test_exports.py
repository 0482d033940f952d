import csv
import io
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from web.exports import csv_answer, json_answer, records, safe

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "|", "\t", "\r", "%"])
def test_no_spreadsheet_takes_a_cell_for_a_formula(start):
    assert safe(f"{start}HYPERLINK(1)") == f"'{start}HYPERLINK(1)"


def test_negative_numbers_stay_numbers():
    assert (safe(-3), safe(Decimal("-0.5"))) == ("-3", "-0.5")


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (NOON, "2026-11-22T12:00:00Z"),
        (timedelta(hours=1, seconds=30), "3630"),
        (Fraction(2, 3), "2/3"),
        (None, ""),
        (True, "true"),
        ("Aster – Institute", "Aster – Institute"),
    ],
)
def test_a_cell_is_written_for_programs(cell, text):
    assert safe(cell) == text


def test_a_table_is_read_back_as_it_was(noon):
    answer = csv_answer("parties.csv", ["lab", "at"], [['Aster, "the" Institute', noon], ["=1+1", None]])
    rows = list(csv.reader(io.StringIO(answer.content.decode())))
    assert rows == [["lab", "at"], ['Aster, "the" Institute', "2026-11-22T12:00:00Z"], ["'=1+1", ""]]
    assert answer["Content-Type"].startswith("text/csv")
    assert answer["Content-Disposition"] == 'inline; filename="parties.csv"'


def test_rows_as_json_have_names_and_are_open_to_every_origin():
    answer = json_answer({"rows": records(["lab", "delay"], [["aster", timedelta(minutes=1)]]), "as_of": NOON})
    assert json.loads(answer.content) == {"rows": [{"lab": "aster", "delay": 60}], "as_of": "2026-11-22T12:00:00Z"}
    assert answer["Access-Control-Allow-Origin"] == "*"
