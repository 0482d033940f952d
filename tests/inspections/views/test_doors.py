"""Every door of inspections tried by each role, and words that are not theirs searched for in every answer of the site."""

from dataclasses import dataclass, replace

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client
from django.urls import get_resolver, reverse

from inspections.actions.evidence import attach_evidence
from inspections.actions.redactions import ask_redaction, decide_redaction
from inspections.actions.reports import amend_report
from inspections.models import Report
from inspections.rules.redactions import RedactionState
from inspections.rules.reports import Conclusion, ItemValue, Mark
from inspections.rules.visits import VisitState
from ledger.models import Entry
from tests import factories as make
from tests.factories import NOON

pytestmark = pytest.mark.django_db
ROLES = ("anonymous", "observer", "other_lab", "inspected", "other_body", "inspector", "officer", "secretariat")
# Whom a word that was planted is for; the public part is for everybody, the draft for the team and its bodies.
FOR = {
    "draftword": {"inspector", "officer"},
    "partiesword": {"other_lab", "inspected", "other_body", "inspector", "officer"},
    "sealedword": {"inspected", "inspector", "officer"},
}
# What each role is answered on GET, in the order of ROLES: a door that is not here fails the test.
DOORS = {
    "list": "200 200 200 200 200 200 200 200",
    "evidence_page": "200 200 200 200 200 200 200 200",
    "evidence": "404 404 404 404 404 302 302 404",
    "balances": "200 200 200 200 200 200 200 200",
    "balance_party": "200 200 200 200 200 200 200 200",
    "balance_file": "200 200 200 200 200 200 200 200",
    "balance_site": "200 200 200 200 200 200 200 200",
    "file_observations": "302 403 403 403 200 200 200 403",
    "settle_alarm": "302 403 403 403 404 404 404 403",
    "observe_compute": "302 403 403 403 200 200 200 403",
    "declare_work": "302 403 403 200 403 403 403 403",
    "cell": "200 200 200 200 200 200 200 200",
    "read_stream": "302 403 403 403 200 200 200 403",
    "grades": "200 200 200 200 200 200 200 200",
    "graded": "200 200 200 200 200 200 200 200",
    "body": "200 200 200 200 200 200 200 200",
    "mandate": "302 200 200 200 200 200 200 200",
    "availability": "302 200 200 200 200 200 200 200",
    "record_training": "302 200 200 200 200 200 200 200",
    "designate": "302 200 200 200 200 200 200 200",
    "end_designation": "302 200 200 200 200 200 200 200",
    "publish_recipient": "302 403 403 403 403 403 200 403",
    "withdraw_recipient": "404 403 403 403 403 403 404 403",
    "tips": "302 403 403 403 403 403 200 403",
    "tip": "302 403 403 403 403 403 404 403",
    "tip_file": "302 403 403 403 403 403 404 403",
    "tip_act": "404 403 403 403 403 403 404 403",
    "schedule": "200 200 200 200 200 200 200 200",
    "lab_inspectors": "200 200 200 200 200 200 200 200",
    "refuse": "302 403 403 200 403 403 403 403",
    "withdraw_refusal": "302 403 403 200 403 403 403 403",
    "request_challenge": "302 403 200 200 200 403 200 403",
    "find_frivolous": "404 404 404 404 404 404 404 404",
    "challenge": "404 404 404 404 404 404 404 404",
    "request_special": "302 403 403 403 200 403 200 403",
    "special": "404 404 404 404 404 404 404 404",
    "answer_special": "404 404 404 404 404 404 404 404",
    "draws": "200 200 200 200 200 200 200 200",
    "draw": "404 404 404 404 404 404 404 404",
    "draw_commit": "404 404 404 404 404 404 404 404",
    "draw_reveal": "404 404 404 404 404 404 404 404",
    "draw_transcript": "404 404 404 404 404 404 404 404",
    "drafts": "200 200 200 200 200 200 200 200",
    "agreement": "200 200 200 200 200 200 200 200",
    "propose_agreement": "302 403 403 200 403 403 403 403",
    "agree": "302 200 200 200 200 200 200 200",
    "report": "200 200 200 200 200 200 200 200",
    "report_file": "200 200 200 200 200 200 200 200",
    "amend": "302 403 403 403 403 200 403 403",
    "ask_redaction": "302 403 403 200 403 403 200 403",
    "decide_redaction": "302 403 403 403 403 403 200 403",
    "comment": "302 200 200 200 200 200 200 200",
    "settle": "302 200 200 200 200 200 200 200",
    "ask": "302 200 200 200 200 200 200 200",
    "acknowledge_clarification": "302 200 200 200 200 200 200 200",
    "answer_clarification": "302 200 200 200 200 200 200 200",
    "refer": "302 403 403 403 200 403 200 403",
    "dissent_from_finding": "302 403 403 403 200 200 200 403",
    "dissent": "302 403 403 403 200 200 200 403",
    "visit": "200 200 200 200 200 200 200 200",
    "act": "302 200 200 200 200 200 200 200",
    "managed_access": "302 200 200 200 200 200 200 200",
    "settle_managed_access": "404 404 404 404 404 404 404 404",
    "report_form": "302 403 403 403 403 200 200 403",
    "report_shell": "302 403 403 403 403 200 200 403",
    "report_worker": "302 403 403 403 403 200 200 403",
    "report_begin": "302 200 200 200 200 200 200 200",
    "report_draft": "302 403 403 403 403 200 200 403",
    "photograph": "302 405 405 405 405 405 405 405",
    "photograph_remove": "302 405 405 405 405 405 405 405",
    "report_sign": "302 403 403 403 403 200 200 403",
    "report_submit": "302 405 405 405 405 405 405 405",
}  # fmt: skip


