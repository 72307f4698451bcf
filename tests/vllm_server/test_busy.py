"""So many requests are worked on at once; what more comes is told that the server is busy."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from vllm_server.busy import Busy, Message, Receive, Scope, Send

CHAT: dict[str, Any] = {"type": "http", "method": "POST", "path": "/v1/chat/completions"}


class Two(Busy):
    AT_ONCE = 2


class Server:
    """One that answers when it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.answers = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        await self.answers.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})


async def asked(app: Busy, scope: Scope = CHAT) -> list[Message]:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


def promise(test: Callable[[Server, Busy], Awaitable[None]]) -> Callable[[], None]:
    """A test of a server of which two are being answered."""

    async def with_two() -> None:
        server = Server()
        app = Two(server)
        two = [asyncio.create_task(asked(app)) for _ in range(2)]
        await asyncio.sleep(0)
        try:
            await test(server, app)
        finally:
            server.answers.set()
            await asyncio.gather(*two, return_exceptions=True)

    def run() -> None:
        asyncio.run(with_two())

    run.__name__ = test.__name__
    return run


@promise
async def test_one_too_many_is_told_so_in_the_form_of_openai(server: Server, app: Busy) -> None:
    start, body = await asked(app)
    assert start["status"] == 503
    headers = dict(start["headers"])
    assert int(headers[b"retry-after"]) > 0
    assert int(headers[b"content-length"]) == len(body["body"])
    error = json.loads(body["body"])["error"]
    assert error["code"] == 503
    assert "works on 2 requests" in error["message"]
    assert "服务繁忙" in error["message"]
    assert server.asked == 2


@promise
async def test_when_one_is_answered_the_next_is_taken(server: Server, app: Busy) -> None:
    server.answers.set()
    await asyncio.sleep(0.01)
    assert (await asked(app))[0]["status"] == 200


@promise
async def test_who_is_gone_makes_room(server: Server, _: Busy) -> None:
    app = Two(server)
    gone = [asyncio.create_task(asked(app)) for _ in range(2)]
    await asyncio.sleep(0)
    for task in gone:
        task.cancel()
    await asyncio.gather(*gone, return_exceptions=True)
    server.answers.set()
    assert (await asked(app))[0]["status"] == 200


@pytest.mark.parametrize(
    "scope",
    [
        {"type": "lifespan"},
        {"type": "http", "method": "GET", "path": "/health"},
        {"type": "http", "method": "GET", "path": "/v1/models"},
        {"type": "http", "method": "POST", "path": "/tokenize"},
    ],
    ids=lambda scope: scope.get("path", scope["type"]),
)
def test_what_needs_no_answer_of_the_model_is_never_refused(scope: Scope) -> None:
    @promise
    async def is_answered(server: Server, app: Busy) -> None:
        server.answers.set()
        assert (await asked(app, scope))[0]["status"] == 200

    is_answered()
