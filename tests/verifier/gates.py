"""Orders signed by a test, and a site that shows them."""

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.rules.notes import KeyType, Note, NoteSigner
from treaty.rules.orders import Obligation, Order, Work

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HASH = "ab" * 32
CLEAR, CANNOT_TELL, HELD = 0, 69, 75


def signer():
    return NoteSigner("localhost/orders", KeyType.ED25519, Ed25519PrivateKey.generate())


def order(*obligations, **fields):
    said = {"lab": "aster", "log": "localhost/tlog", "sequence": 3, "replaces": HASH, "position": 40, "text": HASH}
    times = {"not_before": NOW, "expires_at": NOW + timedelta(hours=24)}
    return Order(**(said | times | fields), obligations=obligations)


def pause(deploy=None, **fields):
    above = {Work.TRAIN: Decimal("1e24"), Work.DEPLOY: deploy and Decimal(deploy), Work.RELEASE: Decimal("1e25")}
    said = {"pause": "2026-01", "level": "pause", "state": "in_force", "text": HASH, "since": NOW, "above_flop": above}
    return Obligation(**(said | fields))


class FakeSite:
    """A site that answers whatever a test likes, and counts how often it was asked."""

    def __init__(self):
        self.signer, self.asked, self.answers = signer(), [], {}
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                site.asked.append((self.path, self.headers.get("If-None-Match")))
                status, body = site.answers.get(self.path, (404, b""))
                if status == 200 and self.headers.get("If-None-Match") == f'"{site.tag}"':
                    status, body = 304, b""
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def show(self, made, *, by=None):
        key = by or self.signer
        self.tag = made.hash
        self.answers["/labs/aster/order"] = (200, str(Note(made.note, (key.sign(made.note),))).encode())
        self.answers["/orders/key"] = (200, f"{self.signer.verifier}\n".encode())
        return made

    def close(self):
        self.server.shutdown()
        self.server.server_close()