@dataclass
class Story:
    people: dict
    draft: object
    reported: object
    evidence: object

    def arguments(self, name):
        visit = self.draft if name.startswith(("report_", "photograph", "visit", "act")) else self.reported
        if name == "report_file":
            visit = self.reported
        facility, sha = visit.facility.key, "0" * 64
        return {
            "evidence": {"pk": self.evidence.pk, "form": "original"},
            "balance_party": {"key": "aster"},
            "balance_file": {"key": facility},
            "settle_alarm": {"key": facility, "pk": 1},
            **{it: {"key": facility} for it in ("balance_site", "observe_compute", "declare_work")},
            **{it: {"key": "ivb"} for it in ("body", "mandate", "publish_recipient", "tips")},
            **{
                it: {"key": "ivb", "handle": self.people["inspector"].handle}
                for it in ("availability", "designate", "end_designation", "record_training")
            },
            "withdraw_recipient": {"key": "ivb", "recipient": "none"},
            "lab_inspectors": {"key": "aster"},
            **{it: {"key": facility, "layer": "power"} for it in ("cell", "read_stream")},
            **{it: {"key": facility} for it in ("agreement", "propose_agreement")},
            "agree": {"key": facility, "version": 1},
            "graded": {"key": "ivb"},
            "find_frivolous": {"key": "none"},
            "managed_access": {"key": visit.key},
            "settle_managed_access": {"key": visit.key, "number": 1},
            **{
                it: {"key": "aster", "handle": self.people["inspector"].handle}
                for it in ("refuse", "withdraw_refusal")
            },
            **{
                it: {"key": visit.key, "version": 1, "number": 1}
                for it in (
                    "ask", "acknowledge_clarification", "answer_clarification", "dissent_from_finding", "refer",
                )
            },
            "dissent": {"key": visit.key, "version": 1},
            **{it: {"key": "ivb", "sha256": sha} for it in ("tip", "tip_file")},
            "tip_act": {"key": "ivb", "sha256": sha, "event": "open"},
            **{it: {"key": "none"} for it in ("challenge", "special", "answer_special", "draw", "draw_commit", "draw_reveal", "draw_transcript")},
            **{
                it: {"key": visit.key, "version": 1}
                for it in ("report", "report_file", "amend", "ask_redaction", "comment")
            },
            **{it: {"key": visit.key, "version": 1, "number": 2} for it in ("decide_redaction",)},
            "settle": {"key": visit.key, "version": 1, "number": 1},
            "act": {"key": visit.key, "event": "grant"},
            "photograph_remove": {"key": visit.key, "pk": self.evidence.pk},
            **{
                it: {"key": visit.key}
                for it in (
                    "visit", "report_form", "report_shell", "report_worker", "report_begin", "report_draft", "photograph",
                    "report_sign", "report_submit",
                )
            },
        }.get(name, {})  # fmt: skip


