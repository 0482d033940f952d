"""A record made by the site's own actions follows; each of the ways to falsify it is found, and named by its entry."""

import hashlib
import json
import subprocess
import sys
from zipfile import ZipFile

import pytest

from core.canonical import digest
from core.times import instant
from tests.verifier import past, records
from tests.verifier.records import TEXT, Record, ballot_hash, later, rehash_votes
from verifier.cli import main
from verifier.replay.pauses import Pauses
from verifier.replay.votes import Votes

# django_db: without a test that asks for the database pytest-django makes none.
pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.xdist_group("whole_story")]
SHA256 = hashlib.sha256(TEXT).hexdigest()


@pytest.fixture(scope="module")
def told(django_db_setup, django_db_blocker, tmp_path_factory):
    """The record and its bundle; told once, in real transactions."""
    with django_db_blocker.unblock():
        return records.tell_the_whole_story(tmp_path_factory.mktemp("story"))


@pytest.fixture(scope="module")
def original(told):
    return Record.of(told[0])


@pytest.fixture
def record(original):
    return original.copy()


def first(record):
    problems = record.problems()
    assert problems, "the record follows"
    return problems[0]


def assert_named(record, index, code, *words):
    found = first(record)
    assert (found.index, found.code) == (index, code), found
    assert found.kind == record.entries[index]["kind"]
    assert all(word in found.text for word in words), found.text


def test_the_untouched_record_has_no_problem(record):
    replay, problems = record.replay()
    assert problems == []
    assert replay.unreplayed == {}


def test_the_story_holds_what_the_tests_below_alter(record):
    kinds = {entry["kind"] for entry in record.entries}
    assert kinds >= {
        "vote.contested", "vote.withdrawn", "pause.lapsed", "pause.ratified", "pause.entered_into_force", "pause.ended",
        "standdown.rolled_back", "standdown.extended", "case.determined", "case.closed", "quarantine.lifted",
        "resumption.begun", "resumption.stage_reached", "withdrawal.revoked", "report.submitted", "declaration.asked",
    }  # fmt: skip


def test_the_replay_arrives_where_the_site_does(record):
    replay, _ = record.replay()
    votes, pauses = replay.of(Votes).known, replay.of(Pauses).known
    assert {key: vote.outcome for key, vote in votes.items()} == {
        entry["payload"]["vote"]: entry["payload"]["outcome"]
        for entry in record.entries
        if entry["kind"] == "vote.closed"
    } | {record.payload("vote.withdrawn")["vote"]: ""}
    assert {key: pause.state(records.NOW).value for key, pause in pauses.items()} == {
        "2026-01": "lapsed", "2026-02": "ended", "2026-03": "in_force",
    }  # fmt: skip


def test_what_pages_say_of_a_past_instant_is_what_follows_from_the_entries_up_to_it(told, original):
    lines, _bundle, shown = told
    known, index = past.Known(original.fetch), 0
    for at, said in shown.items():
        while index < len(lines) and instant(original.entries[index]["at"]) <= at:
            known.apply(index, original.entries[index], lines[index])
            index += 1
        assert list(past.differences(said, known.at(at))) == [], at
    assert len(shown) > 12
    assert index == len(lines)


# Votes


def a_ballot(record, decision, *, last=False):
    vote = record.payload("vote.noticed", decision=decision)["vote"]
    index = record.find("ballot.cast", last=last, vote=vote)
    return index, record.entries[index]


def forged(record, like, at, member, by, **changes):
    """A further ballot of `member`, in its right place in the member's sequence."""
    own = [
        entry["payload"]
        for entry in record.entries
        if entry["kind"] == "ballot.cast"
        and entry["payload"]["vote"] == like["payload"]["vote"]
        and entry["payload"]["organisation"] == member
    ]
    ballot = like["payload"]["ballot"] | {
        "organisation": member, "at": at, "sequence": len(own) + 1, "supersedes": own[-1]["hash"] if own else None, **changes,
    }  # fmt: skip
    return {"organisation": member, "ballot": ballot, "received_at": at, "hash": records.ballot_hash(ballot)}, at, by


