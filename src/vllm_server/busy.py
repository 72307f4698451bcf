"""What the server says where too many ask at once: that it is busy, in place of a wait for ever."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_AGAIN = 10
"""Seconds after which a client shall ask again."""


class Busy:
    """An ASGI application that lets ``AT_ONCE`` requests for an answer through to ``app``.

    What more comes is refused at once, with 503 and `Retry-After` (RFC 9110, 15.6.4), in the form
    of OpenAI's errors. A request counts until its answer has been sent, or its client has gone.
    """

    AT_ONCE = 0

    def __init__(self, app: Application) -> None:
        self._app = app
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The rest, as /health, /tokenize and the list of models, is answered without the model.
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"][:4] != "/v1/":
            await self._app(scope, receive, send)
        elif self._inside >= self.AT_ONCE:
            await self._refuse(send)
        else:
            self._inside += 1
            try:
                await self._app(scope, receive, send)
            finally:
                self._inside -= 1

    async def _refuse(self, send: Send) -> None:
        message = (
            f"The server is busy: it works on {self.AT_ONCE} requests already. "
            f"Ask again in {_AGAIN} seconds. "
            f"服务繁忙：正在处理 {self.AT_ONCE} 个请求。请在 {_AGAIN} 秒后重试。"
        )
        error = {"message": message, "type": "Service Unavailable", "param": None, "code": 503}
        body = json.dumps({"error": error}, ensure_ascii=False).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"retry-after", str(_AGAIN).encode()),
        ]
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class BusyOnCpu(Busy):
    """For a processor: as many as vLLM works on at a time there."""

    AT_ONCE = 128


class BusyOnCuda(Busy):
    """For GPUs: as many as vLLM works on at a time on the largest of them."""

    AT_ONCE = 1024
