"""smoke: what users do with what is served, tried in the containers.

smoke.py runs for real against a server of this test's own, which fails in the ways that a model's
name asks for.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from agentfabric_offline.embedding_socket import NAME, answer_on
from tests.host.bundle import HOST, Bundle
from tests.host.smoke_lines import expect_each_step
from tests.ports import free_port

GUIDE = "qwen/Qwen1.5-7B-Chat"
NAMES = [GUIDE, "empty", "broken-off", "dies", "no-json", "slow", "none"]
Embed = Callable[[Sequence[str]], list[list[float]]]
PIECES = ["春天", "来了，", "\n\n万物", "复苏。"]
asked: list[tuple[dict[str, str], dict[str, object]]] = []


class Server(BaseHTTPRequestHandler):
    """Answers in the form of vLLM's."""

    def do_GET(self) -> None:
        self.reply(200, {"data": [{"id": name, "max_model_len": 8192} for name in NAMES]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked.append((dict(self.headers), body))
        model, stream = body["model"], body.get("stream")
        pieces = [] if model == "empty" else PIECES
        if model == "none":
            self.reply(404, {"error": {"message": "no model none"}})
        elif model == "slow":
            time.sleep(2)
        elif model == "no-json" and not stream:
            self.reply(200, ["春天"])
        elif not stream:
            message = {"role": "assistant", "content": "".join(pieces)}
            usage = {"completion_tokens": len(pieces)}
            self.reply(200, {"choices": [{"message": message}], "usage": usage})
        else:
            self.send_response(200)
            self.end_headers()
            self.event({"choices": [{"delta": {"role": "assistant", "content": ""}}]})
            for piece in pieces:
                time.sleep(0.01)
                self.event({"choices": [{"delta": {"content": piece}}]})
            if model == "broken-off":
                return
            if model == "dies":
                self.event({"error": {"message": "the engine died"}})
                return
            self.event({"choices": [], "usage": {"completion_tokens": len(pieces)}})
            self.wfile.write(b"data: [DONE]\n\n")

    def reply(self, status: int, body: object) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def event(self, event: object) -> None:
        self.wfile.write(b"data: " + json.dumps(event).encode() + b"\n\n")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def inside(bundle: Bundle, port: int, model: str = GUIDE, **more: str) -> None:
    """Says in which environment smoke.py finds itself."""
    environ = {"PORT": str(port), "MODEL_NAME": model, "PYTHONUTF8": "1", **more}
    bundle.docker_says("inside", json.dumps(environ))


@pytest.fixture
def up(bundle: Bundle, port: int) -> Bundle:
    assert bundle.run("up").returncode == 0
    inside(bundle, port)
    bundle.docker_says("stats", "2.7GiB / 8GiB")
    return bundle


def smoke(step: str, port: int, model: str, seconds: str) -> list[str]:
    """Runs smoke.py for a step that fails; what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", (HOST / "lib" / "smoke.py").read_text(), step, seconds],
        env={"MODEL_NAME": model, "PORT": str(port), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (1, "")
    return done.stdout.splitlines()


def test_each_step_is_one_line_with_its_figures(up: Bundle) -> None:
    done = up.run("smoke")
    assert (done.returncode, done.stderr) == (0, "")
    chat = r'4 tokens in \d+\.\d s, \d+\.\d tokens/s: "春天来了， 万物复苏。…"'
    expect_each_step(done.stdout, GUIDE, chat, r"2\.7GiB / 8GiB")


def test_it_speaks_chinese(up: Bundle) -> None:
    done = up.run("smoke", LANG="zh_CN.UTF-8")
    assert f"正常  模型列表：{GUIDE}（最长 8192 个 token）" in done.stdout
    assert done.stdout.endswith("demo 服务正常。\n")


def test_the_request_is_the_original_guides(up: Bundle) -> None:
    up.run("smoke")
    (_, chat), (_, stream) = asked
    assert chat == {
        "model": GUIDE,
        "messages": [
            {"role": "system", "content": "You are a helpful assistant."},
            {"role": "user", "content": "写一篇春天为主题的作文"},
        ],
        "stop": ["<|im_end|>", "<|endoftext|>"],
    }
    assert chat.items() <= stream.items()
    assert stream["stream"] is True


def test_the_key_is_sent_and_shows_nowhere(up: Bundle, port: int, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sesame\n")
    inside(up, port, API_KEY_FILE=str(tmp_path / "key"))
    up.run("smoke")
    assert {headers["Authorization"] for headers, _ in asked} == {"Bearer sesame"}
    assert not [call for call in up.calls() if "sesame" in " ".join(call)]


def test_before_up_it_says_what_to_do(bundle: Bundle) -> None:
    said = bundle.fails("smoke")
    assert "the model server is not up" in said
    assert 'airgap up"' in said


def test_what_fails_is_named_and_keeps_nobody_waiting(up: Bundle, port: int) -> None:
    inside(up, port, "empty")
    done = up.run("smoke")
    assert done.returncode == 1
    assert "failed   chat: the model answered nothing\n" in done.stdout
    assert "skipped  stream: chat failed\n" in done.stdout
    assert "ok       memory" in done.stdout
    assert "serves." not in done.stdout
    assert "not all works, see above: chat\n  to do: " in done.stderr


def test_a_server_that_is_not_there_is_an_error_without_a_traceback(up: Bundle) -> None:
    inside(up, free_port())
    done = up.run("smoke")
    assert done.returncode == 1
    assert "failed   model list: no answer: [Errno 111] Connection refused\n" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("step", "model", "failure"),
    [
        ("models", "another", ["absent", "another", ", ".join(NAMES)]),
        ("chat", "none", ["refused", 'HTTP 404 {"error": {"message": "no model none"}}']),
        ("chat", "slow", ["slow", "0.5"]),
        ("stream", "slow", ["slow", "0.5"]),
        (
            "chat",
            "no-json",
            ["form", "TypeError: list indices must be integers or slices, not str"],
        ),
        ("stream", "empty", ["empty"]),
        ("stream", "broken-off", ["cut"]),
        ("stream", "dies", ["refused", "{'message': 'the engine died'}"]),
    ],
)
def test_every_failure_has_its_kind(port: int, step: str, model: str, failure: list[str]) -> None:
    assert smoke(step, port, model, "0.5" if model == "slow" else "20") == failure


def test_the_model_of_another_server_is_asked_through_the_relay(builder: Bundle, port: int) -> None:
    url = {"AIRGAP_LLM_URL": "http://10.0.0.8:8000/v1", "AIRGAP_LLM_MODEL": "qwen"}
    builder.run("up", **url)
    inside(builder, port)
    done = builder.run("smoke", **url)
    assert "ok       stream: first token" in done.stdout
    assert "skipped  memory: the model is served at http://10.0.0.8:8000/v1" in done.stdout
    assert {call[3] for call in builder.calls("exec", "--env")} >= {"airgap-demo-allow"}


def vectors(texts: Sequence[str]) -> list[list[float]]:
    return [[float(len(text)), 0.5, 0.5] for text in texts]


def zeros(texts: Sequence[str]) -> list[list[float]]:
    return [[0.0] * 3 for _ in texts]


def broken(texts: Sequence[str]) -> list[list[float]]:
    raise RuntimeError("out of memory")


@pytest.mark.parametrize(
    ("embed", "said"),
    [
        (vectors, r"ok       embedding: vectors of 3 numbers from AgentFabric, \d\.\d\d s"),
        (zeros, "failed   embedding: the vectors of two texts are not numbers that differ"),
        (broken, "failed   embedding: refused: out of memory"),
    ],
)
def test_agentfabrics_embedding_is_asked(
    builder: Bundle, port: int, monkeypatch: pytest.MonkeyPatch, embed: Embed, said: str
) -> None:
    builder.run("up")
    # A socket's name is short.
    with tempfile.TemporaryDirectory(prefix="s", dir="/tmp") as folder:
        home = Path(folder) / "agentfabric-x"
        home.mkdir()
        monkeypatch.chdir(home)
        answer_on(home / NAME, embed)
        inside(builder, port, TMPDIR=folder)
        done = builder.run("smoke")
    assert re.search(rf"^{said}$", done.stdout, re.MULTILINE), done.stdout
    assert done.returncode == (0 if embed is vectors else 1)


def test_agentfabric_may_be_stopped_but_not_have_ended(builder: Bundle, port: int) -> None:
    builder.run("up")
    inside(builder, port)
    builder.run("stop", "agentfabric")
    # The stand-in's `stop` leaves the container to `rm`.
    done = builder.run("smoke")
    assert "skipped  embedding: AgentFabric is stopped" in done.stdout
    assert done.returncode == 0
    builder.run("start", "agentfabric")
    builder.docker_says("exit-airgap-demo-agentfabric", "1")
    done = builder.run("smoke")
    assert "failed   embedding: not running (1)" in done.stdout
    assert done.returncode == 1


def test_the_memory_of_each_gpu_is_said(up: Bundle) -> None:
    conf = up.root / "bundle.conf"
    conf.write_text(conf.read_text().replace("DEVICE='cpu'", "DEVICE='cuda'"))
    up.docker_says("nvidia-smi", "0, NVIDIA A10, 21504, 23028\n1, NVIDIA A10, 512, 23028\n")
    said = up.run("smoke").stdout
    expected = "GPU 0 NVIDIA A10 21.0/22.5 GiB; GPU 1 NVIDIA A10 0.5/22.5 GiB in use"
    assert f"ok       memory: {expected}\n" in said
    up.docker_says("nvidia-smi", "0, NVIDIA A100, [Insufficient Permissions], 81920\n")
    assert "ok       memory: GPU 0 NVIDIA A100 ? in use\n" in up.run("smoke").stdout
    up.docker_says("nvidia-smi", "")
    done = up.run("smoke")
    assert "skipped  memory: nvidia-smi says nothing in the container: exec: " in done.stdout
    assert done.returncode == 0