def representative(record, organisation):
    return record.payload("member.appointed", organisation=organisation)["member"]


def test_a_ballot_added_after_the_close_is_named(record):
    _, like = a_ballot(record, "start_pause_ordinary")
    close = record.find("vote.closed", vote=like["payload"]["vote"])
    payload, at, by = forged(
        record, like, later(record.entries[close]["at"], minutes=1), "fjord", representative(record, "fjord")
    )
    index = record.add(close + 1, like, at=at, by=by, **payload)
    assert_named(record, index, "too_late", "closed")


def test_a_ballot_slipped_in_before_the_closing_entry_and_received_after_the_close_is_named(record):
    _, like = a_ballot(record, "start_pause_ordinary")
    close = record.find("vote.closed", vote=like["payload"]["vote"])
    closed_at = record.entries[close]["payload"]["closed_at"]
    after = later(closed_at, microseconds=1)
    payload, at, by = forged(record, like, after, "fjord", representative(record, "fjord"))
    index = record.add(close, like, at=at, by=by, **payload)
    assert_named(record, index, "too_late", f"closed at {closed_at}")


def test_a_ballot_left_out_is_found_at_the_close(record):
    index, dropped = a_ballot(record, "resume", last=True)
    del record.entries[index]
    found = first(record)
    assert found.index == record.find("vote.closed", vote=dropped["payload"]["vote"])


def test_a_ballot_of_somebody_off_the_roll_is_named(record):
    place, like = a_ballot(record, "extend_deadline", last=True)
    payload, at, by = forged(record, like, like["at"], "pacific", representative(record, "pacific"))
    index = record.add(place, like, at=at, by=by, **payload)
    assert_named(record, index, "not_on_roll", "pacific is not on the roll")


def test_a_ballot_of_somebody_recused_is_named(record):
    place, like = a_ballot(record, "determine_non_compliance", last=True)
    payload, at, by = forged(record, like, like["at"], "fjord", representative(record, "fjord"))
    assert_named(record, record.add(place, like, at=at, by=by, **payload), "recused", "fjord is recused")


def test_a_ballot_cast_by_another_laboratorys_person_is_named(record):
    index, ballot = a_ballot(record, "resume")
    ballot["by"] = representative(record, "fjord")
    assert_named(record, index, "authority", "could not act for")


@pytest.mark.parametrize(
    ("member", "value"),
    [("vote", "2026-99"), ("roll", "0" * 64), ("origin", "elsewhere.example/tlog"), ("text", "0" * 64)],
)
def test_a_ballot_that_was_signed_for_something_else_is_named(record, member, value):
    index, ballot = a_ballot(record, "resume")
    ballot["payload"]["ballot"][member] = value
    ballot["payload"]["hash"] = records.ballot_hash(ballot["payload"]["ballot"])
    assert_named(record, index, "ballot", value)


def test_a_ballot_whose_choice_was_turned_is_found_at_the_close(record):
    _, ballot = a_ballot(record, "resume")
    ballot["payload"]["ballot"] |= {"choice": "abstain"}
    rehash_votes(record)
    assert first(record).index == record.find("vote.closed", vote=ballot["payload"]["vote"])


def test_a_sealed_ballot_that_is_opened_as_another_is_named(record):
    index = record.find("ballot.opened", organisation="aster", sequence=1)
    payload = record.entries[index]["payload"]
    payload["ballot"]["choice"], payload["ballot"]["reason"] = "object", "0" * 64
    payload["hash"] = ballot_hash(payload["ballot"])
    assert_named(record, index, "commitment")


def test_a_sealed_ballot_that_is_never_opened_is_found_at_the_close(record):
    vote = record.entries[record.drop("ballot.opened", organisation="borealis")]["payload"]["vote"]
    rehash_votes(record)
    assert_named(record, record.find("vote.closed", vote=vote), "unopened", "borealis")


def test_sealed_ballots_opened_before_the_close_are_named(record):
    index = record.find("ballot.opened")
    early = record.payload("vote.noticed", decision="advisory")["opens_at"]
    assert_named(record, record.move(index, later(early, days=2)), "too_early")


