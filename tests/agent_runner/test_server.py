"""What goes wrong between the page and the model server is told with what to do about it."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from agent_runner.errors import Problem
from agent_runner.server import Server

MODELS = {"data": [{"id": "other", "max_model_len": 1}, {"id": "smollm2", "max_model_len": 8192}]}


@contextmanager
def answering(status: int, body: object) -> Iterator[tuple[Server, list[tuple[str, str, bytes]]]]:
    """A server that gives one answer to everything, and what it was asked."""
    asked: list[tuple[str, str, bytes]] = []
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            size = int(self.headers.get("Content-Length", 0))
            asked.append((self.path, self.headers["Authorization"], self.rfile.read(size)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        Thread(target=http.serve_forever, daemon=True).start()
        try:
            yield Server(f"http://127.0.0.1:{http.server_port}/v1", "smollm2", "s3cret"), asked
        finally:
            http.shutdown()


def test_context_is_that_of_the_model() -> None:
    with answering(200, MODELS) as (server, asked):
        assert server.context() == 8192
    assert asked == [("/v1/models", "Bearer s3cret", b"")]


def test_tokens_are_counted_by_the_server() -> None:
    messages = [{"role": "user", "content": "你好"}]
    with answering(200, {"count": 37, "max_model_len": 8192}) as (server, asked):
        assert server.tokens(messages) == 37
    path, _, body = asked[0]
    assert path == "/tokenize"
    assert json.loads(body) == {"model": "smollm2", "messages": messages}


@pytest.mark.parametrize(
    ("status", "body", "key"),
    [
        (401, {"error": "Unauthorized"}, "refused"),
        (503, b"", "loading"),
        (404, {"detail": "Not Found"}, "answer"),
        (500, b"", "answer"),
        (200, b"<html>", "answer"),
        (200, {"data": [{"id": "smollm2"}]}, "answer"),
        (200, {}, "answer"),
        (200, [], "answer"),
        (200, {"data": [{"id": "qwen", "max_model_len": 1}]}, "model"),
    ],
)
def test_each_answer_has_its_own_text(status: int, body: object, key: str) -> None:
    with answering(status, body) as (server, _), pytest.raises(Problem) as caught:
        server.context()
    assert caught.value.key == key
    assert "s3cret" not in str(caught.value)


def test_a_count_that_is_none_is_told() -> None:
    with answering(200, {}) as (server, _), pytest.raises(Problem, match="/tokenize"):
        server.tokens([])


def test_nobody_there() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        with pytest.raises(Problem, match="airgap up") as caught:
            Server(url, "smollm2", "EMPTY").context()
    assert url in str(caught.value)
    assert "Connection refused" in str(caught.value)


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with answering(200, MODELS) as (server, _):
        assert server.context() == 8192
