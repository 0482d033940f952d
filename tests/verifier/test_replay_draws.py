"""A public draw in the record: the whole way of one with a value withheld, what its transcript shows offline, and what would be forged."""

import copy
import json
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection, transaction

from accounts.rules.organisations import Role
from config.demonstration.cast import person, train
from core.canonical import parse
from core.errors import DomainError
from inspections.actions import draws as actions
from inspections.actions import schedules
from inspections.actions.inspectors import designate
from inspections.actions.plan import give_notice
from inspections.models import Draw, Visit
from inspections.queries.draws import drawn_facilities, transcript, unfinished, until_of
from inspections.rules.seeds import value_commitment
from inspections.scheduling.solver import Effort
from labs.actions.facilities import register_facility
from labs.actions.inventories import declare_inventory, list_accelerator
from labs.rules.accelerators import CATALOGUE
from ledger.actions import record
from ledger.models import Entry
from tests.verifier import logs
from tests.verifier.decisions import site_in_force
from tests.verifier.records import FOUNDED, NOW, Record, entries_on_record
from verifier.cli import main

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
VALUES = {key: f"{number:02x}" * 32 for number, key in enumerate(("aster", "cobalt", "fjord", "ivb"), start=1)}
WITHHELD = "fjord"
HALLS = {"aster": {"North": 4_000, "South": 1_000}, "cobalt": {"Mesa": 9_000}, "fjord": {"Dock": None}}


@dataclass
class Told:
    """A draw from its opening to its result, what was refused on the way, and how many entries each of them left."""

    site: object
    draw: Draw | None = None
    lines: list[bytes] = field(default_factory=list)
    transcript: dict = field(default_factory=dict)
    early: dict = field(default_factory=dict)  # the transcript while values are revealed
    after: dict = field(default_factory=dict)  # and once the days are over
    refused: dict = field(default_factory=dict)
    drawn: dict = field(default_factory=dict)

    def refuse(self, name, action, **arguments):
        before = Entry.objects.count()
        try:
            action(draw=self.draw, at=self.site.now, **arguments)
        except DomainError as error:
            self.refused[name] = (error.code, Entry.objects.count() - before)
        else:
            self.refused[name] = ("taken", Entry.objects.count() - before)

    def commit(self, key, by=None, value=None):
        return {
            "organisation": self.site.organisation(key),
            "commitment": value_commitment(self.draw.key, key, value or VALUES[key]),
            "by": self.site.person(by or key),
        }

    def reveal(self, key, by=None, value=None):
        return {
            "organisation": self.site.organisation(key),
            "value": value or VALUES[key],
            "by": self.site.person(by or key),
        }


