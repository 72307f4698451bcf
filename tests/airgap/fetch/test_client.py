"""How a hub is asked: certificates and redirects."""

import datetime
import hashlib
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from airgap.errors import UnavailableError
from airgap.fetch import missing, ranges
from airgap.fetch.progress import Progress
from airgap.fetch.ranges import fetch_ranges
from airgap.fetch.remote import Remote
from airgap.store import Blob, Store

BLOB = Blob(hashlib.sha256(b"{}").hexdigest(), 2)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "_PAUSE", 0.01)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody trusts yet, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hub")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@pytest.fixture
def secure(tmp_path: Path, certificate: Path) -> Iterator[Remote]:
    """A file of a server that shows the certificate."""
    (tmp_path / "config.json").write_bytes(b"{}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield Remote("m/config.json", BLOB, f"https://127.0.0.1:{server.server_port}/config.json")
        server.shutdown()
        thread.join()


def test_a_certificate_that_is_not_trusted_is_told_with_what_to_do(
    secure: Remote, certificate: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UnavailableError, match="REQUESTS_CA_BUNDLE"):
        fetch_ranges(store, [secure], Progress())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    fetch_ranges(store, [secure], Progress())
    assert missing(store, [secure]) == []


class _Redirect(BaseHTTPRequestHandler):
    to = ""

    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", self.to or self.path)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def redirected() -> Iterator[Remote]:
    """A file of a server that redirects to `_Redirect.to`, or else to the same address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Redirect) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield Remote("m/config.json", BLOB, f"http://127.0.0.1:{server.server_port}/here")
        server.shutdown()
        thread.join()


def test_a_circle_of_redirections_comes_to_an_end(redirected: Remote, store: Store) -> None:
    with pytest.raises(UnavailableError, match="redirections"):
        fetch_ranges(store, [redirected], Progress())


def test_where_the_file_was_looked_for_is_told_without_its_signature(
    redirected: Remote, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Redirect, "to", "http://127.0.0.1:9/storage?Signature=secret")
    with pytest.raises(UnavailableError) as raised:
        fetch_ranges(store, [redirected], Progress())
    assert "port=9" in str(raised.value.found)
    assert "secret" not in str(raised.value)
