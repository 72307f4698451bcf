"""Visitors of the chat page without a browser: they send and read what gradio's page does in one.

A browser takes some 150 MB for each; this takes a thread and two connections.
"""

import http.client
import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

_SECONDS = 600
"""Until a server that says nothing is given up."""
_NOTES = ("length limit", "长度上限", "is left out", "已略去")
"""What the page says of an answer, or of the chat before it, that was cut."""


@dataclass
class Answer:
    """What a visitor saw after a question.

    Attributes:
        asked: The question.
        places: Each place in the queue that the page told, as its text.
        waited: Seconds until it was this visitor's turn.
        seconds: Seconds until the answer was whole.
        said: The messages that the page shows of the answer.
    """

    asked: str
    places: list[str] = field(default_factory=list)
    waited: float = 0.0
    seconds: float = 0.0
    said: list[str] = field(default_factory=list)

    @property
    def busy(self) -> bool:
        return self.said[-1:] in (
            ["⚠️ Too many are asking at the moment. Ask again in a minute."],
            ["⚠️ 当前提问的人太多。请一分钟后重新提问。"],
        )

    @property
    def failed(self) -> bool:
        """Whether it is none, for whatever reason; that it or the chat before was cut is none."""
        told = [text for text in self.said if "⚠️" in text]
        told = [text for text in told if not any(note in text for note in _NOTES)]
        return bool(told) or not self.said or not self.said[-1].strip(" …")


class Chatter:
    """A visitor whose page is open, as gradio's protocol `sse_v3` has it.

    Raises:
        AssertionError: In any method, if the page answers otherwise than it should.
    """

    def __init__(self, url: str, language: str = "en") -> None:
        self._host = urlsplit(url).netloc
        self._language = language
        self._session = secrets.token_hex(6)
        self._chat: list[Any] = []
        self._config = self._get("/config")
        self._submit = self._event("submit", 0)
        # Open for as long as the page is; by its end the page is known to be left.
        self._alive = self._request("GET", f"/gradio_api/heartbeat/{self._session}")

    def close(self) -> None:
        self._alive.close()

    def ask(self, question: str) -> Answer:
        """Asks and reads until the answer is whole."""
        began = time.monotonic()
        answer = Answer(question)
        self._post("/gradio_api/queue/join", [question, self._chat, None], self._submit)
        before = len(self._chat) + 1
        outputs: list[Any] = []
        for message in self._messages():
            if message["msg"] == "process_generating":
                news = message["output"]["data"]
                outputs = _changed(outputs, news) if outputs else news
                chat = outputs[1] if isinstance(outputs[1], list) else []
                said = [_text(each) for each in chat[before:]]
                if said and said[0].startswith("⏳"):
                    if said[0] not in answer.places:
                        answer.places.append(said[0])
                elif said and not answer.waited:
                    answer.waited = time.monotonic() - began
            elif message["msg"] == "process_completed":
                assert message["success"], message
                self._chat = message["output"]["data"][1]
        answer.said = [_text(each) for each in self._chat[before:]]
        answer.seconds = time.monotonic() - began
        # The box takes questions again.
        self._post("/gradio_api/run/predict", [], self._event("then", self._submit))
        return answer

    def _event(self, kind: str, after: int) -> int:
        return next(
            int(each["id"])
            for each in self._config["dependencies"]
            if each["targets"][0][1] == kind and (kind != "then" or each["trigger_after"] == after)
        )

    def _messages(self) -> Iterator[dict[str, Any]]:
        answer = self._request("GET", f"/gradio_api/queue/data?session_hash={self._session}")
        assert answer.status == 200, answer.status
        with answer:
            for line in answer:
                if line.startswith(b"data: "):
                    message = json.loads(line[6:])
                    assert message["msg"] != "unexpected_error", message
                    if message["msg"] == "close_stream":
                        return
                    yield message

    def _get(self, path: str) -> dict[str, Any]:
        with self._request("GET", path) as answer:
            assert answer.status == 200, answer.status
            return dict(json.load(answer))

    def _post(self, path: str, data: list[Any], event: int) -> None:
        body = {"data": data, "fn_index": event, "session_hash": self._session}
        with self._request("POST", path, json.dumps(body).encode()) as answer:
            said = answer.read()
            assert answer.status == 200, (answer.status, said)

    def _request(
        self, method: str, path: str, body: bytes | None = None
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(self._host, timeout=_SECONDS)
        headers = {"Accept-Language": self._language, "Content-Type": "application/json"}
        connection.request(method, path, body, headers | {"Connection": "close"})
        return connection.getresponse()


def _text(message: dict[str, Any]) -> str:
    return str(message["content"])


def _changed(outputs: list[Any], news: list[Any]) -> list[Any]:
    """What the page shows after ``news``, which tell of each output what is other than before."""
    return [_edited(output, edits) for output, edits in zip(outputs, news, strict=True)]


def _edited(value: Any, edits: list[Any]) -> Any:
    for action, path, new in edits:
        if not path:
            value = new if action == "replace" else value + new
            continue
        inner = value
        for key in path[:-1]:
            inner = inner[key]
        last = path[-1]
        if action == "replace" or (action == "add" and isinstance(inner, dict)):
            inner[last] = new
        elif action == "append":
            inner[last] += new
        elif action == "add":
            inner.insert(last, new)
        elif action == "delete":
            del inner[last]
        else:
            raise AssertionError(action)
    return value
