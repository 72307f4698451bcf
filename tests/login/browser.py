"""Asks an ASGI application as a browser does: keeps cookies, and names the page it is on."""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from login.http import Application, Message

HOST = "builder:7860"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str


@dataclass
class Browser:
    app: Application
    address: str = "10.0.0.7"
    scheme: str = "http"
    cookies: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, headers={"accept": "text/html", **headers})

    def post(self, path: str, fields: dict[str, str] | None = None, **headers: str) -> Answer:
        sent = {"origin": f"http://{HOST}", **headers}
        return self.ask("POST", path, urlencode(fields or {}).encode(), sent)

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        path, _, query = path.partition("?")
        sent = {"host": HOST, **self.headers, **(headers or {})}
        if self.cookies:
            sent["cookie"] = "; ".join(f"{key}={value}" for key, value in self.cookies.items())
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "scheme": self.scheme,
            "client": (self.address, 40000),
            "headers": [(key.encode(), value.encode()) for key, value in sent.items()],
        }
        return asyncio.run(self._ask(scope, body))

    async def _ask(self, scope: dict[str, Any], body: bytes) -> Answer:
        messages: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            messages.append(message)

        await self.app(scope, receive, send)
        headers = {key.decode(): value.decode() for key, value in messages[0]["headers"]}
        if "set-cookie" in headers:
            name, _, value = headers["set-cookie"].partition(";")[0].partition("=")
            self.cookies[name] = value
        text = b"".join(message.get("body", b"") for message in messages[1:])
        return Answer(messages[0]["status"], headers, text.decode())
