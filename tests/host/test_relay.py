"""relay.py over real sockets: what is listed is reached, and nothing else."""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from tests.host.bundle import HOST
from tests.ports import free_port

RELAY = HOST / "lib" / "relay.py"


class Intranet(BaseHTTPRequestHandler):
    """Tells what it was asked; `/slow` answers in two pieces, the second when told to go on."""

    protocol_version = "HTTP/1.1"
    go_on = threading.Event()

    def do_GET(self) -> None:
        length = int(self.headers["Content-Length"] or 0)
        body = self.rfile.read(length)
        if self.headers["Transfer-Encoding"] == "chunked":
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        self.send_response(200)
        if self.path == "/slow":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"5\r\nfirst\r\n")
            self.go_on.wait(60)
            self.wfile.write(b"6\r\nsecond\r\n0\r\n\r\n")
            return
        told = json.dumps(
            {"path": self.path, "body": body.decode(), "headers": dict(self.headers)}
        ).encode()
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[int]:
    Intranet.go_on.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Intranet)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    Intranet.go_on.set()
    server.shutdown()
    server.server_close()
    thread.join()


class Running:
    """A relay, the ports by which it is reached, and what it has printed."""

    def __init__(self, log: Path) -> None:
        self.proxy = free_port()
        self.model = free_port()
        self.log = log

    def listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.proxy)) == 0

    def opener(self) -> ProxyHandler:
        return ProxyHandler({"http": f"http://127.0.0.1:{self.proxy}"})

    def get(self, url: str, data: bytes | None = None, **headers: str) -> tuple[int, str]:
        """Status and body of the answer through the proxy."""
        try:
            with build_opener(self.opener()).open(Request(url, data, headers), timeout=60) as got:
                return got.status, got.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()

    def raw(self, sent: bytes) -> bytes:
        """Everything that comes back for these bytes."""
        with socket.create_connection(("127.0.0.1", self.proxy), timeout=60) as connection:
            got = b""
            # Who closes a connection with something unread in it breaks it off.
            with suppress(ConnectionError):
                connection.sendall(sent)
            with suppress(ConnectionError):
                while piece := connection.recv(4096):
                    got += piece
            return got


@contextmanager
def relay(tmp_path: Path, **environ: str) -> Iterator[Running]:
    running = Running(tmp_path / "relay.log")
    with running.log.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", RELAY.read_text()],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONUTF8": "1",
                "PROXY_PORT": str(running.proxy),
                "SERVER_PORT": str(running.model),
                **environ,
            },
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + 60
        while not running.listens():
            assert process.poll() is None, running.log.read_text()
            assert time.monotonic() < deadline, "it does not listen"
            time.sleep(0.05)
        yield running
    finally:
        process.terminate()
        process.wait(60)


def test_a_listed_host_is_reached_with_the_request_whole(tmp_path: Path, server: int) -> None:
    with relay(tmp_path, ALLOW=f"127.0.0.1:{server}") as running:
        url = f"http://127.0.0.1:{server}/a/b?c=%20d"
        status, text = running.get(url, "正文".encode(), Authorization="Bearer sesame")
    assert status == 200
    told = json.loads(text)
    assert (told["path"], told["body"]) == ("/a/b?c=%20d", "正文")
    assert told["headers"]["Authorization"] == "Bearer sesame"
    assert told["headers"]["Host"] == f"127.0.0.1:{server}"


