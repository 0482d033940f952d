"""Every door of accounts, labs and treaty tried by each role, to read and to write, and words that are not theirs searched for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pytest
import time_machine
from django.core.cache import cache
from django.urls import get_resolver, reverse

from accounts.actions.people import invite
from accounts.actions.tokens import create_token
from accounts.models import Membership
from accounts.rules.organisations import Role
from labs.actions.facilities import register_facility
from labs.models import Quarantine
from labs.rules.runs import RunStatus
from tests import factories as make
from tests.doors import leaked, opened, signed_in, tried
from tests.factories import NOON
from treaty.actions.ballots import cast_ballot
from treaty.actions.cases import open_case
from treaty.actions.delegations import give_delegation
from treaty.actions.votes import notice_vote
from treaty.models import OrderEndpoint
from treaty.rules.profiles import Choice

pytestmark = pytest.mark.django_db
LATER = NOON + make.timedelta(hours=1)
ROLES = ("anonymous", "observer", "other_lab", "own_lab", "other_body", "own_body", "secretariat")
READERS = ("anonymous", "other_lab", "own_lab", "secretariat")  # of what is only read
# Whom a word that was planted is for.
FOR = {
    "placeword": set(),  # the exact place of a site: nobody sees more than a commitment
    "ballotword": {"own_lab"},  # the reason of a sealed ballot, while the vote is open
    "nameword": {"own_lab"},  # a colleague's name
    "inviteword": {"own_lab"},
    "tokenword": {"own_lab"},
    "urlword": {"own_lab"},  # where a laboratory's pipelines take its orders
}
# What each role is answered on GET, and behind the stroke on POST, in the order of ROLES (of READERS where nothing is written);
# "in" is the way to sign in. A door that is not here fails the test.
DOORS = {
    "accounts.invitation": "404 404 404 404 404 404 404 | 404 404 404 404 404 404 404",
    "accounts.end_membership": "in 403 403 200 403 403 403 | in 403 403 302 403 403 403",
    "accounts.members": "in 403 403 200 403 403 403 | in 403 403 422 403 403 403",
    "accounts.tokens": "in 200 200 200 200 200 200 | in 200 200 200 200 200 200",
    "accounts.revoke_token": "in 405 405 405 405 405 405 | in 422 422 422 422 422 422",
    "accounts.become": "405 405 405 405",
    "accounts.people": "404 404 404 404",
    "accounts.found": "in 403 403 403 403 403 200 | in 403 403 403 403 403 422",
    "labs.list": "200 200 200 200",
    "labs.lab": "200 200 200 200",
    "labs.file_declaration": "in 403 403 200 403 403 403 | in 403 403 302 403 403 403",
    "labs.register_deployment": "in 403 403 200 403 403 403 | in 403 403 302 403 403 403",
    "labs.amend_procedure": "in 403 403 200 403 403 403 | in 403 403 302 403 403 403",
    "labs.desk": "in 403 200 403",
    "labs.register_facility": "in 403 403 200 403 403 403 | in 403 403 422 403 403 403",
    "labs.close_facility": "in 403 403 200 403 403 403 | in 403 403 302 403 403 403",
    "labs.declare_inventory": "in 403 403 200 403 403 403 | in 403 403 302 403 403 403",
    "labs.register_run": "in 403 403 200 403 403 403 | in 403 403 302 403 403 403",
    "labs.finish_run": "in 403 403 200 403 403 403 | in 403 403 302 403 403 403",
    "labs.halt_run": "in 403 403 200 403 403 403 | in 403 403 409 403 403 403",
    "labs.start_run": "in 403 403 200 403 403 403 | in 403 403 302 403 403 403",
    "treaty.api_keys": "200 200 200 200 200 200 200 | 400 400 400 400 400 400 400",
    "treaty.api_key": "404 404 404 404",
    "treaty.api_revocation": "405 405 405 405 405 405 405 | 400 400 400 400 400 400 400",
    "treaty.api_amendment": "404 404 404 404",
    "treaty.api_submissions": "404 404 404 404",
    "treaty.api_order": "404 404 404 404",
    "treaty.api_acknowledgement": "405 405 405 405 405 405 405 | 400 400 400 400 400 400 400",
    "treaty.api_delegations": "200 200 200 200",
    "treaty.api_drills": "200 200 200 200",
    "treaty.api_drill": "200 200 200 200",
    "treaty.api_readings": "200 200 200 200 200 200 200 | 401 400 400 400 400 400 400",
    "treaty.api_triggers": "200 200 200 200",
    "treaty.api_cases": "200 200 200 200",
    "treaty.api_parties": "200 200 200 200",
    "treaty.api_pauses": "200 200 200 200",
    "treaty.api_pause": "200 200 200 200",
    "treaty.api_votes": "200 200 200 200",
    "treaty.api_vote": "200 200 200 200",
    "treaty.api_ballots": "405 405 405 405 405 405 405 | 401 400 400 400 400 400 400",
    "treaty.api_repudiation": "405 405 405 405 405 405 405 | 400 400 400 400 400 400 400",
    "treaty.api_ballot_paper": "400 400 400 400",
    "treaty.indicators": "200 200 200 200",
    "treaty.indicator": "200 200 200 200",
    "treaty.submit_reading": "in 403 200 200 200 200 403 | in 403 422 422 422 422 403",
    "treaty.cases": "200 200 200 200",
    "treaty.refer": "in 200 200 200 200 200 200 | in 422 302 409 302 302 422",
    "treaty.case": "200 200 200 200",
    "treaty.answer_case": "in 200 200 200 200 200 200 | in 403 403 302 403 403 403",
    "treaty.close_case": "in 200 200 200 200 200 200 | in 422 422 422 409 409 422",
    "treaty.remedy_case": "in 200 200 200 200 200 200 | in 403 403 302 403 403 403",
    "treaty.drills": "200 200 200 200",
    "treaty.drill": "200 200 200 200",
    "treaty.drill_verify": "in 200 200 200 200 200 200 | in 422 422 422 409 409 422",
    "treaty.drill_lab": "200 200 200 200",
    "treaty.drill_stage": "in 403 403 200 403 403 403 | in 403 403 409 403 403 403",
    "treaty.keys": "200 200 200 200",
    "treaty.my_keys": "in 200 200 200",
    "treaty.make_passkey": "in 403 302 403",
    "treaty.register_key": "in 403 403 200 403 403 403 | in 403 403 422 403 403 403",
    "treaty.repudiate_ballot": "404 403 403 404 403 403 403 | 404 403 403 404 403 403 403",
    "treaty.revoke_key": "404 403 403 404 403 403 403 | 404 403 403 404 403 403 403",
    "treaty.declare_root": "in 403 403 200 403 403 403 | in 403 403 422 403 403 403",
    "treaty.set_signers": "in 403 403 200 403 403 403 | in 403 403 200 403 403 403",
    "treaty.order": "404 404 404 404",
    "treaty.orders": "200 200 200 200",
    "treaty.add_endpoint": "in 403 403 200 403 403 403 | in 403 403 409 403 403 403",
    "treaty.remove_endpoint": "in 403 403 200 403 403 403 | in 403 403 302 403 403 403",
    "treaty.order_key": "404 404 404 404",
    "treaty.pauses": "200 200 200 200",
    "treaty.pause": "200 200 200 200",
    "treaty.determine": "in 403 403 403 200 200 403 | in 403 403 403 302 302 403",
    "treaty.ask_to_resume": "in 200 200 200 200 200 200 | in 422 409 409 409 409 422",
    "treaty.stand_down": "200 200 200 200",
    "treaty.acknowledge": "in 403 403 200 403 403 403 | in 403 403 302 403 403 403",
    "treaty.commit": "in 403 403 200 403 403 403 | in 403 403 409 403 403 403",
    "treaty.withdraw_commitment": "in 403 403 200 403 403 403 | in 403 403 409 403 403 403",
    "treaty.declare": "in 403 403 200 403 403 403 | in 403 403 409 403 403 403",
    "treaty.nothing_deployed": "in 403 403 200 403 403 403 | in 403 403 302 403 403 403",
    "treaty.nothing_runs": "in 403 403 200 403 403 403 | in 403 403 409 403 403 403",
    "treaty.roll_back": "in 403 403 200 403 403 403 | in 403 403 409 403 403 403",
    "treaty.halt": "in 403 403 200 403 403 403 | in 403 403 422 403 403 403",
    "treaty.verify": "in 200 200 200 200 200 200 | in 422 422 422 409 409 422",
    "treaty.quarantine": "200 200 200 200",
    "treaty.review_quarantine": "in 403 403 403 200 200 200 | in 403 403 403 302 302 302",
    "treaty.secretariat": "in 403 403 200",
    "treaty.publish_text": "in 403 403 403 403 403 200 | in 403 403 403 403 403 422",
    "treaty.text": "200 200 200 200",
    "treaty.amendments": "200 200 200 200",
    "treaty.propose_amendment": "in 403 200 200 200 200 200 | in 403 422 422 422 422 422",
    "treaty.amendment": "404 404 404 404",
    "treaty.submissions": "404 404 404 404",
    "treaty.submit": "404 404 404 404 404 404 404 | 404 404 404 404 404 404 404",
    "treaty.submit_public": "404 404 404 404 404 404 404 | 404 404 404 404 404 404 404",
    "treaty.answer_submission": "404 404 404 404 404 404 404 | 404 404 404 404 404 404 404",
    "treaty.hide_submission": "404 404 404 404 404 404 404 | 404 404 404 404 404 404 404",
    "treaty.submission_asked": "200 200 200 200",
    "treaty.confirm_submission": "409 409 409 409 409 409 409 | 409 409 409 409 409 409 409",
    "treaty.text_version": "200 200 200 200",
    "treaty.text_yaml": "200 200 200 200",
    "treaty.text_lines": "200 200 200 200",
    "treaty.article": "200 200 200 200",
    "treaty.annex": "200 200 200 200",
    "treaty.whole": "200 200 200 200",
    "treaty.text_source": "200 200 200 200",
    "treaty.parties": "200 200 200 200",
    "treaty.accept_mandate": "in 403 403 403 403 200 403 | in 403 403 403 403 302 403",
    "treaty.ratify": "in 403 403 200 403 403 403 | in 403 403 302 403 403 403",
    "treaty.revoke_withdrawal": "in 403 403 200 403 403 403 | in 403 403 302 403 403 403",
    "treaty.sign": "in 403 403 200 403 403 403 | in 403 403 302 403 403 403",
    "treaty.withdraw": "in 403 403 200 403 403 403 | in 403 403 302 403 403 403",
    "treaty.text_schema": "200 200 200 200",
    "treaty.triggers": "200 200 200 200",
    "treaty.trigger": "404 404 404 404",
    "treaty.votes": "200 200 200 200",
    "treaty.delegations": "200 200 200 200",
    "treaty.give_delegation": "in 403 200 200 200 200 403 | in 403 409 409 409 409 403",
    "treaty.revoke_delegation": "in 403 403 200 403 403 403 | in 403 403 302 403 403 403",
    "treaty.try_profile": "200 200 200 200",
    "treaty.request_vote": "in 403 200 200 200 200 200 | in 403 404 404 404 404 404",
    "treaty.vote": "200 200 200 200",
    "treaty.try_vote": "200 200 200 200",
    "treaty.ballot": "in 403 200 200 403 403 403 | in 403 200 200 403 403 403",
    "treaty.ballot_receipt": "403 403 200 403",
}  # fmt: skip


@dataclass
class Story:
    people: dict
    arguments: Mapping[str, dict]


@pytest.fixture
def story():
    cache.clear()
    with time_machine.travel(LATER, tick=False):
        yield told()


def told():
    """A pause in force for two laboratories, and what the addresses are about."""
    make.parties("aster", "borealis")
    make.accreditations()
    drill = make.drill(labs=("aster", "borealis"), effective_at=NOON - make.timedelta(days=14))
    pause = make.pause_in_force(labs=("aster", "borealis"))
    people = {
        "anonymous": None,
        "observer": make.observer(),
        "other_lab": make.representative(make.laboratory("borealis")),
        "own_lab": make.representative(make.laboratory("aster")),
        "other_body": make.officer(make.body("pacific")),
        "own_body": make.officer(make.body("ivb")),
        "secretariat": make.depositary(),
    }
    return Story(people, planted(pause, drill, people))


def planted(pause, drill, people):
    """What is whose, a word in each part of it that is not everybody's, and the arguments of each address."""
    aster, borealis, ada = make.laboratory("aster"), make.laboratory("borealis"), people["own_lab"]
    site = register_facility(
        organisation=aster, name="Aster North", jurisdiction="CA", location="placeword", opened_at=NOON, by=ada, at=NOON
    )
    make.inventory(site)
    colleague = make.representative(aster, name="Nameword Example", email="nameword@people.example")
    invite(email="inviteword@people.example", organisation=aster, role=Role.REPRESENTATIVE, by=ada, at=NOON)
    create_token(name="tokenword", days=9, by=ada, at=NOON)
    endpoint = OrderEndpoint.objects.create(
        organisation=aster, url="https://urlword.example/", added_by=ada, added_at=NOON
    )
    vote = notice_vote(
        decision="advisory", title="A view", question="Is it wise?", subject={}, requester=None,
        subject_organisation=None, by=None, at=NOON,
    )  # fmt: skip
    ballot = cast_ballot(vote=vote, organisation=aster, choice=Choice.OBJECT, reason="ballotword", by=ada, at=LATER)
    given = give_delegation(
        organisation=aster, delegate=borealis, decision="advisory", expires_at=LATER + make.timedelta(days=9), by=ada,
        at=NOON,
    )  # fmt: skip
    case = open_case(
        pause=None, lab=aster, organisation=borealis, reason="A hall hums.", by=people["other_lab"], at=NOON
    )
    reading = make.reading("ai_research_share", of=aster, value="0.9", unit="share", observed_at=NOON)
    Quarantine.objects.create(reading=reading, reasons=["It leaps."], opened_at=NOON)
    own = {"key": "aster"}
    paused, drilled, voted = {"key": pause.key, "lab": "aster"}, {"key": drill.key, "lab": "aster"}, {"key": vote.key}
    runs = {status: make.training_run(aster, status=status, facility=site).key for status in RunStatus}
    return {
        "labs": own,
        "labs.file_declaration": {"pk": make.declaration(aster).pk},
        "labs.amend_procedure": {"deployment": make.deployment(aster).key},
        "labs.close_facility": {"facility": make.facility(aster, key="aster-empty").key},
        "labs.declare_inventory": {"facility": site.key},
        "labs.finish_run": {"run": runs[RunStatus.RUNNING]},
        "labs.halt_run": {"run": runs[RunStatus.RUNNING]},
        "labs.start_run": {"run": runs[RunStatus.PLANNED]},
        "accounts": own,
        "accounts.invitation": {"token": "none"},
        "accounts.end_membership": {"pk": Membership.objects.get(user=colleague).pk},
        "treaty": own,
        **each(
            (
                "treaty.stand_down", "treaty.acknowledge", "treaty.commit", "treaty.withdraw_commitment", "treaty.declare",
                "treaty.nothing_deployed", "treaty.nothing_runs", "treaty.roll_back", "treaty.halt", "treaty.verify",
            ),
            {**paused, "deployment": make.deployment(aster).key, "run": runs[RunStatus.RUNNING]},
        ),
        **each(("treaty.pause", "treaty.ask_to_resume", "treaty.api_pause"), paused),
        **each(("treaty.drill", "treaty.drill_verify", "treaty.drill_lab", "treaty.drill_stage", "treaty.api_drill"), {**drilled, "stage": "acknowledge"}),
        **each(
            (
                "treaty.vote", "treaty.try_vote", "treaty.ballot", "treaty.ballot_receipt", "treaty.api_vote",
                "treaty.api_ballots", "treaty.api_ballot_paper", "treaty.api_repudiation",
            ),
            {**voted, "hash": ballot.hash},
        ),
        **each(("treaty.case", "treaty.answer_case", "treaty.close_case", "treaty.remedy_case"), {"key": case.key}),
        "treaty.trigger": {"key": "none"},
        **each(("treaty.indicator", "treaty.submit_reading"), {"key": "ai_research_share"}),
        "treaty.review_quarantine": {"reading": reading.pk},
        "treaty.remove_endpoint": {**own, "pk": endpoint.pk},
        "treaty.revoke_delegation": {"pk": given.pk},
        "treaty.accept_mandate": {"key": "ivb"},
        "treaty.determine": {"key": pause.key, "criterion": "stand_downs_verified"},
        "treaty.text_source": {"sha256": make.text().sha256},
        "treaty.repudiate_ballot": {"key": "aster", "hash": ballot.hash},
    }  # fmt: skip


