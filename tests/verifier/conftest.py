import threading
from copy import deepcopy
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.once import undone


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments):
        pass


@pytest.fixture
def serve():
    """Serve a folder as http://…/tlog/ would be served; answer with the site's address."""
    servers = []

    def start(folder):
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def recorded(founded):
    """`recorded(event)` is the record after `event(site)` on the module's `founded` site, told once; each call gives a copy to alter."""
    known = {}

    def record(event):
        if event not in known:
            with undone():
                site = deepcopy(founded)
                event(site)
                known[event] = site.record()
        return known[event].copy()

    return record
