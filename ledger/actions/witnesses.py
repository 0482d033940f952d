"""Asking witnesses to cosign a checkpoint (c2sp.org/tlog-witness), and keeping what they answer."""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

import httpx
from django.core.cache import cache
from django.db.models import Max

from core.errors import DomainError, Malformed
from ledger import published
from ledger.actions.opening import signer, witnesses
from ledger.models import Checkpoint, Cosignature
from ledger.rules.encoding import decimal
from ledger.rules.notes import Note, Signature
from ledger.rules.witnesses import AddCheckpoint, Witness

logger = logging.getLogger(__name__)

PATIENCE: Final = httpx.Timeout(4.0)
LONGEST_ANSWER: Final = 65_536
# A witness that did not answer is left alone for so many seconds, so that it delays nothing.
REST: Final = 30


class WitnessDisagrees(DomainError):
    """A witness has seen another history of this log."""

    code = "witness_disagrees"


@dataclass(frozen=True)
class Answer:
    """What became of one request: a verified cosignature, or why there is none."""

    witness: Witness
    signature: Signature | None = None
    failure: str = ""
    alarm: str = ""


def ask_witnesses(*, checkpoint: Checkpoint, at: datetime) -> list[Answer]:
    """Ask every witness at once, store the cosignatures; raise WitnessDisagrees, and stop the signer, on another history."""
    asked = [witness for witness in witnesses() if not cache.get(_resting(witness))]
    olds = dict(Cosignature.objects.values_list("witness").annotate(size=Max("checkpoint__size")))
    note = Note.parse(checkpoint.note)
    with ThreadPoolExecutor(max_workers=max(1, len(asked))) as pool:
        answers = list(pool.map(lambda witness: ask(witness, note, checkpoint.size, olds.get(witness.name, 0)), asked))
    for answer in answers:
        _keep(answer, checkpoint, at)
    alarms = [answer.alarm for answer in answers if answer.alarm]
    if alarms:
        signer().raise_alarm(alarms[0])
        raise WitnessDisagrees(alarms[0])
    return answers


def ask(witness: Witness, note: Note, size: int, old: int) -> Answer:
    """Send one checkpoint; where the witness knows another size, once more from there."""
    try:
        with httpx.Client(timeout=PATIENCE, follow_redirects=False) as client:
            response = _post(client, witness, note, size, old)
            if response.status_code == HTTPStatus.CONFLICT:
                old = decimal(response.text.removesuffix("\n"))
                if old > size:
                    alarm = f"the witness {witness.name} has cosigned {old} entries, but the log holds {size}"
                    return Answer(witness, alarm=alarm)
                response = _post(client, witness, note, size, old)
        return _read(witness, note, size, response)
    except (httpx.HTTPError, Malformed, FileNotFoundError) as error:
        return Answer(witness, failure=f"{type(error).__name__}: {error}")


def _post(client: httpx.Client, witness: Witness, note: Note, size: int, old: int) -> httpx.Response:
    proof = published.tree(size).consistency(old) if 0 < old < size else []
    body = AddCheckpoint(old, tuple(proof), note).body
    return client.post(
        f"{witness.url}/add-checkpoint", content=body.encode(), headers={"Content-Type": "text/plain; charset=utf-8"}
    )


def _read(witness: Witness, note: Note, size: int, response: httpx.Response) -> Answer:
    if response.status_code in {HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY}:
        return Answer(
            witness,
            alarm=f"the witness {witness.name} does not see the log's {size} entries as an extension of what it cosigned",
        )
    if response.status_code != HTTPStatus.OK:
        return Answer(witness, failure=f"answered {response.status_code}: {response.text[:200]}")
    if len(response.content) > LONGEST_ANSWER:
        return Answer(witness, failure="answered with too many bytes")
    signed = Note.parse(f"{note.text}\n{response.text}").verified([witness.key])
    signature = signed.get(witness.key)
    return (
        Answer(witness, signature)
        if signature
        else Answer(witness, failure="answered without a cosignature by its key")
    )


def _keep(answer: Answer, checkpoint: Checkpoint, at: datetime) -> None:
    if answer.signature is None:
        logger.warning("the witness %s did not cosign: %s", answer.witness.name, answer.alarm or answer.failure)
        cache.set(_resting(answer.witness), 1, REST)
        return
    cosigned_at = min(at, datetime.fromtimestamp(answer.signature.timestamp, UTC))
    Cosignature.objects.update_or_create(
        checkpoint=checkpoint, witness=answer.witness.name, defaults={"line": answer.signature.line, "at": cosigned_at}
    )


def _resting(witness: Witness) -> str:
    return f"ledger:witness-rests:{witness.name}"
