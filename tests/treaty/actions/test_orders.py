from datetime import timedelta
from hashlib import sha256

import pytest

from accounts.rules.keys import KeyRefused
from accounts.rules.signatures import BadSignature
from accounts.rules.statements import Purpose
from core.canonical import parse
from core.errors import NotAllowed
from ledger.models import Entry
from ledger.rules.notes import Note, NoteInvalid, VerifierKey
from ledger.signer import SigningRefused
from tests import factories as make
from tests.factories import NOON
from tests.signing import Voter, enrolled, log, with_root
from treaty.actions.advance import advance_pause
from treaty.actions.levels import move_level
from treaty.actions.orders import (
    OrderOvertaken,
    acknowledge_order,
    declare_order_key,
    issue_due,
)
from treaty.models import Exemption, Order, OrderAcknowledgement, OrderKey, Pause
from treaty.queries.orders import document, newest_order
from treaty.rules import orders as rules
from treaty.rules.orders import Work
from treaty.signer import order_signer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ledger(settings, tmp_path):
    settings.LEDGER = {**settings.LEDGER, "ORIGIN": "localhost/tlog", "SIGNER_DIR": tmp_path / "signer"}


def hours(number):
    return NOON + timedelta(hours=number)


def entries(kind):
    return [parse(bytes(entry.data))["payload"] for entry in Entry.objects.filter(kind=kind).order_by("pk")]


def limits(lab="aster"):
    order = document(newest_order(lab))
    return {one.pause: {work.value: limit for work, limit in one.above_flop.items()} for one in order.obligations}


def test_every_bound_laboratory_gets_an_order_that_the_declared_key_signed_and_the_record_holds():
    make.parties("aster", "borealis")
    assert len(issue_due(at=NOON)) == 2
    [declared] = entries("order.key_declared")
    key = VerifierKey.parse(declared["verifier_key"])
    assert (key.name, declared["supersedes"]) == ("localhost/orders", None)
    order = newest_order("aster")
    note = Note.parse(order.note)
    assert key in note.verified([key])
    stated = entries("order.issued")[0]
    assert stated["order"] == order.hash == sha256(note.text.encode()).hexdigest()
    assert stated["document"] == parse(note.text)
    assert stated["document"]["obligations"] == []
    assert (order.sequence, order.expires_at) == (1, hours(24))


def test_a_second_look_issues_nothing():
    make.parties("aster")
    issue_due(at=NOON)
    assert issue_due(at=NOON) == issue_due(at=hours(5)) == []
    assert (Order.objects.count(), len(entries("order.issued"))) == (1, 1)


def test_a_pause_changes_the_orders_of_those_whom_it_binds():
    make.parties("aster", "borealis", "cobalt", "daxing", "elbe")
    issue_due(at=NOON - timedelta(hours=1))
    make.pause_in_force(labs=("aster", "borealis", "cobalt", "daxing", "elbe"))
    make.party(make.laboratory("fjord"))
    issued = issue_due(at=NOON)
    assert {one.organisation.key for one in issued} == {"aster", "borealis", "cobalt", "daxing", "elbe", "fjord"}
    order = document(newest_order("aster"))
    assert (order.sequence, order.replaces) == (2, Order.objects.get(organisation__key="aster", sequence=1).hash)
    assert limits() == {"2026-01": {"train": 10**24, "deploy": None, "release": 10**25}}
    assert order.obligations[0].due_at["halt"] == hours(72)
    assert limits("fjord") == {}


def test_a_halt_stops_deployments_too_and_a_pause_that_ends_asks_nothing():
    pause = make.pause_in_force(level="halt", labs=("aster", "borealis", "cobalt", "daxing", "elbe"))
    issue_due(at=NOON)
    assert limits() == {"2026-01": {"train": 10**22, "deploy": 10**24, "release": 10**24}}
    Pause.objects.filter(pk=pause.pk).update(ended_at=hours(2))
    issue_due(at=hours(1))
    assert newest_order("aster").sequence == 1
    issue_due(at=hours(2))
    assert limits() == {}


