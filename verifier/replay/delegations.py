"""Delegations: given within the text's time to another member of the class, and revoked; a notice freezes them with its roll."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from ledger.rules.entries import EntryValue
from treaty.rules.delegations import DelegationValue, check, delegates, holding
from verifier.replay.frame import Finding, Replay, replays
from verifier.replay.keys import Keys
from verifier.replay.organisations import by_representative
from verifier.replay.parties import Parties
from verifier.replay.payloads import maybe_text, moment, text
from verifier.replay.texts import Texts


@dataclass
class Delegations:
    """Every delegation, in the order of the record."""

    given: list[DelegationValue] = field(default_factory=list)


def delegates_at(replay: Replay, decision: str, at: datetime) -> dict[str, str]:
    """Return who has whom as delegate in a vote on `decision` noticed at `at`; whoever asked for signed ballots has nobody."""
    found = delegates(replay.of(Delegations).given, replay.of(Texts).at(at).rules, decision, at)
    return {key: delegate for key, delegate in found.items() if not replay.of(Keys).signers(key, at)}


@replays("delegation.given")
def give(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A member that may vote delegates to another of its class, within the time that the text sets."""
    payload, organisation = entry.payload, text(entry.payload, "organisation")
    one = DelegationValue(
        organisation=organisation,
        delegate=text(payload, "delegate"),
        decision=maybe_text(payload, "decision"),
        given_at=entry.at,
        expires_at=moment(payload, "expires_at"),
    )
    replay.of(Delegations).given.append(one)
    yield from by_representative(replay, entry, organisation)
    if replay.of(Keys).signers(organisation, entry.at):
        yield Finding("signers", f"{organisation} asked for signed ballots: a sign-in alone delegates none of them")
    parties = replay.of(Parties)
    check(one, replay.of(Texts).at(entry.at).rules, labs=parties.entitled(entry.at), bodies=parties.bodies(entry.at))


@replays("delegation.revoked")
def revoke(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """Whoever gave it takes back a delegation that holds."""
    known, organisation = replay.of(Delegations).given, text(entry.payload, "organisation")
    yield from by_representative(replay, entry, organisation)
    scope = (organisation, maybe_text(entry.payload, "decision"))
    found = [one for one in holding(known, entry.at) if (one.organisation, one.decision) == scope]
    if not found:
        yield Finding("state", f"{organisation} has no such delegation that holds")
    known[:] = [replace(one, revoked_at=entry.at) if one in found else one for one in known]
