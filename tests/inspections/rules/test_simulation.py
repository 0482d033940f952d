from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspections.rules.habits import visits
from inspections.rules.quotas import fullest_year
from inspections.rules.scenarios import Scenario, read_scenario
from inspections.rules.simulated import Gap
from inspections.rules.simulation import simulate
from tests.texts import MODEL, model_text
from treaty.rules.findings import World
from treaty.rules.reading import read_text

TEXT = read_text(model_text())
LABS = ("aster", "borealis", "cobalt", "daxing", "elbe")
NO_TIME = timedelta(0)
UNDER = {"kind": "under_reports", "indicator": "ai_research_share", "factor": "1/2", "after": "0 d"}
TRAINS = {"kind": "keeps_training", "after": "0 d"}


def scenario(*, labs=None, habits=None, **changes):
    """Two years in which the share of code passes the trigger after a year and stays there."""
    value = {
        "title": "A test", "seed": 1, "starts": "2027-01-01", "years": 2,
        "labs": {lab: {"compute": "10", **(habits or {}), **(labs or {}).get(lab, {})} for lab in LABS},
        "series": {
            "ai_research_share": {
                "every": "30 d",
                "points": [{"after": "0 d", "value": "0.5"}, {"after": "300 d", "value": "0.5"}, {"after": "330 d", "value": "0.9"}],
            },
            "security_incident_open": {"every": "14 d", "points": [{"after": "0 d", "value": "0"}]},
        },
    }  # fmt: skip
    return Scenario.model_validate(value | changes)


def told(report, what):
    return [one for one in report.told if one.what == what]


@cache
def example(name):
    source = (MODEL.parent.parent / "scenarios" / f"{name}.yaml").read_bytes()
    return simulate(read_scenario(source, TEXT), TEXT)


# --- the examples -----------------------------------------------------------------------------------------------


def test_where_all_are_honest_the_world_is_unprotected_only_until_all_have_halted():
    report = example("honest")
    assert set(report.gaps) <= {Gap.UNKNOWN, Gap.UNSEEN, Gap.DECIDING, Gap.STANDING_DOWN}
    assert (report.late, report.undetected) == (NO_TIME, [])
    assert [one.what for one in report.told if one.what.startswith("pause.")] == [
        "pause.adopt", "pause.open_activation", "pause.enter_into_force", "pause.resume", "pause.end"
    ]  # fmt: skip
    assert len(told(report, "trigger.reset")) == 1


def test_lateness_leaves_the_world_unprotected_for_longer_and_is_told_stage_by_stage():
    honest, late = example("honest"), example("late")
    assert late.danger == honest.danger
    assert late.unprotected > honest.unprotected
    assert late.unknown["security"] > honest.unknown["security"]
    assert late.late > NO_TIME
    assert len(told(late, "standdown.late")) >= 6


def test_cheating_is_reported_with_when_it_was_detected_or_that_it_never_was():
    report = example("cheating")
    assert {one.outcome for one in report.hidden} <= {"detected", "undetected", "no_occasion"}
    assert len(told(report, "cheat.detected")) == sum(one.outcome == "detected" for one in report.hidden)
    assert report.unprotected > example("honest").unprotected


@pytest.mark.parametrize("name", ["cheating", "honest", "late"])
def test_findings_that_are_kept_between_looks_change_nothing_that_is_reported(name, monkeypatch):
    monkeypatch.setattr(World, "without", lambda *_: {})
    anew = World.found
    monkeypatch.setattr(World, "found", lambda world, *asked: anew(replace(world, lasting=False), *asked))
    source = (MODEL.parent.parent / "scenarios" / f"{name}.yaml").read_bytes()
    played = read_scenario(source, TEXT).model_copy(update={"years": 1})
    judged_each_time = simulate(played, TEXT).to_json()
    monkeypatch.undo()
    assert simulate(played, TEXT).to_json() == judged_each_time


# --- properties -------------------------------------------------------------------------------------------------

LENGTHS = st.integers(0, 60).map(lambda days: f"{days} d")
HABITS = st.fixed_dictionaries(
    {},
    optional={
        "reports_after": LENGTHS,
        "misses": st.sampled_from(["0", "1/4", "1/2"]),
        "vote": st.sampled_from(["consent", "object", "abstain", "silent"]),
        "confirms_after": st.sampled_from(["0 h", "23 h", "24 h", "2 d"]),
        "stages": st.dictionaries(st.sampled_from(["acknowledge", "halt", "declare", "verify"]), LENGTHS),
        "cheats": st.lists(st.sampled_from([UNDER, TRAINS]), max_size=2, unique_by=lambda cheat: cheat["kind"]),
    },
)
SCENARIOS = st.builds(
    lambda labs, seed, detection: scenario(labs=labs, seed=seed, detection=detection, looks_every="3 d"),
    st.fixed_dictionaries(dict.fromkeys(LABS, HABITS)),
    st.integers(0, 2**32),
    st.sampled_from(["0", "1/2", "1", None]),
)
few = settings(max_examples=8, deadline=None)


@few
@given(SCENARIOS)
def test_the_same_scenario_is_played_in_the_same_way(played):
    assert simulate(played, TEXT).to_json() == simulate(played, TEXT).to_json()


@few
@given(SCENARIOS)
def test_the_account_adds_up(played):
    report = simulate(played, TEXT)
    assert NO_TIME <= report.unprotected <= report.danger <= played.end - played.start
    assert all(played.start <= one.at < played.end for one in report.told)
    for one in report.hidden:
        assert one.detected_at is None or one.begun_at <= one.detected_at < played.end


