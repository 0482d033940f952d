import json
from argparse import ArgumentParser
from dataclasses import asdict

import pytest

from inspections.rules.draws import Ticketed, draw
from verifier import balance as balance_command
from verifier import draw as draw_command

PERIODS = {
    "input": [100.0, 90.0],
    "output": [60.0, 70.0],
    "inventory": [50.0, 85.0, 104.0],
    "err": {"input": [0.01, 0.001], "output": [0.01, 0.001], "inventory": [0.01, 0.001]},
}
LISTED = [
    {"key": "aster", "weight": 1, "group": "a"},
    {"key": "borealis", "weight": 2, "group": "b"},
    {"key": "cobalt", "weight": 3, "group": "c"},
]
DRAW = {"seed": "00" * 32, "places": 2, "listed": LISTED, "caps": {"c": 1}}


def run(command, *arguments):
    parser = ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args([str(argument) for argument in arguments]))


@pytest.fixture
def file(tmp_path):
    def written(value):
        path = tmp_path / "in.json"
        path.write_text(value if isinstance(value, str) else json.dumps(value))
        return path

    return written


def test_balance_prints_the_five_statistics_as_json(file, capsys):
    assert run(balance_command, "--periods", file(PERIODS), "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert set(answer) == {"muf", "cumuf", "sigma_muf", "sitmuf", "page"}
    assert answer["muf"] == [5.0, 1.0]


def test_balance_prints_a_line_a_period_for_people(file, capsys):
    assert run(balance_command, "--periods", file(PERIODS)) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


@pytest.mark.parametrize(
    "value",
    [
        "",
        "[]",
        "[" * 100_000,
        '{"input": NaN}',
        {**PERIODS, "input": [1]},
        {**PERIODS, "input": ["1", "2"]},
        {**PERIODS, "err": {}},
        {**PERIODS, "input": [1e308, 1]},
        {**PERIODS, "err": {key: [0, 0] for key in PERIODS["err"]}},
    ],
)
def test_balance_refuses_what_it_cannot_read_and_says_why(file, capsys, value):
    assert run(balance_command, "--periods", file(value)) == 65
    assert capsys.readouterr().out.startswith("fermata balance: ")


def true_draw():
    found = draw(bytes(32), [Ticketed(**item) for item in LISTED], 2, {"c": 1})
    return {**DRAW, "drawn": list(found.drawn), "transcript": [asdict(step) for step in found.transcript]}


def test_a_true_transcript_is_confirmed(file, capsys):
    assert run(draw_command, file(true_draw())) == 0
    assert "exactly this draw" in capsys.readouterr().out


@pytest.mark.parametrize("change", ["who", "ticket", "order", "seed", "weight"])
def test_each_alteration_of_a_draw_is_named(file, capsys, change):
    value = true_draw()
    match change:
        case "who":
            value["transcript"][1]["key"] = "aster" if value["transcript"][1]["key"] != "aster" else "borealis"
        case "ticket":
            value["transcript"][0]["ticket"] += 1
        case "order":
            value["drawn"].reverse()
        case "seed":
            value["seed"] = "02" * 32
        case "weight":
            value["listed"][0]["weight"] = 7
    assert run(draw_command, file(value), "--json") == 1
    assert json.loads(capsys.readouterr().out)["difference"]


@pytest.mark.parametrize(
    "value",
    [
        "",
        {**DRAW, "seed": "xyz"},
        {**DRAW, "places": "2"},
        {**DRAW, "listed": [{"key": "a"}]},
        {**DRAW, "transcript": [1]},
        {**DRAW, "listed": LISTED + LISTED},
    ],
)
def test_draw_refuses_what_it_cannot_read(file, capsys, value):
    assert run(draw_command, file(value)) == 65
    assert capsys.readouterr().out.startswith("fermata draw: ")
