import re

import pytest

from inspections.rules.scenarios import read_scenario
from tests.texts import MODEL, model_text
from treaty.rules.reading import TextInvalid, read_text

SCENARIOS = sorted((MODEL.parent.parent / "scenarios").glob("*.yaml"))
TEXT = read_text(model_text())
HONEST = next(path for path in SCENARIOS if path.stem == "honest").read_bytes()


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_examples_can_be_read(path):
    assert read_scenario(path.read_bytes(), TEXT).years == 4


@pytest.mark.parametrize(
    ("there", "instead", "said"),
    [
        ("seed: 1", "seed: one", r"line 3, seed: .*integer"),
        ('starts: "2027-01-01"', 'starts: "2027-02-30"', r"line 4, starts: 2027-02-30 .* calendar"),
        ("years: 4", "years: 51", r"line 5, years: .*50"),
        ("years: 4", "years: 4\nlooks_every: 0 d", r"line 6, looks_every: .*more than nothing"),
        ("years: 4", "years: 4\nlooks_every: 1 min", r"line 6, looks_every: .*1,000,000 looks"),
        ('compute: "30"', 'computes: "30"', r"line 7, labs\.aster\.computes: there is no such field: did you mean 'compute'\?"),
        ('compute: "30"', "pledge: {kind: named, labs: [borealis, zephyr]}", r"line 7, labs\.aster\.pledge: .*no laboratory 'zephyr'"),
        ('compute: "30"', 'cheats: [{kind: keeps_training, factor: "1/2", after: 0 d}]', r"line 7, labs\.aster\.cheats\.0: .*neither"),
        ('compute: "30"', 'cheats: [{kind: under_reports, indicator: horizon, factor: "1/2", after: 0 d}]', r"line 7, .*no series 'horizon'"),
        ("ai_research_share:", "ai_research:", r"line 13, series\.ai_research: the text has no indicator 'ai_research'"),
        ("every: 30 d", "every: 0 d", r"line 14, series\.ai_research_share\.every: "),
        ("every: 30 d", "every: 1 min", r"line 14, .*200,000 readings"),
        ('{after: 1 y, value: "0.9"}', '{after: 0 d, value: "0.9"}', r"line 15, series\.ai_research_share\.points: points stand in order"),
        ('value: "0.9"', 'value: "1.1"', r"line 17, series\.ai_research_share\.points\.1\.value: the indicator cannot be 1\.1"),
        ("shape: steps", 'shape: steps\n    labs: {zephyr: [{after: 0 d, value: "1"}]}', r"line 23, series\.security_incident_open\.labs\.zephyr: .*no laboratory"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line(there, instead, said):
    wrong = HONEST.decode().replace(there, instead, 1)
    assert wrong != HONEST.decode()
    with pytest.raises(TextInvalid) as refused:
        read_scenario(wrong.encode(), TEXT)
    assert re.search(said, refused.value.detail), refused.value.detail