def planted(visit, team):
    """A submitted report with a word in every field that is not everybody's, and passages taken out and asked for."""
    sections = dict(make.report_value().sections)
    seals = sections["weights"]
    sections["weights"] = replace(
        seals, notes="sealedword", mark=Mark.SEALED,
        items={key: ItemValue(one.answer, "sealedword") for key, one in seals.items.items()},
    )  # fmt: skip
    sections["network"] = replace(sections["network"], notes="partiesword", mark=Mark.PARTIES)
    sections["power"] = replace(sections["power"], notes="sealedword: taken out below")
    findings = (
        make.finding_value(text="sealedword", mark=Mark.SEALED),
        make.finding_value(text="partiesword", mark=Mark.PARTIES),
    )
    draft = make.draft(visit, sections=sections, findings=findings, conclusion=Conclusion.DISCREPANCY)
    evidence = attach_evidence(
        report=draft, data=make.photograph(), name="sealedword.jpg", caption="sealedword", mark=Mark.SEALED,
        by=team[0], at=NOON,
    )  # fmt: skip
    for user in team:
        make.sign_report(report=draft, revision=draft.revision, by=user, at=NOON)
    report = make.submit_report(report=draft, submission_key="k", by=team[0], at=NOON)
    ada = make.representative(visit.facility.organisation)
    asked = {"report": report, "ground": "security", "reason": "sealedword", "by": ada, "at": NOON}
    taken = ask_redaction(place="layers.power", **asked)
    nordic = make.officer(make.body("nordic"))
    decide_redaction(redaction=taken, state=RedactionState.GRANTED, basis="sealedword", by=nordic, at=NOON)
    ask_redaction(place="layers.chips", **asked)
    return evidence


@pytest.fixture
def story():
    cache.clear()
    with time_machine.travel(NOON, tick=False):
        make.parties("aster", "borealis")
        people = make.inspectors(each=1)
        visit = make.visit(state=VisitState.IN_PROGRESS, team=people[:2])
        team = [one.user for one in people[:2]]
        evidence = planted(visit, team)
        second = make.visit(make.facility(key="aster-two"), state=VisitState.IN_PROGRESS)
        for one in people[:2]:
            later = (second.planned_from + make.timedelta(days=9), second.planned_until + make.timedelta(days=9))
            second.team.create(designation=one, period=later)
        sections = {it: replace(one, notes="draftword") for it, one in make.report_value().sections.items()}
        make.draft(second, sections=sections)
        amend_report(report=Report.objects.get(version=1, visit=visit), reason="draftword", by=team[0], at=NOON)
        roles = {
            "anonymous": None,
            "observer": make.observer(),
            "other_lab": make.representative(make.laboratory("borealis")),
            "inspected": make.representative(make.laboratory("aster")),
            "other_body": make.officer(make.body("pacific")),
            "inspector": team[0],
            "officer": make.officer(make.body("ivb")),
            "secretariat": make.depositary(),
        }
        yield Story(roles, second, visit, evidence)


def signed_in(user):
    client = Client()
    if user is not None:
        Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
        client.force_login(user)
    return client


def said(answer):
    """Everything that an answer carries: head and body."""
    body = b"".join(answer) if answer.streaming else answer.content
    return f"{answer.headers} {body.decode(errors='replace')}"


def paths(resolver, before=""):
    """Every address of the site that takes no argument."""
    for one in resolver.url_patterns:
        pattern = before + str(one.pattern)
        if hasattr(one, "url_patterns"):
            yield from paths(one, pattern)
        elif not set("<(^\\") & set(pattern):
            yield f"/{pattern}".removesuffix("$")


def doors():
    [found] = [one for one in get_resolver().url_patterns if getattr(one, "namespace", "") == "inspections"]
    return [one.name for one in found.url_patterns]


def test_each_role_is_answered_what_the_table_says_and_reads_no_word_that_is_not_its_own(story):
    clients, answered, leaks = {role: signed_in(user) for role, user in story.people.items()}, {}, []
    entries = Entry.objects.count()
    for name in doors():
        address = reverse(f"inspections:{name}", kwargs=story.arguments(name))
        found = {role: client.get(address) for role, client in clients.items()}
        answered[name] = " ".join(str(one.status_code) for one in found.values())
        leaks += [(name, role, word) for role, one in found.items() for word in words_not_for(role, said(one))]
    for address in paths(get_resolver()):
        for role in ("anonymous", "other_lab", "secretariat"):
            answer = clients[role].get(address)
            leaks += [(address, role, word) for word in words_not_for(role, said(answer))]
            assert answer.status_code < 500, address
    assert leaks == []
    assert answered == DOORS
    assert Entry.objects.count() == entries  # nothing was changed by reading
    assert [word for word in FOR if any(word.encode() in bytes(one.data) for one in Entry.objects.all())] == []


def words_not_for(role, text):
    return [word for word, readers in FOR.items() if role not in readers and word in text]


def test_the_words_are_there_for_those_they_are_for(story):
    for role, user in story.people.items():
        client = signed_in(user)
        text = said(client.get(reverse("inspections:report", args=[story.reported.key, 1])))
        text += said(client.get(reverse("inspections:report_form", args=[story.draft.key])))
        assert {word for word in FOR if word in text} == {word for word, readers in FOR.items() if role in readers}, (
            role
        )
