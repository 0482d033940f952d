"""nginx as config/proxy sets it up, in front of two servers that say who they are."""

import itertools
import os
import subprocess
import threading
import time
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import httpx
import pytest

from config import processes
from tests.site import free_port

pytestmark = pytest.mark.skipif(
    not (processes.NGINX or os.environ.get("REQUIRE_NGINX")), reason="no nginx here: `apt-get install nginx-light`"
)
PUBLIC = {
    "X-Accel-Expires": "1",
    "Cache-Control": "public, no-cache",
    "Vary": "Cookie, Accept-Language, HX-Request",
    "ETag": 'W/"x"',
}


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


def answering(name):
    """Return an application that answers with its name and how many it has answered; pages under /own/ are nobody else's."""
    number = itertools.count(1)

    def answer(environ, start):
        headers = {"Cache-Control": "private, no-cache"} if environ["PATH_INFO"].startswith("/own/") else PUBLIC
        start("200 OK", [*headers.items(), ("Content-Type", "text/plain")])
        return [f"{name} {next(number)}".encode()]

    return answer


@pytest.fixture(scope="module")
def pools():
    servers = {name: make_server("127.0.0.1", 0, answering(name), Server, Quiet) for name in ("actors", "readers")}
    for server in servers.values():
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield servers
    for server in servers.values():
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def site(pools, tmp_path_factory):
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    ports = {name: server.server_port for name, server in pools.items()}
    process = subprocess.Popen([*processes.proxy(folder, port, **ports)])
    try:
        with httpx.Client(base_url=f"http://localhost:{port}") as client:
            for _ in range(100):
                try:
                    client.get("/healthz")
                    break
                except httpx.TransportError:
                    time.sleep(0.05)
            yield client
    finally:
        process.terminate()
        process.wait()


@pytest.mark.parametrize(
    ("method", "path", "headers", "pool"),
    [
        ("GET", "/", {}, "readers"),
        ("GET", "/votes/2026-1/?page=2", {}, "readers"),
        ("GET", "/", {"Cookie": "csrftoken=x; django_language=fr"}, "readers"),
        ("GET", "/", {"Cookie": "csrftoken=x; sessionid=y"}, "actors"),
        ("GET", "/", {"Cookie": "__Host-session=y"}, "actors"),
        ("GET", "/", {"Cookie": "messages=y"}, "actors"),
        ("GET", "/api/v1/votes/", {"Authorization": "Token x"}, "actors"),
        ("GET", "/api/v1/votes/", {}, "readers"),
        ("POST", "/api/v1/votes/2026-1/ballots/", {}, "actors"),
        ("DELETE", "/anything", {}, "actors"),
        ("GET", "/account/login/", {}, "actors"),
        ("GET", "/tips/", {}, "actors"),
        ("GET", "/orders/aster/order.json", {}, "actors"),
        ("GET", "/api/v1/labs/aster/order", {}, "actors"),
        ("GET", "/tlog/checkpoint", {}, "actors"),
        ("GET", "/healthz", {}, "actors"),
        ("GET", "/", {"Host": "ballot.example.org"}, "actors"),
        ("GET", "/", {"Host": "files.example.org"}, "actors"),
    ],
)
def test_who_acts_and_who_reads_are_told_apart(site, method, path, headers, pool):
    assert site.request(method, path, headers=headers).text.split()[0] == pool


def test_a_page_that_everybody_sees_is_made_once_a_second_for_each_language(site):
    first = site.get("/page/", headers={"Accept-Language": "fr"}).text
    assert site.get("/page/", headers={"Accept-Language": "fr"}).text == first
    assert site.get("/page/", headers={"Accept-Language": "ar"}).text != first
    assert site.get("/page/", headers={"Accept-Language": "fr", "If-None-Match": 'W/"x"'}).status_code == 304
    end = time.monotonic() + 10
    while site.get("/page/", headers={"Accept-Language": "fr"}).text == first:
        assert time.monotonic() < end, "the page is never made anew"
        time.sleep(0.1)


def test_what_is_somebodys_own_is_never_kept(site):
    assert site.get("/own/").text != site.get("/own/").text
    mine = {"Cookie": "sessionid=y"}
    assert site.get("/mine/", headers=mine).text != site.get("/mine/", headers=mine).text
    assert site.post("/mine/").text != site.post("/mine/").text


def test_the_last_page_is_shown_while_the_readers_pool_is_away(site, pools):
    kept = site.get("/kept/").text
    pools["readers"].shutdown()
    pools["readers"].server_close()  # may be closed twice
    time.sleep(1.2)
    assert site.get("/kept/").text == kept
    assert site.get("/never-asked/").status_code == 502
    assert site.post("/vote/").text.startswith("actors")
