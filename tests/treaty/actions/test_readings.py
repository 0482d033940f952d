import csv
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from core.canonical import digest, parse
from core.errors import NotAllowed
from labs.models import ImportRun, OpenWeightRelease, Quarantine, Reading
from labs.queries.readings import values
from labs.rules.readings import ReadingRefused
from ledger.models import Entry
from tests import factories
from treaty.actions.readings import MOST_IN_A_BATCH, batches, import_batch, import_releases, submit
from treaty.queries.texts import UnknownIndicator
from treaty.rules.readings import ReadingRow, ReleaseRow

pytestmark = pytest.mark.django_db
NOON = factories.NOON
SHA = "0" * 64


@pytest.fixture(autouse=True)
def _text(db):
    factories.text()


def row(value="0.04", line=2, *, observed_at=NOON, series=None, **fields):
    return ReadingRow(
        line=line,
        indicator=fields.pop("indicator", "ai_commit_share"),
        lab=fields.pop("lab", None),
        value=Decimal(value),
        unit=fields.pop("unit", "share"),
        observed_at=observed_at,
        source=fields.pop("source", "observed"),
        provider="Counts",
        series=series or f"commits:{line}",
        **fields,
    )


def take_in(*rows, at=NOON, by=None):
    return import_batch(rows=rows, file_sha256=SHA, by=by, at=at)


def declared(**fields):
    lab = factories.laboratory()
    defaults = {
        "indicator": "ai_research_share",
        "organisation": lab,
        "value": Decimal("0.7"),
        "unit": "share",
        "observed_at": NOON,
        "source": "declared",
        "provider": "Aster Institute",
        "series": "aster:2026-11",
        "by": factories.representative(lab),
        "at": NOON,
    }
    return submit(**{**defaults, **fields})


# One reading


def test_a_representative_declares_a_reading_with_one_entry():
    reading = declared()
    (entry,) = Entry.objects.all()
    assert (entry.kind, reading.version, reading.quarantines.count()) == ("reading.received", 1, 0)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"unit": "percent"}, "measured in 'share', not in 'percent'"),
        ({"observed_at": NOON + timedelta(microseconds=1)}, "in the future"),
        ({"value": Decimal("1.01")}, "above 1"),
        ({"low": Decimal("0.8")}, "interval"),
        ({"organisation": None, "source": "observed", "by": None}, "which laboratory"),
    ],
)
def test_a_reading_that_is_wrong_in_itself_is_refused_and_leaves_nothing(fields, words):
    with pytest.raises(ReadingRefused, match=words):
        declared(**fields)
    assert (Reading.objects.count(), Entry.objects.count()) == (0, 0)


def test_a_part_above_its_total_is_refused_and_leaves_nothing():
    flop = {"unit": "FLOP", "series": "aster:total"}
    declared(indicator="research_compute", value=Decimal("1e24"), **flop)
    with pytest.raises(ReadingRefused, match="a part is not above its total"):
        declared(indicator="automated_research_compute", value=Decimal("2e24"), **{**flop, "series": "aster:part"})
    assert Reading.objects.count() == Entry.objects.count() == 1


def test_an_impossible_jump_is_received_and_counts_as_no_reading():
    flop = {"indicator": "largest_run", "unit": "FLOP"}
    declared(value=Decimal("1e22"), observed_at=NOON - timedelta(days=9), series="aster:1", **flop)
    jumped = declared(value=Decimal("1e27"), series="aster:2", **flop)
    assert jumped.quarantines.count() == 1
    assert [value.series for value in values(indicators={"largest_run"}, received_by=NOON)] == ["aster:1"]


def test_somebody_elses_representative_cannot_declare():
    with pytest.raises(NotAllowed):
        declared(by=factories.representative(factories.laboratory("borealis")))


def test_an_indicator_that_the_text_does_not_have_is_refused_with_those_it_has():
    with pytest.raises(UnknownIndicator, match="no indicator 'code'; it has ai_commit_share"):
        declared(indicator="code")


# Batches


def test_a_batch_is_one_entry_that_holds_every_reading():
    taken = take_in(row("0.04", 2, low=Decimal("0.03")), row("0.05", 3))
    (entry,) = Entry.objects.all()
    payload = parse(bytes(entry.data))["payload"]
    assert taken.accepted == Reading.objects.count() == payload["count"] == 2
    assert payload["readings"][0] == [
        Reading.objects.get(series="commits:2").pk,
        "commits:2",
        1,
        "0.04",
        "0.03",
        None,
        "2026-11-22T12:00:00Z",
        [],
    ]
    assert payload["sha256"] == digest(payload["readings"])
    assert entry.subjects == ["indicator:ai_commit_share"]


