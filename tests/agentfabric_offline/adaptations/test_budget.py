"""What goes to the model fits its context; what matters most stays; a cut answer says so."""

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from agentfabric_offline.adaptations import budget
from agentfabric_offline.adaptations.budget import Message
from agentfabric_offline.errors import Problem
from agentfabric_offline.texts import PAGE


def count(messages: Sequence[Message]) -> int:
    """One token a character."""
    return sum(len(message["content"]) for message in messages)


def prompt(knowledge: str = "", turns: int = 0, result: str = "") -> list[Message]:
    """Instructions of 50 characters, turns of 20, a question of 50 and what a tool answered."""
    chat = [
        {"role": role, "content": f"{turn:10}"}
        for turn in range(turns)
        for role in ("user", "assistant")
    ]
    found = f"Observation: <result>{result}</result>\nAnswer:" if result else ""
    return [
        {"role": "system", "content": "i" * 25 + knowledge + "i" * 25},
        *chat,
        {"role": "user", "content": "q" * 50 + found},
    ]


def test_all_of_it_where_it_fits() -> None:
    calls: list[int] = []

    def counted(messages: Sequence[Message]) -> int:
        calls.append(count(messages))
        return calls[-1]

    whole = prompt("k" * 40, 3, "line\nline")
    assert budget.fit(whole, "k" * 40, counted, count(whole)) == whole
    assert len(calls) == 1


def test_the_oldest_turns_go_first() -> None:
    kept = budget.fit(prompt(turns=50), "", count, 300)
    assert [message["content"] for message in kept[1:-1:2]] == [f"{n:10}" for n in range(40, 50)]
    assert kept[1]["role"] == "user", "half a turn is no history"


def test_the_beginning_of_the_knowledge_stays() -> None:
    knowledge = "first " + "k" * 400
    kept = budget.fit(prompt(knowledge, 50), knowledge, count, 300)
    assert kept[0]["content"] == "i" * 25 + knowledge[:100] + "i" * 25
    assert len(kept) == 2 + 2 * 5, "the chat has the other half"


def test_long_results_of_tools_are_cut() -> None:
    kept = budget.fit(prompt(turns=50, result="1\n2\n" * 1000), "", count, 400)
    assert count(kept) <= 400
    assert kept[-1]["content"].startswith("q" * 50 + "Observation: <result>1\n2\n1\n")
    assert kept[-1]["content"].endswith("</result>\nAnswer:")


@pytest.mark.parametrize("limit", range(140, 1400, 37))
def test_never_more_than_the_limit(limit: int) -> None:
    knowledge = "k" * 311
    kept = budget.fit(prompt(knowledge, 33, "r\n" * 77), knowledge, count, limit)
    assert count(kept) <= limit


def test_a_question_that_is_too_long_is_told() -> None:
    with pytest.raises(Problem) as caught:
        budget.fit(prompt("k", 3), "k", count, 99)
    assert caught.value.values == {"needed": 100, "limit": 99}


@pytest.mark.parametrize(("context", "room"), [(512, 128), (2048, 512), (8192, 1024)])
def test_room_for_the_answer(context: int, room: int) -> None:
    assert budget.answer_room(context) == room


class BadRequestError(Exception):
    pass


class Chunks:
    """An answer as the OpenAI client yields it."""

    def __init__(self, *pieces: str | None, end: str | None) -> None:
        choices = [(piece, None) for piece in pieces] + ([("", end)] if end else [])
        self.chunks = [
            SimpleNamespace(
                choices=[SimpleNamespace(delta=SimpleNamespace(content=piece), finish_reason=why)]
            )
            for piece, why in choices
        ]

    def __enter__(self) -> "Chunks":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __iter__(self) -> Iterator[Any]:
        return iter(self.chunks)


def client(answer: Any, most: int = 10**9, context: int = 400) -> Any:
    """Upstream's client, adapted; a prompt of more than ``most`` characters is refused."""

    class OpenAi:
        model = "m"

        def chat(
            self,
            prompt: Any = None,
            messages: Any = None,
            stop: Any = None,
            stream: Any = False,
            **kwargs: Any,
        ) -> None: ...

        def _chat_stream(self, messages: Any, stop: Any = None, **kwargs: Any) -> Any: ...

    asked: list[dict[str, Any]] = []

    def create(**request: Any) -> Any:
        asked.append(request)
        if count(request["messages"]) > most:
            raise BadRequestError(f"maximum context length is {most} tokens")
        return answer

    modules = {
        "modelscope_agent.llm.openai": SimpleNamespace(OpenAi=OpenAi),
        "openai": SimpleNamespace(BadRequestError=BadRequestError),
    }
    server = SimpleNamespace(context=lambda: context, tokens=count)
    budget.fit_prompts_into_the_context(
        SimpleNamespace(module=modules.__getitem__, server=server)  # type: ignore[arg-type]
    )
    made: Any = OpenAi()
    completions = SimpleNamespace(create=create)
    made.client = SimpleNamespace(chat=SimpleNamespace(completions=completions))
    made.asked = asked
    return made


