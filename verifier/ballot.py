"""`fermata ballot`: read a vote, make out a ballot, send it signed, and find it in the record. The site serves data only.

What is shown and signed is checked against the record first: the vote's own entry, proved to be in the log, says by their
hashes which question, rule and roll the ballot binds. The signature is made with the laboratory's own tools.
"""

import json
import secrets
import unicodedata
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx

from accounts.rules.keys import Key
from accounts.rules.signatures import b64url, from_b64url, key_id, load_key, read_ssh_key
from accounts.rules.statements import ARMOR, KeyKind, Purpose
from core.canonical import canonical, digest
from core.errors import DomainError, Malformed
from core.times import instant
from treaty.rules.ballots import Envelope, SignedBallot, check_envelope, question_hash, read_ballot, reason_hash
from treaty.rules.profiles import Choice, VoteProfile
from treaty.rules.words import profile_in_words
from verifier.entry import prove
from verifier.heads import DoesNotFollow, Trust
from verifier.output import complain, say
from verifier.sources import TIMEOUT, Missing, Site, Unreachable
from verifier.verify import CANNOT_REACH, DOES_NOT_FOLLOW, FOLLOWS, WRONG_USAGE

PAGES: Final = 50  # of a hundred entries each, newest first


class Refused(Exception):
    """The site did not take it, and said why."""


def add_arguments(parser: ArgumentParser) -> None:
    """Take one of the four steps."""
    parser.add_argument("--log-key", help="the log's verifier key")
    parser.add_argument("--policy", type=Path, metavar="FILE", help="a tlog-policy file")
    steps = parser.add_subparsers(dest="step", required=True)
    show = steps.add_parser("show", help="read the vote: question, rule and roll, checked against the record")
    prepare = steps.add_parser("prepare", help="write the canonical ballot to a file, and say how it is signed")
    send = steps.add_parser("send", help="send the ballot with its signature")
    receipt = steps.add_parser("receipt", help="find the ballot in the log and check its inclusion proof")
    for step in (show, prepare, send, receipt):
        step.add_argument("url", metavar="URL", help="the site's address")
    for step in (show, prepare):
        step.add_argument("vote", metavar="VOTE", help="the vote's key, such as 2026-07")
        step.add_argument("--organisation", required=True, metavar="O", help="for whom, such as aster")
    for step in (send, receipt):
        step.add_argument("file", type=Path, metavar="FILE", help="the canonical ballot")
    for step in (prepare, send):
        step.add_argument("--reason-file", type=Path, metavar="F", help="the stated reason, as UTF-8 text")
        step.add_argument("--key", type=Path, metavar="PUB", required=step is prepare, help="the public key that signs")
    prepare.add_argument("--choice", required=True, choices=[choice.value for choice in Choice])
    prepare.add_argument("--ground", default="", help="of a veto, where the rule names such grounds")
    prepare.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the ballot is written")
    send.add_argument("--signature", type=Path, required=True, metavar="FILE.sig", help="an SSHSIG, or a raw signature")


def run(options: Namespace) -> int:
    """Take the step; 1 where the record contradicts the site or the site refuses, 3 where it cannot be reached."""
    steps: dict[str, Callable[[Site, Namespace], str]] = {
        "show": show,
        "prepare": prepare,
        "send": send,
        "receipt": receipt,
    }
    try:
        with closing(Site(options.url)) as site:
            say(steps[options.step](site, options))
    except (Unreachable, httpx.HTTPError) as error:
        complain(f"fermata: cannot reach the site: {error}")
        return CANNOT_REACH
    except DoesNotFollow as error:
        complain(f"DOES NOT FOLLOW: {error}")
        return DOES_NOT_FOLLOW
    except (Refused, Missing) as error:
        complain(f"fermata: {error}")
        return DOES_NOT_FOLLOW
    except (DomainError, ValueError, OSError) as error:
        complain(f"fermata: {error}")
        return WRONG_USAGE
    return FOLLOWS


@dataclass(frozen=True)
class Paper:
    """A ballot paper that the record bears out. `rule` is what the vote's entry states."""

    answer: Mapping[str, Any]
    rule: VoteProfile
    index: int


