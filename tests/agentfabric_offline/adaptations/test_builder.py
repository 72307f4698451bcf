"""Whatever a model writes within the form is a configuration that upstream reads."""

import json
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from agentfabric_offline.adaptations import builder
from agentfabric_offline.errors import UnexpectedShape

ABOUT = '{"name": "小安", "description": "回答员工的问题"}'


def answer(instruction: str = "回答问题") -> str:
    rich = f'{ABOUT[:-1]}, "instructions": ["{instruction}"], "prompt_recommend": ["你好"]}}'
    return f"Answer: 好的\nConfig: {ABOUT}\nRichConfig: {rich}"


def as_upstream_reads(text: str) -> Any:
    """What upstream takes from an answer."""
    assert re.search(r"Config: ([\s\S]+)\nRichConfig", text)
    return json.loads(text[text.rfind("RichConfig:") + len("RichConfig:") :])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_the_form_allows_can_be_read(language: str) -> None:
    text = answer()
    assert re.fullmatch(builder.form(2048, language), text)
    assert as_upstream_reads(text)["instructions"] == ["回答问题"]


@pytest.mark.parametrize("wrong", ['"', "\\", "\n", "\x00", "\t", "\x7f", " ", "-", "字" * 200])
def test_the_form_has_no_text_that_breaks_json_or_never_ends(wrong: str) -> None:
    assert not re.fullmatch(builder.form(2048, "zh"), answer(wrong))


@pytest.mark.parametrize("context", [2048, 8192, 32768])
def test_the_longest_answer_ends_within_its_room(context: int) -> None:
    room = builder.room_for_the_form(context)
    text = "字" * max(size for size in range(1, 300) if _fits(size, room))
    about = f'{{"name": "{text}", "description": "{text}"'
    instructions, suggestions = (", ".join([f'"{text}"'] * count) for count in (6, 4))
    longest = (
        f"Answer: {text}\nConfig: {about}}}\nRichConfig: {about}, "
        f'"instructions": [{instructions}], "prompt_recommend": [{suggestions}]}}'
    )
    assert re.fullmatch(builder.form(room, "zh"), longest)
    assert longest.count("字") * 1.88 + (len(longest) - longest.count("字")) / 3 <= room


def _fits(size: int, room: int) -> bool:
    return bool(re.fullmatch(builder.form(room, "zh"), answer("字" * size)))


def test_all_texts_have_one_bound() -> None:
    bounds = re.findall(r"\](\{\d+,\d+\})", builder.form(2048, "en"))
    assert len(bounds) > 5
    assert len(set(bounds)) == 1, "a server takes seconds for each"


def test_the_words_that_upstream_looks_for_may_stand_in_a_text() -> None:
    text = answer("说 RichConfig: 就是配置")
    pieces = iter([text[at : at + 3] for at in range(0, len(text), 3)])
    read = as_upstream_reads("".join(builder.read_by_upstream(pieces)))
    assert read["instructions"] == ["说 RichConfig: 就是配置"]


def test_the_answer_comes_as_it_is_written() -> None:
    pieces = iter(["Answer: ", "I ", "can", "\nConfig: {}"])
    assert list(builder.read_by_upstream(pieces)) == ["Answer: ", "I ", "can", "\nConfig: {}"]


def test_the_visitor_sees_each_letter_and_nothing_else() -> None:
    agent = SimpleNamespace(parse_answer=lambda llm_result_prefix, llm_result: None)
    modules = {"modelscope_agent.agents.agent_builder": SimpleNamespace(AgentBuilder=agent)}
    builder.show_the_answer_alone(upstream(modules))
    text, shown, prefix, whole = "", "", "", False
    for letter in f"Answer: Confining is gone; Config: on\nConfig: {ABOUT}\nRichConfig: {{}}":
        text += letter
        new, whole, prefix = agent.parse_answer(agent, prefix, text)
        shown += new.strip("Config:")
    assert shown == "Confining is gone; Config: on"
    assert whole


def upstream(modules: dict[str, Any], page: Any = None) -> Any:
    server = SimpleNamespace(context=lambda: 8192)
    return SimpleNamespace(module=modules.__getitem__, page=page, which="app", server=server)


class BadRequestError(Exception):
    pass


class Agent:
    """An agent as upstream's: its `_run` passes options on to the model."""

    asked: list[dict[str, Any]]
    takes_forms = True

    def _run(
        self,
        user_request: str,
        history: Any = None,
        ref_doc: Any = None,
        lang: str = "en",
        **kwargs: Any,
    ) -> Iterator[str]:
        self.asked.append({"lang": lang, **kwargs})
        if not self.takes_forms and "extra_body" in kwargs:
            raise BadRequestError("unknown field")
        yield answer()


def adapted(takes_forms: bool) -> Any:
    kind = type("AgentBuilder", (Agent,), {"asked": [], "takes_forms": takes_forms})
    modules = {
        "modelscope_agent.agents.agent_builder": SimpleNamespace(AgentBuilder=kind),
        "openai": SimpleNamespace(BadRequestError=BadRequestError),
    }
    builder.ask_for_the_form(upstream(modules))
    return kind()


@pytest.mark.parametrize(("question", "language"), [("做一个助手", "zh"), ("Make one", "en")])
def test_the_form_and_the_language_follow_the_question(question: str, language: str) -> None:
    agent = adapted(takes_forms=True)
    assert "".join(agent._run(question, history=[], lang="de")) == answer()
    (asked,) = agent.asked
    assert (asked["lang"], asked["max_tokens"]) == (language, 2048)
    form = builder.form(2048, language)
    assert asked["extra_body"] == {"structured_outputs": {"regex": form}, "guided_regex": form}


def test_a_server_that_takes_no_form_is_asked_without() -> None:
    agent = adapted(takes_forms=False)
    assert "".join(agent._run("Make one")) == answer()
    assert ["extra_body" in asked for asked in agent.asked] == [True, False]


def test_the_conversation_outlives_its_configuration() -> None:
    def update_builder(uuid_str: str, state: dict[str, Any]) -> Any:
        state |= {"builder_agent": "new", "builder_memory": "new"}

    page = SimpleNamespace(update_builder=update_builder)
    builder.remember_the_conversation(upstream({}, page))
    state = {"builder_agent": "old", "builder_memory": "old"}
    page.update_builder("author", state)
    assert state == {"builder_agent": "new", "builder_memory": "old"}


def test_another_shape_of_upstream_stops_the_start() -> None:
    modules = {
        "modelscope_agent.agents.agent_builder": SimpleNamespace(
            AgentBuilder=SimpleNamespace(_run=lambda request: None)
        )
    }
    with pytest.raises(UnexpectedShape):
        builder.ask_for_the_form(upstream(modules))