def test_prompt_and_answer_share_the_context() -> None:
    llm = client(Chunks("a", None, "b", end="stop"))
    whole = prompt("k" * 500, 50)
    text = llm._chat_stream(whole, ["Observation:"], knowledge="k" * 500, knowledge_limit=500)
    assert "".join(text) == "ab"
    assert not llm.cut
    (request,) = llm.asked
    assert 200 < count(request.pop("messages")) <= 300
    assert request == {"model": "m", "stop": ["Observation:"], "stream": True}


def test_an_answer_ends_at_its_room() -> None:
    llm = client(Chunks(*"a" * 1000, end="stop"))
    assert "".join(llm._chat_stream(prompt())) == "a" * 100
    assert llm.cut


def test_an_answer_that_the_server_cut_is_known() -> None:
    llm = client(Chunks("a", end="length"))
    list(llm._chat_stream(prompt()))
    assert llm.cut


def test_an_answer_without_an_end_broke_off() -> None:
    with pytest.raises(Problem) as caught:
        list(client(Chunks("a", end=None))._chat_stream(prompt()))
    assert caught.value.key == "broken"


def test_a_server_that_finds_the_prompt_too_long_gets_less_of_it() -> None:
    llm = client(Chunks("a", end="stop"), most=700, context=8192)
    assert "".join(llm._chat_stream(prompt(turns=300))) == "a"
    sizes = [count(request["messages"]) for request in llm.asked]
    assert sizes[0] > 700 >= sizes[-1] > 400


def role(pieces: Sequence[str], cut: bool) -> Any:
    """Upstream's agent, adapted, with a model that writes ``pieces``."""

    class RolePlay:
        def __init__(self) -> None:
            self.llm = SimpleNamespace(cut=cut)

        def _run(
            self,
            user_request: str,
            history: Any = None,
            ref_doc: Any = None,
            lang: str = "zh",
            **kwargs: Any,
        ) -> Iterator[str]:
            self.given = {"history": history, "ref_doc": ref_doc, "lang": lang, **kwargs}
            yield from pieces

        def _limit_observation_length(self, observation: str) -> None: ...

        def _detect_tool(self, message: str) -> Any:
            return True, "tool", "input", message

    modules = {"modelscope_agent.agents.role_play": SimpleNamespace(RolePlay=RolePlay)}
    upstream: Any = SimpleNamespace(module=modules.__getitem__)
    budget.give_the_whole_knowledge_to_the_budget(upstream)
    budget.say_that_an_answer_was_cut(upstream)
    return RolePlay()


@pytest.mark.parametrize(("question", "language"), [("值班电话？", "zh"), ("The number?", "en")])
def test_a_cut_answer_says_so_and_the_model_never_sees_it(question: str, language: str) -> None:
    agent = role(["half an ", "answer"], cut=True)
    shown = "".join(agent._run(question))
    assert shown == f"half an answer\n\n⚠️ {PAGE[language]['cut']}"
    history = [{"role": "user", "content": "?"}, {"role": "assistant", "content": shown}]
    list(agent._run("again", history=history))
    assert [message["content"] for message in agent.given["history"]] == ["?", "half an answer"]


def test_code_that_was_cut_is_closed_before_it_is_said() -> None:
    shown = "".join(role(["```py\nprint("], cut=True)._run("go"))
    assert shown.startswith("```py\nprint(\n```\n\n⚠️ ")


def test_half_a_call_of_a_tool_is_not_run() -> None:
    assert role([], cut=True)._detect_tool("Action: ") == (False, None, None, "Action: ")
    assert role([], cut=False)._detect_tool("Action: ")[0]


def test_a_whole_answer_has_no_note() -> None:
    assert "".join(role(["all"], cut=False)._run("go")) == "all"


def test_knowledge_is_left_to_the_budget_and_the_question_decides_the_language() -> None:
    agent = role([], cut=False)
    list(agent._run("Where?", [], "知识" * 3000, lang="zh"))
    assert agent.given["lang"] == "en"
    assert agent.given["ref_doc"] == agent.given["knowledge"] == "知识" * 3000
    assert agent.given["knowledge_limit"] == 6000
    assert agent._limit_observation_length("1\n" * 9000) == "1\n" * 9000
