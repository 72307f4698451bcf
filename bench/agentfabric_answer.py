"""The first token of an answer through AgentFabric, beside the same request to the bare server.

A recorder between AgentFabric and a real model server keeps what AgentFabric sends; that very
request is then sent to the server alone. Each question is new to the server in both cases, and
both find the same beginning of the prompt in its cache.
"""

import http.client
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench import agentfabric
from bench.measure import show
from tests.agentfabric.attacker import Attacker
from tests.agentfabric.local_server import local_server
from tests.agentfabric.stack import Stack, started
from tests.ports import free_port

ROUNDS = 9
QUESTION = "Name a town with {letter} that lies at the sea."


@contextmanager
def model_server(stack: Stack, room: Path) -> Iterator[str]:
    """The address of the demo's server."""
    port = free_port()
    environ = {
        **stack.environ,
        "MODEL_DIR": str(agentfabric.LLM),
        "MODEL_NAME": agentfabric.MODEL,
        "DEVICE": "cpu",
        "PORT": str(port),
        "MAX_MODEL_LEN": "8192",
        "GENERATION_CONFIG": '{"temperature": 0, "max_new_tokens": 32}',
    }
    command = Stack(agentfabric.SERVER, environ).command()
    with started(command, environ, f"http://127.0.0.1:{port}/health", room / "server.log"):
        yield f"http://127.0.0.1:{port}/v1"


def first_piece(llm: str, body: bytes) -> float:
    """Seconds until the server alone sends the first text of its answer."""
    address = urlsplit(llm)
    connection = http.client.HTTPConnection(address.netloc, timeout=300)
    start = time.perf_counter()
    path = f"{address.path}/chat/completions"
    connection.request("POST", path, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    try:
        for line in answer:
            if line.startswith(b"data: {"):
                (choice,) = json.loads(line.removeprefix(b"data: "))["choices"]
                if choice["delta"].get("content"):
                    return time.perf_counter() - start
    finally:
        connection.close()
    raise RuntimeError("the server's answer has no text")


def first_shown(visitor: Attacker, question: str) -> float:
    """Seconds until AgentFabric tells the page the first text of the answer."""
    start = time.perf_counter()
    asked = {"text": question, "files": []}
    found = 0.0
    for message in visitor.events("preview_send_message", [[], asked, None, ""]):
        if not found and _text(message.get("output", {}).get("data")):
            found = time.perf_counter() - start
    if not found:
        raise RuntimeError("AgentFabric's answer has no text")
    return found


def _text(data: Any) -> str:
    """The answer in what the page is told."""
    for value in data or ():
        chat = value.get("value") if isinstance(value, dict) else value
        if isinstance(chat, list) and chat and isinstance(chat[-1], list):
            answer = chat[-1][1]
            return str(answer.get("text") or "") if isinstance(answer, dict) else str(answer or "")
    return ""


@contextmanager
def recorder(llm: str, requests: list[bytes]) -> Iterator[str]:
    """Serves what ``llm`` serves, and keeps the requests for an answer."""
    real = urlsplit(llm)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._pass_on(None)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path.endswith("/chat/completions"):
                requests.append(body)
            self._pass_on(body)

        def _pass_on(self, body: bytes | None) -> None:
            server = http.client.HTTPConnection(real.netloc, timeout=300)
            server.request(self.command, self.path, body, {"Content-Type": "application/json"})
            answer = server.getresponse()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.end_headers()
            while piece := answer.read1():
                self.wfile.write(piece)
            server.close()

        def log_message(self, *_: object) -> None:
            pass

    with local_server(Handler) as address:
        yield f"{address}{real.path}"


def main() -> None:
    through, alone = [], []
    with agentfabric.unpacked() as (stack, room), model_server(stack, room) as llm:
        requests: list[bytes] = []
        with (
            tempfile.TemporaryDirectory() as folder,
            recorder(llm, requests) as address,
            agentfabric.ours(stack, Path(folder), address) as page,
        ):
            for letter in "abcdefghijklmnopqrst"[: 2 * ROUNDS + 2]:
                # Each a visitor of their own: no conversation before the question.
                visitor = Attacker(page)
                visitor.event("init_all", ["", {}])
                question = QUESTION.format(letter=letter)
                through.append(first_shown(visitor, question))
                body = requests[-1].replace(
                    question.encode(), QUESTION.format(letter=f"{letter}, {letter}").encode()
                )
                alone.append(first_piece(llm, body))
    # The first of each warms what is not measured.
    show(
        [
            ("through AgentFabric", f"{statistics.median(through[2:]):.3f} s"),
            ("the server alone", f"{statistics.median(alone[2:]):.3f} s"),
        ]
    )


if __name__ == "__main__":
    main()
