from datetime import timedelta
from decimal import Decimal

import pytest

from core.canonical import parse
from core.errors import NotAllowed
from labs.actions.readings import ReviewedAlready, review_quarantine, submit_reading
from labs.actions.releases import ReleaseRefused, list_release, note_import
from labs.models import ImportRun, OpenWeightRelease, Quarantine, Reading
from labs.queries.readings import values
from labs.rules.readings import IndicatorRule, ReadingRefused
from ledger.models import Entry
from tests.factories import NOON, depositary, inspector, laboratory, observer, officer

FLOP = IndicatorRule("training_flop", "FLOP", "lab", minimum=Decimal(0), largest_jump=Decimal(1000))
PART = IndicatorRule("covered_flop", "FLOP", "lab", part_of="training_flop")
DAY = timedelta(days=1)


def submit(by=None, *, at=NOON, rule=FLOP, lab="aster", **changes):
    fields = {
        "value": Decimal("1e25"),
        "low": None,
        "high": None,
        "unit": "FLOP",
        "observed_at": NOON - 9 * DAY,
        "source": "observed",
        "provider": "Epoch AI",
        "series": "epoch:Aster 3",
        "evidence_url": "https://example.org/aster-3",
    }
    return submit_reading(
        indicator=rule, organisation=laboratory(lab) if lab else None, by=by, at=at, **(fields | changes)
    )


@pytest.fixture(autouse=True)
def _database(db):
    """Every test here has one."""


def test_a_reading_is_entered_with_what_is_needed_to_check_it(entries):
    row = submit()
    payload = parse(bytes(Entry.objects.last().data))["payload"]
    assert entries() == ["reading.received"]
    assert (payload["lab"], payload["indicator"], payload["value"], payload["version"]) == (
        "aster",
        "training_flop",
        "1e25",
        1,
    )
    assert payload["reading"] == row.pk
    assert payload["quarantined_for"] == []


def test_the_same_reading_again_changes_nothing(entries):
    assert submit() == submit(at=NOON + DAY)
    assert entries() == ["reading.received"]


def test_a_restated_value_is_a_new_version_of_its_series(entries):
    first, second = submit(), submit(value=Decimal("2e25"), at=NOON + DAY)
    assert (second.version, second.supersedes) == (2, first)
    assert [value.value for value in values(indicators=["training_flop"], received_by=NOON)] == [Decimal("1e25")]
    assert [value.value for value in values(indicators=["training_flop"], received_by=NOON + DAY)] == [Decimal("2e25")]
    assert len(entries()) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"unit": "petaFLOP"},
        {"observed_at": NOON + timedelta(seconds=1)},
        {"value": Decimal("NaN")},
        {"value": Decimal("1e308")},
        {"low": Decimal("2e25")},
        {"lab": None},
        {"series": "epoch:\u200bOne"},
        {"provider": ""},
        {"provider": "Epoch\u202eAI"},
        {"evidence_url": "javascript:alert(1)"},
        {"evidence_url": "https://example.org/\r\nX: y"},
        {"evidence_url": "https://"},
    ],
)
def test_a_reading_that_is_wrong_in_itself_leaves_nothing_behind(entries, changes):
    with pytest.raises(ReadingRefused):
        submit(**changes)
    assert entries() == []
    assert not Reading.objects.exists()


def test_a_part_above_its_total_is_refused_and_leaves_nothing_behind(entries):
    submit()
    with pytest.raises(ReadingRefused, match="a part is not above its total"):
        submit(rule=PART, value=Decimal("1.1e25"), series="part")
    assert len(entries()) == 1
    assert Reading.objects.count() == 1


def test_an_impossible_jump_is_kept_in_quarantine_and_counts_as_no_reading(entries):
    submit()
    row = submit(value=Decimal("1e29"), series="epoch:Aster 4", observed_at=NOON - DAY)
    assert row.quarantines.get().lifted_at is None
    assert [value.series for value in values(indicators=["training_flop"], received_by=NOON)] == ["epoch:Aster 3"]
    assert parse(bytes(Entry.objects.last().data))["payload"]["quarantined_for"] == row.quarantines.get().reasons
    assert len(entries()) == 2


def test_a_quarantine_is_lifted_by_two_people(entries):
    submit()
    submit(value=Decimal("1e29"), series="epoch:Aster 4", observed_at=NOON - DAY)
    held, first, second = Quarantine.objects.get(), officer(), depositary()
    review_quarantine(quarantine=held, by=first, at=NOON)
    with pytest.raises(ReviewedAlready):
        review_quarantine(quarantine=held, by=first, at=NOON)
    for _ in range(2):
        review_quarantine(quarantine=held, by=second, at=NOON + DAY)
    assert len(values(indicators=["training_flop"], received_by=NOON + DAY)) == 2
    assert len(values(indicators=["training_flop"], received_by=NOON)) == 1
    assert entries()[2:] == ["quarantine.reviewed", "quarantine.lifted"]


@pytest.mark.parametrize(
    ("source", "allowed", "refused"),
    [
        ("declared", "ada", "rival"),
        ("verified", "inspector", "ada"),
        ("observed", "inspector", "observer"),
        ("verified", "officer", None),
    ],
)
def test_a_source_is_vouched_for_by_those_it_names(ada, rival, entries, source, allowed, refused):
    people = {
        "ada": ada,
        "rival": rival,
        "inspector": inspector(),
        "officer": officer(),
        "observer": observer(),
        None: None,
    }
    with pytest.raises(NotAllowed):
        submit(people[refused], source=source)
    assert entries() == []
    submit(people[allowed], source=source)
    assert entries() == ["reading.received"]


def release(**changes):
    fields = {
        "name": "Open 1",
        "developer": "Somebody",
        "released_at": NOON.date(),
        "flop": Decimal("3.2e25"),
        "source": "epoch",
        "source_key": "Open 1",
    }
    return list_release(by=None, at=NOON, **(fields | changes))


def test_a_release_is_listed_once_and_a_restated_one_is_a_new_version(entries):
    assert release() == release()
    assert release(flop=None).version == 2
    assert [found.flop for found in OpenWeightRelease.objects.standing(NOON)] == [None]
    assert entries() == ["release.listed", "release.listed"]


@pytest.mark.parametrize(
    "changes", [{"released_at": (NOON + DAY).date()}, {"flop": Decimal(0)}, {"flop": Decimal("NaN")}]
)
def test_a_release_that_cannot_be_is_refused(entries, changes):
    with pytest.raises(ReleaseRefused):
        release(**changes)
    assert entries() == []


def test_the_same_file_again_is_noted_once(entries):
    counts = {"restated": 0, "refused": 1}
    first = note_import(
        source="epoch", file_name="a.csv", sha256="0" * 64, accepted=3, unchanged=0, **counts, by=None, at=NOON
    )
    assert (
        note_import(
            source="epoch", file_name="a.csv", sha256="0" * 64, accepted=0, unchanged=3, **counts, by=None, at=NOON
        )
        == first
    )
    assert entries() == ["file.imported"]
    assert ImportRun.objects.count() == 1
