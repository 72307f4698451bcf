"""Programs that ask the model by the OpenAI API and read its answer as a stream."""

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

_SECONDS = 600
"""Until a server that says nothing is given up."""


@dataclass
class Reply:
    """What came back for a request.

    Attributes:
        asked: The last message.
        status: Of HTTP.
        said: The text, or what the server says is wrong.
        again: Its `Retry-After`.
        whole: Whether the stream came to its end.
        waited: Seconds until the first piece.
        seconds: Seconds until the last.
    """

    asked: str
    status: int
    said: str = ""
    again: str = ""
    whole: bool = False
    waited: float = 0.0
    seconds: float = 0.0

    @property
    def busy(self) -> bool:
        return self.status == 503 and "is busy" in self.said and self.again.isdigit()


def chat(url: str, model: str, messages: list[dict[str, str]]) -> Reply:
    """Asks and reads until the answer is whole."""
    began = time.monotonic()
    body = {"model": model, "messages": messages, "stream": True}
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_SECONDS)
    headers = {"Content-Type": "application/json", "Connection": "close"}
    connection.request("POST", "/v1/chat/completions", json.dumps(body).encode(), headers)
    with connection.getresponse() as response:
        again = response.getheader("Retry-After", "")
        reply = Reply(messages[-1]["content"], response.status, again=again)
        if response.status != 200:
            reply.said = str(json.load(response)["error"]["message"])
        else:
            # A stream that breaks off is no error here: it is not whole.
            with suppress(OSError, http.client.HTTPException):
                for piece in _pieces(response):
                    reply.said += piece["delta"].get("content") or ""
                    if reply.said and not reply.waited:
                        reply.waited = time.monotonic() - began
                    reply.whole = piece["finish_reason"] is not None
    reply.seconds = time.monotonic() - began
    return reply


def _pieces(response: http.client.HTTPResponse) -> Iterator[dict[str, Any]]:
    for line in response:
        if line.startswith(b"data: {"):
            # What vLLM says of an error in the middle has none.
            yield from json.loads(line[6:]).get("choices", ())
