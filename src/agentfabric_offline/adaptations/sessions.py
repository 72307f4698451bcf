"""Which page in which browser an event comes from, and when that page is over.

gradio calls the page in one tab a session and names it by a random `session_hash`.
"""

from collections.abc import Callable
from typing import Any

from agentfabric_offline.upstream import Upstream, expect

LEAVE = "/airgap/leave"
"""Where a page says that it is being left."""

KEPT_MESSAGES = 400
"""Messages of a chat that are kept beside its first: more than a context usually takes."""

_SCRIPT = """<script>
{
	let session = "";
	const Original = window.EventSource;
	window.EventSource = class extends Original {
		constructor(url, options) {
			super(url, options);
			session = new URL(url, location.href).searchParams.get("session_hash") || session;
		}
	};
	addEventListener("pagehide", () => {
		if (session) navigator.sendBeacon(".%s?session_hash=" + encodeURIComponent(session));
	});
	// A page that the browser kept and shows again: its session is over.
	addEventListener("pageshow", (event) => event.persisted && location.reload());
}
</script>
"""
_over: list[Callable[[str], None]] = []


def current_request() -> Any:
    """The browser's request (a `starlette.requests.Request`) of the event that is worked on.

    None where there is none, as while the page module is imported.
    """
    from gradio.context import LocalContext

    request = LocalContext.request.get()
    return None if request is None else request.request


def current_session() -> str:
    """The `session_hash` of the event that is worked on; empty where there is none."""
    request = current_request()
    return "" if request is None else request.query_params.get("session_hash", "")


def when_over(action: Callable[[str], None]) -> None:
    """Have ``action`` called with the `session_hash` of each session whose page is left."""
    _over.append(action)


def keep_the_request_in_every_step(upstream: Upstream) -> None:
    """Let an event's code ask at any time whose event it is, and show warnings.

    gradio tells it for the first step of a generator alone, that is up to its first `yield`.
    """
    blocks = upstream.module("gradio.blocks").Blocks
    context = expect(upstream.module("gradio.context"), "LocalContext")
    for name in ("request", "blocks", "event_id"):
        expect(context, name)
    original = expect(
        blocks,
        "call_function",
        *("fn_index", "processed_input", "iterator", "requests"),
        *("event_id", "event_data", "in_event_listener"),
    )

    async def call_function(
        self: Any,
        fn_index: int,
        processed_input: list[Any],
        iterator: Any = None,
        requests: Any = None,
        event_id: str | None = None,
        event_data: Any = None,
        in_event_listener: bool = False,
    ) -> Any:
        # The task of this event: the thread of each step starts with what is set in it.
        context.request.set(requests[0] if isinstance(requests, list) else requests)
        context.blocks.set(self)
        context.event_id.set(event_id)
        return await original(
            self,
            *(fn_index, processed_input, iterator, requests),
            *(event_id, event_data, in_event_listener),
        )

    blocks.call_function = call_function


def end_sessions_with_their_page(upstream: Upstream) -> None:
    """Drop what a session holds when its page is left.

    gradio 4.8 never hears of that and keeps the last 10,000 sessions with their agents: some
    megabytes each, and a process where code has run.
    """
    routes = upstream.module("gradio.routes")
    original = expect(routes.App, "create_app", "blocks", "app_kwargs")
    _add_to_head(upstream, _SCRIPT % LEAVE)

    def create_app(blocks: Any, app_kwargs: dict[str, Any] | None = None) -> Any:
        app = original(blocks, app_kwargs)
        sessions = expect(expect(app, "state_holder"), "session_data")

        def leave(session_hash: str) -> None:
            sessions.pop(session_hash, None)
            for action in _over:
                action(session_hash)

        app.add_api_route(LEAVE, leave, methods=["POST"], status_code=204, response_model=None)
        return app

    routes.App.create_app = staticmethod(create_app)


def keep_the_latest_of_a_chat(upstream: Upstream) -> None:
    """Forget all but the instructions and the latest messages of a chat.

    Upstream keeps a chat for as long as its page is open, in memory alone, and with each question
    all of it is counted in tokens to see what fits.
    """
    memory = expect(upstream.module("modelscope_agent.memory.base"), "Memory")
    original = expect(memory, "update_history", "message")

    def update_history(self: Any, message: Any) -> None:
        original(self, message)
        # The first holds the instructions.
        del self.history[1 : max(1, len(self.history) - KEPT_MESSAGES)]

    memory.update_history = update_history


def _add_to_head(upstream: Upstream, html: str) -> None:
    environment = upstream.module("gradio.routes").templates.env
    loader = expect(environment, "loader")
    original = expect(loader, "get_source", "environment", "template")

    def get_source(environment: Any, template: str) -> tuple[str, Any, Any]:
        source, *rest = original(environment, template)
        return source.replace("<head>", "<head>" + html, 1), *rest

    loader.get_source = get_source
