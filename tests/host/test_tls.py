"""https with the operator's certificate: looked at before anything starts, and then everywhere."""

import http.client
import http.server
import json
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.host.bundle import HOST, Bundle, configure, has
from tests.host.certificates import Certificate, make_certificate
from tests.ports import free_port

AT = "/run/airgap/tls"


@pytest.fixture
def made(tmp_path: Path) -> Certificate:
    return make_certificate(tmp_path / "made")


def mount(source: Path, target: str) -> str:
    quoted = str(source).replace('"', '""')
    return f'type=bind,"source={quoted}",target={target},readonly'


def test_pages_get_the_certificate_and_the_server_gets_none(
    bundle: Bundle, made: Certificate
) -> None:
    done = bundle.run("up", **made.settings)
    assert done.returncode == 0, done.stderr
    for service in ("tls", "agent"):
        call = bundle.created(service)
        assert has(call, "--mount", mount(made.certificate, f"{AT}/certificate"))
        assert has(call, "--mount", mount(made.key, f"{AT}/key"))
        assert has(call, "--env", f"TLS_CERT={AT}/certificate")
        assert has(call, "--env", f"TLS_KEY={AT}/key")
    server, port = bundle.created("server"), bundle.settings["AIRGAP_SERVER_PORT"]
    assert "--publish" not in server and AT not in str(server)
    assert has(bundle.created("tls"), "--publish", f"127.0.0.1:{port}:8443")
    assert "PRIVATE KEY" not in (bundle.docker / "calls").read_text()


def test_addresses_begin_with_https(bundle: Bundle, made: Certificate) -> None:
    server, agent = (bundle.settings[f"AIRGAP_{key}_PORT"] for key in ("SERVER", "AGENT"))
    for done in (bundle.run("up", **made.settings), bundle.run("status", **made.settings)):
        assert done.returncode == 0, done.stderr
        assert f"https://127.0.0.1:{server}/" in done.stdout
        assert f"https://127.0.0.1:{agent}/" in done.stdout
        assert "http://" not in done.stdout
    asked = [call[-1] for call in bundle.calls("exec") if "urllib" in str(call)]
    assert "https://127.0.0.1:8443/health" in asked
    assert "https://127.0.0.1:7865/" in asked
    assert "http://127.0.0.1:8000/health" in asked, "inside, the server speaks http"


def test_up_says_for_whom_the_certificate_is_and_until_when(
    bundle: Bundle, made: Certificate
) -> None:
    said = bundle.run("up", **made.settings).stdout
    until = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * 86400))
    assert f"for localhost 127.0.0.1, until {until}" in said


def test_published_agents_speak_https_too(builder: Bundle, made: Certificate) -> None:
    configure(builder)
    assert builder.run("up", **made.settings).returncode == 0
    done = builder.run("publish", "cook", **made.settings)
    assert done.returncode == 0, done.stderr
    assert '"cook": https://127.0.0.1:' in done.stdout
    for service in ("agentfabric", "agent-cook"):
        assert has(builder.created(service), "--env", f"TLS_CERT={AT}/certificate")


def test_with_a_server_elsewhere_there_is_nothing_to_encrypt_but_pages(
    bundle: Bundle, made: Certificate
) -> None:
    elsewhere = {"AIRGAP_LLM_URL": "http://10.0.0.8:8000/v1", "AIRGAP_LLM_MODEL": "m"}
    assert bundle.run("up", **elsewhere, **made.settings).returncode == 0
    services = {call[2].removeprefix("airgap-demo-") for call in bundle.calls("create")}
    assert services == {"allow", "agent"}
    assert AT in str(bundle.created("agent")) and AT not in str(bundle.created("allow"))


def test_without_a_certificate_again_the_server_has_its_port_back(
    bundle: Bundle, made: Certificate
) -> None:
    bundle.run("up", **made.settings)
    done = bundle.run("up")
    assert done.returncode == 0, done.stderr
    assert ["rm", "-f", "airgap-demo-tls"] in bundle.calls("rm")
    assert "--publish" in bundle.created("server")


def test_a_renewed_certificate_replaces_what_shows_it(
    bundle: Bundle, made: Certificate, tmp_path: Path
) -> None:
    bundle.run("up", **made.settings)
    before = len(bundle.calls("create"))
    bundle.run("up", **made.settings)
    assert len(bundle.calls("create")) == before
    newer = make_certificate(tmp_path / "newer", days=(-1, 60))
    newer.certificate.replace(made.certificate)
    newer.key.replace(made.key)
    bundle.run("up", **made.settings)
    anew = [call[2] for call in bundle.calls("create")[before:]]
    assert anew == ["airgap-demo-tls", "airgap-demo-agent"]


def refused(bundle: Bundle, **settings: str) -> str:
    """What `up` says in English; it says as much in Chinese, and starts nothing."""
    said = bundle.fails("up", **settings)
    assert "to do: " in said
    chinese = bundle.fails("up", LANG="zh_CN.UTF-8", **settings)
    assert "处理：" in chinese and "检查" in chinese
    assert not bundle.calls("create") and not bundle.calls("network", "create")
    return said


