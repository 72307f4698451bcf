"""What goes wrong with the model server is told; its name is waited for by nobody but a chat."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from agentfabric_offline.errors import Problem
from agentfabric_offline.server import ModelServer

MODELS = {"data": [{"id": "first", "max_model_len": 4096}, {"id": "second"}]}


@contextmanager
def answering(
    status: int, body: object, model: str = ""
) -> Iterator[tuple[ModelServer, list[tuple[str, str]]]]:
    """A server that gives one answer to everything, and what it was asked."""
    asked: list[tuple[str, str]] = []
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers["Authorization"]))
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
            url = f"http://127.0.0.1:{http.server_port}/v1"
            yield ModelServer(url, "s3cret", model), asked
        finally:
            http.shutdown()


def test_the_first_model_is_used_and_asked_for_once() -> None:
    with answering(200, MODELS) as (server, asked):
        assert server.known == ""
        assert [server.name(), server.name()] == ["first", "first"]
    assert asked == [("/v1/models", "Bearer s3cret")]
    assert server.known == "first"


def test_a_name_that_is_set_needs_no_server() -> None:
    server = ModelServer("http://127.0.0.1:1/v1", "EMPTY", "mine")
    assert server.known == server.name() == "mine"


def test_the_name_is_looked_for_while_nobody_waits() -> None:
    with answering(200, MODELS) as (server, _):
        server.look_for_the_name()
        deadline = time.monotonic() + 60
        while not server.known and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.known == "first"


@pytest.mark.parametrize(
    ("status", "body", "key"),
    [
        (401, {}, "refused"),
        (503, {}, "loading"),
        (404, {}, "answer"),
        (200, b"<html>", "answer"),
        (200, {"models": []}, "answer"),
        (200, {"data": []}, "answer"),
        (200, ["data"], "answer"),
    ],
)
def test_each_fault_has_its_own_text(status: int, body: object, key: str) -> None:
    with answering(status, body) as (server, _), pytest.raises(Problem) as caught:
        server.name()
    assert caught.value.key == key
    assert server.url in caught.value.text("zh")


def test_a_server_that_is_away_is_told() -> None:
    with socket.socket() as unused:
        # Nobody else is given the port, and nobody listens.
        unused.bind(("127.0.0.1", 0))
        server = ModelServer(f"http://127.0.0.1:{unused.getsockname()[1]}/v1", "EMPTY", "")
        with pytest.raises(Problem) as caught:
            server.name()
    assert caught.value.key == "unreachable"
    assert "refused" in caught.value.text("en")


def test_the_context_is_that_of_the_model() -> None:
    with answering(200, MODELS, "first") as (server, _):
        assert server.context() == 4096


def test_a_server_that_tells_no_context_gets_an_estimate() -> None:
    with answering(200, MODELS, "second") as (server, _):
        assert server.context() == 8192


def test_tokens_are_counted_by_the_server() -> None:
    with answering(200, {"count": 37}, "first") as (server, asked):
        assert server.tokens([{"role": "user", "content": "hello"}]) == 37
    assert asked[0][0] == "/tokenize"


@pytest.mark.parametrize(("status", "body"), [(404, {}), (405, {}), (200, {}), (200, [])])
def test_where_the_server_cannot_count_tokens_are_estimated(status: int, body: object) -> None:
    with answering(status, body, "first") as (server, _):
        # Qwen's tokenizer takes 0.6 tokens for a Chinese character, and one for four letters.
        assert server.tokens([{"role": "user", "content": "字" * 1000}]) >= 1000
        assert server.tokens([{"role": "user", "content": "word" * 1000}]) >= 1000
