"""Decisions and their effects: what the site records of them follows, and what an operator would like instead is named."""

from copy import deepcopy
from decimal import Decimal
from hashlib import sha256

import pytest

from accounts.rules.organisations import Kind
from labs.actions.facilities import register_facility
from labs.actions.runs import register_run
from labs.models import Declaration, TrainingRun
from tests.once import once_a_module
from tests.verifier.decisions import HOUR, site_in_force
from tests.verifier.records import TEXT
from treaty.actions.amendments import propose_amendment
from treaty.actions.ballots import cast_ballot
from treaty.actions.cases import close_case, open_case, open_missing_cases, report_remedy
from treaty.actions.declarations import ask_due, mark_late
from treaty.actions.delegations import give_delegation, revoke_delegation
from treaty.actions.effects import apply
from treaty.actions.parties import accept_mandate, sign
from treaty.actions.standdowns import record_halt, state_nothing_runs
from treaty.actions.votes import advance_vote
from treaty.models import Case, Exemption, TreatyText
from treaty.rules.profiles import Choice

pytestmark = pytest.mark.django_db


founded = once_a_module(site_in_force)


@pytest.fixture
def site(founded):
    return deepcopy(founded)


def assert_follows(site):
    replay, problems = site.record().replay()
    assert problems == []
    assert replay.unreplayed == {}


def codes(record):
    return [problem.code for problem in record.problems()]


def in_breach(site, lab="fjord"):
    """A case in which the organ has determined non-compliance."""
    case = open_case(
        pause=None, lab=site.organisation(lab), organisation=site.organisation("elbe"), reason="A hall hums.",
        by=site.person("elbe"), at=site.now,
    )  # fmt: skip
    site.decide(site.ask("determine_non_compliance", case=case.key))
    return Case.objects.get(pk=case.pk)


def test_an_admitted_laboratory_signs(site):
    newcomer = site.newcomer("kestrel", Kind.LABORATORY)
    vote = site.decide(site.ask("admit", lab="kestrel"))
    sign(organisation=newcomer, sha256=TreatyText.objects.get().sha256, by=site.person("kestrel"), at=site.now)
    assert vote.effect_applied_at == site.now
    assert_follows(site)


def test_a_laboratory_that_no_vote_admitted_is_named_with_its_signature(site):
    newcomer = site.newcomer("kestrel", Kind.LABORATORY)
    site.decide(site.ask("admit", lab="kestrel"))
    sign(organisation=newcomer, sha256=TreatyText.objects.get().sha256, by=site.person("kestrel"), at=site.now)
    record = site.record()
    record.drop("lab.admitted")
    assert codes(record) == ["effect", "annex"]


def test_an_admission_of_another_than_the_one_voted_on_is_named(site):
    site.newcomer("kestrel", Kind.LABORATORY)
    site.newcomer("osprey", Kind.LABORATORY)
    site.decide(site.ask("admit", lab="kestrel"))
    record = site.record()
    record.payload("lab.admitted")["lab"] = "osprey"
    assert codes(record) == ["lab"]


def test_bodies_and_observers_are_accredited_and_a_mandate_is_renewed(site):
    alpine = site.newcomer("alpine", Kind.BODY)
    site.newcomer("lookout", Kind.OBSERVER)
    for key in ("alpine", "lookout", "ivb"):
        site.decide(site.ask("accredit", organisation=key))
    accept_mandate(organisation=alpine, sha256=TreatyText.objects.get().sha256, by=site.person("alpine"), at=site.now)
    assert_follows(site)


def test_a_mandate_renewed_for_longer_than_the_text_allows_is_named(site):
    site.decide(site.ask("accredit", organisation="ivb"))
    record = site.record()
    record.payload("organisation.accredited")["until_at"] = "2099-01-01T00:00:00Z"
    assert codes(record) == ["deadline"]


def test_a_suspended_party_is_off_the_roll_until_it_is_reinstated(site):
    in_breach(site)
    site.decide(site.ask("suspend", lab="fjord"))
    during = site.ask("advisory")
    site.decide(during)
    site.decide(site.ask("reinstate", lab="fjord"))
    after = site.ask("advisory", by="elbe")
    on_roll = [set(vote.roll.values_list("organisation__key", flat=True)) for vote in (during, after)]
    assert ["fjord" in keys for keys in on_roll] == [False, True]
    assert_follows(site)


