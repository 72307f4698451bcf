"""Who a visitor is: the account that logged in, whatever the browser sends."""

import contextlib
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from agentfabric_offline.upstream import Upstream, expect
from login import SESSION, USER


@dataclass(frozen=True)
class Visitor:
    """Whose request or event is worked on.

    Attributes:
        name: The account.
        login: A text that is another one for each login; empty where there is no login.
    """

    name: str
    login: str

    def session(self, session_hash: str) -> str:
        """What gradio's session of that name is called here, where others cannot reach it."""
        return f"{self.name}.{self.login[:16]}.{session_hash}"


_visitor: ContextVar[Visitor | None] = ContextVar("visitor", default=None)


def current_visitor() -> Visitor | None:
    """Whose request or event is worked on; None where it is nobody's, as while a page is built."""
    return _visitor.get()


def current_user() -> str:
    """The account whose request or event is worked on.

    Raises:
        LookupError: If there is none.
    """
    visitor = _visitor.get()
    if visitor is None:
        raise LookupError("no visitor's request or event is worked on")
    return visitor.name


@contextlib.contextmanager
def visited_by(scope: Mapping[str, Any]) -> Iterator[Visitor]:
    """Within it, the visitor is who sent the request with that ASGI scope."""
    visitor = Visitor(scope[USER], scope[SESSION])
    token = _visitor.set(visitor)
    try:
        yield visitor
    finally:
        _visitor.reset(token)


def know_the_visitor_in_events(upstream: Upstream) -> None:
    """Let the code of an event know whose it is, from the first check of its input on.

    gradio works events off in tasks of its own, and tells only the event's function about the
    request.
    """
    blocks = upstream.module("gradio.blocks").Blocks
    original = expect(
        blocks,
        "process_api",
        *("fn_index", "inputs", "state", "request", "iterator", "session_hash"),
        *("event_id", "event_data", "in_event_listener"),
    )

    async def process_api(
        self: Any, fn_index: int, inputs: Any, state: Any = None, request: Any = None, **rest: Any
    ) -> Any:
        with visited_by(request.request.scope):
            return await original(self, fn_index, inputs, state, request, **rest)

    blocks.process_api = process_api


def take_data_for_own_events_alone(upstream: Upstream) -> None:
    """Refuse data for an event of somebody else, and take only the data from the browser.

    gradio believes what it says of session, function and form: with another's `session_hash` it
    works with that one's agents, and as a batch it has no request that tells who it is.
    """
    queue = upstream.module("gradio.queueing").Queue
    original = expect(queue, "attach_data", "body")

    def attach_data(self: Any, body: Any) -> None:
        event = self.awaiting_data_events.get(body.event_id)
        scope = event.request.scope if event else {}
        # As if there were no such event.
        if current_visitor() != Visitor(scope.get(USER, ""), scope.get(SESSION, "")):
            raise ValueError("Event not found", body.event_id)
        body.session_hash = event.session_hash
        body.fn_index = event.fn_index
        body.batched = False
        original(self, body)

    queue.attach_data = attach_data


def take_the_name_from_the_login(upstream: Upstream) -> None:
    """Make `uuid_str`, which names the folder of a user's agents, the account's name.

    It is a hidden text field of the page, which the browser fills in as it likes: with a name it
    gets at somebody else's agents, and with `..` at other folders.
    """
    if upstream.which == "bot":
        # It serves one agent to all, that of `local_user`.
        expect(upstream.page, "uuid_str")
        return
    field = expect(upstream.page, "uuid_str")
    expect(field, "preprocess", "payload")
    field.preprocess = lambda payload: current_user()