def test_a_level_that_is_moved_is_ordered():
    pause = make.pause_in_force(labs=("aster", "borealis", "cobalt", "daxing", "elbe"))
    issue_due(at=NOON)
    vote = make.adopted_vote(
        "escalate", subject={"effect": "escalate", "level": "halt"}, effective_at=hours(1), pause=pause
    )
    move_level(vote=vote, at=hours(1))
    issue_due(at=hours(1))
    assert limits()["2026-01"]["train"] == 10**22


def test_a_stage_of_resumption_states_what_may_be_trained_again():
    pause = make.pause_in_force(level="halt", labs=("aster", "borealis", "cobalt", "daxing", "elbe"))
    vote = make.adopted_vote("resume", subject={"effect": "resume"}, pause=pause)
    resumption = pause.resumptions.create(vote=vote, begun_at=hours(1), criteria=[])
    issue_due(at=hours(1))
    assert limits()["2026-01"]["train"] == 10**22
    resumption.steps.create(number=0, reached_at=hours(2))
    issue_due(at=hours(2))
    stated = rules.Order.parse(Note.parse(newest_order("aster").note).text).obligations[0]
    terms = pause.parameters["resumption"]["stages"][0]["training_above_flop"]
    assert stated.above_flop[Work.TRAIN] == rules.quantity(terms.replace("E+", "e"))
    assert stated.state == "resuming"


def test_all_orders_are_renewed_together_with_one_entry_in_time_and_say_the_same():
    make.parties()
    issue_due(at=NOON)
    make.party(make.laboratory("late-lab"))
    issue_due(at=hours(3))
    assert issue_due(at=hours(6) - timedelta(seconds=1)) == []
    assert len(issue_due(at=hours(6))) == 9
    [renewed] = entries("order.renewed")
    assert len(renewed["orders"]) == 9
    assert renewed["expires_at"] == "2026-11-23T18:00:00Z"
    order = newest_order("aster")
    assert (order.sequence, order.renewal) == (2, True)
    assert order.content == Order.objects.get(organisation__key="aster", sequence=1).content
    assert len(issue_due(at=hours(12))) == 9


def test_a_clock_set_back_by_an_hour_lifts_no_pause():
    make.pause_in_force(labs=("aster", "borealis", "cobalt", "daxing", "elbe"))
    issue_due(at=hours(1))
    assert issue_due(at=NOON - timedelta(minutes=30)) == []
    assert limits()["2026-01"]["train"] == 10**24


def test_orders_of_a_clock_that_ran_wild_are_not_waited_for():
    make.parties("aster")
    issue_due(at=hours(24 * 365))
    make.pause_in_force(labs=("aster", "borealis", "cobalt", "daxing", "elbe"))
    issue_due(at=NOON)
    assert (newest_order("aster").not_before, newest_order("aster").sequence) == (NOON, 2)


def test_numbers_go_on_from_the_signers_mark_where_the_database_is_an_older_copy():
    make.parties("aster")
    issue_due(at=NOON)
    order_signer().sign({"aster": (7, str)})
    [again] = issue_due(at=hours(1))
    assert (again.sequence, again.renewal, document(again).replaces) == (
        9,
        True,
        Order.objects.get(sequence=1).hash,
    )
    assert issue_due(at=hours(1)) == []


def test_a_key_that_was_lost_is_not_made_again_in_silence():
    make.parties("aster")
    issue_due(at=NOON)
    (order_signer().folder / "key").unlink()
    with pytest.raises(SigningRefused):
        issue_due(at=hours(6))
    assert Order.objects.count() == 1
    assert not entries("order.renewed")


def test_another_key_is_declared_with_the_one_that_it_supersedes():
    make.parties("aster")
    issue_due(at=NOON)
    old = OrderKey.objects.get().verifier_key
    (order_signer().folder / "key").unlink()
    order_signer().create("localhost/orders")
    declare_order_key(at=hours(1))
    declare_order_key(at=hours(1))
    assert [one["supersedes"] for one in entries("order.key_declared")] == [None, old]