def each(names, given):
    return dict.fromkeys(names, given)


FILLERS = {
    "version": 1,
    "number": 1,
    "page": 1,
    "token": "none",
    "kind": "json",
    "stage": "acknowledge",
    "id": "none",
    "hash": "0" * 64,
}


def addresses(app, arguments):
    """Every address of an app as (name, address, the view's class or function)."""
    [found] = [one for one in get_resolver().url_patterns if getattr(one, "namespace", "") == app]
    for one in found.url_patterns:
        wanted = set(one.pattern.converters) or set(re.findall(r"\?P<(\w+)>", str(one.pattern)))
        given = {**FILLERS, **arguments[app], **arguments.get(f"{app}.{one.name}", {})}
        kwargs = {name: given[name] for name in wanted}
        yield f"{app}.{one.name}", reverse(f"{app}:{one.name}", kwargs=kwargs), one.callback


def test_each_role_is_answered_what_the_table_says_and_reads_no_word_that_is_not_its_own(story):
    clients = {role: signed_in(user) for role, user in story.people.items()}
    found, leaks, changed = {}, [], {}
    for app in ("accounts", "labs", "treaty"):
        for name, address, callback in addresses(app, story.arguments):
            found[name], answers, changed[name] = tried(clients, address, callback, READERS)
            leaks += [(name, *leak) for leak in leaked(answers, FOR)]
    assert leaks == []
    assert found == DOORS
    # What a role changes it does through a door that opens for it; a refusal leaves nothing behind.
    assert {name for name, roles in changed.items() if roles - opened(DOORS[name], ROLES)} == set()
