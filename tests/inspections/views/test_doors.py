"""Every door of inspections tried by each role, and words that are not theirs searched for in every answer of the site."""

from dataclasses import dataclass, replace

import pytest
import time_machine
from django.core.cache import cache
from django.urls import get_resolver, reverse

from inspections.actions.agreements import propose_agreement
from inspections.actions.draws import open_draw
from inspections.actions.evidence import attach_evidence
from inspections.actions.managed_access import request_managed_access
from inspections.actions.redactions import ask_redaction, decide_redaction
from inspections.actions.reports import amend_report
from inspections.actions.specials import request_special
from inspections.models import Report
from inspections.rules.agreements import AgreementText
from inspections.rules.managed_access import Measure
from inspections.rules.redactions import RedactionState
from inspections.rules.reports import Conclusion, ItemValue, Mark
from inspections.rules.visits import VisitState
from ledger.models import Entry
from tests import factories as make
from tests.doors import leaked, opened, said, signed_in, tried
from tests.factories import NOON

pytestmark = pytest.mark.django_db
ROLES = ("anonymous", "observer", "other_lab", "inspected", "other_body", "inspector", "officer", "secretariat")
READERS = ("anonymous", "other_lab", "other_body", "secretariat")  # of what is only read
# Whom a word that was planted is for; the public part is for everybody, the draft for the team and its bodies.
FOR = {
    "draftword": {"inspector", "officer"},
    "partiesword": {"other_lab", "inspected", "other_body", "inspector", "officer"},
    "sealedword": {"inspected", "inspector", "officer"},
    "agreementword": {"inspected", "other_body", "inspector", "officer"},
}
# What each role is answered on GET, and behind the stroke on POST, in the order of ROLES (of READERS where nothing is written);
# "in" is the way to sign in. A door that is not here fails the test.
DOORS = {
    "list": "200 200 200 200",
    "evidence_page": "200 200 200 200",
    "evidence": "404 404 404 404",
    "balances": "200 200 200 200",
    "balance_party": "200 200 200 200",
    "balance_file": "200 200 200 200",
    "file_observations": "in 403 403 403 200 200 200 403 | in 403 403 403 409 409 409 403",
    "balance_site": "200 200 200 200",
    "settle_alarm": "in 403 403 403 404 404 404 403 | in 403 403 403 404 404 404 403",
    "observe_compute": "in 403 403 403 200 200 200 403 | in 403 403 403 422 422 422 403",
    "declare_work": "in 403 403 200 403 403 403 403 | in 403 403 409 403 403 403 403",
    "cell": "200 200 200 200",
    "read_stream": "in 403 403 403 200 200 200 403 | in 403 403 403 302 302 302 403",
    "grades": "200 200 200 200",
    "graded": "200 200 200 200",
    "body": "200 200 200 200",
    "mandate": "in 200 200 200 200 200 200 200 | in 403 403 403 403 403 403 302",
    "availability": "in 200 200 200 200 200 200 200 | in 403 403 403 403 409 409 403",
    "record_training": "in 200 200 200 200 200 200 200 | in 403 403 403 403 403 302 403",
    "designate": "in 200 200 200 200 200 200 200 | in 403 403 403 403 403 302 403",
    "end_designation": "in 200 200 200 200 200 200 200 | in 403 403 403 403 403 302 403",
    "publish_recipient": "in 403 403 403 403 403 200 403 | in 403 403 403 403 403 422 403",
    "withdraw_recipient": "404 403 403 403 403 403 404 403 | 404 403 403 403 403 403 404 403",
    "tips": "in 403 403 403",
    "tip": "in 403 403 403",
    "tip_file": "in 403 403 403",
    "tip_act": "404 403 403 403 403 403 404 403 | 404 403 403 403 403 403 404 403",
    "schedule": "200 200 200 200",
    "lab_inspectors": "200 200 200 200",
    "refuse": "in 403 403 200 403 403 403 403 | in 403 403 409 403 403 403 403",
    "withdraw_refusal": "in 403 403 200 403 403 403 403 | in 403 403 404 403 403 403 403",
    "request_challenge": "in 403 200 200 200 403 200 403 | in 403 422 422 422 403 422 403",
    "find_frivolous": "404 404 404 404 404 404 404 404 | 404 404 404 404 404 404 404 404",
    "challenge": "404 404 404 404",
    "request_special": "in 403 403 403 200 403 200 403 | in 403 403 403 422 403 422 403",
    "special": "200 200 200 200",
    "answer_special": "in 403 403 200 403 403 403 403 | in 403 403 302 403 403 403 403",
    "draws": "200 200 200 200",
    "draw": "200 200 200 200",
    "draw_commit": "in 403 200 200 200 403 200 403 | in 403 422 422 422 403 422 403",
    "draw_reveal": "in 403 200 200 200 403 200 403 | in 403 422 422 422 403 422 403",
    "draw_transcript": "200 200 200 200",
    "drafts": "200 200 200 200",
    "agreement": "200 200 200 200",
    "propose_agreement": "in 403 403 200 403 403 403 403 | in 403 403 302 403 403 403 403",
    "agree": "in 200 200 200 200 200 200 200 | in 403 403 403 302 403 302 403",
    "report": "200 200 200 200",
    "report_file": "200 200 200 200",
    "amend": "in 403 403 403 403 200 403 403 | in 403 403 403 403 302 403 403",
    "ask_redaction": "in 403 403 200 403 403 200 403 | in 403 403 302 403 403 302 403",
    "decide_redaction": "in 403 403 403 403 403 200 403 | in 403 403 403 403 403 302 403",
    "comment": "in 200 200 200 200 200 200 200 | in 403 403 302 403 403 403 403",
    "settle": "in 200 200 200 200 200 200 200 | in 403 403 403 403 302 302 403",
    "ask": "in 200 200 200 200 200 200 200 | in 403 403 403 403 302 302 403",
    "acknowledge_clarification": "in 200 200 200 200 200 200 200 | in 403 403 409 403 403 403 403",
    "answer_clarification": "in 200 200 200 200 200 200 200 | in 403 403 409 403 403 403 403",
    "refer": "in 403 403 403 200 403 200 403 | in 403 403 403 409 403 409 403",
    "dissent_from_finding": "in 403 403 403 200 200 200 403 | in 403 403 403 302 302 302 403",
    "dissent": "in 403 403 403 200 200 200 403 | in 403 403 403 302 302 302 403",
    "visit": "200 200 200 200",
    "act": "in 200 200 200 200 200 200 200 | in 403 403 403 403 409 403 403",
    "managed_access": "in 200 200 200 200 200 200 200 | in 403 403 302 403 403 403 403",
    "settle_managed_access": "in 200 200 200 200 200 200 200 | in 403 403 403 403 302 403 403",
    "report_form": "in 403 403 403 403 200 200 403 | in 403 403 403 403 302 403 403",
    "report_shell": "in 403 403 403",
    "report_worker": "in 403 403 403",
    "report_begin": "in 200 200 200 200 200 200 200 | in 403 403 403 403 302 403 403",
    "report_draft": "in 403 403 403",
    "photograph": "in 405 405 405 405 405 405 405 | in 403 403 403 403 400 400 403",
    "photograph_remove": "in 405 405 405 405 405 405 405 | in 404 404 404 404 404 404 404",
    "report_sign": "in 403 403 403 403 200 200 403 | in 403 403 403 403 302 403 403",
    "report_submit": "in 405 405 405 405 405 405 405 | in 404 404 404 404 404 404 404",
    "accounting_api.matrix": "200 200 200 200",
    "accounting_api.readings": "405 405 405 405 405 405 405 405 | 401 400 400 400 400 400 400 400",
    "accounting_api.grades": "200 200 200 200",
    "accounting_api.balances": "200 200 200 200",
    "accounting_api.observation_file": "401 405 405 405 405 405 405 405 | 401 400 400 400 400 400 400 400",
    "accounting_api.balance": "200 200 200 200",
    "accounting_api.observations": "405 405 405 405 405 405 405 405 | 401 400 400 400 400 400 400 400",
    "accounting_api.declarations": "405 405 405 405 405 405 405 405 | 401 400 400 400 400 400 400 400",
    "accounting_api.specials": "200 200 200 200",
    "accounting_api.visits": "200 200 200 200",
    "inspections_api.draws": "200 200 200 200",
    "inspections_api.draw": "200 200 200 200",
    "inspections_api.draw_commitments": "401 405 405 405 405 405 405 405 | 401 400 400 400 400 400 400 400",
    "inspections_api.draw_values": "401 405 405 405 405 405 405 405 | 401 400 400 400 400 400 400 400",
    "tips.write": "200 200 200 200",
    "tips.answers": "200 200 200 200 200 200 200 200 | 404 404 404 404 404 404 404 404",
    "tips.received": "200 200 200 200",
    "tips.send": "405 405 405 405 405 405 405 405 | 400 400 400 400 400 400 400 400",
}  # fmt: skip