def test_an_altered_order_does_not_verify():
    make.parties("aster")
    issue_due(at=NOON)
    note = newest_order("aster").note.replace('"sequence":1', '"sequence":2')
    with pytest.raises(NoteInvalid):
        Note.parse(note).verified([order_signer().key.verifier])


def test_a_representative_acknowledges_once_and_only_the_newest():
    make.parties("aster")
    [order] = issue_due(at=NOON)
    by = make.representative(make.laboratory("aster"))
    first = acknowledge_order(order=order, by=by, at=hours(1))
    assert acknowledge_order(order=order, by=by, at=hours(2)) == first
    [entry] = entries("order.acknowledged")
    assert (entry["order"], entry["by_key"]) == (order.hash, "")
    issue_due(at=hours(6))
    assert acknowledge_order(order=order, by=by, at=hours(7)) == first
    issue_due(at=hours(12))
    with pytest.raises(OrderOvertaken):
        acknowledge_order(order=Order.objects.get(sequence=2), by=by, at=hours(13))
    assert len(entries("order.acknowledged")) == 1


@pytest.mark.parametrize("who", ["nobody", "rival"])
def test_nobody_acknowledges_for_another_laboratory(who):
    make.parties("aster")
    [order] = issue_due(at=NOON)
    by = make.representative(make.laboratory("borealis")) if who == "rival" else None
    with pytest.raises(NotAllowed):
        acknowledge_order(order=order, by=by, at=hours(1))
    assert not OrderAcknowledgement.objects.exists()
    assert not entries("order.acknowledged")


def test_a_machine_acknowledges_with_an_enrolled_key_and_no_session():
    make.parties("aster")
    [order] = issue_due(at=NOON)
    root = with_root()
    machine = Voter()
    enrolled(machine, root)
    statement = rules.acknowledgement(order.hash, lab="aster", log=log())
    signature = machine.signature(Purpose.ACKNOWLEDGEMENT, statement)
    for by_key, signed, error in [
        (machine.id, machine.signature(Purpose.BALLOT, statement), BadSignature),
        (Voter().id, signature, KeyRefused),
    ]:
        with pytest.raises(error):
            acknowledge_order(order=order, by_key=by_key, signature=signed, by=None, at=hours(1))
    assert not entries("order.acknowledged")
    acknowledge_order(order=order, by_key=machine.id, signature=signature, by=None, at=hours(1))
    [entry] = entries("order.acknowledged")
    assert (entry["by_key"], entry["signature"]) == (machine.id, signature)


def test_orders_wait_for_a_pause_to_be_written_down_and_follow_at_once():
    pause = make.activating_pause(labs=("aster", "borealis", "cobalt", "daxing", "elbe"))
    pause.commitments.update(condition={"kind": "unconditional"}, confirmed_at=NOON)
    issue_due(at=NOON)
    assert limits() == {}
    advance_pause(pause=pause, at=hours(1))
    issue_due(at=hours(1))
    assert limits()["2026-01"]["train"] == 10**24


def test_an_exempted_run_stands_in_the_order_until_its_exemption_ends():
    pause = make.pause_in_force(labs=("aster", "borealis", "cobalt", "daxing", "elbe"))
    run = make.training_run(make.laboratory("aster"), planned_flop="2e24")
    Exemption.objects.create(
        pause=pause, organisation=make.laboratory("aster"), run=run, purpose="safety", vote=make.adopted_vote("grant_exemption"),
        from_at=hours(1), until_at=hours(5),
    )  # fmt: skip
    for at, expected in [(NOON, []), (hours(1), [(run.key, 2 * 10**24, hours(5))]), (hours(5), [])]:
        issue_due(at=at)
        [obligation] = document(newest_order("aster")).obligations
        assert [(one.run, one.up_to_flop, one.until_at) for one in obligation.exemptions] == expected
    assert newest_order("borealis").sequence == 1