def begun():
    """The treaty in force with a few halls, one of them without an inventory; positions are given at once, as at COMMIT."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    opening = parse(logs.opening(logs.key(name=settings.LEDGER["ORIGIN"])))
    record(kind="log.opened", payload=opening["payload"], by=None, at=NOW - FOUNDED)
    site = site_in_force()
    for chip in CATALOGUE:
        list_accelerator(accelerator=chip, by=None, at=site.now)
    for key, halls in HALLS.items():
        for name, number in halls.items():
            where = {"name": name, "jurisdiction": "NO", "opened_at": site.now, "by": site.person(key), "at": site.now}
            hall = register_facility(organisation=site.organisation(key), **where)
            if number:
                lines = {"facility": hall, "quantities": {"h100": number}, "as_of": site.now}
                declare_inventory(**lines, by=site.person(key), at=site.now)
    return Told(site)


def tell():
    """Open, commit, seal, reveal, carry out; refusals at every stage; and a second draw once it is due."""
    told = begun()
    site = told.site
    assert actions.open_draw(at=site.now) is None, "what was declared in the last minute is not listed yet"
    site.now += MINUTE
    told.draw = actions.open_draw(at=site.now)
    told.refused["opened again"] = ("taken" if actions.open_draw(at=site.now) else "not due", 0)
    for key in VALUES:
        actions.commit_value(draw=told.draw, at=site.now, **told.commit(key))
    told.refuse("a stranger commits", actions.commit_value, **told.commit("aster", by="cobalt"))
    told.refuse("the depositary commits", actions.commit_value, **told.commit("aster", by="secretariat"))
    told.refuse("the same again", actions.commit_value, **told.commit("aster"))
    told.refuse("another value", actions.commit_value, **told.commit("aster", value="99" * 32))
    told.refuse("revealed before the sealing", actions.reveal_value, **told.reveal("aster"))
    actions.seal_draw(draw=told.draw, at=site.now)
    site.now = told.draw.commit_by
    told.refuse("committed too late", actions.commit_value, **told.commit("elbe", value="99" * 32))
    told.refuse("revealed before it is on record", actions.reveal_value, **told.reveal("aster"))
    seal_and_reveal(told)
    told.drawn["before"] = drawn_facilities(site.now)
    site.now = told.draw.reveal_by
    told.refuse("revealed too late", actions.reveal_value, **told.reveal(WITHHELD))
    for _ in range(2):
        assert len(unfinished(site.now)) == int(told.draw.drawn_at is None)
        actions.advance_draw(draw=told.draw, at=site.now)
    told.drawn["after"] = drawn_facilities(site.now)
    open_some_days(told)
    told.transcript = transcript(told.draw)
    site.now = until_of(told.draw) - MINUTE
    told.refuse("days opened before they are over", actions.open_days)
    assert (unfinished(site.now), told.draw.days_opened_at) == ([], None)
    site.now += MINUTE
    for _ in range(2):
        assert len(unfinished(site.now)) == int(told.draw.days_opened_at is None)
        actions.advance_draw(draw=told.draw, at=site.now)
    told.after = transcript(told.draw)
    site.now = told.draw.drawn_at + timedelta(days=200)
    again = actions.open_draw(at=site.now)
    assert (again.key, transcript(again).get("value")) == (
        "2026-02" if again.opened_at.year == 2026 else "2027-01",
        None,
    )
    told.lines = entries_on_record()
    return told


def open_some_days(told):
    """Plan the visits drawn, with too few inspectors for some first days, and let the first two notices open their days."""
    site = told.site
    for key, body in site.cast.bodies.items():
        sent = person(f"Ins Pector {key}", body, Role.INSPECTOR, site.now, site.person(key))
        designate(body=body, user=sent, by=site.person(key), at=site.now)
        train(sent, body, site.person(key), site.now)
    schedules.run_scheduler(clock=lambda: site.now, effort=Effort(seconds=20, workers=1, work=1))
    for visit in Visit.objects.filter(draw=told.draw).with_names().order_by("notice_due_at")[:2]:
        site.now = visit.notice_due_at
        give_notice(visit=visit, at=site.now)


def seal_and_reveal(told):
    site = told.site
    for _ in range(2):
        actions.advance_draw(draw=told.draw, at=site.now)
    told.refuse("another's copy", actions.reveal_value, **told.reveal("cobalt", value=VALUES["aster"]))
    told.refuse("who had not committed", actions.reveal_value, **told.reveal("elbe", value="99" * 32))
    told.refuse("handed in by the depositary", actions.reveal_value, **told.reveal("aster", by="secretariat"))
    actions.reveal_value(draw=told.draw, at=site.now, **told.reveal("aster"))
    actions.reveal_value(draw=told.draw, at=site.now, **told.reveal("cobalt", by="elbe"))
    actions.reveal_value(draw=told.draw, at=site.now, **told.reveal("ivb"))
    told.refuse("revealed again", actions.reveal_value, **told.reveal("aster"))
    told.early = transcript(told.draw)


@pytest.fixture(scope="module")
def told(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        made = tell()
        transaction.set_rollback(True)
    return made


@pytest.fixture
def altered(told):
    return Record.of(told.lines)


def codes(record):
    return [problem.code for problem in record.problems()]


def test_a_draw_follows_from_its_record(told, altered):
    replay, problems = altered.replay()
    assert problems == []
    assert replay.unreplayed == {}


def test_what_is_out_of_turn_is_refused_and_leaves_no_entry(told):
    assert told.refused == {
        "opened again": ("not due", 0),
        "a stranger commits": ("not_allowed", 0),
        "the depositary commits": ("not_allowed", 0),
        "the same again": ("taken", 0),
        "another value": ("draw_refused", 0),
        "revealed before the sealing": ("draw_refused", 0),
        "committed too late": ("draw_refused", 0),
        "revealed before it is on record": ("draw_refused", 0),
        "another's copy": ("draw_refused", 0),
        "who had not committed": ("draw_refused", 0),
        "handed in by the depositary": ("not_allowed", 0),
        "revealed again": ("taken", 0),
        "revealed too late": ("draw_refused", 0),
        "days opened before they are over": ("taken", 0),
    }


def test_the_draw_is_carried_out_without_the_value_that_was_withheld(told, altered):
    payload = altered.payload("draw.carried_out")
    assert dict(payload["values"]) == {**VALUES, WITHHELD: None}
    assert told.drawn == {"before": [], "after": payload["drawn"]}
    assert set(payload["drawn"]) == {"aster-north", "aster-south", "cobalt-mesa", "fjord-dock"}


def test_the_operators_value_is_nowhere_before_the_result(told):
    last = next(number for number, line in enumerate(told.lines) if b'"kind":"draw.carried_out"' in line)
    assert not [line for line in told.lines[:last] if told.draw.value.encode() in line]
    assert told.draw.value not in json.dumps(told.early)


def test_a_site_without_an_inventory_weighs_as_much_as_the_largest(told):
    weights = {one["key"]: one["weight"] for one in told.transcript["listed"]}
    assert weights["fjord-dock"] == weights["cobalt-mesa"] == str(9_000 * 1_979 * 10**12)


FORGED = [
    ("draw.opened", "list_hash", "0" * 64, "list"),
    ("draw.opened", "sites", 3, "list"),
    ("draw.opened", "places", 1, "places"),
    ("draw.opened", "per_party", 9, "places"),
    ("draw.opened", "algorithm", "0" * 64, "algorithm"),
    ("draw.opened", "commitment", "0" * 64, "commitment"),
    ("draw.opened", "commit_by", "2026-11-22T13:00:00Z", "deadline"),
    ("draw.opened", "listed_at", "2026-11-22T11:00:00Z", "instant"),
    ("draw.committed", "organisation", "elbe", "authority"),
    ("draw.committed", "commitment", "0" * 64, "commitment"),
    ("draw.sealed", "organisations", ["aster"], "commitments"),
    ("draw.sealed", "reveal_by", "2026-12-22T13:00:00Z", "deadline"),
    ("draw.revealed", "value", "0" * 64, "commitment"),
    ("draw.carried_out", "values", [["aster", VALUES["aster"]]], "values"),
    ("draw.carried_out", "size", 7, "root"),
    ("draw.carried_out", "root", "0" * 64, "root"),
    ("draw.carried_out", "value", "0" * 64, "commitment"),
    ("draw.carried_out", "seed", "0" * 64, "seed"),
    ("draw.carried_out", "drawn", ["cobalt-mesa"], "drawn"),
    ("draw.days_opened", "links", [], "days"),
    ("draw.days_opened", "links", ["0" * 64], "commitment"),
    ("draw.days_opened", "draw", "2026-09", "unknown_draw"),
]


@pytest.mark.parametrize(("kind", "member", "value", "code"), FORGED)
def test_a_draw_that_says_otherwise_is_named(altered, kind, member, value, code):
    index = altered.find(kind)
    altered.entries[index]["payload"][member] = value
    found = altered.problems()[0]
    assert (found.code, found.kind) == (code, kind) or code == "commitment"
    assert code in codes(altered)


FORGED_DAYS = [
    (lambda opened: opened.update(link="0" * 64), "commitment"),
    (lambda opened: opened.update(place=opened["place"] % 4 + 1), "drawn"),
    (lambda opened: opened.update(draw="2026-09"), "drawn"),
    (lambda opened: opened["passed"].append({"day": "2027-01-04T08:00:00Z", "provision": "monitoring.notice"}), "day"),
    (
        lambda opened: opened["passed"].append({"day": "2027-01-04T08:00:00Z", "provision": "monitoring.notice"}),
        "passed",
    ),
    (lambda opened: opened["passed"].append({"day": "2027-01-04T08:00:00Z", "provision": "mood"}), "payload"),
]


@pytest.mark.parametrize(("alter", "code"), FORGED_DAYS)
def test_a_day_that_was_not_drawn_is_named(altered, alter, code):
    alter(altered.payload("visit.notified")["drawn"])
    assert code in codes(altered)


def test_a_visit_at_short_notice_that_names_no_draw_is_named(altered):
    del altered.payload("visit.notified")["drawn"]
    assert codes(altered) == ["drawn"]


def test_days_that_were_not_committed_to_before_the_seed_are_named(altered):
    altered.payload("draw.opened")["days"].pop()
    assert "days" in codes(altered)


def test_no_secret_of_a_day_is_on_record_before_its_notice_or_the_end_of_the_draws_time(told):
    lasts = told.draw.day_secrets
    assert len(lasts) == 8
    [line] = [line for line in told.lines if any(last.encode() in line for last in lasts)]
    opened = json.loads(line)
    assert (opened["kind"], opened["payload"]["links"]) == ("draw.days_opened", lasts)
    days = {**told.transcript["days"], "links": lasts}
    assert told.after == {**told.transcript, "days": days}
    assert not any(last in json.dumps(told.transcript) for last in lasts)
    assert len(told.transcript["days"]["opened"]) == 2


def test_an_inventory_altered_afterwards_is_named_at_the_draw(altered):
    altered.payload("inventory.declared", facility="cobalt-mesa")["lines"][0]["quantity"] = 1
    assert codes(altered)[0] == "list"


def test_anything_altered_before_the_sealing_changes_the_root(altered):
    altered.payload("facility.registered", facility="fjord-dock")["name"] = "Quay"
    assert codes(altered)[:2] == ["root", "seed"]


@pytest.mark.parametrize(
    ("kind", "code"),
    [("draw.opened", "too_early"), ("draw.sealed", "repeated"), ("draw.carried_out", "repeated"),
     ("draw.committed", "too_late"), ("draw.revealed", "repeated"), ("draw.days_opened", "too_early"),
     ("draw.days_opened", "repeated")],
)  # fmt: skip
def test_a_stage_that_is_repeated_is_named(altered, kind, code):
    index = altered.find("draw.carried_out")
    like = copy.deepcopy(altered.entries[altered.find(kind)])
    changes = {"draw": "2026-09"} if kind == "draw.opened" else {}
    altered.add(index + 1, like, at=altered.entries[index]["at"], **changes)
    assert code in codes(altered)


def test_a_value_dropped_from_the_record_is_named(altered):
    altered.drop("draw.revealed", organisation="cobalt")
    assert codes(altered)[0] == "values"


def test_a_draw_before_its_time_is_named(altered):
    index = altered.find("draw.carried_out")
    altered.entries[index]["at"] = altered.entries[index - 1]["at"]
    assert "too_early" in codes(altered)


def offline(tmp_path, capsys, file):
    path = tmp_path / "draw.json"
    path.write_text(json.dumps(file))
    return main(["draw", str(path), "--json"]), json.loads(capsys.readouterr().out)["differences"]


def test_the_transcript_is_confirmed_offline(told, tmp_path, capsys):
    assert offline(tmp_path, capsys, told.transcript) == (0, [])
    assert offline(tmp_path, capsys, told.after) == (0, [])


@pytest.mark.parametrize(
    ("alter", "named"),
    [
        (lambda file: file["listed"][0].update(weight="1"), "listed:"),
        (lambda file: file["listed"].pop(), "listed:"),
        (lambda file: file.update(places=3), "listed:"),
        (lambda file: file.update(per_party=1), "listed:"),
        (lambda file: file.update(list_hash="0" * 64), "listed:"),
        (lambda file: file.update(algorithm="0" * 64), "algorithm:"),
        (lambda file: file.update(root="0" * 64), "seed:"),
        (lambda file: file.update(seed="0" * 64), "seed:"),
        (lambda file: file.update(value="0" * 64), "value:"),
        (lambda file: file.update(commitment="0" * 64), "value:"),
        (lambda file: file["values"][0].update(value="0" * 64), "values:"),
        (lambda file: file["values"][0].update(value=None), "seed:"),
        (lambda file: file["values"][2].update(value=VALUES[WITHHELD]), "seed:"),
        (lambda file: file["values"].pop(), "seed:"),
        (lambda file: file["drawn"].reverse(), "list drawn"),
        (lambda file: file["transcript"][1].update(ticket="1"), "place 2:"),
        (lambda file: file["transcript"].pop(), "places, the seed gives"),
        (lambda file: file["days"]["opened"][0].update(link="0" * 64), "days: the link"),
        (lambda file: file["days"]["opened"][0].update(day="2027-01-04T08:00:00Z"), "days: place"),
        (lambda file: file["days"]["possible"].reverse(), "days: place"),
        (lambda file: file["days"]["commitments"].reverse(), "days: the link"),
        (lambda file: file["days"]["links"].reverse(), "days: the links of place"),
        (lambda file: file["days"]["links"].pop(), "days: 7 places"),
    ],
)
def test_each_alteration_of_the_transcript_is_named_offline(told, tmp_path, capsys, alter, named):
    file = copy.deepcopy(told.after)
    alter(file)
    code, differences = offline(tmp_path, capsys, file)
    assert code == 1
    assert any(named in one for one in differences), differences


def test_a_value_made_on_the_command_line_opens_its_commitment(tmp_path, capsys):
    kept = tmp_path / "value.json"
    arguments = ["draw", "value", "--draw", "2026-01", "--organisation", "aster", "--out", str(kept)]
    assert main([*arguments, "--json"]) == 0
    said, value = json.loads(capsys.readouterr().out), json.loads(kept.read_text())["value"]
    assert value not in json.dumps(said)
    assert said["commitment"] == value_commitment("2026-01", "aster", value)
    assert kept.stat().st_mode & 0o777 == 0o600
    assert main(arguments) == 2, "a file that is there is not written over"
    assert json.loads(kept.read_text())["value"] == value
    assert main(["draw", "value"]) == 2
