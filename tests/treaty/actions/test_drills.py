from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from core.canonical import parse
from core.errors import DomainError, NotAllowed
from ledger.models import Entry
from tests import factories as make
from tests.factories import NOON
from treaty.actions.drills import conclude_exercise, end_drill, end_due, order_drill, pass_stage
from treaty.actions.requests import AlreadyAsked, request_vote
from treaty.actions.standdowns import NotIndependent, NotInScope, StageNotReady
from treaty.models import Case, Drill, DrillStep, DrillVerdict, StandDown, Vote
from treaty.queries.drills import current, due_at, state, summary
from treaty.queries.orders import obligations
from treaty.queries.pauses import in_force
from treaty.queries.tasks import tasks_for
from treaty.rules.drills import DrillNotRunning, DrillRefused, DrillStage, DrillState
from treaty.rules.orders import Work, answer
from treaty.rules.requests import Requestable
from treaty.rules.standdowns import Conclusion

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START, END = NOON + 14 * DAY, NOON + 21 * DAY


@pytest.fixture
def drill():
    return make.drill(labs=("aster", "borealis"))


@pytest.fixture
def ada(drill):
    return make.representative(make.laboratory("aster"))


def passed(drill, *stages, lab="aster", by=None, at=START + HOUR):
    person = by or make.representative(make.laboratory(lab))
    return [pass_stage(drill=drill, lab=make.laboratory(lab), stage=stage, by=person, at=at) for stage in stages]


def kinds(prefix="drill."):
    return [entry.kind for entry in Entry.objects.filter(kind__startswith=prefix).order_by("pk")]


def payload(kind):
    return parse(bytes(Entry.objects.get(kind=kind).data))["payload"]


def test_a_vote_orders_one_drill_for_all_who_are_bound_with_one_entry(drill):
    assert order_drill(vote=drill.vote, at=NOON + DAY) == drill
    assert kinds() == ["drill.ordered"]
    assert payload("drill.ordered") == {
        "drill": "2026-d1", "vote": drill.vote.key, "level": "halt", "announced_at": "2026-11-22T12:00:00Z",
        "starts_at": "2026-12-06T12:00:00Z", "ends_by": "2026-12-13T12:00:00Z", "labs": ["aster", "borealis"],
    }  # fmt: skip


def test_no_drill_is_ordered_while_a_pause_is_in_force():
    make.pause_in_force()
    with pytest.raises(DrillRefused):
        make.drill(effective_at=NOON + DAY)
    assert (Drill.objects.count(), kinds()) == (0, [])


def test_no_drill_is_ordered_while_another_is_not_over(drill):
    vote = make.adopted_vote("order_drill", subject={"level": "pause"}, effective_at=END - HOUR)
    with pytest.raises(DrillRefused):
        order_drill(vote=vote, at=END - HOUR)
    assert order_drill(vote=vote, at=END).key == "2026-d2"


def test_each_stage_leaves_one_entry_and_a_second_call_none(drill, ada):
    first = passed(drill, *DrillStage, by=ada)
    assert passed(drill, *DrillStage, by=ada, at=END + DAY) == first
    assert kinds()[1:] == [
        "drill.acknowledged",
        "drill.halted",
        "drill.rolled_back",
        "drill.declared",
        "drill.stood_up",
    ]
    assert payload("drill.halted") == {"drill": drill.key, "lab": "aster"}


@pytest.mark.parametrize(
    ("who", "stage", "at", "refusal"),
    [
        ("aster", DrillStage.ACKNOWLEDGE, START - HOUR, DrillNotRunning),
        ("aster", DrillStage.ACKNOWLEDGE, END, DrillNotRunning),
        ("aster", DrillStage.DECLARE, START, StageNotReady),
        ("aster", DrillStage.STAND_UP, START, StageNotReady),
        ("cobalt", DrillStage.ACKNOWLEDGE, START, NotInScope),
    ],
)
def test_a_stage_out_of_time_or_order_or_scope_leaves_no_row_and_no_entry(drill, who, stage, at, refusal):
    with pytest.raises(refusal):
        passed(drill, stage, lab=who, at=at)
    assert (DrillStep.objects.count(), kinds()) == (0, ["drill.ordered"])


def test_only_a_representative_of_the_laboratory_goes_through_its_stages(drill):
    with pytest.raises(DomainError):
        passed(drill, DrillStage.ACKNOWLEDGE, by=make.representative(make.laboratory("borealis")), at=START)
    assert DrillStep.objects.count() == 0