def test_a_sealed_ballot_slipped_in_once_the_others_were_opened_is_named(record):
    opened, like = record.find("ballot.opened", last=True), record.find("ballot.sealed", organisation="cobalt")
    entry, last = record.entries[like], record.find("ballot.sealed", last=True)
    received = record.entries[last]["payload"]["received_at"]
    place = record.add(
        opened, entry, at=record.entries[opened]["at"], organisation="elbe", received_at=received, commitment="0" * 64,
        by=representative(record, "elbe"),
    )  # fmt: skip
    assert_named(record, place, "too_late")


def test_a_ballot_in_the_open_in_a_sealed_vote_is_named(record):
    index = record.find("ballot.sealed")
    opened = record.payload("ballot.opened")
    record.entries[index]["kind"] = "ballot.cast"
    record.entries[index]["payload"] |= {name: opened[name] for name in ("ballot", "hash", "ground")}
    assert_named(record, index, "sealed")


def test_a_changed_tally_is_named(record):
    index = record.find("vote.closed", last=True)
    record.entries[index]["payload"]["tally"]["classes"][0]["abstain"] = "1"
    assert_named(record, index, "tally")


def test_a_changed_outcome_is_named(record):
    vote = record.payload("vote.noticed", decision="start_pause_ordinary")["vote"]
    index = record.find("vote.closed", vote=vote)
    payload = record.entries[index]["payload"]
    payload |= {"outcome": "rejected", "reason": "threshold", "effective_at": None, "expires_at": None}
    payload["tally"] |= {"outcome": "rejected", "reason": "threshold"}
    assert_named(record, index, "outcome", "rejected", "adopted")


def test_a_vote_said_to_be_closed_too_soon_is_named(record):
    vote = record.payload("vote.noticed", decision="ratify_emergency")["vote"]
    index = record.move(
        record.find("vote.closed", vote=vote),
        later(record.entries[record.find("ballot.cast", vote=vote)]["at"], minutes=1),
    )
    assert_named(record, index, "too_early", "closes at")


def test_a_roll_that_lacks_a_member_is_named(record):
    index = record.find("vote.noticed", decision="resume")
    roll = record.entries[index]["payload"]["roll"]
    gone = next(line for line in roll if line[0] == "ganges")
    roll.remove(gone)
    rehash_votes(record)
    assert_named(record, index, "roll", "ganges labs 1")


def test_a_recusal_that_was_not_computed_is_named(record):
    index = record.find("vote.noticed", decision="determine_non_compliance")
    line = next(line for line in record.entries[index]["payload"]["roll"] if line[0] == "fjord")
    line[3] = None
    rehash_votes(record)
    assert_named(record, index, "roll", "fjord labs 1 subject")


def test_another_rule_than_the_texts_is_named(record):
    index = record.find("vote.noticed", decision="resume")
    payload = record.entries[index]["payload"]
    payload["rule"]["electorates"][0]["threshold"]["share"] = "1/2"
    payload["rule_hash"] = digest(payload["rule"])
    assert_named(record, index, "profile")


def test_an_effect_before_its_timelock_is_named(record):
    begun = record.find("resumption.begun")
    entry = record.entries[begun]
    closed = record.entries[record.find("vote.closed", vote=entry["payload"]["vote"])]
    index = record.move(begun, later(closed["at"], hours=1))
    assert_named(record, index, "too_early", "takes effect at")


def test_an_effect_that_was_withheld_is_named(record):
    index = record.find("vote.applied", decision="start_pause_ordinary")
    vote = record.entries[index]["payload"]["vote"]
    record.entries[index] |= {
        "kind": "vote.effect_refused",
        "payload": {"vote": vote, "decision": "start_pause_ordinary", "code": "no_reason"},
    }
    del record.entries[record.find("pause.adopted", vote=vote)]
    assert_named(record, index - 1, "effect", "nothing stood in the way")


# The treaty


def test_a_changed_text_is_named(record):
    changed = TEXT.replace(b'"2/3"', b'"1/2"', 1)
    record.replace_everywhere(SHA256, hashlib.sha256(changed).hexdigest())
    assert_named(record, record.find("text.published"), "text_hash", SHA256)