def test_the_same_batch_again_changes_nothing():
    take_in(row("0.04", 2), row("0.05", 3))
    taken = take_in(row("0.04", 2), row("0.050", 3), at=NOON + timedelta(days=1))
    assert (taken.accepted, taken.unchanged) == (0, 2)
    assert (Reading.objects.count(), Entry.objects.count()) == (2, 1)


def test_a_restated_value_is_the_next_version_and_the_earlier_one_stays_what_it_was():
    take_in(row("0.04", 2))
    taken = take_in(row("0.06", 2), at=NOON + timedelta(days=1))
    assert (taken.accepted, taken.restated) == (0, 1)
    first, second = Reading.objects.order_by("version")
    assert (second.version, second.supersedes) == (2, first)
    assert [value.value for value in values(indicators={"ai_commit_share"}, received_by=NOON)] == [Decimal("0.04")]
    later = values(indicators={"ai_commit_share"}, received_by=NOON + timedelta(days=1))
    assert [value.value for value in later] == [Decimal("0.06")]


def test_wrong_rows_are_refused_by_name_and_the_others_are_taken():
    rows = [
        row("0.04", 2),
        row("40", 3),
        row("0.04", 4, unit="percent"),
        row("0.04", 5, observed_at=NOON + timedelta(days=1)),
        row("0.04", 6, received_at=NOON),
        row("0.05", 7),
    ]
    taken = take_in(*rows)
    assert taken.accepted == Reading.objects.count() == 2
    assert [refused.line for refused in taken.refused] == [3, 4, 5, 6]
    assert "above 1" in taken.refused[0].why


def test_a_batch_in_which_every_row_is_refused_leaves_no_entry():
    assert len(take_in(row("40", 2)).refused) == 1
    assert Entry.objects.count() == 0


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"indicator": "code"}, "no indicator 'code'"),
        ({"lab": "nobody"}, "no organisation 'nobody'"),
        ({"lab": "aster", "source": "declared", "indicator": "ai_research_share"}, "may not vouch"),
    ],
)
def test_a_batch_that_may_not_be_taken_in_is_refused_row_by_row(fields, why):
    factories.laboratory()
    taken = take_in(row(line=2, **fields), row(line=3, **fields))
    assert [why in refused.why for refused in taken.refused] == [True, True]
    assert Reading.objects.count() == 0


def test_contradictions_within_a_file_go_to_quarantine():
    fields = {"indicator": "largest_run", "lab": "aster", "unit": "FLOP", "source": "verified"}
    officer = factories.officer()
    factories.laboratory()
    taken = take_in(
        row("1e22", 2, observed_at=NOON - timedelta(days=2), **fields), row("1e27", 3, **fields), by=officer
    )
    assert (taken.accepted, taken.quarantined, Quarantine.objects.count()) == (2, 1, 1)


def test_the_same_day_twice_in_a_file_counts_once():
    taken = take_in(row("0.03", 2, series="commits:a"), row("0.05", 3, series="commits:b"))
    assert (taken.accepted, taken.quarantined) == (2, 1)
    assert [str(one.value) for one in values(indicators=["ai_commit_share"], received_by=NOON)] == ["0.03"]


def test_batches_hold_one_subject_and_fit_into_an_entry():
    rows = [row(line=line, series=f"commits:{'x' * 180}{line}") for line in range(2, 900)]
    cut = list(batches([*rows, row(line=1, indicator="time_horizon")]))
    assert {len({each.indicator for each in batch}) for batch in cut} == {1}
    assert sum(map(len, cut)) == 899
    assert max(map(len, cut)) < MOST_IN_A_BATCH
    for batch in cut:
        take_in(*batch)
    assert max(len(entry.data) for entry in Entry.objects.all()) < 60_000


# The register of open weights


def release(line=2, flop="4e24", name="M"):
    return ReleaseRow(line, name, "A", NOON.date(), Decimal(flop) if flop else None, "Epoch AI", f"epoch:{name}")


def test_releases_of_a_file_are_one_entry_and_a_restated_one_is_a_version():
    import_releases(rows=[release(), release(3, None, "N")], file_sha256=SHA, by=None, at=NOON)
    taken = import_releases(rows=[release(flop="5e24"), release(3, None, "N")], file_sha256=SHA, by=None, at=NOON)
    assert (taken.restated, taken.unchanged) == (1, 1)
    assert OpenWeightRelease.objects.count() == 3
    assert [entry.kind for entry in Entry.objects.all()] == ["releases.listed"] * 2


