"""The special visits of the story: one refused half a year ago and settled in its case, one that inspectors are on, one that waits for an answer."""

from datetime import datetime
from functools import partial
from typing import Final

from config.demonstration.story import Story, judge
from inspections.actions.specials import answer_special, request_special
from inspections.models import Special
from labs.models import Facility
from treaty.actions.cases import answer_case, close_case
from treaty.models import Case
from treaty.rules.cases import CaseKind

REFUSED, AGREED, WAITING = "ganges", "hanbit", "daxing"
ASKED: Final = {REFUSED: 150.0, AGREED: 3.1, WAITING: 0.8}  # days before the present
REASONS: Final = {
    REFUSED: "The register of April lists fewer accelerators than that of January, and no transfer was announced.",
    AGREED: "The power drawn at night in the last two weeks is twice what the declared work would need.",
    WAITING: "Two quarterly registers give different serial numbers for the same racks.",
}
REFUSAL = "A customer of ours moves out of the hall this month; we would rather answer in writing."
ANSWER = "The difference was scrapped. The certificates of the scrap yard are attached to our declaration."
CLOSED = "The certificates account for every device. A visit is not needed any more."


def tell(story: Story) -> None:
    """Put the three on the calendar; the clock opens the case, and plans the visit that was agreed to."""
    for lab, days in ASKED.items():
        story.before(partial(_ask, story, lab), days=days)
    refused, agreed = ASKED[REFUSED], ASKED[AGREED]
    story.before(partial(_answer, story, REFUSED, REFUSAL), days=refused - 1)
    story.before(judge, days=refused - 1.2)  # the clock is looked at, and the case opened
    story.before(partial(_settle, story), days=refused - 4)
    story.before(partial(_answer, story, AGREED, ""), days=agreed - 0.3)
    story.before(judge, days=agreed - 0.5)


def _ask(story: Story, lab: str, at: datetime) -> None:
    body, officer = story.body("ivb")
    site = Facility.objects.select_related("organisation").filter(organisation__key=lab).order_by("pk")[0]
    request_special(facility=site, reason=REASONS[lab], body=body, by=officer, at=at)


def _answer(story: Story, lab: str, words: str, at: datetime) -> None:
    special = Special.objects.get(facility__organisation__key=lab)
    answer_special(special=special, agrees=not words, words=words, by=story.cast.representative(lab), at=at)


def _settle(story: Story, at: datetime) -> None:
    case = Case.objects.get(kind=CaseKind.SPECIAL.value)
    body, officer = story.body("pacific")
    answer_case(case=case, words=ANSWER, by=story.cast.representative(REFUSED), at=at)
    close_case(case=case, body=body, words=CLOSED, by=officer, at=at)
