import asyncio
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any

import pytest

from agentfabric_offline.adaptations import sessions
from agentfabric_offline.errors import UnexpectedShape


class Loader:
    def get_source(self, environment: Any, template: str) -> tuple[str, None, None]:
        return "<html><head><title></title></head></html>", None, None


class Application:
    """gradio's application, as far as it matters here."""

    def __init__(self) -> None:
        self.state_holder = SimpleNamespace(session_data={"left": "agents", "open": "agents"})
        self.routes: dict[str, Any] = {}

    def add_api_route(self, path: str, action: Any, **_: Any) -> None:
        self.routes[path] = action


class App:
    @staticmethod
    def create_app(blocks: Any, app_kwargs: Any = None) -> Application:
        return Application()


@pytest.fixture
def routes(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(App, "create_app", App.create_app)
    monkeypatch.setattr(sessions, "_over", [])
    templates = SimpleNamespace(env=SimpleNamespace(loader=Loader()))
    return SimpleNamespace(App=App, templates=templates)


def test_a_page_that_is_left_takes_its_session_and_kernel_along(routes: Any) -> None:
    ended: list[str] = []
    sessions.when_over(ended.append)
    sessions.end_sessions_with_their_page(SimpleNamespace(module=lambda name: routes))  # type: ignore[arg-type]

    app: Any = App.create_app(None)
    app.routes[sessions.LEAVE]("left")
    app.routes[sessions.LEAVE]("never heard of")

    assert app.state_holder.session_data == {"open": "agents"}
    assert ended == ["left", "never heard of"]


def test_every_page_says_when_it_is_left(routes: Any) -> None:
    sessions.end_sessions_with_their_page(SimpleNamespace(module=lambda name: routes))  # type: ignore[arg-type]

    source, *_ = routes.templates.env.loader.get_source(None, "frontend/index.html")
    assert source.index("sendBeacon") < source.index("<title>")
    assert f'sendBeacon(".{sessions.LEAVE}?session_hash="' in source


def test_the_request_is_known_in_every_step_of_an_event() -> None:
    class LocalContext:
        request: ContextVar[Any] = ContextVar("request", default=None)
        blocks: ContextVar[Any] = ContextVar("blocks", default=None)
        event_id: ContextVar[Any] = ContextVar("event_id", default=None)

    class Blocks:
        async def call_function(
            self,
            fn_index: int,
            processed_input: list[Any],
            iterator: Any = None,
            requests: Any = None,
            event_id: str | None = None,
            event_data: Any = None,
            in_event_listener: bool = False,
        ) -> Any:
            # As gradio's own, which sets it in the first step's thread alone.
            return await asyncio.to_thread(LocalContext.request.get), LocalContext.event_id.get()

    modules = {
        "blocks": SimpleNamespace(Blocks=Blocks),
        "context": SimpleNamespace(LocalContext=LocalContext),
    }
    sessions.keep_the_request_in_every_step(
        SimpleNamespace(module=lambda name: modules[name.rpartition(".")[2]])  # type: ignore[arg-type]
    )

    for given in ("request", ["request"]):
        told = asyncio.run(Blocks().call_function(0, [], None, given, "event"))
        assert told == ("request", "event")


def test_another_gradio_stops_the_start() -> None:
    other = SimpleNamespace(
        Blocks=type("Blocks", (), {}), LocalContext=type("LocalContext", (), {})
    )
    with pytest.raises(UnexpectedShape):
        sessions.keep_the_request_in_every_step(SimpleNamespace(module=lambda name: other))  # type: ignore[arg-type]


def test_a_chat_keeps_its_instructions_and_its_latest_messages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Memory:
        def __init__(self) -> None:
            self.history: list[str] = []

        def update_history(self, message: str | list[str]) -> None:
            self.history.extend(message if isinstance(message, list) else [message])

    upstream: Any = SimpleNamespace(module=lambda name: SimpleNamespace(Memory=Memory))
    sessions.keep_the_latest_of_a_chat(upstream)
    memory = Memory()
    memory.update_history("instructions")
    for turn in range(1000):
        memory.update_history([f"question {turn}", f"answer {turn}"])
    assert len(memory.history) == 1 + sessions.KEPT_MESSAGES
    assert memory.history[:2] == ["instructions", "question 800"]
    assert memory.history[-1] == "answer 999"