def test_a_suspension_that_the_record_does_not_show_makes_the_next_roll_not_follow(site):
    in_breach(site)
    site.decide(site.ask("suspend", lab="fjord"))
    site.ask("advisory")
    record = site.record()
    record.drop("party.suspended")
    assert codes(record) == ["effect", "roll", "roll"]


def test_a_suspension_without_a_determination_is_named(site):
    case = in_breach(site)
    site.decide(site.ask("suspend", lab="fjord"))
    record = site.record()
    index = record.drop("case.determined", case=case.key)
    assert codes(record)[-1:] == ["state"]
    assert record.problems()[0].index == index  # vote.applied without its effect


def test_a_suspension_is_refused_once_the_case_is_closed_and_only_then(site):
    case = in_breach(site)
    vote = site.ask("suspend", lab="fjord")
    report_remedy(case=case, words="It is dark.", by=site.person("fjord"), at=site.now)
    close_case(
        case=case, body=site.organisation("pacific"), words="Seen.", by=site.person("pacific"), at=site.now + HOUR
    )
    vote = site.decide(vote)
    assert vote.effect_settled_at
    assert_follows(site)
    record = site.record()
    record.drop("case.closed")
    assert codes(record) == ["effect"]


def test_a_level_goes_up_and_down_by_votes(site):
    pause = site.pause()
    site.decide(site.ask("escalate", pause=pause.key, level="halt"))
    site.decide(site.ask("relax", pause=pause.key, level="slowdown"))
    assert_follows(site)


def escalated(site):
    site.decide(site.ask("escalate", pause=site.pause().key, level="halt"))


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("level", "slowdown", "level"),
        ("before", "slowdown", "level"),
        ("labs", ["aster"], "bound_set"),
        ("effective_at", "2026-11-22T12:00:00Z", "instant"),
        ("pause", "2026-07", "unknown_pause"),
    ],
)
def test_an_escalation_that_says_otherwise_is_named(recorded, member, value, code):
    record = recorded(escalated)
    record.payload("pause.escalated")[member] = value
    assert codes(record)[0] == code


def test_an_escalation_that_was_voted_down_is_named(recorded):
    record = recorded(escalated)
    vote = record.payload("pause.escalated")["vote"]
    record.payload("vote.closed", vote=vote)["outcome"] = "rejected"
    assert "not_adopted" in codes(record)


def probe(site, key="aster"):
    """A run that a halt stops and that stays below the cap for exemptions."""
    lab = site.organisation(key)
    hall = register_facility(
        organisation=lab, name="A hall", jurisdiction="CH", opened_at=site.now, by=site.person(key), at=site.now
    )
    run = register_run(
        organisation=lab, facility=hall, name="A probe",
        planned_flop=Decimal("5e22"), started_at=site.now, by=site.person(key), at=site.now,
    )  # fmt: skip
    return run.key


def exempted(site):
    """A run of Aster's that a decision lets go on under a halt; then Aster states that nothing else runs."""
    pause = site.pause("halt")
    run = probe(site)
    site.decide(site.ask("grant_exemption", pause=pause.key, run=run, purpose="safety_research", lasts="30 d"))
    stand_down = pause.stand_downs.select_related("organisation", "pause").get(organisation__key="aster")
    state_nothing_runs(stand_down=stand_down, by=site.person("aster"), at=site.now)
    return run


def test_a_granted_exemption_lets_the_stage_of_halting_be_complete(site):
    exempted(site)
    assert Exemption.objects.count() == 1
    assert_follows(site)


def test_an_exemption_that_the_record_does_not_show_leaves_the_run_to_be_halted(recorded):
    record = recorded(exempted)
    record.drop("exemption.granted")
    assert codes(record) == ["effect", "complete"]


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("until_at", "2027-11-22T12:00:00Z", "deadline"),
        ("from_at", "2026-11-22T12:00:00Z", "instant"),
        ("lab", "cobalt", "lab"),
        ("purpose", "security", "purpose"),
    ],
)
def test_an_exemption_that_says_otherwise_is_named(recorded, member, value, code):
    record = recorded(exempted)
    record.payload("exemption.granted")[member] = value
    assert codes(record)[0] == code