def test_a_text_with_other_numbers_makes_other_decisions(record):
    """Somebody who changes text, hash and every reference to it is found by what was decided under it."""
    changed = TEXT.replace(b"within: 24 h", b"within: 96 h", 1)
    record.replace_everywhere(SHA256, hashlib.sha256(changed).hexdigest())
    record.fetch = lambda _sha256: changed
    assert first(record).index > record.find("text.published")


def test_a_text_that_cannot_be_fetched_is_named(record):
    def missing(sha256):
        raise FileNotFoundError(sha256)

    record.fetch = missing
    assert_named(record, record.find("text.published"), "text_missing", SHA256)


def test_a_signature_under_another_text_is_named(record):
    index = record.find("treaty.signed", lab="elbe")
    record.entries[index]["payload"]["sha256"] = "0" * 64
    assert_named(record, index, "text_hash")


def test_a_ratification_left_out_keeps_the_treaty_from_entering_into_force(record):
    record.drop("treaty.ratified", lab="hanbit")
    found = first(record)
    assert (found.index, found.code) == (record.find("treaty.entered_into_force"), "entry_into_force")
    assert "7 of" in found.text
    assert "missing hanbit" in found.text


def test_an_entry_into_force_at_another_instant_is_named(record):
    index = record.find("treaty.entered_into_force")
    payload = record.entries[index]["payload"]
    payload["in_force_at"] = later(payload["in_force_at"], days=-1)
    assert_named(record, index, "entry_into_force")


def test_a_person_whom_nobody_appointed_acts_for_nobody(record):
    index = record.drop("member.appointed", organisation="elbe")
    found = first(record)
    assert (found.code, found.index >= index) == ("authority", True)


# Triggers and readings


def test_a_trigger_said_to_be_true_that_was_unknown_is_named(record):
    index = record.find("trigger.evaluated", truth="unknown")
    record.entries[index]["payload"]["truth"] = "true"
    assert_named(record, index, "truth", "the record says true", "it follows unknown")


def test_a_finding_whose_evidence_was_changed_is_named(record):
    index = record.find("trigger.evaluated", last=True)
    record.entries[index]["payload"]["explanation"] = "0" * 64
    assert_named(record, index, "finding", "explanation")


def test_a_reading_changed_afterwards_is_found_by_what_was_judged_over_it(record):
    record.payload("reading.received", indicator="ai_research_share", lab="aster")["value"] = "0.9"
    assert_named(record, record.find("vote.noticed", decision="resume"), "criteria", "indicator_back")


def test_a_trigger_that_fires_while_it_is_not_true_is_named(record):
    like = record.entries[record.find("vote.noticed", decision="start_pause_ordinary")]
    finding = record.find("trigger.evaluated", last=True)
    trigger = record.entries[finding]["payload"]
    evidence = {"explanation": trigger["explanation"]}
    subject = {"trigger": trigger["trigger"], "level": "pause", "evidence": evidence}
    at = record.entries[finding]["at"]
    payload = like["payload"]
    index = record.add(
        finding + 1,
        like,
        at=at,
        vote="2026-77",
        requester=None,
        subject=subject,
        opens_at=at,
        closes_at=later(at, hours=48),
    )
    record.entries[index]["by"] = None
    assert payload["vote"] != "2026-77"
    assert_named(record, index, "truth", "it opens no vote")


def test_a_reading_vouched_for_by_a_rival_is_named(record):
    index = record.find("reading.received", lab="daxing")
    record.entries[index]["by"] = representative(record, "aster")
    assert_named(record, index, "authority", "vouch")


def test_a_reading_taken_out_of_quarantine_by_one_person_is_named(record):
    index = record.find("quarantine.lifted")
    record.entries[index]["by"] = record.entries[record.find("quarantine.reviewed")]["by"]
    assert_named(record, index, "authority", "second of two people")


def test_a_contradiction_kept_out_of_quarantine_is_named(record):
    index = next(number for number, entry in enumerate(record.entries) if entry["payload"].get("quarantined_for"))
    record.entries[index]["payload"]["quarantined_for"] = []
    assert_named(record, index, "quarantine")


# Pauses


