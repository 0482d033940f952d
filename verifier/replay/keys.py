"""The key directory, rebuilt from the record: a key counts only if the organisation's root, or its predecessor, signed it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from accounts.rules.keys import ROOT, Directory, Key, require_signers, signers_statement
from accounts.rules.signatures import key_id
from accounts.rules.statements import KeyKind, Purpose
from core.errors import DomainError
from ledger.rules.entries import EntryValue
from treaty.rules.text import printed_root
from verifier.replay.frame import Finding, Replay, differs, replays
from verifier.replay.log import Log
from verifier.replay.organisations import by_representative
from verifier.replay.payloads import maybe_text, moment, number, text
from verifier.replay.texts import Texts


@dataclass
class Keys:
    """The directory as far as it follows; roots as they were declared; what each organisation asked for, and when."""

    directory: Directory = field(default_factory=Directory)
    signing: dict[str, list[tuple[datetime, int]]] = field(default_factory=dict)

    def signers(self, organisation: str, noticed_at: datetime) -> int | None:
        """Return how many keys sign each of its ballots in votes noticed then; None where it asked for none."""
        asked = [signers for at, signers in self.signing.get(organisation, []) if at <= noticed_at]
        return asked[-1] if asked else None


def directory_at(replay: Replay, organisation: str, at: datetime) -> Directory:
    """Return the directory under the root that holds for the organisation at `at`: the annex's, else the declared one."""
    directory = replace(replay.of(Keys).directory, log=replay.of(Log).origin)
    printed = _printed(replay, organisation, at)
    return replace(directory, roots={**directory.roots, organisation: printed}) if printed else directory


def _printed(replay: Replay, organisation: str, at: datetime) -> str | None:
    texts = replay.of(Texts)
    return printed_root(texts.at(at).rules, organisation) if texts.published else None


def by_signature(replay: Replay, entry: EntryValue, organisation: str) -> Iterator[Finding]:
    """Find a person behind a signed act who could not act for the organisation; the signature may come without one."""
    if entry.by is not None:
        yield from by_representative(replay, entry, organisation)


@replays("key.root_declared")
def declare_root(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """An organisation's first root key signs for itself, and its successor with the old one; the annex's goes before."""
    payload, known, organisation = entry.payload, replay.of(Keys), text(entry.payload, "organisation")
    public_key, old = text(payload, "public_key"), known.directory.roots.get(organisation)
    yield from by_representative(replay, entry, organisation)
    yield from differs("key", "the id of the root key", text(payload, "key"), key_id(public_key))
    yield from differs("key", "the root key before it", maybe_text(payload, "supersedes"), key_id(old) if old else None)
    if _printed(replay, organisation, entry.at):
        yield Finding("root", f"the annex prints the root key of {organisation}: no other can be declared")
    known.directory = replace(known.directory, log=replay.of(Log).origin)
    known.directory = known.directory.declare_root(organisation, public_key, text(payload, "signature"))


@replays("key.enrolled")
def enrol(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """A key is enrolled by the root's signature, or by that of the key that it succeeds; what lacks it is named."""
    payload, known = entry.payload, replay.of(Keys)
    key = _key(replay, entry)
    yield from by_signature(replay, entry, key.organisation)
    yield from differs("key", "the id of the key", text(payload, "key"), key.id)
    yield from differs("instant", "from when the key is usable", moment(payload, "usable_at"), key.usable_at)
    try:
        directory_at(replay, key.organisation, entry.at).enrol(key, text(payload, "signature"))
    except DomainError as error:
        signer = "its root key" if key.signed_by == ROOT else f"the key {key.signed_by}"
        yield Finding(
            "not_enrolled", f"the key {key.id} of {key.organisation} is not enrolled by {signer}: {error.detail}"
        )
        return
    known.directory = replace(known.directory, keys={**known.directory.keys, key.id: key})


def _key(replay: Replay, entry: EntryValue) -> Key:
    payload = entry.payload
    cooling_off = replay.of(Texts).at(entry.at).rules.publication.key_cooling_off
    return Key(
        kind=KeyKind(text(payload, "kind")),
        public_key=text(payload, "public_key"),
        origin=text(payload, "origin"),
        rp_id=text(payload, "rp_id"),
        credential=text(payload, "credential"),
        organisation=text(payload, "organisation"),
        enrolled_at=entry.at,
        usable_at=cooling_off.after(entry.at),
        signed_by=text(payload, "signed_by"),
    )


@replays("key.revoked")
def revoke(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """Any unrevoked key of the organisation, or its root, revokes a key from this position on."""
    payload, known = entry.payload, replay.of(Keys)
    organisation, wanted = text(payload, "organisation"), text(payload, "key")
    yield from by_signature(replay, entry, organisation)
    found = known.directory.find(wanted)
    yield from differs("key", "whose key it is", organisation, found.organisation if found else None)
    if found and found.revoked:
        yield Finding("repeated", f"the key {wanted} was revoked before")
        return
    directory = directory_at(replay, organisation, entry.at)
    revoked = directory.revoke(wanted, by_key=text(payload, "by_key"), signature=text(payload, "signature"))
    known.directory = replace(known.directory, keys=revoked.keys)


@replays("signing.required")
def ask_for_signers(replay: Replay, _index: int, entry: EntryValue) -> Iterator[Finding]:
    """Only the root says how many keys sign each ballot of its organisation, one statement after the other."""
    payload, known = entry.payload, replay.of(Keys)
    organisation, signers = text(payload, "organisation"), number(payload, "signers")
    yield from by_signature(replay, entry, organisation)
    asked = known.signing.setdefault(organisation, [])
    yield from differs("sequence", "the number of the statement", number(payload, "number"), len(asked) + 1)
    require_signers(signers)
    directory, signature = directory_at(replay, organisation, entry.at), text(payload, "signature")
    statement = signers_statement(signers, len(asked) + 1, organisation=organisation, log=directory.log)
    directory.check_root(organisation, signature, purpose=Purpose.SIGNERS, statement=statement)
    asked.append((entry.at, signers))
