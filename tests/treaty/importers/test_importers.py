import csv
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treaty.importers import SOURCES
from treaty.importers.commits import read_commits
from treaty.importers.epoch import read_epoch
from treaty.importers.metr import read_metr
from treaty.rules.readings import FileRefused, ReadingRow, ReleaseRow, RowRefused, RowSkipped, read_csv

EPOCH = "Model,Organization,Publication date,Training compute (FLOP),Model accessibility,Confidence,Training compute lower bound,Link\n"
METR = """
results:
  a_system:
    release_date: 2025-04-16
    metrics:
      p50_horizon_length: {ci_high: 200.838465, ci_low: 74.2793, estimate: 120.730463}
"""
PLAIN = "indicator,lab,value,unit,observed_at,source,series\n"


def epoch(*rows):
    return list(read_epoch((EPOCH + "\n".join(rows)).encode()))


def commits(*rows):
    return list(read_commits("\n".join(("date,query,count", *rows)).encode()))


def plain(*rows):
    return list(read_csv((PLAIN + "\n".join(rows)).encode()))


def test_a_model_is_a_reading_about_the_world():
    (row,) = epoch(
        'Some Model,Aster,2025-02-24,3.35e+25,API access,Confident,1.0000000001e+25,"https://a.example/x https://b.example"'
    )
    assert row == ReadingRow(
        line=2,
        indicator="training_compute",
        lab=None,
        value=Decimal("3.35e25"),
        unit="FLOP",
        observed_at=datetime(2025, 2, 24, tzinfo=UTC),
        source="observed",
        provider="Epoch AI",
        series="epoch:Some Model",
        low=Decimal("1.0000000001e25"),
        evidence_url="https://a.example/x",
    )


def test_binary_artefacts_of_an_estimate_are_no_restatement():
    values = [epoch(f"M,A,2024-02-26,{text},API access,,,")[0].value for text in ("1.12e+25", "1.1199999999999999e+25")]
    assert values[0] == values[1]


def test_open_weights_are_a_release_as_well():
    release, reading = epoch("M,A,2025-01-20,4e24,Open weights (unrestricted),,,")
    assert release == ReleaseRow(2, "M", "A", date(2025, 1, 20), Decimal("4e24"), "Epoch AI", "epoch:M")
    assert isinstance(reading, ReadingRow)


def test_open_weights_without_compute_are_a_release_alone():
    (release,) = epoch("M,A,2025-01-20,,Open weights (restricted use),,,")
    assert release.flop is None


@pytest.mark.parametrize(
    ("row", "kind", "why"),
    [
        ("M,A,2025-01-20,,API access,,,", RowSkipped, "no training compute"),
        ("M,A,2025-01-20,1e24,API access,Wrong,,", RowRefused, "itself marks the entry as wrong"),
        ("M,A,2025-02-30,1e24,API access,,,", RowRefused, "Publication date: '2025-02-30' is not a day"),
        ("M,A,2025-01-20,NaN,API access,,,", RowRefused, "'NaN' is not a number"),
        ("M,A,2025-01-20,1e24;2e24,API access,,,", RowRefused, "is not a number"),
        (",A,2025-01-20,1e24,API access,,,", RowRefused, "no name"),
        ("M,A,2025-01-20,1e24", RowRefused, "4 fields, the heading 8"),
    ],
)
def test_a_row_that_holds_no_reading_says_why(row, kind, why):
    (found,) = epoch(row)
    assert isinstance(found, kind)
    assert why in found.why


def test_a_row_after_a_field_of_several_lines_is_named_by_its_own_line():
    rows = epoch('"A\nlong\nname",A,2025-01-20,1e24,API access,,,', "B,A,2025-13-01,1e24,API access,,,")
    assert [row.line for row in rows] == [2, 5]
    assert rows[0].series == "epoch:A long name"


def test_a_system_has_its_interval():
    (row,) = read_metr(METR.encode())
    assert (row.value, row.low, row.high, row.line) == (
        Decimal("120.730463"),
        Decimal("74.2793"),
        Decimal("200.838465"),
        3,
    )
    assert row.series == "metr:a_system"


def test_a_system_without_an_estimate_is_refused_and_named():
    (row,) = read_metr(METR.replace("estimate: 120.730463", "").replace(", }", "}").encode())
    assert (row.what, row.why) == ("a_system", "estimate: '' is not a number")


@pytest.mark.parametrize("data", [b"", b"x: [", b"results: {}", b"a: &x 1\nb: *x", b"\xff", b"results: 3"])
def test_a_file_that_is_no_result_file_is_refused(data):
    with pytest.raises(FileRefused):
        list(read_metr(data))


def test_a_day_is_the_share_of_all_agents_known_when_it_is_over():
    (row,) = commits("2026-07-26,total,1000", "2026-07-26,claude,50", "2026-07-26,codex,21", "2026-07-26,new_agent,4")
    assert (row.value, row.observed_at) == (Decimal("0.075"), datetime(2026, 7, 27, tzinfo=UTC))
    assert row.series == "commits:2026-07-26"


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (["2026-07-26,claude,5"], "no total"),
        (["2026-07-26,total,0", "2026-07-26,claude,0"], "no total"),
        (["2026-07-26,total,10", "2026-07-26,claude,8", "2026-07-26,codex,3"], "a part is not above its total"),
        (["2026-07-26,total,10", "2026-07-26,claude,1", "2026-07-26,claude,1"], "line 4: 'claude' is counted twice"),
        (["2026-07-26,total,10", "2026-07-26,claude,-1"], "line 3: '-1' is not a number of commits"),
        (["2026-07-26,total,10", "2026-07-26,claude,١"], "is not a number of commits"),
        (["2026-07-26,total,10", "2026-07-26,claude"], "line 3: the row has 2 fields"),
    ],
)
def test_a_day_that_contradicts_itself_is_refused_as_a_whole(rows, why):
    (row,) = commits(*rows)
    assert isinstance(row, RowRefused)
    assert why in row.why