def test_a_pause_before_its_vote_took_effect_is_named(record):
    vote = record.payload("vote.noticed", decision="start_pause_ordinary")["vote"]
    opens_at = record.payload("vote.noticed", vote=vote)["opens_at"]
    index = record.move(record.find("pause.adopted", vote=vote), later(opens_at, minutes=1))
    assert_named(record, index, "not_adopted", "not closed")


def test_a_bound_set_that_is_not_the_fixed_point_is_named(record):
    index = record.find("pause.entered_into_force")
    payload = record.entries[index]["payload"]
    payload["bound"].remove("borealis")
    payload["out"] = sorted(
        [*payload["out"], {"lab": "borealis", "code": "not_met", "round": 1}], key=lambda one: one["lab"]
    )
    assert_named(record, index, "bound_set", "borealis")


def test_a_pledge_left_out_changes_the_bound_set(record):
    pause = record.payload("pause.entered_into_force")["pause"]
    record.drop("commitment.confirmed", pause=pause, lab="cobalt")
    found = first(record)
    assert found.index == record.find("pause.entered_into_force")


def test_a_pause_in_force_at_another_instant_is_named(record):
    index = record.find("pause.entered_into_force")
    payload = record.entries[index]["payload"]
    payload["at"] = later(payload["at"], hours=-6)
    assert_named(record, index, "instant")


def test_compute_that_was_not_declared_is_named(record):
    index = record.find("pause.adopted")
    record.entries[index]["payload"]["roll"][0]["compute"] = "1"
    assert_named(record, index, "roll", "compute")


def test_a_case_opened_before_its_deadline_is_named(record):
    place = record.find("case.opened", about="late")
    entry = record.entries[place]
    at = later(record.entries[record.find("pause.adopted", pause=entry["payload"]["pause"])]["at"], hours=1)
    entry["payload"]["answer_by"] = later(at, days=5)
    index = record.move(place, at)
    assert_named(record, index, "too_early", "it is due at")


def test_a_stand_down_declared_while_a_run_goes_on_is_named(record):
    record.drop("standdown.run_halted", lab="aster")
    record.drop("run.halted", lab="aster")
    found = first(record)
    assert (found.index, found.kind) == (record.find("standdown.declared", lab="aster"), "standdown.declared")


def test_a_breach_that_no_vote_determined_is_named(record):
    place = record.find("case.determined")
    noticed = record.entries[record.find("vote.noticed", decision="determine_non_compliance")]
    index = record.move(place, later(noticed["at"], hours=1))
    assert_named(record, index, "not_adopted")


# Resumption


def test_a_resumption_with_an_unknown_criterion_is_named(record):
    """Bodies disagree before the instant of effect, and the record says that all was met."""
    like = record.entries[record.find("criterion.determined", criterion="safety_case_reviewed")]
    at = later(
        record.entries[record.find("vote.closed", vote=record.payload("resumption.begun")["vote"])]["at"], minutes=1
    )
    place = next(number for number, entry in enumerate(record.entries) if number and entry["at"] > at)
    expires_at = later(at, days=30)
    record.add(place, like, at=at, by=representative(record, "ivb"), body="ivb", met=False, expires_at=expires_at)
    found = first(record)
    assert (found.index, found.code) == (record.find("resumption.begun"), "criteria")
    assert "safety_case_reviewed" in found.text


def test_a_vote_on_resuming_without_every_criterion_is_named(record):
    record.drop("criterion.determined", criterion="security_review")
    assert first(record).index == record.find("vote.noticed", decision="resume")
    assert first(record).code == "criteria"


def test_a_vote_on_resuming_while_a_body_disputes_a_verified_stand_down_is_named(record):
    verified = record.find("standdown.verified", lab="ganges", conclusion="consistent")
    like = record.entries[verified]
    like["payload"]["visit"] = record.payload("report.submitted")["visit"]
    at = later(like["at"], minutes=5)
    expires_at = later(like["payload"]["expires_at"], minutes=5)
    record.add(verified + 1, like, at=at, visit=None, conclusion="inconclusive", expires_at=expires_at)
    found = next(one for one in record.problems() if one.code == "criteria")
    assert found.index == record.find("vote.noticed", decision="resume")
    assert "stand_downs_verified" in found.text


