"""Sealed tips of the story, as two people who are fictional too sent them.

The sealed files were made once, as the page for tips makes them; `sealed/identities.txt` opens them. The receipt code of the first is
`jobol gohat suvok lajav jugip muduk`: with it a visitor reads the body's answer.
"""

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from django.conf import settings

from accounts.demonstration import sign_as_root
from accounts.rules.statements import Purpose
from config.demonstration.story import Story
from inspections.actions.recipients import publish_recipient
from inspections.actions.tips import answer_tip, close_tip, open_tip, receive_tip
from inspections.models import Tip
from inspections.rules.recipients import recipient_statement
from inspections.rules.tips import Outcome

HERE: Final = Path(__file__).parent / "sealed"
RECIPIENTS: Final = {
    "ivb": "age1xlwgjlrsynskrq7hje4s0efdclxfleyvka3mtlfca9xzx45eupdq8um277",
    "nordic": "age1a6v5rj995rsnldanz0400a7v7086x7etzl3djp4wdtw2jg2kwepqtrscq7",
    "pacific": "age18m8zwqj7pcdeucfv6qa9lv5j86m2206uphuq5sykx8qs67dun3csetwjrh",
}
HALL: Final = "d1884603a72289ac973466acd3357a44d0fa90cf646bf43a55940f0e6ab05e7c"
SHIPMENT: Final = "7d13d75d1804f9a4a616740c9bda3b564dd100dabc3cbe128e253bf94c8b80ee"


def tell(story: Story) -> None:
    """Let the bodies publish their recipients, and two tips come."""
    for number, body in enumerate(RECIPIENTS):
        story.before(partial(_publish, story, body), days=300, hours=-number)
    story.before(partial(_send, "hall", HALL), days=6.3)
    story.before(partial(_answer, story), days=5.1)
    story.before(partial(_close, story), days=3.2)
    story.before(partial(_send, "shipment", SHIPMENT), days=1.4)


def _publish(story: Story, key: str, at: datetime) -> None:
    body, officer = story.body(key)
    recipient = RECIPIENTS[key]
    statement = recipient_statement(recipient, stands=True, organisation=key, log=settings.LEDGER["ORIGIN"])
    signature = sign_as_root(body, Purpose.RECIPIENT, statement)
    publish_recipient(body=body, recipient=recipient, signed_by="root", signature=signature, by=officer, at=at)


def _send(name: str, handle: str, at: datetime) -> None:
    receive_tip(sealed=(HERE / f"{name}.age").read_bytes(), handle=handle, nonce="", at=at)


def _answer(story: Story, at: datetime) -> None:
    body, officer = story.body("ivb")
    tip = Tip.objects.get(handle=HALL)
    open_tip(tip=tip, body=body, by=officer, at=at)
    answer_tip(tip=tip, body=body, sealed=(HERE / "hall-answer.age").read_bytes(), by=officer, at=at)


def _close(story: Story, at: datetime) -> None:
    body, officer = story.body("ivb")
    tip = Tip.objects.get(handle=HALL)
    close_tip(
        tip=tip, body=body, outcome=Outcome.FOLLOWED, words="The visits ask for meters of their own", by=officer, at=at
    )
