"""One agent: how a question becomes an answer."""

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import httpx
import openai
from modelscope_agent.llm.base import BaseChatModel
from modelscope_agent.schemas import Message
from modelscope_agent.utils.utils import has_chinese_chars

from agent_runner import budget, knowledge, upstream
from agent_runner.config import AgentConfig
from agent_runner.errors import Problem, first_line
from agent_runner.index import Passage
from agent_runner.server import Server
from agent_runner.settings import Settings

_PASSAGES = 3
"""How many passages the model is given at most."""
_LEAST_COSINE = 0.2
"""Passages below have nothing to do with the question; a small model would be led astray."""
_log = logging.getLogger(__name__)


@dataclass
class Answer:
    """An answer while it comes.

    Attributes:
        passages: The knowledge that the model was given.
        forgotten: How many messages of the chat it was not given.
        text: What it has said so far.
        cut: Whether it ended at the length limit.
    """

    passages: list[Passage] = field(default_factory=list)
    forgotten: int = 0
    text: str = ""
    cut: bool = False


class ServedAgent:
    """An agent that answers several visitors at once."""

    def __init__(self, settings: Settings, config: AgentConfig) -> None:
        """Load the embedding model, and the knowledge from its index or from its files.

        Raises:
            Problem: If the model or a knowledge file cannot be read, or the state not written.
        """
        upstream.check()
        self.config = config
        self._server = Server(settings.llm_url, settings.llm_model, settings.llm_api_key)
        self._model = upstream.LocalModel(self._server)
        embedding = knowledge.embedding(settings.embedding_dir)
        index = knowledge.index(settings, config.knowledge, embedding)
        self._knowledge = upstream.Knowledge(index, embedding)

    def memory(self) -> upstream.VisitorMemory:
        """An empty memory for a new visitor."""
        return upstream.VisitorMemory(self._knowledge)

    def ask(self, memory: upstream.VisitorMemory, question: str) -> Iterator[Answer]:
        """Answer ``question`` and remember both; the same answer is yielded as it grows.

        Raises:
            Problem: If the model server does not answer or the question is too long.
        """
        started = time.monotonic()
        context = self._server.context()
        room = budget.answer_room(context)
        prompt = budget.fit(
            memory.get_history(),
            memory.store_knowledge.passages(question, _PASSAGES, _LEAST_COSINE),
            lambda history, passages: self._tokens(question, history, passages),
            context - room,
        )
        answer = Answer(prompt.passages, prompt.forgotten)
        yield answer
        model = self._model.for_one_answer(room)
        try:
            for piece in self._run(model, question, prompt.history, prompt.passages):
                answer.text += piece
                yield answer
        except (openai.APIError, httpx.HTTPError) as error:
            # That it is ready it has just said, by counting tokens.
            if getattr(error, "status_code", 0) == 503:
                raise Problem("busy") from error
            raise Problem("broken", why=first_line(error)) from error
        answer.cut = model.cut
        memory.history = memory.history[prompt.forgotten :]
        memory.update_history(
            [Message(role="user", content=question), Message(role="assistant", content=answer.text)]
        )
        yield answer
        seconds = time.monotonic() - started
        _log.info("answered in %.1f s with %d passages", seconds, len(answer.passages))

    def _run(
        self,
        model: BaseChatModel,
        question: str,
        history: Sequence[budget.Message],
        passages: Sequence[Passage],
    ) -> Iterator[str]:
        text = "\n".join(passage.text for passage in passages)
        # A RolePlay keeps the prompt that it works on in itself, so each answer has its own.
        yield from upstream.Role(model, self.config.role).run(
            question,
            history=list(history),
            ref_doc=text,
            # The budget has cut the text already, in tokens; this counts characters.
            knowledge_limit=len(text),
            # Left out, one Chinese character in the knowledge makes the instructions Chinese.
            lang="zh" if has_chinese_chars(question) else "en",
        )

    def _tokens(
        self,
        question: str,
        history: Sequence[budget.Message],
        passages: Sequence[Passage],
    ) -> int:
        model = upstream.PromptOnly()
        for _ in self._run(model, question, history, passages):
            pass
        return self._server.tokens(model.messages)