@pytest.mark.parametrize("lacking", ["TLS_CERT", "TLS_KEY"])
def test_one_without_the_other(bundle: Bundle, made: Certificate, lacking: str) -> None:
    said = refused(bundle, **{**made.settings, f"AIRGAP_{lacking}": ""})
    assert f"is set and {lacking} is not" in said


@pytest.mark.parametrize("lacking", ["TLS_CERT", "TLS_KEY"])
def test_a_file_that_is_not_there(bundle: Bundle, made: Certificate, lacking: str) -> None:
    said = refused(bundle, **{**made.settings, f"AIRGAP_{lacking}": "gone.pem"})
    assert f"{lacking} names {bundle.root}/gone.pem" in said


def test_a_certificate_and_the_key_of_another(
    bundle: Bundle, made: Certificate, tmp_path: Path
) -> None:
    other = make_certificate(tmp_path / "other")
    said = refused(bundle, **{**made.settings, "AIRGAP_TLS_KEY": str(other.key)})
    assert "do not belong together" in said


@pytest.mark.parametrize(("days", "why"), [((-30, -1), "expired"), ((1, 30), "not yet valid")])
def test_a_certificate_that_does_not_hold_today(
    bundle: Bundle, tmp_path: Path, days: tuple[float, float], why: str
) -> None:
    said = refused(bundle, **make_certificate(tmp_path / "old", days=days).settings)
    assert why in said and time.strftime("%Y-%m-%d") in said


def test_a_key_with_a_password(bundle: Bundle, tmp_path: Path) -> None:
    locked = make_certificate(tmp_path / "locked", password=b"sesame")
    assert "asks for a password" in refused(bundle, **locked.settings)


def test_files_that_are_something_else(bundle: Bundle, made: Certificate, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_text("no PEM\n")
    said = refused(bundle, **{**made.settings, "AIRGAP_TLS_CERT": str(other)})
    assert f"{other} holds none that can be read" in said
    said = refused(bundle, **{**made.settings, "AIRGAP_TLS_KEY": str(other)})
    assert f"{other} is no key" in said


def test_the_two_files_the_wrong_way_round(bundle: Bundle, made: Certificate) -> None:
    swapped = Certificate(made.key, made.certificate)
    assert "holds none that can be read" in refused(bundle, **swapped.settings)


@pytest.mark.parametrize("unreadable", ["certificate", "key"])
def test_a_file_that_the_containers_cannot_read(
    bundle: Bundle, made: Certificate, unreadable: str
) -> None:
    path: Path = getattr(made, unreadable)
    path.unlink()
    path.mkdir()  # which nobody can read as a file, root neither
    said = refused(bundle, **made.settings)
    assert f"cannot read {path}" in said and "chown 1000" in said


class Model(http.server.BaseHTTPRequestHandler):
    """A server whose answer comes in two pieces, the second when it is told to."""

    protocol_version = "HTTP/1.1"
    go_on = threading.Event()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"5\r\nfirst\r\n")
        self.go_on.wait(20)
        told = json.dumps([self.headers["Authorization"], len(body)]).encode()
        self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(told), told))

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def front(made: Certificate, server: int) -> Iterator[int]:
    """lib/tls.py before a server of this machine; its port."""
    port = free_port()
    environ = {
        "TLS_CERT": str(made.certificate),
        "TLS_KEY": str(made.key),
        "PORT": str(port),
        "SERVER": f"127.0.0.1:{server}",
    }
    with subprocess.Popen(
        [sys.executable, "-c", (HOST / "lib/tls.py").read_text()], env=environ
    ) as process:
        try:
            deadline = time.monotonic() + 60
            while True:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield port
        finally:
            process.terminate()


@pytest.fixture
def model() -> Iterator[int]:
    Model.go_on.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Model) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def ask(made: Certificate, port: int) -> http.client.HTTPSConnection:
    trust = ssl.create_default_context(cafile=made.certificate)
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=20, context=trust)
    connection.request("POST", "/v1", b"x" * 300_000, {"Authorization": "Bearer sesame"})
    return connection


def test_an_answer_comes_as_the_server_writes_it(made: Certificate, model: int) -> None:
    with front(made, model) as port:
        connection = ask(made, port)
        answer = connection.getresponse()
        assert answer.read1() == b"first"
        Model.go_on.set()
        assert json.loads(answer.read()) == ["Bearer sesame", 300_000]
        connection.request("POST", "/again", b"y")
        assert connection.getresponse().read().endswith(b"[null, 1]"), "the connection is kept"
        connection.close()


def test_who_goes_ends_the_servers_connection(made: Certificate) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        with front(made, server.getsockname()[1]) as port:
            connection = ask(made, port)
            there, _ = server.accept()
            connection.close()
            there.settimeout(20)
            while there.recv(65536):
                pass
            there.close()


def test_plain_http_gets_nothing(made: Certificate, model: int) -> None:
    with front(made, model) as port, pytest.raises(OSError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=20)


def test_a_server_that_is_not_there(made: Certificate) -> None:
    with front(made, free_port()) as port, pytest.raises((OSError, http.client.HTTPException)):
        ask(made, port).getresponse()
