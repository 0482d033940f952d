import csv
import re
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from core.durations import Duration
from tests.texts import model_text
from treaty.rules.articles import (
    REFERENCE,
    Governed,
    NoSuchValue,
    dangling,
    governed,
    governing,
    numbers,
    paragraph,
    ungoverned,
    value_at,
)
from treaty.rules.reading import read_text

TEXT = read_text(model_text())


def test_every_number_is_governed_by_an_article_that_names_its_source():
    assert len(numbers(TEXT)) > 200
    assert ungoverned(TEXT) == []


def test_every_governed_path_exists():
    assert dangling(TEXT) == []


def test_every_article_has_a_commentary_and_a_source():
    assert [article.number for article in TEXT.articles if not (article.commentary and article.source)] == []


def test_no_article_writes_a_number_that_the_document_states():
    """Each number is written once: in an article's prose only annexes and articles are numbered."""
    loose = [
        f"{article.number}: {found}"
        for article in TEXT.articles
        for prose in article.body
        for found in re.findall(r"(?<!Annex )(?<!Article )(?<!H)\b[0-9][0-9.]*\b", REFERENCE.sub("", prose))
    ]
    assert loose == []


def test_articles_are_numbered_in_order():
    assert [article.number for article in TEXT.articles] == [str(number) for number in range(1, len(TEXT.articles) + 1)]


def test_a_path_governs_all_that_lies_below_it():
    article = TEXT.articles[2]
    assert [found.path for found in governed(article, TEXT)] == [
        "entry_into_force.ratifications",
        "entry_into_force.delay",
    ]
    assert [it.number for it in governing("entry_into_force.delay", TEXT)] == ["3"]


def test_a_paragraph_reads_with_its_values():
    parts = paragraph("within {declarations.initial_due} of it", TEXT)
    assert [part.text for part in parts] == ["within ", "", " of it"]
    assert parts[1].governed == Governed("declarations.initial_due", Duration.parse("45 d"))


def test_a_value_is_found_through_lists_and_annexes():
    assert value_at(TEXT, "levels.pause.training_above_flop") == Decimal("1e24")
    assert str(value_at(TEXT, "levels.pause.stages.0.within")) == "24 h"


@pytest.mark.parametrize(
    "path", ["nowhere", "declarations.nothing", "levels.pause.stages.9.within", "levels.pause.stages.x", "title.x"]
)
def test_a_path_to_nothing_is_named(path):
    with pytest.raises(NoSuchValue, match=re.escape(path)):
        value_at(TEXT, path)


def test_the_numbers_of_the_design_are_those_of_the_text():
    stated = {
        "entry_into_force.ratifications": "5",
        "entry_into_force.delay": "30 d",
        "declarations.initial_due": "45 d",
        "declarations.update_every": "6 mo",
        "declarations.update_grace": "30 d",
        "declarations.change_within": "5 d",
        "declarations.chip_register_every": "90 d",
        "declarations.transfer_notice": "14 d",
        "covered.h100_equivalents_above": "16",
        "covered.memory_gb_above": "1280",
        "covered.monitored_flop": "1E+22",
        "covered.strict_flop": "1E+24",
        "covered.presumption_flop": "1E+25",
        "covered.reporting_flop": "1E+26",
        "clarification.acknowledge_within": "36 h",
        "clarification.answer_within": "5 d",
        "profiles.ordinary_pause.silence.period": "48 h",
        "profiles.ordinary_pause.silence.blocking": "1/3",
        "profiles.ordinary_pause.electorates.0.quorum": "1/2",
        "profiles.ordinary_pause.electorates.0.threshold.share": "1/2",
        "profiles.emergency_pause.electorates.0.threshold.share": "2/3",
        "profiles.emergency_pause.emergency.lapses": "14 d",
        "profiles.resumption.electorates.0.threshold.share": "2/3",
        "profiles.resumption.electorates.1.threshold.share": "1/2",
        "profiles.resumption.timelock": "72 h",
        "profiles.challenge_stop.electorates.0.threshold.share": "3/4",
        "profiles.challenge_stop.period": "12 h",
        "monitoring.challenge.arrival_after_notice": "12 h",
        "monitoring.challenge.on_site_within": "36 h",
        "monitoring.challenge.longest": "84 h",
        "monitoring.notice.routine": "48 h",
        "monitoring.notice.short": "24 h",
        "monitoring.notice.on_site": "2 h",
        "monitoring.visits_per_site_per_year": "2",
        "monitoring.visits_per_party_per_year": "20",
        "monitoring.refusal_effective_after": "30 d",
        "monitoring.detection_probability": "9/10",
        "monitoring.false_alarm": "1/20",
        "withdrawal.notice": "12 mo",
    }
    assert {path: str(value_at(TEXT, path)) for path in stated} == stated
    assert set(TEXT.entry_into_force.among_them) == {lab.key for lab in TEXT.labs}


def test_real_commits_passed_the_threshold_of_the_text_for_as_long_as_it_asks(data_dir):
    """Counted independently of the evaluator: what the commentary of article 6 says of the spring of 2026 is so."""
    total, agents = {}, Counter()
    with (data_dir / "ai_commit_share" / "commit-data.csv").open() as file:
        for row in csv.DictReader(file):
            day = date.fromisoformat(row["date"])
            if row["query"] == "total":
                total[day] = int(row["count"])
            else:
                agents[day] += int(row["count"])
    condition = TEXT.triggers["code_share"].condition
    assert (str(condition.window), str(condition.sustained_for)) == ("28 d", "7 d")

    def above(day):
        window = [Fraction(agents[it], total[it]) for n in range(28) if total.get(it := day - timedelta(n))]
        return len(window) >= condition.minimum_readings and sum(window) / len(window) > Fraction(condition.value)

    first = min(day for day in total if all(above(day + timedelta(n)) for n in range(8)))
    assert first == date(2026, 3, 28)
