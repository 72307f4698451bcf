"""What goes wrong is told where the answer would be, and the next question finds all made anew."""

import logging
from collections.abc import Iterator
from typing import Any

from agentfabric_offline.adaptations.budget import end_note
from agentfabric_offline.adaptations.events import before_event
from agentfabric_offline.errors import Problem, first_line
from agentfabric_offline.server import ModelServer
from agentfabric_offline.texts import language_of
from agentfabric_offline.upstream import Upstream, expect

_STATUS = {
    401: "refused",
    403: "refused",
    404: "model",
    429: "busy",
    502: "loading",
    503: "busy",
    504: "loading",
}
_KINDS = {
    frozenset({"ConnectError", "ConnectTimeout"}): "unreachable",
    frozenset({"APITimeoutError", "TimeoutException"}): "slow",
    frozenset({"APIError", "HTTPError", "StreamError"}): "broken",
}
"""Names of exception classes, and the problem that they mean; the first that fits counts."""
_log = logging.getLogger(__name__)


class Unanswered(Exception):
    """Why there is no whole answer; its text is what the page shows in place of one."""


def problem_of(error: BaseException, server: ModelServer) -> Problem:
    """What an error of the OpenAI client (`openai`, `httpx`) means to the visitor."""
    if isinstance(error, Problem):
        return error
    values = {"url": server.url, "model": server.known}
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        key = _STATUS.get(status, "failed" if status >= 500 else "not taken")
        return Problem(key, status=status, why=str(error)[:300], **values)
    kinds = {kind.__name__ for each in (error, error.__cause__) for kind in type(each).__mro__}
    for names, key in _KINDS.items():
        if kinds & names:
            return Problem(key, why=first_line(error), **values)
    return Problem("no answer", why=first_line(error))


def tell_why_there_is_no_answer(upstream: Upstream) -> None:
    """Tell what went wrong with an answer behind what there is of it, in the question's language.

    Upstream shows what the client raises, `Connection error.`, in place of the answer so far.
    """
    role = upstream.module("modelscope_agent.agents.role_play").RolePlay
    original = expect(role, "_run")

    def run(self: Any, user_request: str, *rest: Any, **options: Any) -> Iterator[str]:
        text = ""
        try:
            for piece in original(self, user_request, *rest, **options):
                text += piece
                yield piece
        except Exception as error:
            said = _noted(error, upstream.server).text(language_of(user_request))
            # The page shows the text of an exception and keeps the question out of the memory.
            raise Unanswered((text + end_note(text, said)).lstrip("\n")) from error

    role._run = run


def tell_why_nothing_is_configured(upstream: Upstream) -> None:
    """Tell in the Create tab why a message led to no configuration.

    Upstream yields errors that its page leaves out, so that the visitor sees nothing at all, or
    fails with `KeyError` at an answer that lacks a part.
    """
    core = upstream.module("builder_core")
    builder = upstream.module("modelscope_agent.agents.agent_builder").AgentBuilder
    answer = expect(builder, "_run")
    original = expect(
        core, "gen_response_and_process", "agent", "query", "memory", "uuid_str", "print_info"
    )

    def run(self: Any, *arguments: Any, **options: Any) -> Iterator[str]:
        self.problem = None
        try:
            yield from answer(self, *arguments, **options)
        except Exception as error:
            self.problem = error
            raise
        if self.llm.cut:
            self.problem = Problem("form cut")

    def gen_response_and_process(
        agent: Any, query: str, memory: Any, uuid_str: str, print_info: bool = False
    ) -> Iterator[Any]:
        problem: Exception = Problem("form")
        try:
            for frame in original(agent, query, memory, uuid_str, print_info):
                if not isinstance(frame, dict) or "error" in frame:
                    break
                yield frame
            else:
                return
        except (KeyError, TypeError) as error:
            _log.warning("the answer is no configuration: %r", error)
        said = _noted(agent.problem or problem, upstream.server).text(language_of(query))
        yield {"llm_text": end_note("", said)}

    builder.problem = None
    builder._run = run
    core.gen_response_and_process = gen_response_and_process


def make_agents_when_they_are_missing(upstream: Upstream) -> None:
    """Say why an agent cannot be made, and try again with each question.

    Upstream makes the agents when the page is opened and when a configuration is saved, and keeps
    errors to its log: then the old agent goes on answering, or each question ends with
    `KeyError: 'user_agent'` until the page is loaded again.
    """
    page = upstream.page
    warn = expect(upstream.module("gradio"), "Warning", "message")
    makers = ["init_user_chatbot_agent"]
    if upstream.which == "app":
        makers.append("init_builder_chatbot_agent")
    for maker in makers:
        expect(page, maker, "uuid_str", "session")

    def make(state: dict[str, Any], kind: str, account: str) -> None:
        try:
            made = getattr(page, f"init_{kind}_chatbot_agent")(account)
        except Exception as error:
            _log.exception("the %s's agent of `%s` cannot be made", kind, account)
            problem = Problem("not made", why=first_line(error) or type(error).__name__)
            warn(str(problem))
            made = _NoAgent(problem), _NoMemory()
        state[f"{kind}_agent"], state[f"{kind}_memory"] = made

    def before(event: str, kind: str) -> None:
        def look(arguments: dict[str, Any]) -> None:
            state = arguments["_state"]
            if isinstance(state.get(f"{kind}_agent"), _NoAgent | None):
                account = page.check_uuid(arguments.get("uuid_str", page.uuid_str))
                make(state, kind, account)

        before_event(upstream, event, "_state", action=look)

    if upstream.which == "bot":
        expect(page, "init_user", "state")
        before("send_message", "user")
        return

    def init(kind: str) -> Any:
        def init_agent(uuid_str: str, state: dict[str, Any]) -> dict[str, Any]:
            make(state, kind, uuid_str)
            return state

        return init_agent

    for name, kind in (("init_user", "user"), ("init_builder", "builder")):
        expect(page, name, "uuid_str", "state")
        setattr(page, name, init(kind))
    expect(page, "update_builder", "uuid_str", "state")
    page.update_builder = page.init_builder
    before("preview_send_message", "user")
    before("create_send_message", "builder")


class _NoAgent:
    """Stands where an agent could not be made, and says so when it is asked."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    def run(self, question: str, **_: Any) -> Iterator[str]:
        raise Unanswered(f"⚠️ {self.problem.text(language_of(question))}")


class _NoMemory:
    """The memory that goes with it."""

    def get_history(self) -> list[Any]:
        return []

    def run(self, **_: Any) -> str:
        return ""


def _noted(error: Exception, server: ModelServer) -> Problem:
    problem = problem_of(error, server)
    _log.warning("no answer: %s", problem, exc_info=error if problem.key == "no answer" else None)
    if problem.key == "model":
        server.forget()
    return problem
