"""Between AgentFabric and a real model server: constrains the first turn of each question.

A model of this size never calls a tool unasked. Under a grammar it does, and what it answers is
still its own; but kept constrained after a call it could do nothing but call again. So only the
request that holds no tool's result gets the grammar (vLLM's field `structured_outputs`).
"""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from urllib.parse import urlsplit

_RESULT = "Observation:"
"""What RolePlay writes before a tool's result, into the question's own message."""


@contextmanager
def constrained(llm_url: str, regex: str, host: str = "127.0.0.1") -> Iterator[str]:
    """Serves what ``llm_url`` serves, its first answers matching ``regex``; yields its LLM_URL.

    ``host`` is the address to listen on, such as that of a container network's gateway.
    """
    real = urlsplit(llm_url)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._pass_on(None)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path.endswith("/chat/completions"):
                body = _with_grammar(body, regex)
            self._pass_on(body)

        def _pass_on(self, body: bytes | None) -> None:
            assert real.hostname is not None
            server = http.client.HTTPConnection(real.hostname, real.port, timeout=300)
            kept = ("Authorization", "Content-Type", "Accept")
            headers = {name: self.headers[name] for name in kept if name in self.headers}
            server.request(self.command, self.path, body, headers)
            answer = server.getresponse()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.end_headers()
            # In the pieces in which it comes: an answer is shown while it is written.
            while piece := answer.read1():
                self.wfile.write(piece)
            server.close()

        def log_message(self, *_: object) -> None:
            """Nothing: pytest shows what a failing test printed."""

    class Server(ThreadingHTTPServer):
        # http.server's own looks for the name of ``host``, which nobody knows.
        server_bind = TCPServer.server_bind

    with Server((host, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://{host}:{server.server_address[1]}{real.path}"
        finally:
            server.shutdown()
            thread.join()


def _with_grammar(body: bytes, regex: str) -> bytes:
    request = json.loads(body)
    if _RESULT not in request["messages"][-1]["content"]:
        request["structured_outputs"] = {"regex": regex}
    return json.dumps(request).encode()
