"""To whom tips are sealed: a key counts only if the body's root, or an unrevoked key of its own, signed it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from accounts.rules.organisations import Kind
from accounts.rules.statements import Purpose, check_statement
from inspections.rules.recipients import read_recipient, recipient_statement
from ledger.rules.entries import EntryValue
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.keys import by_signature, directory_at
from verifier.replay.log import Log
from verifier.replay.organisations import Organisations
from verifier.replay.payloads import moment, text
from verifier.replay.texts import Texts


@dataclass
class Recipients:
    """Whose each recipient is, and which were withdrawn."""

    bodies: dict[str, str] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)


@replays("recipient.published")
def publish(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A monitoring body publishes a new recipient by its own signature, usable after the text's cooling-off."""
    payload, known = entry.payload, replay.of(Recipients)
    body, recipient = text(payload, "body"), read_recipient(text(payload, "recipient"))
    if replay.of(Organisations).kinds.get(body) is not Kind.BODY:
        yield Finding("state", f"{body} is no monitoring body: nothing is sealed to it")
    if recipient in known.bodies:
        yield Finding("repeated", f"the recipient {recipient} was published before")
    cooling_off = replay.of(Texts).at(entry.at).rules.publication.key_cooling_off
    yield from differs("instant", "from when it is usable", moment(payload, "usable_at"), cooling_off.after(entry.at))
    known.bodies[recipient] = body
    yield from _signed(replay, entry, recipient, stands=True)


@replays("recipient.withdrawn")
def withdraw(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """The body withdraws a recipient that stands, by its own signature."""
    payload, known = entry.payload, replay.of(Recipients)
    recipient = text(payload, "recipient")
    yield from differs("body", "whose recipient it is", text(payload, "body"), known.bodies.get(recipient))
    if recipient in known.withdrawn:
        yield Finding("repeated", f"the recipient {recipient} was withdrawn before")
    known.withdrawn.add(recipient)
    yield from _signed(replay, entry, recipient, stands=False)


def _signed(replay: Replay, entry: EntryValue, recipient: str, *, stands: bool) -> Iterator[Finding]:
    payload = entry.payload
    body, signature = text(payload, "body"), text(payload, "signature")
    yield from by_signature(replay, entry, body)
    statement = recipient_statement(recipient, stands=stands, organisation=body, log=replay.of(Log).origin)
    signer = directory_at(replay, body, entry.at).signer(body, text(payload, "signed_by"), signature)
    check_statement(signer, signature, purpose=Purpose.RECIPIENT, statement=statement)
