from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dashboard.queries.home import home
from dashboard.queries.situation import Situation
from dashboard.queries.way import way
from inspections.rules.evidence import EvidenceState
from tests import factories as make
from treaty.actions.pauses import ratify_pause
from treaty.models import Pause, StandDown
from treaty.rules.standing import Standing

pytestmark = pytest.mark.django_db
NOON = make.NOON
DAY = timedelta(days=1)


def test_without_a_text_nothing_is_agreed():
    found = home(NOON)
    assert found.situation is Situation.NO_TEXT
    assert (found.parties, found.triggers, found.coverage, found.pause) == ([], [], None, None)


def test_before_entry_into_force_the_missing_ratifications_are_named():
    make.text(in_force_at=None)
    make.party(make.laboratory("aster"), bound_at=None)
    make.party(make.laboratory("borealis"), bound_at=None, ratified_at=None)
    found = home(NOON)
    assert found.situation is Situation.NOT_IN_FORCE
    assert found.answer.entry.ratified == ("aster",)
    assert "borealis" in found.answer.entry.missing
    assert len(found.parties) == 8, "Annex 1 is shown whole"


def test_a_treaty_without_any_pause_says_so():
    make.parties()
    found = home(NOON)
    assert found.situation is Situation.NEVER
    assert not found.is_paused
    assert found.bound == 8


def test_activation_counts_those_who_confirmed():
    pause = make.activating_pause()
    pause.commitments.filter(organisation__key__in=["aster", "cobalt"]).update(
        condition={"kind": "unconditional"}, confirmed_at=NOON
    )
    found = home(NOON + timedelta(hours=1))
    assert found.situation is Situation.ACTIVATING
    assert (found.pause.confirmed, found.pause.summary.roll) == (2, 8)
    assert not found.is_paused


def test_a_pause_in_force_counts_halts_lateness_and_verification():
    pause = make.pause_in_force()
    for lab in ("aster", "borealis", "cobalt"):
        make.stand_down(pause, lab, acknowledged_at=NOON, halted_at=NOON + timedelta(hours=6))
    found = home(NOON + 8 * DAY)
    assert found.situation is Situation.IN_FORCE
    assert found.pause.day == 9
    assert found.pause.summary.bound == 8
    assert found.pause.halted == 3
    assert found.pause.verified == 0
    assert found.pause.late == 8
    assert found.pause.breaches == 8
    assert len(found.pause.criteria) == found.pause.met + found.pause.unmet + found.pause.unknown


def test_a_missing_datum_is_unknown_and_never_met():
    make.pause_in_force()
    found = home(NOON + DAY)
    assert found.pause.unknown > 0
    assert found.pause.owed > 0


def test_an_emergency_pause_is_provisional_until_it_is_ratified():
    make.parties()
    make.accreditations()
    vote = make.adopted_vote("start_pause_emergency")
    from treaty.actions.pauses import start_pause

    pause = start_pause(vote=vote, at=NOON)
    found = home(NOON + DAY)
    assert found.situation is Situation.PROVISIONAL
    assert found.is_paused
    ratified = make.adopted_vote(
        "ratify_emergency", subject={"effect": "ratify_emergency", "pause": pause.key}, effective_at=NOON + DAY
    )
    ratify_pause(vote=ratified, at=NOON + DAY)
    assert home(NOON + 2 * DAY).situation is Situation.IN_FORCE


def test_a_pause_that_ended_is_named_as_the_last_one():
    pause = make.pause_in_force()
    Pause.objects.filter(pk=pause.pk).update(ended_at=NOON + DAY)
    found = home(NOON + 2 * DAY)
    assert found.situation is Situation.OVER
    assert found.pause.pause.key == pause.key
    assert not found.is_paused
    assert all(party.board is None for party in found.parties), "a table of the past is no table of now"


def test_every_laboratory_of_annex_and_roll_has_a_row_on_the_same_terms():
    make.pause_in_force(labs=("aster", "borealis", "cobalt", "daxing", "elbe", "fjord"))
    found = home(NOON + timedelta(hours=1))
    assert [party.key for party in found.parties] == sorted(make.LABS)
    standings = {party.key: party.standing.standing if party.standing else None for party in found.parties}
    assert standings["aster"] is Standing.ONGOING
    assert standings["ganges"] is None


def test_unknown_is_never_shown_as_compliant():
    make.pause_in_force()
    assert home(NOON + timedelta(hours=1)).pause.board.count(Standing.COMPLIANT) == 0


def test_evidence_counts_cells_of_every_site_of_a_laboratory():
    make.parties()
    lab = make.laboratory("aster")
    for _ in range(2):
        make.inventory(make.facility(lab), quantities={"h100": 100})
    found = next(party for party in home(NOON).parties if party.key == "aster")
    layers = len(make.read_text(make.model_text()).monitoring.layers)
    assert (found.evidence.sites, found.evidence.in_scope, found.evidence.verified) == (2, 2 * layers, 0)
    assert found.evidence.h100_equivalents == 200


def test_the_way_of_a_pause_names_what_is_done_and_where_it_is():
    make.pause_in_force()
    found = home(NOON + DAY)
    stages = way(found.pause, found.rules)
    assert [stage.state for stage in stages] == ["done", "done", "done", "here", ""]


def test_the_way_of_a_pause_that_is_activating_asks_for_confirmation():
    make.activating_pause()
    found = home(NOON + timedelta(hours=1))
    assert [stage.state for stage in way(found.pause, found.rules)][:3] == ["done", "done", "here"]


def populated(number):
    """A pause under which `number` laboratories stand down, each with a site, a run and a late stage."""
    keys = [f"lab-{count:03}" for count in range(number)]
    for key in keys:
        lab = make.laboratory(key)
        make.inventory(make.facility(lab))
        make.training_run(lab)
        make.declaration(lab, due_at=NOON - DAY)
        make.reading("ai_research_share", of=lab, value="0.5", unit="share", observed_at=NOON - DAY)
    pause = make.pause_in_force(labs=keys)
    StandDown.objects.filter(pause=pause).update(acknowledged_at=NOON)
    return pause


def queries(at):
    with CaptureQueriesContext(
        connection,
    ) as captured:
        found = home(at)
    return len(captured), found


@pytest.mark.slow
def test_the_number_of_queries_does_not_grow_with_the_laboratories():
    populated(8)
    home(NOON + 2 * DAY)  # texts are parsed once
    few, _ = queries(NOON + 2 * DAY)
    for key in range(8, 24):
        lab = make.laboratory(f"lab-{key:03}")
        make.inventory(make.facility(lab))
        make.training_run(lab)
        make.party(lab)
    Pause.objects.all().update(ended_at=NOON + timedelta(hours=1))
    keys = [f"lab-{count:03}" for count in range(24)]
    make.pause_in_force(labs=keys, effective_at=NOON + timedelta(hours=2))
    many, found = queries(NOON + 2 * DAY)
    assert found.pause.summary.bound == 24
    assert many <= few + 4, f"{few} queries with 8 laboratories, {many} with 24"
    assert many < 80
    assert found.evidence.count(EvidenceState.UNKNOWN) > 0
