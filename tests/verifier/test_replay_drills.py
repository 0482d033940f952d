"""Drills in the record: what the site records of them follows, and what an operator would like instead is named."""

from copy import deepcopy
from datetime import timedelta

import pytest

from tests.once import once_a_module
from tests.verifier.decisions import HOUR, site_in_force
from treaty.actions.advance import advance_pause
from treaty.actions.ballots import cast_ballot
from treaty.actions.drills import conclude_exercise, end_drill, pass_stage
from treaty.actions.effects import apply
from treaty.actions.votes import advance_vote
from treaty.models import Drill
from treaty.rules.drills import DrillStage
from treaty.rules.profiles import Choice
from treaty.rules.standdowns import Conclusion

pytestmark = pytest.mark.django_db


def exercised(site, *, by=None):
    """A drill of the level halt that every laboratory of `by` (all, without any) goes through, until it is over."""
    vote = site.decide(site.ask("order_drill", level="halt"))
    drill = Drill.objects.get(vote=vote)
    site.now = drill.starts_at
    for key in site.cast.labs if by is None else by:
        for stage in DrillStage:
            site.now += HOUR / 60
            pass_stage(drill=drill, lab=site.organisation(key), stage=stage, by=site.person(key), at=site.now)
    if by is None:
        conclude_exercise(
            drill=drill, lab=site.organisation("aster"), body=site.organisation("ivb"),
            conclusion=Conclusion.CONSISTENT, by=site.person("ivb"), at=site.now,
        )  # fmt: skip
    site.now = site.now if by is None else drill.ends_by
    end_drill(drill=drill, at=site.now)
    return drill


def assert_follows(site):
    replay, problems = site.record().replay()
    assert problems == []
    assert replay.unreplayed == {}


founded = once_a_module(site_in_force)


@pytest.fixture
def site(founded):
    return deepcopy(founded)


def test_a_drill_that_everybody_goes_through_follows(site):
    exercised(site)
    assert_follows(site)


def test_a_drill_out_of_time_and_one_called_off_by_a_pause_follow(site):
    exercised(site, by=["aster"])
    drill = Drill.objects.get(vote=site.decide(site.ask("order_drill", level="pause")))
    pause = site.pause()
    advance_pause(pause=pause, at=site.now)
    end_drill(drill=drill, at=site.now)
    assert site.record().payload("drill.ended", drill=drill.key)["outcome"] == "called_off"
    assert_follows(site)


def test_a_drill_refused_because_a_pause_came_first_follows(site):
    vote = site.ask("order_drill", level="pause")
    for key, lab in site.cast.labs.items():
        site.now += HOUR / 60
        by = site.person(key)
        cast_ballot(vote=vote, organisation=lab, choice=Choice.CONSENT, reason="", by=by, at=site.now)
    site.pause()
    assert apply(advance_vote(vote=vote, at=site.now), at=site.now).effect_settled_at
    assert_follows(site)


@pytest.mark.parametrize(
    ("kind", "member", "value", "code"),
    [
        ("drill.ordered", "level", "pause", "level"),
        ("drill.ordered", "labs", ["aster"], "roll"),
        ("drill.ordered", "starts_at", "2026-11-22T12:00:00Z", "instant"),
        ("drill.ordered", "ends_by", "2099-01-01T00:00:00Z", "deadline"),
        ("drill.halted", "drill", "2026-d7", "unknown_drill"),
        ("drill.halted", "lab", "nobody", "scope"),
        ("drill.verified", "lab", "nobody", "order"),
        ("drill.verified", "body", "aster", "state"),
        ("drill.verified", "conclusion", "fine", "conclusion"),
        ("drill.ended", "outcome", "timed_out", "outcome"),
        ("drill.ended", "ended_at", "2026-11-22T12:00:00Z", "instant"),
    ],
)
def test_what_was_altered_is_named(recorded, kind, member, value, code):
    record = recorded(exercised)
    record.payload(kind)[member] = value
    assert code in [problem.code for problem in record.problems()]


def test_a_stage_without_what_it_needs_is_named(recorded):
    record = recorded(exercised)
    record.drop("drill.declared", lab="aster")
    assert [problem.code for problem in record.problems()].count("order") == 2  # to stand up, and to be concluded about


def test_an_end_before_its_time_is_named(site):
    drill = exercised(site, by=["aster"])
    record = site.record()
    entry = next(one for one in record.entries if one["kind"] == "drill.ended")
    entry["at"] = (drill.ends_by - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert "too_early" in [problem.code for problem in record.problems()]