def test_a_request_for_an_exemption_beyond_the_text_is_named(recorded):
    record = recorded(exempted)
    vote = record.payload("vote.noticed", decision="grant_exemption")
    vote["subject"]["purpose"] = "curiosity"
    assert "purpose" in codes(record)


def test_an_exemption_that_is_refused_because_the_run_was_halted_follows(site):
    pause = site.pause("halt")
    run = probe(site)
    vote = site.ask("grant_exemption", pause=pause.key, run=run, purpose="security", lasts="30 d")
    stand_down = pause.stand_downs.select_related("organisation", "pause").get(organisation__key="aster")
    record_halt(
        stand_down=stand_down, run=TrainingRun.objects.get(key=run), checkpoint_commitment="ab" * 32,
        by=site.person("aster"), at=site.now,
    )  # fmt: skip
    assert site.decide(vote).effect_settled_at
    assert_follows(site)


NEXT = TEXT.replace(b"\nversion: 1\n", b"\nversion: 2\n").replace(b"answer_within: 5 d", b"answer_within: 7 d")


def amended(site):
    amendment = propose_amendment(
        source=NEXT, title="A week to answer", question="Shall it be so?", requester=site.organisation("aster"),
        by=site.person("aster"), at=site.now,
    )  # fmt: skip
    site.decide(amendment.vote)
    site.ask("advisory", by="elbe")


@pytest.fixture
def amendment(recorded):
    """The record of an amendment, with both texts to be fetched by their hashes."""
    record = recorded(amended)
    record.fetch = {sha256(source).hexdigest(): source for source in (TEXT, NEXT)}.__getitem__
    return record


def test_an_amendment_follows_and_later_votes_freeze_the_new_text(amendment):
    assert codes(amendment) == []
    assert amendment.entries[-1]["payload"]["text"] == sha256(NEXT).hexdigest()


@pytest.mark.parametrize(
    ("kind", "member", "value", "code"),
    [
        ("amendment.proposed", "changes_hash", "0" * 64, "changes"),
        ("amendment.proposed", "text", 3, "version"),
        ("amendment.proposed", "base", "0" * 64, "text_hash"),
        ("text.amended", "sha256", "0" * 64, "text_hash"),
        ("text.amended", "in_force_at", "2026-12-01T00:00:00Z", "instant"),
        ("text.amended", "amendment", "2026-09", "unknown_amendment"),
    ],
)
def test_an_amendment_that_says_otherwise_is_named(amendment, kind, member, value, code):
    amendment.payload(kind)[member] = value
    assert codes(amendment)[0] == code


def test_a_text_in_force_that_no_vote_amended_is_named_with_what_rests_on_it(amendment):
    amendment.drop("text.amended")
    assert codes(amendment)[:2] == ["effect", "text_hash"]


def owing(site):
    """Every party is asked for what the calendar has reached, files nothing, and is asked for clarification."""
    ask_due(at=site.now)
    due = max(Declaration.objects.values_list("due_at", flat=True))
    mark_late(at=due)
    site.now = due + 10 * 24 * HOUR
    return open_missing_cases(at=site.now)


def test_a_declaration_that_stays_away_is_asked_about(site):
    assert owing(site)
    assert_follows(site)


def test_a_case_about_a_declaration_that_is_not_long_overdue_is_named(recorded):
    record = recorded(owing)
    index = record.find("case.opened", last=True)
    entry = record.entries[index]
    due = entry["payload"]["subject"].partition(":")[2]
    entry["at"] = due
    assert "too_early" in codes(record)


def test_a_second_case_about_one_declaration_and_one_about_none_are_named(recorded):
    record = recorded(owing)
    entry = record.entries[record.find("case.opened")]
    record.add(len(record.entries), entry, at=record.entries[-1]["at"], case="2026-900")
    record.add(
        len(record.entries), entry, at=record.entries[-1]["at"], case="2026-901", subject="initial:2020-01-01T00:00:00Z"
    )
    assert {"repeated", "state"} <= set(codes(record))