@pytest.mark.parametrize(("seconds", "kind"), [(5, "resumption.begun"), (120, "vote.noticed")])
def test_a_reading_committed_while_a_decision_was_taken_need_not_have_been_seen_by_it(record, seconds, kind):
    """The decision is judged without what arrived in its last minute; once the reading is known, it counts."""
    noticed = record.find("vote.noticed", decision="resume")
    like = record.entries[record.find("reading.received", indicator="security_incident_open", lab="aster")]
    at = later(record.entries[noticed]["at"], seconds=-seconds)
    record.add(noticed, like, at=at, value="1", reading=90_001, series="aster:late", observed_at=at)
    found = next(one for one in record.problems() if one.code == "criteria")  # what triggers found of it differs too
    assert found.kind == kind
    assert "security_review" in found.text


def test_a_stage_reached_before_it_is_due_is_named(record):
    place = record.find("resumption.stage_reached", stage=2)
    at = later(record.payload("resumption.begun")["at"], days=3)
    record.entries[place]["payload"]["at"] = at
    assert_named(record, record.move(place, at), "stage", "due at")


def test_a_pause_that_ends_before_its_last_stage_is_named(record):
    record.drop("resumption.stage_reached", stage=3)
    assert_named(record, record.find("pause.ended"), "state", "2 of 3 stages")


# Inspections


def test_a_report_submitted_with_one_signature_is_named(record):
    report = record.payload("report.submitted")["report"]
    index = record.find("report.signed", report=report)
    signer = record.entries[index]["by"]
    del record.entries[index]
    record.payload("report.submitted", report=report)["signatures"].remove(signer)
    assert_named(record, record.find("report.submitted", report=report), "signatures", "1 of 2 inspectors")


def test_a_signature_under_an_earlier_text_of_the_report_does_not_count(record):
    report = record.payload("report.submitted")["report"]
    record.payload("report.signed", report=report)["commitment"] = "0" * 64
    assert_named(record, record.find("report.submitted", report=report), "signatures")


def test_a_conclusion_that_the_report_does_not_support_is_named(record):
    index = record.find("standdown.verified", conclusion="consistent")
    visit = record.entries[index]["payload"]["visit"]
    if visit is None:
        pytest.skip("the first stand-down was verified without a visit")
    record.payload("report.submitted", visit=visit)["conclusion"] = "inconclusive"
    assert first(record).index == index


def test_a_visit_to_another_place_than_the_plan_committed_to_is_named(record):
    index = record.find("visit.notified")
    record.entries[index]["payload"]["from"] = later(record.entries[index]["payload"]["from"], hours=5)
    assert_named(record, index, "commitment")


def test_a_short_notice_is_named(record):
    index = record.find("visit.notified")
    starts = record.entries[index]["payload"]["from"]
    record.entries[index]["at"] = later(starts, hours=-3)
    assert any(problem.code == "too_late" and problem.index == index for problem in record.problems())


# The whole


def test_entries_out_of_order_in_time_are_named(record):
    index = record.find("facility.registered")
    record.entries[index]["at"] = later(record.entries[index]["at"], days=-30)
    assert any(problem.index == index and "long before" in problem.text for problem in record.problems())


@pytest.mark.parametrize("damage", [{}, {"vote": 3}, {"vote": None}, {"vote": ["2026-01"]}])
def test_a_payload_of_another_shape_is_a_problem_and_stops_nothing(record, damage):
    index = record.find("vote.closed")
    record.entries[index]["payload"] = damage
    replay, problems = record.replay()
    assert problems[0].index == index
    assert sum(replay.kinds.values()) == len(record.entries)


def test_no_entry_left_out_stops_the_replay(original):
    """Dropping any one entry may leave a record that follows (a sweep may write things down later); it never breaks the replay."""
    for index in range(0, len(original.entries), 37):
        record = original.copy()
        del record.entries[index]
        replay, _ = record.replay()
        assert sum(replay.kinds.values()) == len(record.entries)


