"""Real votes recomputed. What is listed can be read with `fermata outcomes swissvotes FILE` and `fermata outcomes assembly FOLDER`."""

import csv

import pytest

from treaty.rules.votes import Outcome, Reason
from verifier.cli import main
from verifier.outcomes import assembly, swissvotes


@pytest.fixture(scope="module")
def swiss(data_dir):
    return swissvotes(data_dir / "swissvotes" / "swissvotes_compact.csv")


@pytest.fixture(scope="module")
def roll_calls(data_dir):
    return assembly(data_dir / "unga_votes")


def test_every_official_swiss_outcome_follows_from_the_ballots_of_the_cantons(swiss):
    assert (len(swiss.results), swiss.left_out, swiss.differing) == (486, ("1.0", "465.3"), [])


def test_the_canton_totals_of_the_file_differ_only_where_it_rounds_or_counts_two_drafts_together(swiss):
    totals = swiss.totals()
    assert (totals[""], len(totals["two drafts"])) == ([], 5)
    assert len(totals["rounded"]) > 10


def test_eleven_cantons_to_eleven_is_a_tie_and_a_rejection(swiss):
    ties = [one.tally for one in swiss.results if one.tally.reason is Reason.TIE]
    assert ties
    for found in ties:
        assert found.outcome is Outcome.REJECTED
        assert found.counts[-1].consent == found.counts[-1].object


def test_every_roll_call_of_the_assembly_is_counted_and_agrees_with_plain_arithmetic(roll_calls):
    assert len(roll_calls.results) == 6203
    assert sum(one.said.total() for one in roll_calls.results) == 870_109
    assert all(one.said.total() == one.members == one.simple.counts[0].members for one in roll_calls.results)
    assert roll_calls.unexplained == []


def test_the_majorities_of_the_assembly(roll_calls):
    simple = sum(one.simple.outcome is Outcome.ADOPTED for one in roll_calls.results)
    important = sum(one.important.outcome is Outcome.ADOPTED for one in roll_calls.results)
    ties = sum(one.simple.reason is Reason.TIE for one in roll_calls.results)
    assert (simple, important, ties) == (5854, 5585, 11)


def test_one_command_lists_what_was_recomputed(data_dir, capsys):
    assert main(["outcomes", "swissvotes", str(data_dir / "swissvotes" / "swissvotes_compact.csv")]) == 0
    said = capsys.readouterr().out
    assert "486 of 488 votes up to 2000 recomputed from the ballots of the cantons; 0 outcomes differ." in said
    assert "0 totals differ without a known reason." in said


def test_an_outcome_that_does_not_follow_is_named_and_the_command_fails(data_dir, tmp_path, capsys):
    with (data_dir / "swissvotes" / "swissvotes_compact.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    row = next(row for row in rows if row["anr"] == "5.0" or row["anr"] == "5")
    row["annahme"] = "1" if float(row["annahme"]) == 0 else "0"
    with (tmp_path / "forged.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        writer.writeheader()
        writer.writerow(row)
    assert main(["outcomes", "swissvotes", str(tmp_path / "forged.csv")]) == 1
    assert "1 outcomes differ" in capsys.readouterr().out


def test_another_file_is_refused(tmp_path, capsys):
    (tmp_path / "b.csv").write_text("a,b\n1,2\n")
    assert main(["outcomes", "swissvotes", str(tmp_path / "b.csv")]) == 65
    assert "is not this record" in capsys.readouterr().err