@dataclass
class Story:
    people: dict
    draft: object
    reported: object
    evidence: object
    special: object
    draw: object
    typed: dict  # by door: what is sent to it, where its form does not say that

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
            "managed_access": {"key": self.draft.key},
            "settle_managed_access": {"key": self.draft.key, "number": 1},
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
            "challenge": {"key": "none"},
            **{it: {"key": self.special.key} for it in ("special", "answer_special")},
            **{it: {"key": self.draw.key} for it in ("draw", "draw_commit", "draw_reveal", "draw_transcript")},
            **{f"inspections_api.{it}": {"key": self.draw.key} for it in ("draw", "draw_commitments", "draw_values")},
            **{f"accounting_api.{it}": {"key": facility} for it in ("balance", "observations", "declarations")},
            "accounting_api.readings": {"key": facility, "layer": "power"},
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


def as_sent(draft):
    """A draft as its form sends it."""
    notes = {f"section-{layer}-notes": "Seen." for layer in draft.sections}
    return notes | {f"section-{layer}-mark": "public" for layer in draft.sections} | {"revision": draft.revision}


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
        kept = make.draft(second, sections=sections)
        lab = make.representative(visit.facility.organisation)
        request_managed_access(
            visit=second, layer="power", measure=Measure.SHROUD, reason="sealedword", by=lab, at=NOON
        )
        propose_agreement(
            facility=visit.facility, text=AgreementText("Gate.", "Two.", "agreementword"), by=lab, at=NOON
        )
        ivb = make.body("ivb")
        special = request_special(facility=second.facility, reason="It hums.", body=ivb, by=make.officer(ivb), at=NOON)
        draw = open_draw(at=NOON)
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
        yield Story(roles, second, visit, evidence, special, draw, {"report_form": as_sent(kept)})