@pytest.mark.parametrize(
    "address", ["127.0.0.1:{other}", "127.0.0.2:{server}", "elsewhere.invalid:{server}"]
)
def test_another_host_or_port_is_refused_and_logged(
    tmp_path: Path, server: int, address: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = address.format(server=server, other=other.getsockname()[1])
        with relay(tmp_path, ALLOW=f"127.0.0.1:{server}") as running:
            status, text = running.get(f"http://{address}/")
            tunnel = running.raw(f"CONNECT {address} HTTP/1.1\r\n\r\n".encode())
        other.settimeout(0)
        with pytest.raises(BlockingIOError):
            other.accept()
    assert status == 403
    assert f"{address} is not in ALLOW of airgap.conf" in text and "无法" in text
    assert tunnel.startswith(b"HTTP/1.1 403 ")
    log = running.log.read_text()
    assert f"refused GET http://{address}/: 403" in log
    assert f"refused CONNECT {address}: 403" in log


def test_the_name_in_the_host_field_leads_nowhere_else(tmp_path: Path, server: int) -> None:
    with relay(tmp_path, ALLOW=f"127.0.0.1:{server}") as running:
        _, text = running.get(f"http://127.0.0.1:{server}/", Host="secret.intranet")
    assert json.loads(text)["headers"]["Host"] == f"127.0.0.1:{server}"


def test_one_connection_is_one_request(tmp_path: Path, server: int) -> None:
    request = f"GET http://127.0.0.1:{server}/%d HTTP/1.1\r\nHost: x\r\n\r\n"
    with relay(tmp_path, ALLOW=f"127.0.0.1:{server}") as running:
        got = running.raw(((request % 1) + (request % 2)).encode())
    assert got.count(b"HTTP/1.1 200") == 1
    assert b'"path": "/1"' in got and b"/2" not in got


def test_a_name_is_known_in_capital_letters_too(tmp_path: Path, server: int) -> None:
    with relay(tmp_path, ALLOW=f"LocalHost:{server}") as running:
        assert running.get(f"http://LOCALHOST:{server}/")[0] == 200


def test_an_answer_comes_as_it_is_written(tmp_path: Path, server: int) -> None:
    with relay(tmp_path, ALLOW=f"127.0.0.1:{server}") as running:
        request = Request(f"http://127.0.0.1:{server}/slow")
        with build_opener(running.opener()).open(request, timeout=60) as got:
            assert got.read1() == b"first"
            Intranet.go_on.set()
            assert got.read() == b"second"


def test_a_long_silence_before_an_answer_is_borne_and_a_longer_one_is_not(
    tmp_path: Path, server: int
) -> None:
    with relay(tmp_path, ALLOW=f"127.0.0.1:{server}", PATIENCE="3") as running:
        began = time.monotonic()
        got = build_opener(running.opener()).open(f"http://127.0.0.1:{server}/slow", timeout=60)
        with got, pytest.raises((OSError, http.client.HTTPException)):
            got.read()
        assert time.monotonic() - began < 30


def test_a_tunnel_passes_everything_both_ways(tmp_path: Path, server: int) -> None:
    with relay(tmp_path, ALLOW=f"127.0.0.1:{server}") as running:
        connection = http.client.HTTPConnection("127.0.0.1", running.proxy, timeout=60)
        connection.set_tunnel("127.0.0.1", server)
        for path in ("/1", "/2"):
            connection.request("POST", path, b"x" * 300_000)
            told = json.loads(connection.getresponse().read())
            assert (told["path"], len(told["body"])) == (path, 300_000)
        connection.close()


def test_a_body_in_chunks_arrives(tmp_path: Path, server: int) -> None:
    with relay(tmp_path, ALLOW=f"127.0.0.1:{server}") as running:
        connection = http.client.HTTPConnection("127.0.0.1", running.proxy, timeout=60)
        pieces = iter([b"a" * 70_000, b"b"])
        connection.request("POST", f"http://127.0.0.1:{server}/", pieces, encode_chunked=True)
        assert json.loads(connection.getresponse().read())["body"] == "a" * 70_000 + "b"
        connection.close()


def test_a_server_that_is_not_there_is_said(tmp_path: Path) -> None:
    port = free_port()
    with relay(tmp_path, ALLOW=f"127.0.0.1:{port}") as running:
        status, text = running.get(f"http://127.0.0.1:{port}/")
        assert status == 504
        assert f"127.0.0.1:{port} cannot be reached" in text
        assert f"refused GET http://127.0.0.1:{port}/: 504" in running.log.read_text()


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET https://127.0.0.1:{server}/ HTTP/1.1\r\n\r\n",
        b"GET http://user@127.0.0.1:{server}/ HTTP/1.1\r\n\r\n",
        b"GET ftp://127.0.0.1:{server}/ HTTP/1.1\r\n\r\n",
        b"GET http://127.0.0.1:{server}/ HTTP/2\r\n\r\n",
        b"GET http://127.0.0.1:{server}/ HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
        b"CONNECT 127.0.0.1 HTTP/1.1\r\n\r\n",
        "GET http://例子/ HTTP/1.1\r\n\r\n".encode(),
        b"\x16\x03\x01\x00\xa5\x01\r\n\r\n",
    ],
)
def test_what_is_no_request_to_a_proxy_is_refused(tmp_path: Path, server: int, sent: bytes) -> None:
    with relay(tmp_path, ALLOW=f"127.0.0.1:{server}") as running:
        got = running.raw(sent.replace(b"{server}", str(server).encode()))
    assert got.startswith(b"HTTP/1.1 400 ")


def test_a_head_without_an_end_is_refused(tmp_path: Path) -> None:
    with relay(tmp_path, ALLOW="127.0.0.1:1") as running:
        assert b" 431 " in running.raw(b"GET http://x/ HTTP/1.1\r\nA: " + b"a" * 200_000)


def test_the_model_servers_place_is_taken(tmp_path: Path, server: int) -> None:
    url = f"http://127.0.0.1:{server}/gateway/v1"
    with relay(tmp_path, LLM_URL=url) as running:
        for asked, told in {
            "/v1/chat/completions": "/gateway/v1/chat/completions",
            "/tokenize": "/gateway/tokenize",
        }.items():
            connection = http.client.HTTPConnection("127.0.0.1", running.model, timeout=60)
            connection.request("POST", asked, b"{}", {"Authorization": "Bearer sesame"})
            answer = json.loads(connection.getresponse().read())
            assert (answer["path"], answer["body"]) == (told, "{}")
            assert answer["headers"]["Host"] == f"127.0.0.1:{server}"
            assert answer["headers"]["Authorization"] == "Bearer sesame"
            connection.close()
        assert running.get(f"http://127.0.0.1:{server}/v1/models")[0] == 403


def test_the_log_keeps_to_one_line_a_refusal(tmp_path: Path) -> None:
    with relay(tmp_path, ALLOW="127.0.0.1:1") as running:
        running.raw(b"GET http://x/" + b"y" * 5000 + b"\x1b[2J\t HTTP/1.1\r\n\r\n")
    lines = running.log.read_text().splitlines()
    assert len(lines) == 2 and len(lines[1]) < 400
    assert "\x1b" not in lines[1]