def read_paper(site: Site, options: Namespace) -> Paper:
    """Fetch the ballot paper and check what it binds against the entry of the vote's notice, proved to be in the log."""
    path = (
        f"api/v1/votes/{quote(options.vote, safe='')}/ballot-paper/?organisation={quote(options.organisation, safe='')}"
    )
    answer = _json(site, path)
    found = _entry_of(site, options, "vote.noticed", options.vote, lambda payload: payload["vote"] == options.vote)
    notice, blank = found.payload, answer["ballot"]
    hashed = question_hash(answer["title"], answer["question"], answer["subject"])
    for what, said, recorded in [
        ("log", blank["origin"], found.origin),
        ("text", blank["text"], notice["text"]),
        ("rule", blank["profile"], notice["rule_hash"]),
        ("rule as the record states it", digest(notice["rule"]), notice["rule_hash"]),
        ("roll", blank["roll"], notice["roll_hash"]),
        ("question", hashed, notice["question_hash"]),
    ]:
        if said != recorded:
            raise DoesNotFollow(f"the {what} of vote {options.vote}: the site says {said}, the record says {recorded}")
    return Paper(answer, VoteProfile.model_validate_json(json.dumps(notice["rule"])), found.index)


def show(site: Site, options: Namespace) -> str:
    """Return the vote in words, the rule computed here from the record."""
    paper = read_paper(site, options)
    answer = paper.answer
    keys = [f"  {one['key']} ({one['kind']})" for one in answer["keys"]] or ["  none: enrol one first"]
    return "\n".join(
        [
            f"Vote {options.vote}: {answer['title']}",
            answer["question"],
            *([json.dumps(answer["subject"], ensure_ascii=False, sort_keys=True)] if answer["subject"] else []),
            "",
            *profile_in_words(paper.rule),
            "",
            f"{answer['state']}; opens {answer['opens_at']}, closes {answer['closes_at']}",
            f"{options.organisation}: {_standing(answer)}; ballot {answer['ballot']['sequence']}, {answer['signers']} keys sign",
            "Keys that may sign:",
            *keys,
            "",
            f"Entry {paper.index} of the record states this question, rule and roll.",
        ]
    )


def _standing(answer: Mapping[str, Any]) -> str:
    if not answer["on_roll"]:
        return "not on the roll"
    return "recused" if answer["recused"] else "entitled"


def prepare(site: Site, options: Namespace) -> str:
    """Write the canonical ballot and return it with the command that signs it."""
    public_key, is_ssh = read_public_key(options.key)
    paper = read_paper(site, options)
    if key_id(public_key) not in {one["key"] for one in paper.answer["keys"]}:
        raise Refused(
            f"the key {key_id(public_key)} may not sign in this vote: it is not enrolled, not usable yet, or revoked"
        )
    reason = read_reason(options.reason_file)
    if options.choice == Choice.OBJECT and not reason:
        raise Refused("an objection carries its reason: name its file with --reason-file")
    ballot = SignedBallot(
        **paper.answer["ballot"],
        choice=Choice(options.choice),
        reason=reason_hash(reason),
        key=key_id(public_key),
        nonce=secrets.token_hex(16),
        at=datetime.now(UTC).replace(microsecond=0),
        ground=options.ground,
    )
    options.out.write_bytes(canonical(ballot.value()))
    return "\n".join([options.out.read_text(), f"hash {ballot.hash}", "", *_how_to_sign(options.out, is_ssh=is_ssh)])


def _how_to_sign(out: Path, *, is_ssh: bool) -> list[str]:
    if is_ssh:
        return ["Sign it with", f"  ssh-keygen -Y sign -n {Purpose.BALLOT.namespace} -f KEY {out}"]
    return [
        "Sign its challenge with",
        f"  (printf '{Purpose.BALLOT.tag}\\0'; cat {out}) | openssl dgst -sha256 -binary > {out}.challenge",
        f"  openssl pkeyutl -sign -rawin -inkey KEY.pem -in {out}.challenge -out {out}.sig",
    ]


def send(site: Site, options: Namespace) -> str:
    """Check the signature here, send the ballot, and return the receipt; it is kept beside the ballot."""
    data = options.file.read_bytes()
    ballot = read_ballot(data)
    signer = key_id(read_public_key(options.key)[0]) if options.key else ballot.key
    envelope = Envelope(data, read_proof(options.signature), "" if signer == ballot.key else signer)
    check_envelope(envelope, _enrolled(site, signer), synced_allowed=True)
    body = {"ballot": b64url(data), "proof": dict(envelope.proof), "key": envelope.signer}
    body["reason"] = read_reason(options.reason_file)
    answer = httpx.post(
        f"{site.site}/api/v1/votes/{quote(ballot.vote, safe='')}/ballots/",
        json=body,
        timeout=TIMEOUT,
        follow_redirects=False,
    )
    if answer.status_code != 201:
        raise Refused(f"the site answers {answer.status_code}: {_refusal(answer)}")
    kept = options.file.with_name(f"{options.file.name}.receipt")
    kept.write_text(json.dumps(answer.json(), indent=2) + "\n")
    words = "It counts." if answer.json()["counts"] else "It waits for the signatures of further keys."
    return (
        f"{kept.read_text()}{words} Kept in {kept}; check it with: fermata ballot receipt {options.url} {options.file}"
    )