def test_the_plain_csv_states_everything():
    source = (
        "indicator,lab,value,low,high,unit,observed_at,source,provider,series,evidence_url,received_at,version\n"
        "largest_run,aster,1e25,9e24,2e25,FLOP,2026-11-01T06:00:00Z,declared,Aster Institute,aster:run-1,https://a.example/,2026-11-02,3\n"
    )
    (row,) = read_csv(source.encode())
    assert row == ReadingRow(
        line=2,
        indicator="largest_run",
        lab="aster",
        value=Decimal("1e25"),
        unit="FLOP",
        observed_at=datetime(2026, 11, 1, 6, tzinfo=UTC),
        source="declared",
        provider="Aster Institute",
        series="aster:run-1",
        low=Decimal("9e24"),
        high=Decimal("2e25"),
        evidence_url="https://a.example/",
        received_at=datetime(2026, 11, 2, tzinfo=UTC),
        version=3,
    )


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("code,,Infinity,share,2026-01-01,observed,x", "not a number"),
        ("code,,1_000,share,2026-01-01,observed,x", "not a number"),
        ("code,,0.1,share,2026-01-01T24:00:00Z,observed,x", "observed_at"),
        ("code,,0.1,share,2026-01-01T12:00:00,observed,x", "observed_at"),
        ("code,,0.1,share,9999-99-99,observed,x", "not a day"),
        ("code,,0.1,share,2026-01-01,guessed,x", "none of verified, observed, declared"),
        ("code,,0.1,share,2026-01-01,observed,", "series: it is empty"),
        ("code,,0.1,share,2026-01-01,observed,a\u202eb", "series: it holds characters"),
        ("code,,0.1,share,2026-01-01,observed", "6 fields"),
    ],
)
def test_a_plain_row_that_cannot_be_read_is_refused_with_its_reason(row, why):
    (found,) = plain(row)
    assert isinstance(found, RowRefused)
    assert why in found.why
    assert found.line == 2


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"indicator,value\n", "'observed_at' is missing"),
        (PLAIN.replace("lab", "lap").encode() + b"code,,1,share,2026-01-01,observed,x", "no column 'lap'"),
        (b"indicator,indicator\n", "appears twice"),
        (b"\xff\xfe", "not UTF-8"),
        (b"a\0b", "NUL"),
        (PLAIN.encode() + b'"never closed', "not CSV"),
        (PLAIN.encode() + b'"' + b"x" * 1_000_001 + b'"', "not CSV"),
    ],
)
def test_a_file_that_is_no_such_csv_is_refused(data, why):
    with pytest.raises(FileRefused, match=why):
        list(read_csv(data))


@given(st.binary(max_size=200), st.sampled_from(sorted(SOURCES)))
def test_no_bytes_bring_a_parser_down(data, source):
    try:
        rows = list(SOURCES[source](data))
    except FileRefused:
        return
    assert all(isinstance(row, ReadingRow | ReleaseRow | RowRefused | RowSkipped) for row in rows)


# Real files


@pytest.mark.parametrize(("snapshot", "rows"), [("2024-11", 1755), ("2025-08", 1892)])
def test_every_row_of_both_epoch_snapshots_is_accounted_for(data_dir, snapshot, rows):
    path = data_dir / f"epoch_models/all_ml_systems_{snapshot}.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        models = [row for row in csv.DictReader(file) if row["Confidence"] != "Wrong"]
    found = Counter(type(row).__name__ for row in read_epoch(path.read_bytes()))
    stated = [bool(row["Training compute (FLOP)"]) for row in models]
    are_open = [row["Model accessibility"].startswith("Open weights") for row in models]
    assert found["ReadingRow"] == sum(stated)
    assert found["ReleaseRow"] == sum(are_open)
    assert found["RowSkipped"] == sum(not a and not b for a, b in zip(stated, are_open, strict=True))
    assert found["RowRefused"] == rows - len(models)


def test_all_seventeen_systems_of_metr_have_their_interval(data_dir):
    rows = list(read_metr((data_dir / "metr_time_horizon/benchmark_results_1_1_2026-01.yaml").read_bytes()))
    assert len(rows) == 17
    assert all(row.low < row.value < row.high for row in rows)


def test_all_days_of_commits_are_read_and_thirty_are_missing(data_dir):
    rows = list(read_commits((data_dir / "ai_commit_share/commit-data.csv").read_bytes()))
    assert len(rows) == 542
    days = [row.series.removeprefix("commits:") for row in rows]
    assert (days[0], days[-1]) == ("2025-01-01", "2026-07-26")
    gaps = [(a, b) for a, b in pairwise(days) if (date.fromisoformat(b) - date.fromisoformat(a)).days > 1]
    assert gaps == [("2025-03-01", "2025-04-01")]
