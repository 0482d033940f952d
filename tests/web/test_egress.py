"""Addresses that others name (security.md, 10): each way inward is refused, and a slow or endless answer costs little."""

import http.server
import ipaddress
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from web import egress
from web.egress import EgressRefused, Unanswered, is_public, post, resolve, target_of

HOST = "hooks.example.com"


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/", "ftp://hooks.example.com/", "//hooks.example.com/", "hooks.example.com", "", "https://", "https:///path",
        "https://127.0.0.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[fe80::1%25eth0]/", "https://0x7f.1/", "https://0x7f000001/",
        "https://2130706433/", "https://127.1/", "https://017700000001/", "https://169.254.169.254/latest/", "https://hooks.example.0x10/",
        "https://localhost/", "https://LOCALHOST./", "https://intranet/", "https://user@hooks.example.com/", "https://user:secret@hooks.example.com/",
        "https://hooks.example.com@127.0.0.1/", "https://hooks.example.com:22/", "https://hooks.example.com:80/", "https://hooks.example.com:0/",
        "https://hooks.example.com:99999/", "https://hooks.example.com:x/", "https://hooks.example.com/#part", "https://hooks.example.com\\@127.0.0.1/",
        "https://hooks.example.com/\r\nX: y", "https://hooks.example.com/a b", "https://hoоks.example.com/", "https://１２７.0.0.1/", "https://[hooks/",
        "https://hooks.example.com/" + "a" * 500,
    ],
)  # fmt: skip
def test_an_address_of_another_form_is_refused(url):
    with pytest.raises(EgressRefused):
        target_of(url)


def test_a_plain_address_is_taken_apart():
    assert target_of("https://Hooks.Example.com:8443/in?x=1") == egress.Target(HOST, 8443, "/in?x=1")
    assert target_of("https://hooks.example.com") == egress.Target(HOST, 443, "/")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.1", "172.16.5.5", "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.0.1", "198.18.0.1", "192.0.2.1",
        "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b::808:808", "2002:7f00:1::", "2002:808:808::", "2001::1", "fd00:ec2::254",
    ],
)  # fmt: skip
def test_what_is_not_plainly_public_is_not(address):
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111"])
def test_public_addresses_are(address):
    assert is_public(ipaddress.ip_address(address))


def names(monkeypatch, *addresses):
    """Let the host have these addresses; return how often it was asked for."""
    asked, really = [], socket.getaddrinfo

    def look_up(host, port, *how, **more):
        if host in addresses:
            return really(host, port, *how, **more)
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(egress.socket, "getaddrinfo", look_up)
    return asked


@pytest.mark.parametrize("addresses", [("10.0.0.1",), ("8.8.8.8", "127.0.0.1"), ("169.254.169.254",), ("::1",), ()])
def test_a_name_that_leads_inward_is_refused_whatever_else_it_has(monkeypatch, addresses):
    names(monkeypatch, *addresses)
    with pytest.raises(EgressRefused):
        resolve(target_of(f"https://{HOST}/"))


def test_a_name_that_nobody_knows_is_unanswered(monkeypatch):
    monkeypatch.setattr(egress.socket, "getaddrinfo", lambda *_, **__: (_ for _ in ()).throw(socket.gaierror()))
    with pytest.raises(Unanswered):
        resolve(target_of(f"https://{HOST}/"))


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.server.bodies.append((self.path, dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
        self.server.answer(self)

    def log_message(self, *_):
        pass


def certificate():
    key = generate_private_key(SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    return made.public_bytes(Encoding.PEM), key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture
def receiver(tmp_path, monkeypatch):
    """A receiver of hooks on this machine, which counts as public and goes by the name of HOST."""
    public, private = certificate()
    (tmp_path / "pem").write_bytes(public + private)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.bodies, server.answer = [], lambda handler: (handler.send_response(204), handler.end_headers())
    server.port = server.server_address[1]
    server.url = f"https://{HOST}:{server.port}/in"
    server.trust = ssl.create_default_context(cadata=public.decode())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(egress, "PORTS", {server.port})
    monkeypatch.setattr(egress, "is_public", lambda _: True)
    server.asked = names(monkeypatch, "127.0.0.1")
    yield server
    server.shutdown()
    server.server_close()


def test_a_hook_arrives_at_the_address_that_was_judged_and_the_name_is_asked_for_once(receiver):
    assert post(receiver.url, b"{}", {"webhook-id": "1"}, context=receiver.trust) == 204
    [(path, headers, body)] = receiver.bodies
    assert (path, headers["webhook-id"], headers["Host"], body) == ("/in", "1", f"{HOST}:{receiver.port}", b"{}")
    assert receiver.asked == [HOST]


def test_a_certificate_that_nobody_signed_is_refused(receiver):
    with pytest.raises(Unanswered):
        post(receiver.url, b"{}", {})
    assert receiver.bodies == []


def test_a_certificate_of_another_name_is_refused(receiver):
    with pytest.raises(Unanswered):
        post(receiver.url.replace(HOST, "other.example.com"), b"{}", {}, context=receiver.trust)
    assert receiver.bodies == []


def test_a_redirect_is_an_answer_and_is_not_followed(receiver):
    def inward(handler):
        handler.send_response(307)
        handler.send_header("Location", "https://127.0.0.1/")
        handler.end_headers()

    receiver.answer = inward
    assert post(receiver.url, b"{}", {}, context=receiver.trust) == 307
    assert len(receiver.bodies) == 1


@pytest.mark.parametrize("drip", [b"", b"X-Long: y\r\n", b"HTTP/1.1 204 x\r\n"])
def test_an_answer_without_end_is_cut_off(receiver, monkeypatch, drip):
    """Nothing at all, headers for ever, or a status and then headers for ever."""
    monkeypatch.setattr(egress, "SECONDS", 0.6)

    def slowly(handler):
        handler.wfile.write(b"HTTP/1.1 204 x\r\n" if drip else b"")
        for _ in range(40):
            handler.wfile.write(drip)
            time.sleep(0.1)

    receiver.answer = slowly
    begun = time.monotonic()
    with pytest.raises(Unanswered):
        post(receiver.url, b"{}", {}, context=receiver.trust)
    assert time.monotonic() - begun < 3


def test_an_endless_body_is_not_read(receiver):
    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        for _ in range(2000):
            handler.wfile.write(b"x" * 65_536)

    receiver.answer = endless
    begun = time.monotonic()
    assert post(receiver.url, b"{}", {}, context=receiver.trust) == 200
    assert time.monotonic() - begun < 3
