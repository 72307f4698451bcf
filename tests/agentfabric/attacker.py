"""What somebody with a browser, an account and bad intentions can send to AgentFabric's page."""

import http.client
import json
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

SECONDS = 120.0
_CONFIG = re.compile(r"<script>window\.gradio_config = (\{.*?\});</script>", re.DOTALL)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        return json.loads(self.body)


class Refused(Exception):
    """The server did not do what it was asked for."""


@dataclass
class Attacker:
    """Sends requests to the page at ``address``, byte for byte as given."""

    address: str
    cookie: str = ""
    session: str = field(default_factory=lambda: secrets.token_hex(5))

    @property
    def host(self) -> str:
        return urlsplit(self.address).netloc

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection(self.host, timeout=SECONDS)
        try:
            connection.request(method, path, body, self._headers(headers))
            answer = connection.getresponse()
            given = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, given, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, None, headers)

    def post(self, path: str, value: object, **headers: str) -> Answer:
        kind = {"content-type": "application/json"}
        return self.ask("POST", path, json.dumps(value).encode(), {**kind, **headers})

    def _headers(self, headers: Mapping[str, str] | None) -> dict[str, str]:
        return {**({"cookie": self.cookie} if self.cookie else {}), **(headers or {})}

    def log_in(self, name: str, password: str) -> "Attacker":
        form = urlencode({"name": name, "password": password}).encode()
        kind = {"content-type": "application/x-www-form-urlencoded"}
        answer = self.ask("POST", "/login", form, kind)
        assert answer.status == 303, answer.text
        self.cookie = answer.headers["set-cookie"].partition(";")[0]
        return self

    def upload(self, name: str, content: bytes, **headers: str) -> str:
        """Uploads a file; the path at which the server keeps it.

        Raises:
            Refused: If it does not.
        """
        answer = self.ask("POST", "/upload", *form(name, content, headers))
        if answer.status != 200:
            raise Refused(answer.status)
        return str(answer.json()[0])

    def read(self, path: str) -> Answer:
        return self.get(f"/file={quote(path)}")

    def page(self) -> dict[str, Any]:
        """What the page tells the browser of its components and events."""
        found = _CONFIG.search(self.get("/").text)
        assert found, "the page has no gradio_config"
        config: dict[str, Any] = json.loads(found[1])
        return config

    def function(self, name: str | None) -> tuple[int, list[str]]:
        """The number of an event's function, None for one without a name, and what it takes."""
        config = self.page()
        kinds = {each["id"]: each["type"] for each in config["components"]}
        for number, each in enumerate(config["dependencies"]):
            if each["api_name"] == name:
                return number, [kinds[component] for component in each["inputs"]]
        raise AssertionError(f"no event `{name}`")

    def event(self, name: str | None, data: list[Any], **body: Any) -> list[dict[str, Any]]:
        """Has an event worked on; what the server tells while it is."""
        return list(self.events(name, data, **body))

    def events(self, name: str | None, data: list[Any], **body: Any) -> Iterator[dict[str, Any]]:
        """As ``event``, message by message.

        Raises:
            Refused: If the server does not begin.
        """
        number, _ = self.function(name)
        session = body.get("session_hash", self.session)
        connection = http.client.HTTPConnection(self.host, timeout=SECONDS)
        try:
            asked = urlencode({"fn_index": number, "session_hash": session})
            connection.request("GET", f"/queue/join?{asked}", headers=self._headers(None))
            answer = connection.getresponse()
            if answer.status != 200:
                raise Refused(answer.status)
            deadline = time.monotonic() + SECONDS
            for line in answer:
                if time.monotonic() > deadline:
                    raise Refused("no end")
                if not line.startswith(b"data:"):
                    continue
                message = json.loads(line.removeprefix(b"data:"))
                if message["msg"] == "send_data":
                    sent = {
                        "data": data,
                        "event_data": None,
                        "fn_index": number,
                        "session_hash": session,
                        "event_id": message["event_id"],
                        **body,
                    }
                    given = self.post("/queue/data", sent)
                    if given.status != 200:
                        raise Refused(given.status)
                    continue
                yield message
                if message["msg"] == "process_completed":
                    return
        finally:
            connection.close()


def form(
    name: str, content: bytes, headers: Mapping[str, str] | None = None
) -> tuple[bytes, dict[str, str]]:
    """The body and the headers of an upload (multipart/form-data, RFC 7578)."""
    boundary = secrets.token_hex(16)
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    )
    body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return body, {"content-type": f"multipart/form-data; boundary={boundary}", **(headers or {})}