def test_a_level_without_roll_back_asks_for_none():
    drill = make.drill(level="pause", labs=("aster",))
    with pytest.raises(NotInScope):
        passed(drill, DrillStage.ROLL_BACK)


def test_a_drill_is_over_once_everybody_stood_up_again(drill, ada):
    passed(drill, *DrillStage, by=ada)
    assert end_drill(drill=drill, at=START + 2 * HOUR).ended_at is None
    passed(drill, *DrillStage, lab="borealis", at=START + 3 * HOUR)
    assert end_due(at=START + DAY) == 1
    assert end_due(at=START + DAY) == 0
    assert payload("drill.ended") == {
        "drill": drill.key, "outcome": "completed", "ended_at": "2026-12-06T15:00:00Z"
    }  # fmt: skip


def test_a_drill_that_runs_out_of_time_opens_no_case(drill):
    end_due(at=END + DAY)
    assert payload("drill.ended")["outcome"] == "timed_out"
    assert not Case.objects.exists()
    assert [row.late for row in summary(Drill.objects.with_rows().get(), END).rows] == [5, 5]


def test_a_real_pause_calls_a_drill_off(drill, ada):
    passed(drill, DrillStage.ACKNOWLEDGE, by=ada)
    make.pause_in_force(labs=("aster", "borealis"), effective_at=START + 2 * HOUR)
    with pytest.raises(DrillNotRunning):
        passed(drill, DrillStage.HALT, by=ada, at=START + 2 * HOUR)
    end_due(at=START + 3 * HOUR)
    assert payload("drill.ended") == {
        "drill": drill.key, "outcome": "called_off", "ended_at": "2026-12-06T14:00:00Z"
    }  # fmt: skip


