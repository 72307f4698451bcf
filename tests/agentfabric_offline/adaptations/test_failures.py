"""What goes wrong is told where the answer would be, with what to do, in the visitor's language."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from agentfabric_offline.adaptations import failures
from agentfabric_offline.adaptations.failures import Unanswered, problem_of
from agentfabric_offline.errors import Problem
from agentfabric_offline.server import ModelServer

SERVER = ModelServer("http://127.0.0.1:1/v1", "s3cret", "mine")


class HTTPError(Exception):
    """As in httpx."""


class TimeoutException(HTTPError): ...


class ConnectError(HTTPError): ...


class ReadError(HTTPError): ...


class APIError(Exception):
    """As in openai."""


class APIConnectionError(APIError): ...


class APIStatusError(APIError):
    def __init__(self, status: int) -> None:
        super().__init__(f"Error code: {status}")
        self.status_code = status


def caused_by(cause: Exception) -> Exception:
    error = APIConnectionError("Connection error.")
    error.__cause__ = error.__context__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "key"),
    [
        (APIStatusError(401), "refused"),
        (APIStatusError(403), "refused"),
        (APIStatusError(404), "model"),
        (APIStatusError(429), "busy"),
        (APIStatusError(502), "loading"),
        (APIStatusError(503), "busy"),
        (APIStatusError(500), "failed"),
        (APIStatusError(400), "not taken"),
        (caused_by(ConnectError("refused")), "unreachable"),
        (caused_by(TimeoutException("timed out")), "slow"),
        (caused_by(ReadError("reset")), "broken"),
        (ReadError("incomplete"), "broken"),
        (ValueError("x"), "no answer"),
        (Problem("long", needed=2, limit=1), "long"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_each_failure_has_its_own_text(error: Exception, key: str) -> None:
    problem = problem_of(error, SERVER)
    assert problem.key == key
    assert problem.text("en") != problem.text("zh")
    assert "s3cret" not in str(problem)


def test_the_text_names_what_went_wrong() -> None:
    text = problem_of(caused_by(ConnectError("Connection refused")), SERVER).text("en")
    assert "http://127.0.0.1:1/v1" in text
    assert "Connection refused" in text


def role(pieces: list[str], error: Exception) -> Any:
    class RolePlay:
        def _run(self, user_request: str) -> Iterator[str]:
            yield from pieces
            raise error

    modules = {"modelscope_agent.agents.role_play": SimpleNamespace(RolePlay=RolePlay)}
    upstream: Any = SimpleNamespace(module=modules.__getitem__, server=SERVER)
    failures.tell_why_there_is_no_answer(upstream)
    return RolePlay()


def test_the_answer_so_far_stays() -> None:
    with pytest.raises(Unanswered) as caught:
        list(role(["half ", "an answer"], ReadError("reset"))._run("go"))
    assert str(caught.value).startswith("half an answer\n\n⚠️ The answer broke off: reset.")


def test_the_text_is_in_the_language_of_the_question() -> None:
    with pytest.raises(Unanswered, match="^⚠️ 模型服务 .* 拒绝了密钥"):
        list(role([], APIStatusError(401))._run("你好"))


def test_a_model_that_is_gone_is_asked_for_anew() -> None:
    server = ModelServer("http://127.0.0.1:1/v1", "EMPTY", "")
    server.known = "replaced"
    failures._noted(APIStatusError(404), server)
    assert server.known == ""
    failures._noted(APIStatusError(404), SERVER)
    assert SERVER.known == "mine", "a name that was given stays"


class Builder:
    """As upstream's, with what its `_run` does in `answer`."""

    def __init__(self, answer: Exception | None, cut: bool = False) -> None:
        self.answer = answer
        self.llm = SimpleNamespace(cut=cut)

    def _run(self, query: str) -> Iterator[str]:
        yield "Answer: "
        if self.answer:
            raise self.answer