def in_mid_vote(site, decision):
    """Let `decision` be adopted and take effect while another vote is open, in which Fjord votes before and Aster after it."""
    site.now = decision.opens_at
    for key in sorted(set(decision.roll.filter(recused=False).values_list("organisation__key", flat=True))):
        cast_ballot(
            vote=decision, organisation=site.organisation(key), choice=Choice.CONSENT, by=site.person(key), at=site.now
        )
    site.now = decision.closes_at - 2 * HOUR
    delegate(site, "elbe", "fjord")
    during = site.ask("advisory", by="ganges")
    cast(site, during, "fjord")
    site.now = decision.closes_at
    decision = advance_vote(vote=decision, at=site.now)
    site.now = max(decision.effective_at, site.now)
    assert site.now < during.closes_at
    apply(decision, at=site.now)
    cast(site, during, "aster")
    site.now = during.closes_at
    [labs, *_] = advance_vote(vote=during, at=site.now).tally["classes"]
    assert (labs["members"], labs["consents"]) == (7, 1)


def merged(site):
    in_mid_vote(site, site.ask("merge", lab="fjord", into="elbe"))


def test_a_party_that_merged_leaves_open_votes_and_later_rolls(site):
    merged(site)
    assert not site.ask("advisory").roll.filter(organisation__key="fjord").exists()
    assert_follows(site)


@pytest.mark.parametrize(("member", "value", "expected"), [("into", "aster", "into"), ("lab", "borealis", "lab")])
def test_a_merger_of_others_than_the_vote_named_is_named(recorded, member, value, expected):
    record = recorded(merged)
    record.payload("party.merged")[member] = value
    assert codes(record)[0] == expected


def test_a_merger_that_the_record_does_not_show_makes_the_tally_not_follow(recorded):
    record = recorded(merged)
    record.drop("party.merged")
    assert "tally" in codes(record)


# --- delegation, and who leaves in mid-vote


def delegate(site, of="aster", to="borealis", decision=""):
    return give_delegation(
        organisation=site.organisation(of), delegate=site.organisation(to), decision=decision,
        expires_at=site.now + 48 * HOUR, by=site.person(of), at=site.now,
    )  # fmt: skip


def cast(site, vote, key, choice=Choice.CONSENT):
    site.now = max(site.now, vote.opens_at) + HOUR
    cast_ballot(
        vote=vote, organisation=site.organisation(key), choice=choice, reason="No.", by=site.person(key), at=site.now
    )


def delegated(site):
    """Four ballots of their own, and two by delegates, one of which the member overrides; closed and tallied."""
    delegate(site)
    revoke_delegation(delegation=delegate(site, "fjord", "elbe"), by=site.person("fjord"), at=site.now)
    delegate(site, "ganges", "elbe", "advisory")
    vote = site.ask("advisory", by="cobalt")
    for key, choice in (("ganges", Choice.OBJECT), ("borealis", Choice.CONSENT), ("elbe", Choice.CONSENT)):
        cast(site, vote, key, choice)
    site.now = vote.closes_at
    return advance_vote(vote=vote, at=site.now)


def test_delegations_and_what_they_count_for_follow(site):
    vote = delegated(site)
    [labs, *_] = vote.tally["classes"]
    assert (labs["consents"], labs["objections"], labs["delegated"]) == (3, 1, 1)
    assert_follows(site)


@pytest.mark.parametrize(
    ("member", "value", "expected"),
    [
        ("delegate", "ivb", ["delegation_refused", "roll", "roll"]),
        ("delegate", "cobalt", ["roll", "roll"]),
        ("expires_at", "2099-01-01T00:00:00Z", ["delegation_refused"]),
        ("decision", "amend", ["roll", "roll"]),
    ],
)
def test_a_delegation_changed_afterwards_is_named(recorded, member, value, expected):
    record = recorded(delegated)
    record.payload("delegation.given")[member] = value
    found = codes(record)
    assert found[: len(expected)] == expected


def test_a_delegation_by_a_stranger_and_one_that_nobody_gave_are_named(recorded):
    record = recorded(delegated)
    given, noticed = record.find("delegation.given"), record.find("vote.noticed")
    record.entries[given]["by"] = record.entries[noticed]["by"]
    assert codes(record) == ["authority"]
    record = recorded(delegated)
    record.drop("delegation.given")
    assert codes(record)[:2] == ["roll", "roll"]


def test_who_is_suspended_in_mid_vote_is_counted_no_more(site):
    in_breach(site)
    in_mid_vote(site, site.ask("suspend", lab="fjord"))
    assert_follows(site)