def test_what_is_on_record_of_a_drill_is_never_edited(drill, ada):
    passed(drill, DrillStage.ACKNOWLEDGE, by=ada)
    for change in (
        lambda: DrillStep.objects.update(done_at=NOON),
        lambda: drill.labs.all().delete(),
        lambda: Drill.objects.update(starts_at=NOON),
        lambda: Drill.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_the_next_drill_is_due_half_a_year_after_the_last_one_began(drill):
    assert due_at(START - HOUR) == make.LONG_AGO.replace(month=7)
    assert due_at(START) == START.replace(year=2027, month=6)


def test_a_laboratory_is_asked_for_its_stages_while_the_drill_runs(drill, ada):
    assert [task for task in tasks_for(ada, START - HOUR) if "Drill" in task.title] == []
    asked = [task.title for task in tasks_for(ada, START) if "Drill" in task.title]
    assert asked[0] == "Drill 2026-d1: Acknowledge"
    assert len(asked) == 5
    passed(drill, *DrillStage, by=ada)
    assert [task for task in tasks_for(ada, START + DAY) if "Drill" in task.title] == []


def ask(level="pause", *, at=NOON, title="A drill"):
    aster = make.laboratory("aster")
    return request_vote(
        decision=Requestable.ORDER_DRILL, title=title, question="Shall we exercise?", subject={"level": level},
        requester=aster, by=make.representative(aster), at=at,
    )  # fmt: skip


def test_a_drill_is_asked_for_by_its_level_and_once_at_a_time():
    make.parties()
    vote = ask()
    assert vote.subject == {"effect": "order_drill", "level": "pause"}
    assert ask() == vote
    with pytest.raises(AlreadyAsked):
        ask("halt")
    with pytest.raises(DrillRefused) as refused:
        ask("nap")
    assert (list(refused.value.fields), Vote.objects.count()) == (["level"], 1)


def test_a_drill_cannot_be_asked_for_under_a_pause():
    make.pause_in_force()
    with pytest.raises(DrillRefused):
        ask(at=NOON + HOUR)


def test_an_order_under_a_drill_is_marked_as_one_until_the_laboratory_stood_up_again(drill, ada):
    aster = make.laboratory("aster").pk
    assert obligations(START - HOUR).get(aster, ()) == ()
    [asked] = obligations(START)[aster]
    assert (asked.drill, asked.pause, asked.level, asked.due_at["stand_up"]) == (True, drill.key, "halt", END)
    run = {"flop": Decimal("1e26"), "run": "", "at": START}
    assert not answer([asked], Work.TRAIN, obey_drills=False, **run).held_by
    assert answer([asked], Work.TRAIN, obey_drills=True, **run).held_by
    passed(drill, *DrillStage, by=ada)
    assert obligations(START + 2 * HOUR).get(aster, ()) == ()


@pytest.fixture
def ivb(drill, ada):
    make.accreditations("ivb", "nordic")
    passed(drill, DrillStage.ACKNOWLEDGE, DrillStage.HALT, DrillStage.ROLL_BACK, DrillStage.DECLARE, by=ada)
    return make.officer(make.body("ivb"))


def concluded(drill, by, *, body="ivb", lab="aster", conclusion=Conclusion.CONSISTENT, at=START + 2 * HOUR):
    return conclude_exercise(
        drill=drill, lab=make.laboratory(lab), body=make.body(body), conclusion=conclusion, by=by, at=at
    )


def test_a_body_concludes_once_about_what_a_laboratory_declared(drill, ivb):
    first = concluded(drill, ivb)
    assert concluded(drill, ivb, conclusion=Conclusion.DISCREPANCY, at=START + 3 * HOUR) == first
    assert kinds()[-1:] == ["drill.verified"]
    assert payload("drill.verified") == {
        "drill": drill.key, "lab": "aster", "body": "ivb", "conclusion": "consistent"
    }  # fmt: skip


def test_an_exercise_is_verified_by_the_first_body_that_confirms_it(drill, ivb):
    nordic = make.officer(make.body("nordic"))
    concluded(drill, nordic, body="nordic", conclusion=Conclusion.INCONCLUSIVE, at=START + HOUR)
    row = summary(Drill.objects.with_rows().get(), START + DAY).rows[0]
    assert (row.verified, len(row.verdicts)) == (None, 1)
    concluded(drill, ivb)
    row = summary(Drill.objects.with_rows().get(), START + DAY).rows[0]
    assert (row.verified.body.key, row.verified.concluded_at) == ("ivb", START + 2 * HOUR)


@pytest.mark.parametrize(
    ("lab", "at", "refusal"),
    [
        ("aster", END, DrillNotRunning),
        ("borealis", START + 2 * HOUR, StageNotReady),
        ("cobalt", START + 2 * HOUR, NotInScope),
    ],
)
def test_a_conclusion_out_of_time_order_or_scope_leaves_no_row_and_no_entry(drill, ivb, lab, at, refusal):
    with pytest.raises(refusal):
        concluded(drill, ivb, lab=lab, at=at)
    assert (DrillVerdict.objects.count(), "drill.verified" in kinds()) == (0, False)


def test_only_an_independent_body_concludes_and_only_by_its_own_people(drill, ivb, ada):
    with pytest.raises(NotAllowed):
        concluded(drill, ivb, body="nordic")
    with pytest.raises(NotAllowed):
        concluded(drill, ada)
    make.affiliation(make.body("ivb"), make.laboratory("aster"))
    with pytest.raises(NotIndependent):
        concluded(drill, ivb)
    assert DrillVerdict.objects.count() == 0


def test_a_body_may_still_conclude_once_everybody_is_through_it_and_is_asked_while_it_runs(drill, ivb, ada):
    assert [task.action for task in tasks_for(ivb, START + 2 * HOUR)] == ["Conclude"]
    passed(drill, DrillStage.STAND_UP, by=ada)
    passed(drill, *DrillStage, lab="borealis")
    end_due(at=START + 2 * HOUR)
    concluded(drill, ivb, at=START + 3 * HOUR)
    assert kinds()[-2:] == ["drill.ended", "drill.verified"]


class DrillsAndPauses(TestCase):
    """Whatever is done in a drill, no pause begins, ends or changes, and no run is halted."""

    @settings(max_examples=5, deadline=None, phases=[Phase.explicit, Phase.generate])
    @given(
        steps=st.lists(
            st.tuples(st.sampled_from(["aster", "borealis"]), st.sampled_from(DrillStage), st.integers(0, 24 * 8)),
            max_size=8,
        )
    )
    def test_no_drill_changes_a_pauses_state(self, steps):
        ended = make.pause_in_force(labs=("aster", "borealis"), effective_at=NOON - 9 * DAY)
        type(ended).objects.filter(pk=ended.pk).update(ended_at=NOON - DAY)
        run = make.training_run(make.laboratory("aster"))
        drill = make.drill(labs=("aster", "borealis"))
        before = list(type(ended).objects.values()), list(StandDown.objects.values()), Case.objects.count()
        for lab, stage, hour in sorted(steps, key=lambda step: step[2]):
            at = START + hour * HOUR
            with suppress(DomainError):
                passed(drill, stage, lab=lab, at=at)
            end_due(at=at)
            assert in_force(at=at) == []
            assert state(drill, at) in DrillState
        after = list(type(ended).objects.values()), list(StandDown.objects.values()), Case.objects.count()
        assert after == before
        run.refresh_from_db()
        assert run.status == "running"
        assert current(END) is None
