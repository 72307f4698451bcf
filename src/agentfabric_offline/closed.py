"""What every answer tells the browser: to ask no other host, and what to keep."""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from gradio_page import POLICY

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_HASHED = re.compile(r"/assets/[^/]+-[0-9a-f]{8}\.\w+")
"""Gradio's files whose names change with their content."""
_STEADY = ("/assets/", "/static/", "/custom_component/", "/theme.css", "/favicon.ico")
"""Those that change with an upgrade only; about 7 MB of a first visit's 10."""


class WithHeaders:
    """An ASGI application whose answers carry a content security policy (W3C CSP Level 3).

    They also say what a browser may keep (RFC 9111): gradio leaves that open, and sends 7 MB again
    where a browser asks whether they have changed.
    """

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        unchanged = False

        async def with_headers(message: Message) -> None:
            nonlocal unchanged
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ()), *_headers(scope["path"])]
                unchanged = message["status"] == 200 and _known(scope, headers)
                message = {
                    "type": message["type"],
                    "status": 304 if unchanged else message["status"],
                    "headers": [
                        (name, value)
                        for name, value in headers
                        if not (unchanged and name == b"content-length")
                    ],
                }
            elif unchanged:
                if message.get("more_body"):
                    return
                message = {"type": message["type"], "body": b""}
            await send(message)

        await self._app(scope, receive, with_headers)


def _headers(path: str) -> list[tuple[bytes, bytes]]:
    headers = [
        (b"content-security-policy", POLICY.encode()),
        (b"referrer-policy", b"same-origin"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if _HASHED.fullmatch(path):
        headers.append((b"cache-control", b"private, max-age=31536000, immutable"))
    elif path.startswith(_STEADY):
        headers.append((b"cache-control", b"private, no-cache"))
    return headers


def _known(scope: Scope, headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether the browser has what would be sent."""
    asked = [value for name, value in scope["headers"] if name == b"if-none-match"]
    return bool(asked) and (b"etag", asked[0]) in headers