def test_a_release_to_come_is_refused():
    taken = import_releases(rows=[release()], file_sha256=SHA, by=None, at=NOON - timedelta(days=1))
    assert (len(taken.refused), Entry.objects.count()) == (1, 0)


# The command


def run(capsys, *arguments):
    call_command("import_readings", *map(str, arguments))
    return capsys.readouterr()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "readings.csv"
    path.write_text(
        "indicator,lab,value,unit,observed_at,source,provider,series\n"
        "ai_commit_share,,0.04,share,2026-01-01,observed,Counts,a\n"
        "ai_commit_share,,0.04,share,2026-01-01,observed,Counts,a\n"
        "ai_commit_share,,0.05,share,2026-01-01,observed,Counts,a\n"
        "ai_commit_share,,four,share,2026-01-01,observed,Counts,b\n"
        "ai_commit_share,,4,share,2026-01-01,observed,Counts,c\n"
        "time_horizon,,300,minute,2026-01-01,observed,Counts,d\n"
    )
    return path


def test_the_command_takes_in_what_is_right_and_names_the_rest(capsys, file, tmp_path):
    report = tmp_path / "report.csv"
    told = run(capsys, "csv", file, "--report", report)
    assert "2 new, 0 restated, 0 unchanged, 3 refused" in told.out
    assert "1 skipped: the file states it twice." in told.out
    assert "line 4: a: line 2 states the same datum otherwise; that one counts" in told.err
    assert "line 5: b: value: 'four' is not a number" in told.err
    with report.open(newline="") as lines:
        assert [line["line"] for line in csv.DictReader(lines)] == ["4", "5", "6", "3"]
    kinds = sorted(Entry.objects.values_list("kind", flat=True))
    assert kinds == ["file.imported", "readings.imported", "readings.imported"]


def test_the_command_twice_changes_nothing(capsys, file):
    run(capsys, "csv", file)
    before = (Reading.objects.count(), Entry.objects.count(), ImportRun.objects.count())
    assert "0 new, 0 restated, 2 unchanged" in run(capsys, "csv", file).out
    assert (Reading.objects.count(), Entry.objects.count(), ImportRun.objects.count()) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["csv", "nowhere.csv"], "No such file"),
        (["metr", "{file}"], "no results|not YAML|time"),
        (["csv", "{file}", "--as", "x@y.z"], "Nobody"),
    ],
)
def test_the_command_says_what_it_cannot_read(file, arguments, words):
    with pytest.raises(CommandError, match=words):
        call_command("import_readings", *(part.format(file=file) for part in arguments))


def models_of(data_dir, snapshot):
    path = data_dir / f"epoch_models/all_ml_systems_{snapshot}.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["Training compute (FLOP)"]]
    columns = ("Training compute (FLOP)", "Training compute lower bound", "Training compute upper bound")
    return {
        " ".join((row.get("Model") or row["System"]).split()): (
            row["Publication date"],
            *(f"{float(row[column]):.11e}" if row[column] else "" for column in columns),
        )
        for row in rows
    }


def test_a_later_snapshot_of_epoch_restates_and_the_same_one_changes_nothing(capsys, data_dir):
    """Counted beside it with floats and no code of ours. Each snapshot refuses one interval that does not hold its value."""
    first = run(capsys, "epoch", data_dir / "epoch_models/all_ml_systems_2024-11.csv")
    assert "1289 new, 0 restated, 0 unchanged, 2 refused" in first.out
    assert "ConvS2S (ensemble of 8 models): The interval does not hold the value" in first.err
    second = run(capsys, "epoch", data_dir / "epoch_models/all_ml_systems_2025-08.csv")
    assert "701 new, 208 restated, 833 unchanged, 2 refused" in second.out
    earlier, later = models_of(data_dir, "2024-11"), models_of(data_dir, "2025-08")
    restated = {name for name in earlier.keys() & later.keys() if earlier[name] != later[name]}
    versions = Reading.objects.filter(version=2).values_list("series", flat=True)
    assert {series.removeprefix("epoch:") for series in versions} == restated
    before = (Reading.objects.count(), OpenWeightRelease.objects.count(), Entry.objects.count())
    again = run(capsys, "epoch", data_dir / "epoch_models/all_ml_systems_2025-08.csv")
    assert "0 new, 0 restated" in again.out
    assert (Reading.objects.count(), OpenWeightRelease.objects.count(), Entry.objects.count()) == before
    assert max(len(entry.data) for entry in Entry.objects.all()) < 60_000
