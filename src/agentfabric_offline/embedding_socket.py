"""The embedding model of the page for programs beside it: `airgap smoke` asks it for vectors.

A Unix socket in the page's own folder for what is gone with the process, which nobody but its user
can enter. One request a connection: a JSON list of texts, after which the sender closes its side.
The answer is `{"vectors": [[number, …], …]}` or `{"error": "why"}`.
"""

import json
import os
import socketserver
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread

from agentfabric_offline.errors import first_line

NAME = "embedding.socket"
_MOST = 1 << 16
"""Bytes of a request."""
_PATIENCE = 10.0
"""Seconds for a request to come."""


def answer_on(path: Path, embed: Callable[[Sequence[str]], list[list[float]]]) -> None:
    """Answer on a socket at ``path``, in threads, until the process ends.

    Raises:
        OSError: If there cannot be a socket: seen from the working folder, a path of more than
            107 bytes is too long (unix(7)).
    """

    class Handler(socketserver.StreamRequestHandler):
        timeout = _PATIENCE

        def handle(self) -> None:
            try:
                texts = [str(text) for text in json.loads(self.rfile.read(_MOST))]
                answer: dict[str, object] = {"vectors": embed(texts)}
            except Exception as error:  # the model raises whatever its parts do
                answer = {"error": first_line(error)}
            # Whoever asked may have stopped waiting.
            with suppress(ConnectionError):
                self.wfile.write(json.dumps(answer).encode())

    server = socketserver.ThreadingUnixStreamServer(os.path.relpath(path), Handler)
    Thread(target=server.serve_forever, name=NAME, daemon=True).start()
