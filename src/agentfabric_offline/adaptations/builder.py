"""The Create tab: any model's answer is a configuration that upstream can read."""

import logging
from collections.abc import Iterator
from typing import Any

from agentfabric_offline.texts import language_of
from agentfabric_offline.upstream import Upstream, expect

_CHARACTER = r'[^"\\\x00-\x1f\x7f]'
"""What may stand in a JSON string as it is."""
_FIRST = r"[^\x00-/:-@\[-`{-\x7f]"
"""No space or punctuation of ASCII: a text is not made of these alone."""
_INSTRUCTIONS, _SUGGESTIONS = 6, 4
_TEXTS = 1 + 2 + 2 + _INSTRUCTIONS + _SUGGESTIONS
_TOKENS_PER_CHARACTER = 2
"""Of Chinese, with a tokenizer that was not made for it; other languages take a third or less."""
_RICH = "\nRichConfig: "
_log = logging.getLogger(__name__)


def room_for_the_form(context: int) -> int:
    """Tokens kept free for an answer in a context of so many: a quarter, at most 4096."""
    return min(4096, context // 4)


def form(room: int, language: str) -> str:
    """The regular expression of an answer that upstream reads, for at most ``room`` tokens.

    All texts have the same bound: a server takes seconds to prepare each bound that is another one,
    and minutes if more than one set of characters could stand at a place.
    """
    most = max(8, room // (_TEXTS * _TOKENS_PER_CHARACTER + 4))
    if language != "zh":
        most = most * 5 // 2
    text = f"{_FIRST}{_CHARACTER}{{0,{most - 1}}}"
    about = f'"name": "{text}", "description": "{text}"'
    instructions, suggestions = (
        rf'\["{text}"(?:, "{text}"){{0,{count - 1}}}\]' for count in (_INSTRUCTIONS, _SUGGESTIONS)
    )
    rich = f'{about}, "instructions": {instructions}, "prompt_recommend": {suggestions}'
    return rf"Answer: {text}\nConfig: \{{{about}\}}\nRichConfig: \{{{rich}\}}"


def read_by_upstream(pieces: Iterator[str]) -> Iterator[str]:
    """``pieces`` of an answer, with the words `RichConfig:` in no text of its last JSON value.

    Upstream takes for that value what follows these words the last time.
    """
    text = ""
    told = 0
    for piece in pieces:
        text += piece
        if _RICH not in text:
            yield piece
            told = len(text)
    head, found, rich = text.rpartition(_RICH)
    if found:
        yield (head + found)[told:] + rich.replace("RichConfig:", r"RichConfig\u003a")


class Shown(str):
    """A text that loses nothing when upstream strips it of the letters in `Config:`."""

    def strip(self, _: object = None) -> "Shown":
        return self


def answer_so_far(text: str) -> tuple[str, bool]:
    """What of an unfinished ``text`` is for the visitor, and whether it is all of that."""
    answer, configuration, _ = text.partition("\nConfig:")
    if not configuration:
        # The beginning of what is not for the visitor may have come already.
        marks = ("\nConfig:"[:length] for length in range(8, 0, -1))
        answer = answer.removesuffix(next((mark for mark in marks if answer.endswith(mark)), ""))
    start = "Answer: "
    answer = "" if start.startswith(answer) else answer.removeprefix(start)
    return answer, bool(configuration)


def ask_for_the_form(upstream: Upstream) -> None:
    """Have the builder answer in the form that upstream reads, in the question's language.

    Upstream hopes that the model keeps to the form; small ones never do, larger ones not always,
    and then nothing is configured. It takes the language from the whole conversation.
    """
    builder = upstream.module("modelscope_agent.agents.agent_builder").AgentBuilder
    original = expect(builder, "_run", *("user_request", "history", "ref_doc", "lang", "kwargs"))
    bad_request = expect(upstream.module("openai"), "BadRequestError")
    server = upstream.server

    def answer(self: Any, question: str, history: Any, **options: Any) -> Iterator[str]:
        language = language_of(question)
        room = room_for_the_form(server.context())
        regex = form(room, language)
        # Servers of before vLLM 0.11 know the second name; both leave out what they do not know.
        structured = {"structured_outputs": {"regex": regex}, "guided_regex": regex}
        options |= {"lang": language, "max_tokens": room}
        pieces = original(self, question, history, extra_body=structured, **options)
        try:
            first = next(pieces, "")
        except bad_request as error:
            _log.warning("the model server takes no form for an answer: %s", error)
            pieces = original(self, question, history, **options)
            first = next(pieces, "")
        yield first
        yield from pieces

    def run(
        self: Any, user_request: str, history: Any = None, ref_doc: Any = None, **options: Any
    ) -> Iterator[str]:
        return read_by_upstream(answer(self, user_request, history, **options))

    builder._run = run


def show_the_answer_alone(upstream: Upstream) -> None:
    """Show what the builder says, letter by letter, and nothing of the configuration.

    Upstream shows the word `Config:` while it comes, and to remove it strips each piece of the
    answer of all letters in that word.
    """
    builder = upstream.module("modelscope_agent.agents.agent_builder").AgentBuilder
    expect(builder, "parse_answer", "llm_result_prefix", "llm_result")

    def parse_answer(self: Any, llm_result_prefix: str, llm_result: str) -> tuple[str, bool, str]:
        answer, whole = answer_so_far(llm_result)
        return Shown(answer[len(llm_result_prefix) :]), whole, answer

    builder.parse_answer = parse_answer


def remember_the_conversation(upstream: Upstream) -> None:
    """Keep what was said in the Create tab when the agents are made anew.

    Upstream makes them after each configuration, and with the builder a new memory: its next answer
    would know nothing of what it configured.
    """
    if upstream.which != "app":
        return
    original = expect(upstream.page, "update_builder", "uuid_str", "state")

    def update_builder(uuid_str: str, state: dict[str, Any]) -> dict[str, Any]:
        memory = state.get("builder_memory")
        original(uuid_str, state)
        if memory is not None:
            state["builder_memory"] = memory
        return state

    upstream.page.update_builder = update_builder
