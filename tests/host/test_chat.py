"""chat.py and health.py, as they run in the container, against a server of this test's own."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.host.bundle import HOST
from tests.ports import free_port

requests: list[tuple[dict[str, str], dict[str, object]]] = []


class Server(BaseHTTPRequestHandler):
    """Streams an answer in the form of vLLM's, or refuses a question about errors."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        requests.append((dict(self.headers), body))
        question = body["messages"][0]["content"]
        self.send_response(401 if question == "refuse" else 200)
        self.end_headers()
        if question == "refuse":
            self.wfile.write(b'{"error": "Unauthorized"}')
            return
        if question == "break":
            self.send_event({"error": {"message": "the engine died"}})
            return
        for piece in ("你", "好", None):
            self.send_event({"choices": [{"delta": {"content": piece}, "finish_reason": None}]})
        reason = "length" if question == "long" else "stop"
        self.send_event({"choices": [{"delta": {}, "finish_reason": reason}]})
        self.wfile.write(b"data: [DONE]\n\n")

    def send_event(self, event: object) -> None:
        self.wfile.write(b"data: " + json.dumps(event).encode() + b"\n\n")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    requests.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


def ask(port: int, question: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", (HOST / "lib" / "chat.py").read_text(), "[cut]"],
        input=question,
        env={
            "MODEL_NAME": "small",
            "PORT": str(port),
            "PYTHONUTF8": "1",
            "http_proxy": "http://127.0.0.1:9",
            **environ,
        },
        capture_output=True,
        text=True,
    )


def test_the_answer_is_printed_and_the_question_arrives_whole(port: int) -> None:
    question = 'quotes " and \\ and $HOME\n第二行'
    done = ask(port, question)
    assert (done.returncode, done.stdout) == (0, "你好\n")
    ((headers, body),) = requests
    assert body["model"] == "small"
    assert body["messages"] == [{"role": "user", "content": question}]
    assert "Authorization" not in headers


def test_an_answer_cut_by_length_says_so(port: int) -> None:
    assert ask(port, "long").stdout == "你好 [cut]\n"


def test_the_key_is_sent(port: int, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sesame\n")
    ask(port, "hi", API_KEY_FILE=str(tmp_path / "key"))
    assert requests[0][0]["Authorization"] == "Bearer sesame"


@pytest.mark.parametrize(
    ("question", "complaint"), [("refuse", "Unauthorized"), ("break", "the engine died")]
)
def test_a_refusal_is_passed_on(port: int, question: str, complaint: str) -> None:
    done = ask(port, question)
    assert done.returncode == 1
    assert complaint in done.stderr and "Traceback" not in done.stderr


def test_no_server_is_no_traceback() -> None:
    done = ask(free_port(), "hi")
    assert done.returncode == 1
    assert "refused" in done.stderr and "Traceback" not in done.stderr
    health = subprocess.run(
        [sys.executable, str(HOST / "lib" / "health.py"), f"http://127.0.0.1:{free_port()}/"]
    )
    assert health.returncode == 1