def test_the_bundle_alone_is_verified_without_a_network(told, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "verifier.cli", "verify", "--json", str(told[1])],
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(done.stdout)
    assert (done.returncode, report["follows"], report["problems"]) == (0, True, [])
    assert report["entries_checked"] == len(told[0])


def test_a_bundle_with_another_text_is_refused(told, tmp_path, capsys):
    with ZipFile(told[1]) as archive, ZipFile(tmp_path / "log.zip", "w") as other:
        for name in archive.namelist():
            data = archive.read(name)
            other.writestr(name, data.replace(b'"2/3"', b'"1/2"', 1) if name.endswith(".yaml") else data)
    assert main(["verify", "--quiet", str(tmp_path / "log.zip")]) == 1
    said = capsys.readouterr().out
    assert "DOES NOT FOLLOW: entry" in said
    assert "text.published" in said


@pytest.mark.parametrize(
    ("kind", "changes", "code"),
    [
        ("clarification.asked", {"number": 9}, "unknown"),
        ("clarification.asked", {"body": "nowhere"}, "body"),
        ("clarification.asked", {"answer_by": "2026-11-22T12:00:00Z"}, "deadline"),
        ("clarification.answered", {"number": 9}, "unknown"),
        ("dissent.filed", {"number": 9}, "unknown"),
        ("dissent.filed", {"for_body": True}, "authority"),
    ],
)
def test_a_step_about_a_finding_that_does_not_follow_is_named(record, kind, changes, code):
    record.payload(kind).update(changes)
    assert_named(record, record.find(kind), code)


def test_an_answer_by_somebody_else_and_a_finding_made_graver_before_it_are_named(record):
    asked = record.find("clarification.asked")
    record.entries[record.find("clarification.answered")]["by"] = record.entries[asked]["by"]
    assert_named(record, record.find("clarification.answered"), "authority")
    graver = record.entries[asked] | {"kind": "finding.escalated"}
    record.add(asked + 1, graver, state="non_compliance_suspected", basis="0" * 64)
    assert_named(record, asked + 1, "not_yet_answered")


def test_a_case_about_a_finding_that_may_still_be_answered_is_named(record):
    asked = record.find("clarification.asked")
    about, opened = record.entries[asked]["payload"], record.entries[record.find("case.opened")]
    officer = next(
        entry["payload"]["member"]
        for entry in record.entries
        if entry["kind"] == "member.appointed" and entry["payload"]["organisation"] == "ivb"
    )
    case = {**opened, "at": record.entries[asked]["at"], "by": officer}
    changes = {
        "case": "2026-900", "lab": about["lab"], "pause": about["pause"], "about": "finding", "body": "ivb",
        "subject": f"{about['report']}#{about['number']}", "answer_by": about["answer_by"],
    }  # fmt: skip
    record.add(asked + 1, case, **changes)
    assert_named(record, asked + 1, "not_yet_answered")


@pytest.mark.parametrize(
    ("kind", "changes", "code"),
    [
        ("managed_access.requested", {"number": 7}, "number"),
        ("managed_access.requested", {"layer": "nowhere"}, "layer"),
        ("managed_access.settled", {"number": 7}, "unknown"),
        ("managed_access.settled", {"state": "satisfied"}, "state"),
    ],
)
def test_managed_access_that_does_not_follow_is_named(record, kind, changes, code):
    record.payload(kind).update(changes)
    assert_named(record, record.find(kind), code)


def test_a_layer_that_is_called_verified_though_it_stayed_hidden_is_named(record):
    visit = record.payload("managed_access.requested")["visit"]
    record.payload("report.submitted", visit=visit)["answers"]["power"] = "verified"
    assert any(problem.code == "unseen" for problem in record.problems())


@pytest.mark.parametrize(
    ("kind", "changes", "code"),
    [
        ("agreement.proposed", {"version": 2}, "version"),
        ("agreement.proposed", {"facility": "nowhere"}, "unknown"),
        ("agreement.agreed", {"body": "pacific"}, "authority"),
    ],
)
def test_a_facility_agreement_that_does_not_follow_is_named(record, kind, changes, code):
    record.payload(kind).update(changes)
    assert_named(record, record.find(kind), code)