def paths(resolver, before=""):
    """Every address of the site that takes no argument."""
    for one in resolver.url_patterns:
        pattern = before + str(one.pattern)
        if hasattr(one, "url_patterns"):
            yield from paths(one, pattern)
        elif not set("<(^\\") & set(pattern):
            yield f"/{pattern}".removesuffix("$")


def doors(story):
    """Every address of inspections, of their API and of tips as (name, address, the view's class or function)."""
    for app in ("inspections", "accounting_api", "inspections_api", "tips"):
        [found] = [one for one in get_resolver().url_patterns if getattr(one, "namespace", "") == app]
        for one in found.url_patterns:
            name = one.name if app == "inspections" else f"{app}.{one.name}"
            yield name, reverse(f"{app}:{one.name}", kwargs=story.arguments(name)), one.callback


def test_each_role_is_answered_what_the_table_says_and_reads_no_word_that_is_not_its_own(story):
    clients = {role: signed_in(user) for role, user in story.people.items()}
    found, leaks, changed, addresses = {}, [], {}, set()
    for name, address, callback in doors(story):
        addresses.add(address)
        found[name], answers, changed[name] = tried(clients, address, callback, READERS, story.typed.get(name))
        leaks += [(name, *leak) for leak in leaked(answers, FOR)]
    for address in set(paths(get_resolver())) - addresses:
        answer = clients["other_lab"].get(address)
        leaks += [(address, *leak) for leak in leaked({"other_lab": answer}, FOR)]
        assert answer.status_code < 500, address

    assert leaks == []
    assert found == DOORS
    # What a role changes it does through a door that opens for it; a refusal leaves nothing behind.
    assert {name for name, roles in changed.items() if roles - opened(DOORS[name], ROLES)} == set()
    assert [word for word in FOR if any(word.encode() in bytes(one.data) for one in Entry.objects.all())] == []


def test_the_words_are_there_for_those_they_are_for(story):
    for role, user in story.people.items():
        client = signed_in(user)
        text = said(client.get(reverse("inspections:report", args=[story.reported.key, 1])))
        text += said(client.get(reverse("inspections:report_form", args=[story.draft.key])))
        text += said(client.get(reverse("inspections:agreement", args=[story.reported.facility.key])))
        assert {word for word in FOR if word in text} == {word for word, readers in FOR.items() if role in readers}, (
            role
        )
