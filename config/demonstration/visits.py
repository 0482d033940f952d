"""The inspections of the story. Days and teams come from the planner; here is only what the teams find."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache, partial
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw

from accounts.models import User
from config.demonstration.sites import declare_further_hall
from config.demonstration.story import Story
from inspections.actions.agreements import agree, propose_agreement
from inspections.actions.clarifications import (
    acknowledge_clarification,
    answer_clarification,
    ask_clarification,
    dissent,
)
from inspections.actions.evidence import attach_evidence
from inspections.actions.managed_access import request_managed_access, settle_managed_access
from inspections.actions.redactions import ask_redaction, decide_redaction
from inspections.actions.reports import amend_report, open_report, save_draft, sign_report, submit_report
from inspections.actions.visits import acknowledge_visit, begin_visit, delay_access, grant_access
from inspections.models import Finding, Report, Visit
from inspections.queries.reports import layers_of, value_of
from inspections.queries.visits import monitoring_of, team_of
from inspections.rules.agreements import AgreementText
from inspections.rules.findings import Severity
from inspections.rules.managed_access import Measure, RequestEvent
from inspections.rules.redactions import RedactionState
from inspections.rules.reports import (
    Answer,
    Conclusion,
    FindingValue,
    ItemValue,
    Mark,
    Protocols,
    ReportValue,
    SectionValue,
)
from inspections.rules.visits import VisitState

FIRST_LOOK, LOOKS = timedelta(days=9.4), timedelta(hours=4)  # before the present; how often teams and parties act
DRAFT_AFTER, REPORT_AFTER = timedelta(hours=12), timedelta(hours=30)  # from the arrival
FURTHER_HALL = timedelta(hours=6.5)
AT_THE_GATE = "fjord-teesside"
UNABLE = "elbe-magdeburg-ii"
SHORT = "cobalt-mesa-4"
POWERED_OFF = "borealis-narvik"


def tell(story: Story) -> None:
    """Let parties acknowledge and teams work whenever a visit is due for it."""
    for number in range(int(FIRST_LOOK / LOOKS)):
        story.before(partial(_work, story), days=(FIRST_LOOK - number * LOOKS) / timedelta(days=1))
    story.before(partial(declare_further_hall, story.cast), hours=FURTHER_HALL / timedelta(hours=1))


def _work(story: Story, at: datetime) -> None:
    for visit in Visit.objects.select_related("facility__organisation", "pause").order_by("planned_from"):
        party = story.cast.representative(visit.facility.organisation.key)
        match VisitState(visit.state):
            case VisitState.NOTIFIED:
                _agree_on_terms(story, visit, party, at)
                acknowledge_visit(visit=visit, by=party, at=at)
            case VisitState.ACKNOWLEDGED if at >= visit.planned_from:
                _ask_for_managed_access(visit, party, at)
                _arrive(visit, at)
            case VisitState.IN_PROGRESS if at >= visit.planned_from + REPORT_AFTER:
                _report(visit, at)
                _afterwards(story, visit, at)
            case VisitState.IN_PROGRESS if at >= visit.planned_from + DRAFT_AFTER:
                _begin_report(visit, at)
            case VisitState.PRELIMINARY if visit.facility.key == SHORT:
                _clarify(visit, party, at)


def _clarify(visit: Visit, party: User, at: datetime) -> None:
    """Take the next step about what was found: asked, acknowledged, answered, and another view of it."""
    finding = Finding.objects.get(report__visit=visit)
    first, second = team_of(visit)[:2]
    asked = finding.clarifications.last()
    if asked is None:
        question = (
            "Where are the 212 accelerators that were not counted? Please send the records of repairs and transfers."
        )
        ask_clarification(finding=finding, question=question, by=first.designation.user, at=at)
    elif asked.acknowledged_at is None:
        acknowledge_clarification(finding=finding, by=party, at=at)
    elif asked.answered_at is None:
        answer = "180 are with the maker for repair, see the waybills that we sent. 32 are being looked for."
        answer_clarification(finding=finding, answer=answer, by=party, at=at)
    else:
        about: dict[str, Any] = {
            "report": finding.report,
            "body": second.designation.body,
            "by": second.designation.user,
            "at": at,
        }
        words = "The waybills are of the week before the count. For 180 of them I would call the register in order."
        dissent(finding=finding, words=words, **about)
        dissent(finding=None, words="Thirty-two of thousands is a matter of the register, not of the site.", **about)


def _agree_on_terms(story: Story, visit: Visit, party: User, at: datetime) -> None:
    """Let the laboratory of one site and a body agree how it is inspected."""
    if visit.facility.key != UNABLE:
        return
    text = AgreementText(
        entry="The north gate, from 07:00 to 19:00 local time. Instruments come in sealed cases.",
        escorts="Two of the site's people, there within fifteen minutes of the arrival, day and night.",
        shrouding="Names of customers on panels and screens; meters and serial numbers are never covered.",
    )
    proposed = propose_agreement(facility=visit.facility, text=text, by=party, at=at)
    body, officer = story.body("ivb")
    agree(agreement=proposed, body=body, by=officer, at=at)


def _ask_for_managed_access(visit: Visit, party: User, at: datetime) -> None:
    """Let the party of one site ask at the gate, and the team agree."""
    if visit.facility.key != UNABLE:
        return
    reason = "The panels of hall 2 carry a customer's names. We would show the readings of the meters instead."
    asked = request_managed_access(
        visit=visit, layer="power", measure=Measure.SUBSTITUTE, reason=reason, by=party, at=at
    )
    words = "If the meters can be read while we are there."
    settle_managed_access(request=asked, event=RequestEvent.AGREE, words=words, by=_team(visit)[0], at=at)


def _arrive(visit: Visit, at: datetime) -> None:
    inspector = _team(visit)[0]
    if visit.facility.key == AT_THE_GATE:
        delay_access(
            visit=visit, reason="The operator of the building asks for an order of a court first.", by=inspector, at=at
        )
        return
    grant_access(visit=visit, by=inspector, at=at)
    begin_visit(visit=visit, by=inspector, at=at)


def _team(visit: Visit) -> list[User]:
    return [one.designation.user for one in team_of(visit)]


def _begin_report(visit: Visit, at: datetime) -> None:
    first = _team(visit)[0]
    report = open_report(visit=visit, by=first, at=at)
    seen = dict(list(_content(visit, at).sections.items())[:2])
    save_draft(report=report, value=ReportValue(seen, None), revision=report.revision, by=first, at=at)


def _report(visit: Visit, at: datetime) -> None:
    first, second = _team(visit)[:2]
    for asked in visit.managed_access.all():
        words = "The meters were being replaced: nothing could be read in place of the panels."
        settle_managed_access(request=asked, event=RequestEvent.FAIL, words=words, by=first, at=at)
    report = open_report(visit=visit, by=first, at=at)
    report = save_draft(report=report, value=_content(visit, at), revision=report.revision, by=first, at=at)
    if visit.facility.key in {SHORT, POWERED_OFF}:
        caption = (
            "Seal on the main breaker, intact"
            if visit.facility.key == POWERED_OFF
            else "Row 14: empty trays where the register lists accelerators"
        )
        attach_evidence(
            report=report,
            data=_photograph(),
            name="seal.jpg",
            caption=caption,
            layer="power" if visit.facility.key == POWERED_OFF else "chips",
            by=first,
            at=at,
        )
    report = Report.objects.get(pk=report.pk)
    for inspector in (first, second):
        sign_report(report=report, revision=report.revision, by=inspector, at=at)
    submit_report(report=report, submission_key=f"demonstration-{visit.key}", by=second, at=at)


def _afterwards(story: Story, visit: Visit, at: datetime) -> None:
    """Let a body take a passage out of what is published, and a team put right a slip of its own."""
    report, team = visit.reports.get(), _team(visit)
    match visit.facility.key:
        case str(key) if key == UNABLE:
            reason = "The sentence says when the hall runs without meters, and so when nobody would notice a visitor."
            asked = ask_redaction(
                report=report,
                place="layers.power",
                ground="security",
                reason=reason,
                by=story.cast.representative(visit.facility.organisation.key),
                at=at,
            )
            body = team_of(visit)[1].designation.body.key
            decide_redaction(
                redaction=asked,
                state=RedactionState.GRANTED,
                basis="What could not be read stays said; when that is so need not be.",
                by=story.cast.representative(body),
                at=at,
            )
        case str(key) if key == POWERED_OFF:
            draft = amend_report(
                report=report,
                reason="The fibres were counted at both points of entry: six leave the building.",
                by=team[0],
                at=at,
            )
            value = value_of(draft)
            network = replace(value.sections["network"], notes="Six fibres leave the building, as declared.")
            value = replace(value, sections={**value.sections, "network": network})
            draft = save_draft(report=draft, value=value, revision=draft.revision, by=team[0], at=at)
            for inspector in team[:2]:
                sign_report(report=draft, revision=draft.revision, by=inspector, at=at)
            submit_report(report=draft, submission_key=f"demonstration-{visit.key}-2", by=team[0], at=at)


def _content(visit: Visit, at: datetime) -> ReportValue:
    layers, collected = layers_of(visit), at - timedelta(hours=2)
    protocols = monitoring_of(visit).protocols
    section = partial(_section, protocols)
    verified = {layer: section(layer, Answer.VERIFIED, "As declared.") for layer in layers}
    verified["reports"] = section("reports", Answer.NOT_APPLICABLE, "Nothing was reported about this site.")
    verified["weights"] = replace(
        verified["weights"], notes="Two vaults; the inner one behind the north stair.", mark=Mark.SEALED
    )
    verified["network"] = replace(
        verified["network"], notes="Four fibres leave the building, as declared.", mark=Mark.PARTIES
    )
    match visit.facility.key:
        case str(key) if key == SHORT:
            missing = "The register lists 52,096 accelerators; 51,884 were counted. 212 are unaccounted for."
            counted = {**verified["chips"].items, "count": ItemValue(Answer.NOT_VERIFIED, missing)}
            sections = {**verified, "chips": SectionValue(Answer.NOT_VERIFIED, missing, items=counted)}
            finding = FindingValue("chips", Severity.DISCREPANCY, "4", missing)
            return ReportValue(sections, Conclusion.DISCREPANCY, (finding,), collected)
        case str(key) if key == UNABLE:
            words = "The meters of hall 2 were being replaced; no load could be read."
            closed = {layer: section(layer, Answer.UNABLE, words) for layer in ("power", "schedulers")}
            return ReportValue({**verified, **closed}, Conclusion.INCONCLUSIVE, (), collected)
        case _:
            return ReportValue(verified, Conclusion.CONSISTENT, (), collected)


def _section(protocols: Protocols, layer: str, answer: Answer, notes: str) -> SectionValue:
    """Answer a layer, and every item of its protocol with it."""
    items = {item.key: ItemValue(answer) for item in protocols.get(layer, ())}
    return SectionValue(answer, notes, items=items)


@cache
def _photograph() -> bytes:
    """Draw a picture that stands for a photograph: racks in a row, one of them open."""
    picture = Image.new("RGB", (1200, 800), "#20262c")
    draw = ImageDraw.Draw(picture)
    for column in range(8):
        left = 40 + column * 142
        draw.rectangle(
            (left, 90, left + 118, 740), fill="#0e1216" if column != 4 else "#2f3943", outline="#4a545e", width=3
        )
        for row in range(18):
            draw.rectangle(
                (left + 12, 110 + row * 34, left + 106, 132 + row * 34), fill="#171d23" if column != 4 else "#3a4650"
            )
    draw.rectangle((612, 380, 716, 420), fill="#d9a441")
    file = BytesIO()
    picture.save(file, "JPEG", quality=80)
    return file.getvalue()
