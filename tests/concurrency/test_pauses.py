from datetime import timedelta

import pytest

from tests import factories as make
from tests.factories import NOON
from tests.together import entries, together
from treaty.actions.advance import advance_due, advance_pause
from treaty.actions.pauses import confirm_commitment, start_pause
from treaty.models import Case, Pause, StandDown

pytestmark = pytest.mark.django_db(transaction=True)


def hours(number):
    return NOON + timedelta(hours=number)


def test_one_vote_started_by_four_workers_starts_one_pause():
    make.parties("aster", "borealis")
    vote = make.adopted_vote()
    together(lambda _: start_pause(vote=type(vote).objects.get(pk=vote.pk), at=NOON), [1, 2, 3, 4])
    assert Pause.objects.count() == 1
    assert entries("pause.adopted") == 1


def test_two_votes_started_at_once_take_two_keys():
    make.parties("aster")
    votes = [make.adopted_vote(), make.adopted_vote()]
    together(lambda vote: start_pause(vote=vote, at=NOON), votes)
    assert sorted(Pause.objects.values_list("key", flat=True)) == ["2026-01", "2026-02"]


def test_the_last_two_confirmations_at_once_activate_once_however_many_sweep():
    pause = make.activating_pause(labs=("aster", "borealis"))
    people = {key: make.representative(make.laboratory(key)) for key in ("aster", "borealis")}

    def confirm(key):
        return confirm_commitment(
            pause=Pause.objects.get(pk=pause.pk),
            organisation=make.laboratory(key),
            condition={"kind": "unconditional"},
            by=people[key],
            at=hours(1),
        )

    together(confirm, list(people))
    together(lambda _: advance_due(at=hours(2)), [1, 2, 3])
    assert StandDown.objects.count() == 2
    assert entries("pause.entered_into_force") == 1


def test_four_sweeps_at_once_open_one_case_a_stage():
    pause = make.pause_in_force(labs=("aster", "borealis"))
    together(lambda _: advance_pause(pause=Pause.objects.get(pk=pause.pk), at=hours(25)), [1, 2, 3, 4])
    assert Case.objects.count() == 2
    assert sorted(Case.objects.values_list("key", flat=True)) == ["2026-001", "2026-002"]
    assert entries("case.opened") == 2


def test_a_day_without_sweeps_ends_in_the_same_rows_as_a_day_with_them():
    pauses = [make.pause_in_force(labs=("aster",)), make.pause_in_force(labs=("aster",))]
    for hour in range(24, 80, 5):
        advance_pause(pause=pauses[0], at=hours(hour))
    advance_pause(pause=pauses[1], at=hours(79))
    rows = [sorted(Case.objects.filter(pause=pause).values_list("kind", "subject")) for pause in pauses]
    assert rows[0] == rows[1] == [("late", "acknowledge"), ("late", "halt")]
