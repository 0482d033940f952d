"""On which days real readings decide conditions. Each day is found by the rules and by a few lines of floats beside them."""

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from core.truth import Truth
from labs.rules.readings import ReadingValue
from tests.texts import model_text
from treaty.importers.commits import read_commits
from treaty.importers.epoch import read_epoch
from treaty.importers.metr import read_metr
from treaty.rules.conditions import Comparison
from treaty.rules.evaluation import World, evaluate
from treaty.rules.reading import read_text
from treaty.rules.readings import ReadingRow

TEXT = read_text(model_text())
DAY = timedelta(days=1)
FIRST, LAST = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 8, 20, tzinfo=UTC)


def as_values(rows, *, received_at=None, version=1, number=0):
    return [
        ReadingValue(
            number + row.line, row.indicator, None, row.value, row.low, row.high, row.observed_at,
            received_at or row.observed_at, row.source, row.series, version,
        )
        for row in rows
        if isinstance(row, ReadingRow)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def commits(data_dir) -> Path:
    return data_dir / "ai_commit_share/commit-data.csv"


@pytest.fixture(scope="module")
def shares(commits):
    return World(as_values(read_commits(commits.read_bytes())), TEXT.indicators)


@pytest.fixture(scope="module")
def counted(commits):
    """Shares by day, as floats, with no code of ours."""
    totals, agents = {}, {}
    with commits.open(newline="") as file:
        for row in csv.DictReader(file):
            on, number = date.fromisoformat(row["date"]), int(row["count"])
            into = totals if row["query"] == "total" else agents
            into[on] = into.get(on, 0) + number
    return {on: agents[on] / total for on, total in totals.items()}


def means(counted):
    """Each midnight's mean of the 28 days before it, where at least 21 are there and the newest is of the last 14."""
    found, at = {}, FIRST.date()
    while at < LAST.date():
        days = [at - DAY * back for back in range(1, 29)]
        known = [counted[day] for day in days if day in counted]
        fresh = any(day in counted for day in days[:14])
        found[at] = sum(known) / len(known) if len(known) >= 21 and fresh else None
        at += DAY
    return found


def changes(truths):
    found, before = [], None
    for on, truth in truths:
        if truth != before:
            found.append((on.isoformat(), truth))
        before = truth
    return found


def mean_above(threshold):
    return Comparison(
        indicator="ai_commit_share", aggregate="mean", window="28 d", minimum_readings=21, op=">", value=threshold
    )


UNTIL_APRIL = [
    ("2025-01-01", "unknown"),  # too few days yet
    ("2025-01-22", "false"),
    ("2025-03-10", "unknown"),  # thirty days are missing from 2 March 2025
    ("2025-04-22", "false"),
]
THE_END = [("2026-08-04", "unknown")]  # the last day of the file is 26 July 2026


@pytest.mark.parametrize(
    ("threshold", "passed"),
    [
        ("0.01", [("2025-11-03", "true")]),
        ("0.02", [("2026-01-19", "true")]),
        ("0.05", [("2026-03-29", "true")]),
        ("0.1", [("2026-07-23", "true"), ("2026-07-29", "false"), ("2026-08-02", "true")]),
    ],
)
def test_the_mean_of_28_days_passes_each_share_on_these_days(shares, counted, threshold, passed):
    midnights = [FIRST + DAY * number for number in range((LAST - FIRST).days)]
    found = changes((at.date(), evaluate(mean_above(threshold), shares, at).truth.value) for at in midnights)
    assert found == [*UNTIL_APRIL, *passed, *THE_END]
    beside = {None: "unknown", True: "true", False: "false"}
    floats = means(counted).items()
    assert found == changes((on, beside[mean and mean > float(threshold)]) for on, mean in floats)


def test_the_model_treatys_trigger_is_true_a_week_after_the_mean_passed_one_in_twenty(shares):
    condition = TEXT.triggers["code_share"].condition
    passed = datetime(2026, 3, 29, tzinfo=UTC)
    assert evaluate(condition, shares, passed + 7 * DAY - timedelta(microseconds=1)).truth is Truth.FALSE
    found = evaluate(condition, shares, passed + 7 * DAY)
    assert (found.truth, found.since) == (Truth.TRUE, passed)
    assert found.words == (
        "The mean of “Share of public commits made by AI agents” over the last 28 days is ≈ 0.05391 share: "
        "above 0.05, and has been for 7 days."
    )


def test_after_the_last_day_of_the_file_the_secretariat_owes_the_datum(shares):
    found = evaluate(TEXT.triggers["code_share"].condition, shares, datetime(2026, 8, 20, tzinfo=UTC))
    (owed,) = found.owed
    assert (owed.by, owed.due_at) == ("secretariat", datetime(2026, 8, 10, tzinfo=UTC))


def test_agents_that_the_counts_take_up_later_add_to_the_days_that_have_them(commits):
    queries = {}
    with commits.open(newline="") as file:
        for row in csv.DictReader(file):
            queries.setdefault(row["date"], set()).add(row["query"])
    added = {on for on, names in queries.items() if "amp" in names}
    assert len(queries) == 542
    assert len(added) == 158
    row = next(row for row in read_commits(commits.read_bytes()) if row.series == f"commits:{max(added)}")
    assert row.observed_at.date() == date.fromisoformat(max(added)) + DAY


@pytest.mark.parametrize(("edge", "passed"), [("high", "2025-04-16"), ("value", "2025-08-07"), ("low", "2025-11-24")])
def test_the_edges_of_metrs_intervals_pass_150_minutes_on_three_different_days(data_dir, edge, passed):
    rows = list(read_metr((data_dir / "metr_time_horizon/benchmark_results_1_1_2026-01.yaml").read_bytes()))
    world = World(as_values(rows), TEXT.indicators)
    condition = Comparison(indicator="time_horizon", aggregate="max", edge=edge, op=">", value="150")
    midnights = (datetime(2024, 6, 1, tzinfo=UTC) + DAY * number for number in range(700))
    first = next(at for at in midnights if evaluate(condition, world, at).truth is Truth.TRUE)
    assert first.date().isoformat() == passed
    above = [row for row in rows if getattr(row, edge) > 150]
    assert min(row.observed_at for row in above) == first


def test_what_the_second_epoch_snapshot_says_is_judged_from_its_arrival_and_not_before(data_dir):
    """By the first snapshot no run passed 1e26 FLOP; the second knows of two, and that is true of February 2025 from then on."""
    arrived = {"2024-11": datetime(2024, 11, 1, tzinfo=UTC), "2025-08": datetime(2025, 8, 1, tzinfo=UTC)}
    readings = []
    for version, (snapshot, at) in enumerate(arrived.items(), start=1):
        rows = read_epoch((data_dir / f"epoch_models/all_ml_systems_{snapshot}.csv").read_bytes())
        readings += as_values(rows, received_at=at, version=version, number=version * 100_000)
    world = World(readings, TEXT.indicators)
    condition = Comparison(indicator="training_compute", aggregate="max", op=">", value="1e26")
    before = evaluate(condition, world, arrived["2025-08"] - timedelta(microseconds=1))
    assert (before.truth, before.value) == (Truth.FALSE, 50_000_000_001 * 10**15)  # Gemini 1.0 Ultra, December 2023
    after = evaluate(condition, world, arrived["2025-08"])
    assert (after.truth, after.value) == (Truth.TRUE, 464 * 10**24)  # Grok-3, February 2025
    again = evaluate(condition, world, datetime(2025, 3, 1, tzinfo=UTC))
    assert again.truth is Truth.FALSE  # what was decided then is not rewritten


def test_a_restated_value_replaces_the_earlier_one_and_is_not_counted_twice(data_dir):
    readings = []
    for version, snapshot in enumerate(("2024-11", "2025-08"), start=1):
        rows = read_epoch((data_dir / f"epoch_models/all_ml_systems_{snapshot}.csv").read_bytes())
        received = datetime(2025, 8, version, tzinfo=UTC)
        readings += as_values(rows, received_at=received, version=version, number=version * 100_000)
    condition = Comparison(indicator="training_compute", aggregate="count", window="50 y", op=">", value="0")
    newest = {reading.series: reading for reading in readings}.values()  # the second snapshot's after the first's
    found = evaluate(condition, World(readings, TEXT.indicators), datetime(2025, 8, 3, tzinfo=UTC))
    assert found.value == sum(reading.observed_at > datetime(1975, 8, 3, tzinfo=UTC) for reading in newest) == 1105
    assert len(readings) == 1769