def receipt(site: Site, options: Namespace) -> str:
    """Find the ballot in the log by its hash, check that its bytes are these, and its inclusion in the signed tree."""
    data = options.file.read_bytes()
    ballot = read_ballot(data)
    found = _recorded(site, options, ballot)
    envelope = found.payload.get("envelope")
    if envelope is None or from_b64url(envelope["ballot"]) != data:
        raise DoesNotFollow(f"entry {found.index} holds other bytes than {options.file}")
    keys = ", ".join(one["key"] for one in envelope["proofs"])
    return (
        f"entry {found.index} of {found.size} in {found.origin} holds this ballot, signed by {keys}, "
        "its proof leads to the signed root"
    )


def _recorded(site: Site, options: Namespace, ballot: SignedBallot) -> "Found":
    """Return the entry that holds the ballot: as it was cast, or as the close of a sealed vote opened it."""
    try:
        return _entry_of(site, options, "ballot.cast", ballot.vote, lambda payload: payload["hash"] == ballot.hash)
    except DoesNotFollow:
        return _entry_of(site, options, "ballot.opened", ballot.vote, lambda payload: payload["hash"] == ballot.hash)


@dataclass(frozen=True)
class Found:
    """An entry whose inclusion was proved."""

    index: int
    size: int
    origin: str
    payload: Mapping[str, Any]


def _entry_of(
    site: Site, options: Namespace, kind: str, vote: str, wanted: Callable[[Mapping[str, Any]], bool]
) -> Found:
    """Let the site say where the entry is, and prove it there; raise DoesNotFollow where the log does not hold it."""
    path = f"api/v1/ledger/entries/?kind={kind}&about=vote:{quote(vote, safe='')}"
    for _ in range(PAGES):
        page = _json(site, path)
        if index := next((str(one["index"]) for one in page["results"] if wanted(one["payload"])), ""):
            return _proved(site, options, int(index), kind, wanted)
        if not page["next"]:
            break
        path = page["next"].removeprefix(f"{site.site}/")
    raise DoesNotFollow(f"the log shows no {kind} of vote {vote} that would be this one")


def _proved(
    site: Site, options: Namespace, index: int, kind: str, wanted: Callable[[Mapping[str, Any]], bool]
) -> Found:
    try:
        shown: dict[str, Any] = prove(site, Trust.of(options.log_key, options.policy), index)
    except ValueError as error:
        raise Refused(
            f"entry {index} is not covered by a signed checkpoint yet: try again in a moment ({error})"
        ) from None
    entry = shown["entry"]
    if entry["kind"] != kind or not wanted(entry["payload"]):
        raise DoesNotFollow(f"entry {index} is not what the site says that it is")
    return Found(index, shown["size"], shown["origin"], entry["payload"])


def _enrolled(site: Site, wanted: str) -> Key:
    """Return the key as the site's directory has it: enough to see that the signature was made with it."""
    row = _json(site, f"api/v1/keys/{quote(wanted, safe='')}/")
    parts = {name: row[name] for name in ("public_key", "origin", "rp_id", "credential", "organisation")}
    if key_id(row["public_key"]) != wanted:
        raise DoesNotFollow(f"the site answers another key than {wanted}")
    return Key(kind=KeyKind(row["kind"]), enrolled_at=instant(row["enrolled_at"]), **parts)


def read_public_key(path: Path) -> tuple[str, bool]:
    """Return a public key as the record writes it, and whether it is an OpenSSH one: an OpenSSH line, or PEM."""
    text = path.read_text()
    if not text.startswith("-----BEGIN PUBLIC KEY-----"):
        return read_ssh_key(text.strip()), True
    body = "".join(text.split("-----")[2].split())
    public_key = body.replace("+", "-").replace("/", "_").rstrip("=")
    load_key(public_key)
    return public_key, False


def read_proof(path: Path) -> dict[str, str]:
    """Return the signature in a file as an envelope's proof: an armored SSHSIG, or raw bytes."""
    data = path.read_bytes()
    return {"sshsig": data.decode()} if data.startswith(ARMOR.encode()) else {"signature": b64url(data)}


def read_reason(path: Path | None) -> str:
    """Return the reason as it is hashed and sent: normal form C, plain line ends, nothing around it."""
    return "" if path is None else unicodedata.normalize("NFC", path.read_text().replace("\r\n", "\n")).strip()


def _json(site: Site, path: str) -> Any:
    data = site.read_beside(path)
    try:
        return json.loads(data)
    except ValueError:
        raise Malformed(f"{path} is not JSON") from None


def _refusal(answer: httpx.Response) -> str:
    try:
        told = answer.json()
    except ValueError:
        return answer.text[:200]
    return f"{told['detail']} ({told['code']})" if {"detail", "code"} <= set(told) else json.dumps(told)
