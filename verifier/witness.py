"""`fermata witness`: a small witness (c2sp.org/tlog-witness) that a laboratory or an observer runs.

It cosigns a checkpoint only with a proof that it extends the last one it cosigned, and has that on the disk before it answers.
Its folder holds `key` (mode 0600), `logs` (every log it ever cosigned), and one file of state a log.
"""

import os
import threading
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core.errors import Malformed
from ledger.rules.checkpoints import Head
from ledger.rules.merkle import verify_consistency
from ledger.rules.notes import KeyType, Note, NoteInvalid, NoteSigner, VerifierKey
from ledger.rules.witnesses import SIZE_TYPE, AddCheckpoint, origin_hash
from verifier.output import complain, say
from verifier.verify import WRONG_USAGE

LARGEST_REQUEST: Final = 65_536
TEXT: Final = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Answer:
    """An answer over HTTP."""

    status: HTTPStatus
    body: str = ""
    type: str = TEXT


class Witness:
    """Cosigns the checkpoints of the logs whose keys it was given."""

    def __init__(self, folder: Path, name: str, logs: Sequence[VerifierKey]) -> None:
        self._folder = folder
        self._logs = {log.name: log for log in logs}
        self._lock = threading.Lock()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._signer = self._key(name)
        self._refuse_lost_state()

    @property
    def key(self) -> VerifierKey:
        """The witness's public key."""
        return self._signer.verifier

    def add_checkpoint(self, body: bytes, now: int) -> Answer:
        """Answer a request to cosign, with the status that the specification gives each case."""
        try:
            request = AddCheckpoint.parse(body)
            head = Head.parse(request.checkpoint.text)
        except Malformed as error:
            return Answer(HTTPStatus.BAD_REQUEST, f"{error}\n")
        log = self._logs.get(head.origin)
        if log is None:
            return Answer(HTTPStatus.NOT_FOUND, "this witness does not know the log\n")
        try:
            signed = log in request.checkpoint.verified([log])
        except NoteInvalid:
            signed = False
        if not signed:
            return Answer(HTTPStatus.FORBIDDEN, "no signature by a trusted key of the log\n")
        if request.old > head.size:
            return Answer(HTTPStatus.BAD_REQUEST, "the old size is above the checkpoint's\n")
        with self._lock:
            return self._cosign(request, head, now)

    def checkpoint(self, name: str) -> Answer:
        """Answer with the last checkpoint cosigned for a log, named by the hash of its origin."""
        path = self._folder / f"{name}.checkpoint"
        known = {origin_hash(origin) for origin in self._logs}
        if name not in known or not path.is_file():
            return Answer(HTTPStatus.NOT_FOUND, "nothing was cosigned for such a log\n")
        return Answer(HTTPStatus.OK, path.read_text())

    def _cosign(self, request: AddCheckpoint, head: Head, now: int) -> Answer:
        last = self._last(head.origin)
        if request.old != (last.size if last else 0):
            return Answer(HTTPStatus.CONFLICT, f"{last.size if last else 0}\n", SIZE_TYPE)
        if last and not _extends(head, last, request.proof):
            return Answer(HTTPStatus.UNPROCESSABLE_ENTITY, "the log does not extend what was cosigned\n")
        if not last and request.proof:
            return Answer(HTTPStatus.UNPROCESSABLE_ENTITY, "a proof from nothing must be empty\n")
        signature = self._signer.sign(request.checkpoint.text, timestamp=now)
        log = self._logs[head.origin]
        self._keep(head.origin, Note(request.checkpoint.text, (request.checkpoint.verified([log])[log], signature)))
        return Answer(HTTPStatus.OK, signature.line)

    def _last(self, origin: str) -> Head | None:
        path = self._folder / f"{origin_hash(origin)}.checkpoint"
        return Head.parse(Note.parse(path.read_bytes()).text) if path.is_file() else None

    def _keep(self, origin: str, note: Note) -> None:
        """Have the new state on the disk: first that this log is known, then what was cosigned."""
        known = self._known()
        if origin not in known:
            _write(self._folder / "logs", "".join(f"{one}\n" for one in sorted({*known, origin})))
        _write(self._folder / f"{origin_hash(origin)}.checkpoint", str(note))

    def _known(self) -> set[str]:
        path = self._folder / "logs"
        return set(path.read_text().splitlines()) if path.is_file() else set()

    def _refuse_lost_state(self) -> None:
        """A witness that forgot what it cosigned would cosign a fork: it must not start."""
        for origin in sorted(self._known()):
            if not (self._folder / f"{origin_hash(origin)}.checkpoint").is_file():
                raise Malformed(
                    f"the state for {origin} is lost: retire this witness and begin another under a new name"
                )

    def _key(self, name: str) -> NoteSigner:
        path = self._folder / "key"
        if not path.is_file():
            if self._known():
                raise Malformed("the witness's key is lost: begin another witness in another folder")
            _write(
                path, NoteSigner(name, KeyType.COSIGNATURE, Ed25519PrivateKey.generate()).encoded() + "\n", mode=0o600
            )
        signer = NoteSigner.parse(path.read_text())
        if signer.name != name:
            raise Malformed(f"the key in {path} belongs to the witness {signer.name}")
        return signer


