import json

import pytest
from django.core.management import CommandError, call_command

from tests.texts import MODEL, model_text

SCENARIOS = MODEL.parent.parent / "scenarios"


def test_a_scenario_is_played_without_a_database(capsys):
    call_command("simulate", str(SCENARIOS / "honest.yaml"))
    said = capsys.readouterr().out
    assert "Everybody keeps to it: 4 years from 2027-01-01, 5 laboratories, seed 1" in said
    assert "pause.enter_into_force" in said
    assert "Cheating:\n  none" in said


def test_json_says_the_same_for_programs(capsys):
    call_command("simulate", str(SCENARIOS / "late.yaml"), json=True)
    said = json.loads(capsys.readouterr().out)
    assert said["unprotected_seconds"] == sum(said["gaps_seconds"].values()) > 0
    assert said["text"]["version"] == 1


def test_cheating_that_is_never_detected_is_said_so_and_fails(tmp_path, capsys):
    blind = tmp_path / "blind.yaml"
    blind.write_text((SCENARIOS / "cheating.yaml").read_text().replace("years: 4", 'years: 4\ndetection: "0"'))
    with pytest.raises(SystemExit) as left:
        call_command("simulate", str(blind))
    assert left.value.code == 1
    assert "aster under_reports ai_research_share: from 2027-10-03, NEVER DETECTED" in capsys.readouterr().out


def test_a_scenario_that_cannot_be_read_is_refused_with_its_line(tmp_path):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text((SCENARIOS / "honest.yaml").read_text().replace("seed: 1", "sead: 1"))
    with pytest.raises(CommandError, match=r"line 3, sead: there is no such field: did you mean 'seed'\?") as refused:
        call_command("simulate", str(wrong))
    assert refused.value.returncode == 65


def test_another_text_can_be_played_and_is_checked(tmp_path):
    text = tmp_path / "text.yaml"
    text.write_bytes(model_text().replace(b"  ai_research_share:\n    title", b"  code_by_ai:\n    title"))
    with pytest.raises(CommandError, match=r"text\.yaml:\nline"):
        call_command("simulate", str(SCENARIOS / "honest.yaml"), text=text)


def test_a_file_that_is_not_there_is_said_so(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("simulate", str(tmp_path / "none.yaml"))


def test_the_schema_names_every_field(capsys):
    call_command("simulate", schema=True)
    assert {"title", "seed", "labs", "series"} <= set(json.loads(capsys.readouterr().out)["properties"])
