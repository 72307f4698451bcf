"""Answers close the page to other hosts, and spare the browser what it has."""

import asyncio
from typing import Any

import pytest

from agentfabric_offline.closed import Application, Message, Receive, Scope, Send, WithHeaders


def answer(path: str, status: int = 200, **asked: str) -> tuple[int, dict[str, str], bytes]:
    """What comes of an answer of `whole`, in two parts, with the entity tag "1"."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"etag", b'"1"'), (b"content-length", b"5")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"wh", "more_body": True})
        await send({"type": "http.response.body", "body": b"ole"})

    sent = run(app, path, asked)
    start = sent[0]
    assert not sent[-1].get("more_body"), "the answer has an end"
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], headers, b"".join(message["body"] for message in sent[1:])


def run(app: Application, path: str, asked: dict[str, str]) -> list[Any]:
    sent: list[Any] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("the request has no body")

    names = [(name.replace("_", "-").encode(), value.encode()) for name, value in asked.items()]
    scope: Scope = {"type": "http", "path": path, "headers": names}
    asyncio.run(_call(WithHeaders(app), scope, receive, send))
    return sent


async def _call(app: Application, scope: Scope, receive: Receive, send: Send) -> None:
    await app(scope, receive, send)


@pytest.mark.parametrize("path", ["/", "/assets/index-a4a7fd54.js", "/queue/data"])
def test_every_answer_forbids_other_hosts(path: str) -> None:
    _, headers, _ = answer(path)
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "http" not in policy
    assert "*" not in policy


def test_a_file_named_by_its_content_is_kept_for_good() -> None:
    assert "immutable" in answer("/assets/index-a4a7fd54.js")[1]["cache-control"]


@pytest.mark.parametrize("path", ["/assets/svelte/svelte.js", "/custom_component/0a/x/index.js"])
def test_a_file_that_an_upgrade_changes_is_asked_for_again(path: str) -> None:
    assert answer(path)[1]["cache-control"] == "private, no-cache"


def test_what_visitors_see_is_left_to_the_browser() -> None:
    assert "cache-control" not in answer("/")[1]


def test_a_file_that_the_browser_has_is_not_sent_again() -> None:
    status, headers, body = answer("/assets/svelte/svelte.js", if_none_match='"1"')
    assert (status, body) == (304, b"")
    assert headers["etag"] == '"1"'
    assert "content-length" not in headers


@pytest.mark.parametrize(("status", "tag"), [(200, '"0"'), (404, '"1"')])
def test_another_answer_is_sent_whole(status: int, tag: str) -> None:
    assert answer("/assets/svelte/svelte.js", status, if_none_match=tag)[::2] == (status, b"whole")