@few
@given(SCENARIOS)
def test_a_cheat_that_nobody_finds_is_reported_as_undetected(played):
    blind = played.model_copy(update={"detection": 0})
    report = simulate(blind, TEXT)
    assert told(report, "cheat.detected") == []
    assert report.undetected == [one for one in report.hidden if one.begun_at]
    stated = [one for one in report.to_json()["cheating"] if one["outcome"] == "undetected"]
    assert len(stated) == len(report.undetected)


@few
@given(SCENARIOS)
def test_no_pause_resumes_before_every_stand_down_was_verified(played):
    report = simulate(played, TEXT)
    for resumed in told(report, "pause.resume"):
        lates = [one for one in told(report, "standdown.late") if one.about.startswith(resumed.about.split(" (")[0])]
        assert all(one.at < resumed.at for one in lates)


@given(st.integers(0, 2**32), st.sampled_from(LABS))
def test_visits_keep_within_the_quota(seed, lab):
    days = visits(scenario(seed=seed, years=5), TEXT, lab)
    assert days
    assert max(fullest_year([one for one in days if one != day], day) for day in days) < (
        TEXT.monitoring.visits_per_site_per_year + 1
    )


# --- one example for each rule -------------------------------------------------------------------------------------


def test_a_laboratory_that_never_reports_leaves_the_trigger_unknown_and_nothing_fires():
    silent = {lab: {"misses": "1"} for lab in LABS[:3]}
    report = simulate(scenario(labs=silent), TEXT)
    assert told(report, "trigger.fired") == []
    assert set(report.gaps) == {Gap.UNKNOWN}
    assert report.unprotected == report.danger > NO_TIME


def test_what_three_understate_is_unseen_until_a_visit_finds_it():
    liars = {lab: {"cheats": [UNDER]} for lab in LABS[:3]}
    blind = simulate(scenario(labs=liars, detection="0"), TEXT)
    assert (set(blind.gaps), len(blind.undetected)) == ({Gap.UNSEEN}, 3)
    sharp = simulate(scenario(labs=liars, detection="1"), TEXT)
    assert sharp.undetected == []
    assert len(told(sharp, "trigger.fired")) == 1


def test_training_that_goes_on_is_a_gap_until_the_verifying_visit_finds_it():
    blind = simulate(scenario(labs={"daxing": {"cheats": [TRAINS]}}, detection="0"), TEXT)
    assert (blind.gaps[Gap.CHEATING] > NO_TIME, len(blind.undetected)) == (True, 1)
    sharp = simulate(scenario(labs={"daxing": {"cheats": [TRAINS]}}, detection="1"), TEXT)
    assert sharp.undetected == []
    assert NO_TIME < sharp.gaps[Gap.CHEATING] < blind.gaps[Gap.CHEATING]


def test_training_that_is_never_paused_is_no_occasion_and_not_undetected():
    report = simulate(scenario(labs={"daxing": {"cheats": [TRAINS]}}, habits={"vote": "object"}), TEXT)
    assert [one.outcome for one in report.hidden] == ["no_occasion"]
    assert set(report.gaps) >= {Gap.NOT_ADOPTED}


def test_who_waits_for_somebody_that_does_not_confirm_is_not_bound():
    labs = {"aster": {"pledge": {"kind": "named", "labs": ["elbe"]}}, "elbe": {"confirms_after": "2 d"}}
    report = simulate(scenario(labs=labs), TEXT)
    assert [one.what for one in report.told if one.what.startswith("pause.")][-1] == "pause.lapse"
    smaller = TEXT.model_copy(update={"activation": TEXT.activation.model_copy(update={"minimum_parties": 3})})
    report = simulate(scenario(labs=labs), smaller)
    assert told(report, "pause.enter_into_force")[0].about.endswith("3 of 5 bound")
    assert Gap.NOT_BOUND in report.gaps


def test_an_emergency_pause_that_nobody_ratifies_lapses():
    incidents = {
        "every": "14 d", "shape": "steps", "points": [{"after": "0 d", "value": "0"}, {"after": "100 d", "value": "1"}]
    }  # fmt: skip
    report = simulate(scenario(series={"security_incident_open": incidents}, habits={"vote": "object"}), TEXT)
    assert [one.what for one in report.told if one.what.startswith("pause.")] == [
        "pause.adopt", "pause.enter_into_force", "pause.lapse"
    ]  # fmt: skip


def test_a_finer_look_finds_no_other_course():
    daily = simulate(scenario(), TEXT)
    hourly = simulate(scenario(looks_every="6 h"), TEXT)
    assert [one.what for one in daily.told] == [one.what for one in hourly.told]
    assert abs(daily.unprotected - hourly.unprotected) <= timedelta(days=2)


def test_a_stage_that_is_late_is_told_at_its_deadline():
    report = simulate(scenario(labs={"elbe": {"stages": {"halt": "10 d"}}}), TEXT)
    [since] = [one.at for one in told(report, "pause.enter_into_force")]
    late = {one.about.split(", ")[1]: one.at - since for one in told(report, "standdown.late")}
    assert late["halt"] == timedelta(hours=72)
    assert report.late >= timedelta(days=7)


@pytest.mark.parametrize("years", [1, 3])
def test_every_look_is_told(years):
    seen = []
    played = scenario(years=years)
    report = simulate(played, TEXT, told=seen.append)
    assert len(seen) == report.looks == (played.end - played.start).days
