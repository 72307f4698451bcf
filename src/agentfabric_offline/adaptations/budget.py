"""What goes to the model fits its context, and an answer that was cut says so."""

import logging
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from agentfabric_offline.errors import Problem
from agentfabric_offline.texts import PAGE, language_of
from agentfabric_offline.upstream import Upstream, expect

Message = dict[str, str]

_RESULT = re.compile(r"(?<=Observation: <result>).*?(?=</result>\nAnswer:)", re.DOTALL)
"""What a tool answered, as upstream writes it behind the question."""
_LEAST = 256
"""Tokens of a prompt: a server that complains of the length even then means something else."""
_log = logging.getLogger(__name__)


def answer_room(context: int) -> int:
    """Tokens kept free for the answer in a context of so many: a quarter, at most 1024."""
    return min(1024, context // 4)


def fit(
    messages: Sequence[Message],
    knowledge: str,
    count: Callable[[Sequence[Message]], int],
    limit: int,
) -> list[Message]:
    """The part of a prompt that fits into ``limit`` tokens.

    Instructions and question stay whole. Of the room beside them the results of tools get up to
    half, knowledge up to half of what is left, its beginning first, and the chat the rest: its
    oldest turns go. ``count`` is called once where everything fits, else some 30 times.

    Args:
        messages: The instructions, the chat, and the question with what tools answered to it.
        knowledge: The part of the instructions that is knowledge; may be empty.

    Raises:
        Problem: If the question and the instructions alone do not fit.
    """
    if count(messages) <= limit:
        return list(messages)
    instructions, *chat, question = messages

    def prompt(result: int, kept: int, dropped: int) -> list[Message]:
        system, last = instructions["content"], question["content"]
        if knowledge:
            system = system.replace(knowledge, knowledge[:kept], 1)
        last = _RESULT.sub(lambda found: found[0][:result], last)
        return [
            instructions | {"content": system},
            *chat[dropped:],
            question | {"content": last},
        ]

    def most(size: int, build: Callable[[int], list[Message]], tokens: int) -> int:
        return bisect_left(range(size), True, key=lambda n: count(build(n + 1)) > tokens)

    used = count(prompt(0, 0, len(chat)))
    if used > limit:
        raise Problem("long", needed=used, limit=limit)
    longest = max((len(found) for found in _RESULT.findall(question["content"])), default=0)
    result = most(longest, lambda n: prompt(n, 0, len(chat)), used + (limit - used) // 2)
    used = count(prompt(result, 0, len(chat)))
    kept = most(len(knowledge), lambda n: prompt(result, n, len(chat)), used + (limit - used) // 2)
    turns = range(len(chat) // 2)
    dropped = 2 * bisect_left(
        turns, True, key=lambda turn: count(prompt(result, kept, 2 * turn)) <= limit
    )
    _log.info(
        "the prompt is too long: left out %d of %d messages and %d of %d characters of knowledge",
        *(dropped, len(chat), len(knowledge) - kept, len(knowledge)),
    )
    return prompt(result, kept, dropped)


def end_note(text: str, said: str) -> str:
    """What is written behind an answer of ``text``, below its code if that was left open."""
    fence = "\n```" if text.count("```") % 2 else ""
    return f"{fence}\n\n⚠️ {said}"


def without_note(message: Message) -> Message:
    """A message of the chat as the model wrote it."""
    content = message["content"]
    for language in PAGE:
        content = content.removesuffix(f"\n\n⚠️ {PAGE[language]['cut']}")
    return message | {"content": content}


def fit_prompts_into_the_context(upstream: Upstream) -> None:
    """Cut what goes to the model to its context, less room for the answer, and bound the answer.

    Upstream sends everything, until the server refuses it, and lets an answer run as long as the
    server does. It also drops the reason why an answer ended: here the client has it as `cut`.
    """
    client = upstream.module("modelscope_agent.llm.openai").OpenAi
    expect(client, "_chat_stream", "messages", "stop", "kwargs")
    expect(client, "chat", "prompt", "messages", "stop", "stream", "kwargs")
    bad_request = expect(upstream.module("openai"), "BadRequestError")
    server = upstream.server

    def chat_stream(
        self: Any,
        messages: list[Message],
        stop: list[str] | None = None,
        knowledge: str = "",
        knowledge_limit: int = 0,
        **options: Any,
    ) -> Iterator[str]:
        self.cut = False
        context = server.context()
        room = options.get("max_tokens") or answer_room(context)
        limit = context - room
        while True:
            fitting = fit(messages, knowledge, server.tokens, limit)
            try:
                chunks = self.client.chat.completions.create(
                    model=self.model, messages=fitting, stop=stop, stream=True, **options
                )
                break
            except bad_request as error:
                # Only servers that do not tell their context or count with another template.
                if limit < _LEAST or "context" not in str(error):
                    raise
                limit //= 2
        yield from self._answer(chunks, room)

    def answer(self: Any, chunks: Any, room: int) -> Iterator[str]:
        ended, pieces = None, 0
        # Leaving the block ends the answer in the server too.
        with chunks:
            # A limit in the request would replace the server's own, which may be lower. A piece
            # is a token, or more.
            for chunk in islice(chunks, room):
                pieces += 1
                for choice in chunk.choices:
                    ended = choice.finish_reason
                    if choice.delta.content:
                        yield choice.delta.content
        if ended is None and pieces < room:
            raise Problem("broken", why="the server ended it in the middle")
        self.cut = ended in (None, "length")

    client._chat_stream = chat_stream
    client._answer = answer


def give_the_whole_knowledge_to_the_budget(upstream: Upstream) -> None:
    """Let the budget alone cut what was found in the knowledge and what tools answer.

    Upstream cuts knowledge to a number of characters, compares that number as a text where it comes
    from KNOWLEDGE_LIMIT, and fails with results of several lines. It takes the language of its
    instructions from everything, so that one Chinese character in the knowledge decides.
    """
    role = upstream.module("modelscope_agent.agents.role_play").RolePlay
    original = expect(role, "_run", "user_request", "history", "ref_doc", "lang", "kwargs")
    expect(role, "_limit_observation_length", "observation")

    def run(
        self: Any, user_request: str, history: Any = None, ref_doc: Any = None, **options: Any
    ) -> Iterator[str]:
        knowledge = ref_doc or ""
        options |= {"knowledge": knowledge, "knowledge_limit": len(knowledge)}
        options["lang"] = language_of(user_request)
        yield from original(self, user_request, history, knowledge, **options)

    role._run = run
    role._limit_observation_length = lambda self, observation: observation


def say_that_an_answer_was_cut(upstream: Upstream) -> None:
    """Say on the page, behind an answer, that it reached the limit; the model never sees that.

    Upstream shows half an answer as if it were whole, and runs half a call of a tool.
    """
    role = upstream.module("modelscope_agent.agents.role_play").RolePlay
    original = expect(role, "_run")
    detect = expect(role, "_detect_tool", "message")

    def run(
        self: Any, user_request: str, history: Any = None, *rest: Any, **options: Any
    ) -> Iterator[str]:
        text = ""
        history = [without_note(message) for message in history or ()]
        for piece in original(self, user_request, history, *rest, **options):
            text += piece
            yield piece
        if self.llm.cut:
            yield end_note(text, PAGE[language_of(user_request)]["cut"])

    def detect_tool(self: Any, message: str) -> Any:
        return (False, None, None, message) if self.llm.cut else detect(self, message)

    role._run = run
    role._detect_tool = detect_tool