class Handler(BaseHTTPRequestHandler):
    """The protocol over HTTP."""

    witness: Witness
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_POST(self) -> None:
        """Take add-checkpoint."""
        length = self.headers.get("Content-Length", "")
        if self.path != "/add-checkpoint":
            self._answer(Answer(HTTPStatus.NOT_FOUND), close=True)
        elif not (length.isascii() and length.isdigit()):
            self._answer(Answer(HTTPStatus.LENGTH_REQUIRED), close=True)
        elif int(length) > LARGEST_REQUEST:
            self._answer(Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE), close=True)
        else:
            self._answer(self.witness.add_checkpoint(self.rfile.read(int(length)), int(time.time())))

    def do_GET(self) -> None:
        """Answer the monitoring request."""
        match self.path.strip("/").split("/"):
            case [name, "checkpoint"]:
                self._answer(self.witness.checkpoint(name))
            case [""]:
                self._answer(Answer(HTTPStatus.OK, f"{self.witness.key}\n"))
            case _:
                self._answer(Answer(HTTPStatus.NOT_FOUND))

    def _answer(self, answer: Answer, *, close: bool = False) -> None:
        body = answer.body.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.type)
        self.send_header("Content-Length", str(len(body)))
        if close:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body)


def make_server(witness: Witness, host: str, port: int) -> ThreadingHTTPServer:
    """Return a server that answers for `witness`; port 0 takes a free one."""
    return ThreadingHTTPServer((host, port), type("WitnessHandler", (Handler,), {"witness": witness}))


def add_arguments(parser: ArgumentParser) -> None:
    """Take the witness's folder, name and logs."""
    parser.add_argument("folder", type=Path, help="where the key and the state are kept; never restore it from a copy")
    parser.add_argument("--name", required=True, help="the witness's name, such as witness.example.org/aster")
    parser.add_argument(
        "--log", action="append", default=[], metavar="KEY", help="the verifier key of a log to cosign; may be repeated"
    )
    parser.add_argument("--listen", default="127.0.0.1:8765", metavar="HOST:PORT")
    parser.add_argument("--show-key", action="store_true", help="print the witness's verifier key and leave")


def run(options: Namespace) -> int:
    """Serve until stopped."""
    try:
        witness = Witness(options.folder, options.name, [VerifierKey.parse(text) for text in options.log])
        host, _, port = options.listen.rpartition(":")
        if options.show_key:
            say(str(witness.key))
            return 0
        server = make_server(witness, host, int(port))
    except (Malformed, OSError, ValueError) as error:
        complain(f"fermata: {error}")
        return WRONG_USAGE
    say(f"witness {witness.key} at http://{host}:{server.server_address[1]}")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
    return 0


def _extends(head: Head, last: Head, proof: Sequence[bytes]) -> bool:
    if last.size == 0:
        return not proof
    return verify_consistency(last.size, head.size, last.root, head.root, proof)


def _write(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Put a file on the disk, wholly or not at all."""
    unfinished = path.with_name(f".{path.name}.part")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