def created(agent: Any, frames: list[Any]) -> list[Any]:
    """What the page gets where upstream's function yields ``frames`` after the agent's answer."""

    def gen_response_and_process(
        agent: Any, query: str, memory: Any, uuid_str: str, print_info: bool = False
    ) -> Iterator[Any]:
        try:
            list(agent._run(query))
        except Exception as error:
            yield {"error": f"llm result is not valid: {error}"}
        for frame in frames:
            if isinstance(frame, Exception):
                raise frame
            yield frame

    core = SimpleNamespace(gen_response_and_process=gen_response_and_process)
    original = Builder._run
    modules = {
        "builder_core": core,
        "modelscope_agent.agents.agent_builder": SimpleNamespace(AgentBuilder=Builder),
    }
    upstream: Any = SimpleNamespace(module=modules.__getitem__, server=SERVER)
    try:
        failures.tell_why_nothing_is_configured(upstream)
        return list(core.gen_response_and_process(agent, "Make one", None, "author"))
    finally:
        Builder._run = original  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("agent", "frames", "told"),
    [
        (Builder(APIStatusError(503)), [{"error": "no"}], "too many requests"),
        (Builder(None), [{"error": "parse RichConfig error"}], "no complete configuration"),
        (Builder(None, cut=True), [{"error": "parse"}], "reached the length limit"),
        (Builder(None), [KeyError("description")], "no complete configuration"),
        (Builder(None), [{"error content=[]"}], "no complete configuration"),
    ],
    ids=["server", "form", "cut", "part", "set"],
)
def test_a_message_without_a_configuration_says_why(agent: Any, frames: Any, told: str) -> None:
    shown = created(agent, [{"llm_text": "fine"}, *frames])
    assert told in shown[-1]["llm_text"]
    assert sum("⚠️" in frame["llm_text"] for frame in shown) == 1


def test_a_configuration_passes_unchanged() -> None:
    frames = [{"llm_text": "fine"}, {"exec_result": {"result": 1}}, {"step": "updated"}]
    assert created(Builder(None), frames) == frames


class Page:
    """Upstream's page, whose agents cannot be made while ``broken``."""

    __name__ = "app"

    def __init__(self, which: str) -> None:
        self.broken = True
        self.uuid_str = "local_user"
        self.warned: list[str] = []

        def maker(uuid_str: str = "", session: str = "default") -> Any:
            if self.broken:
                raise KeyError("token")
            return f"agent of {uuid_str}", "memory"

        def init(uuid_str: str, state: Any) -> None: ...

        def init_user(state: Any) -> None: ...

        def send_message(chatbot: Any, input: Any, _state: Any) -> Iterator[Any]:
            yield self.chat(_state, "user")

        def preview_send_message(
            chatbot: Any, input: Any, _state: Any, uuid_str: Any
        ) -> Iterator[Any]:
            yield self.chat(_state, "user")

        def create_send_message(
            chatbot: Any, input: Any, _state: Any, uuid_str: Any
        ) -> Iterator[Any]:
            yield self.chat(_state, "builder")

        self.init_user_chatbot_agent = self.init_builder_chatbot_agent = maker
        self.init_user: Any = init if which == "app" else init_user
        self.init_builder = self.update_builder = init
        handlers = [preview_send_message, create_send_message]
        self.demo = SimpleNamespace(
            fns=[SimpleNamespace(fn=fn) for fn in ([send_message] if which == "bot" else handlers)]
        )
        self.check_uuid = lambda uuid_str: uuid_str

        def warning(message: str = "") -> None:
            self.warned.append(message)

        modules = {"gradio": SimpleNamespace(Warning=warning)}
        failures.make_agents_when_they_are_missing(
            SimpleNamespace(module=modules.__getitem__, page=self, which=which)  # type: ignore
        )

    def chat(self, state: Any, kind: str) -> str:
        agent, memory = state[f"{kind}_agent"], state[f"{kind}_memory"]
        if isinstance(agent, str):
            return agent
        assert memory.get_history() == []
        assert memory.run(query="?", url=None) == ""
        try:
            return "".join(agent.run("你好", history=[]))
        except Unanswered as error:
            return str(error)

    def send(self, event: int, state: Any) -> Any:
        return list(self.demo.fns[event].fn([], "", state, *["author"] * (len(self.demo.fns) - 1)))


@pytest.mark.parametrize(("which", "event"), [("app", 0), ("app", 1), ("bot", 0)])
def test_an_agent_that_cannot_be_made_says_so_until_it_can(which: str, event: int) -> None:
    page, state = Page(which), dict[str, Any]()
    (told,) = page.send(event, state)
    assert told.startswith("⚠️ 无法创建智能体：'token'")
    page.broken = False
    assert page.send(event, state) == [f"agent of {'author' if which == 'app' else 'local_user'}"]


def test_a_configuration_that_makes_no_agent_replaces_the_old_one_and_warns() -> None:
    page = Page("app")
    state: dict[str, Any] = {"user_agent": "old", "user_memory": "old"}
    page.init_user("author", state)
    assert state["user_agent"] != "old"
    assert "cannot be made" in page.warned[0]
    assert "无法创建" in page.warned[0]
