"""modelscope-agent 0.4.1 as this program needs it: each class changes one thing that it says.

Every change leans on a detail of that release. ``check`` looks at those details first, so that
another release is refused at the start and not found out in an answer.
"""

import copy
import inspect
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import openai
from langchain_community.vectorstores import FAISS
from langchain_core.embeddings import Embeddings
from modelscope_agent.agent import Agent
from modelscope_agent.agents.role_play import RolePlay
from modelscope_agent.llm.base import BaseChatModel
from modelscope_agent.llm.openai import OpenAi
from modelscope_agent.memory import Memory, MemoryWithRetrievalKnowledge
from modelscope_agent.storage import KnowledgeVector
from modelscope_agent.utils.nltk_utils import install_nltk_data

from agent_runner.errors import StartError, first_line
from agent_runner.index import Index, Passage
from agent_runner.server import Server

Messages = list[dict[str, Any]]


def check() -> None:
    """Refuse a release of modelscope-agent that is not shaped as the classes below expect.

    Raises:
        StartError: With the first difference.
    """
    for owner, name, parameters in (
        (RolePlay, "_run", ["self", "user_request", "history", "ref_doc", "lang", "kwargs"]),
        (RolePlay, "_detect_tool", ["self", "message"]),
        (OpenAi, "_chat_stream", ["self", "messages", "stop", "kwargs"]),
        (OpenAi, "chat", ["self", "prompt", "messages", "stop", "stream", "kwargs"]),
        (KnowledgeVector, "search", ["self", "query", "top_k"]),
        (KnowledgeVector, "file_preprocess", ["file_path"]),
        (Memory, "get_history", ["self"]),
    ):
        method = getattr(owner, name, None)
        found = list(inspect.signature(method).parameters) if method else None
        if found != parameters:
            raise StartError(
                f"{owner.__name__}.{name} takes {found}, not {parameters}",
                "use modelscope-agent in the version of the stack's lock",
            )


class LocalModel(OpenAi):
    """The library's model of type `openai`, with a bounded answer whose end is told.

    The release passes no limit to the server, drops the reason why an answer ended, and waits ten
    minutes for a server that is away.
    """

    def __init__(self, server: Server) -> None:
        super().__init__(server.model, "openai", is_chat=True, is_function_call=False)
        self.client = openai.OpenAI(
            api_key=server.api_key,
            base_url=server.url,
            max_retries=0,
            # Seconds between two pieces of an answer. No proxy: the server is in this network.
            timeout=httpx.Timeout(120, connect=5),
            http_client=httpx.Client(trust_env=False),
        )
        self.max_tokens = 0
        self.cut = False

    def for_one_answer(self, max_tokens: int) -> "LocalModel":
        """A model of its own for one answer of so many tokens; the connections are shared."""
        one = copy.copy(self)
        one.max_tokens = max_tokens
        return one

    def chat(self, messages: Messages, stop: list[str], **_: Any) -> Iterator[str]:
        """Answer; what RolePlay passes besides is for its own use."""
        return self._chat_stream(messages, stop)

    def _chat_stream(self, messages: Messages, stop: list[str], **_: Any) -> Iterator[str]:
        chunks: Any = self.client.chat.completions.create(
            model=self.model, messages=_plain(messages), stop=stop, stream=True
        )
        # Leaving the block ends the answer in the server too.
        with chunks:
            # Sent along, the limit would replace the server's own, which may be lower. The server
            # sends a token at a time.
            for chunk in islice(chunks, self.max_tokens):
                for choice in chunk.choices:
                    # None until the last piece: the limit came first where it stays so.
                    self.cut = choice.finish_reason in (None, "length")
                    if choice.delta.content:
                        yield choice.delta.content


def _plain(messages: Messages) -> list[dict[str, str]]:
    """``messages`` without the library's own fields, which are no part of the protocol."""
    return [{"role": message["role"], "content": message["content"]} for message in messages]


class PromptOnly(BaseChatModel):
    """A model that answers nothing and keeps the prompt, so that it can be measured."""

    def __init__(self) -> None:
        super().__init__("prompt-only", "none")
        self.messages: list[dict[str, str]] = []

    def support_function_calling(self) -> bool:
        return False

    def support_raw_prompt(self) -> bool:
        return False

    def chat(self, messages: Messages, **_: Any) -> Iterator[str]:
        self.messages = _plain(messages)
        return iter(())

    def _chat_stream(self, *_: Any, **__: Any) -> Iterator[str]:
        raise NotImplementedError

    def _chat_no_stream(self, *_: Any, **__: Any) -> str:
        raise NotImplementedError


class Role(RolePlay):
    """RolePlay without tools: text that looks like a call of one is text.

    The release would take such text for a call, fail ten times and write each failure into the
    answer.
    """

    def __init__(self, llm: BaseChatModel, role: dict[str, object]) -> None:
        # remote=True, the default, asks for ray.
        super().__init__(llm=llm, instruction=role, remote=False)

    def _detect_tool(self, message: str) -> tuple[bool, None, None, str]:
        return False, None, None, message


class Knowledge(KnowledgeVector):
    """The library's vector store over an index that keeps the file name of each passage.

    The release keeps texts alone, wants a model from a hub, and loads its saved store by pickle.
    """

    def __init__(self, index: Index, embedding: Embeddings) -> None:
        super().__init__("", "knowledge", embedding=embedding, use_cache=False)
        if index.passages:
            texts = [passage.text for passage in index.passages]
            pairs = list(zip(texts, index.vectors, strict=True))
            files = [{"file": passage.file} for passage in index.passages]
            self.vs = FAISS.from_embeddings(pairs, embedding, metadatas=files, normalize_L2=True)

    def passages(self, query: str, top_k: int, least: float) -> list[Passage]:
        """The passages nearest to ``query``, nearest first, with a cosine of ``least`` or more."""
        if self.vs is None:
            return []
        # Between vectors of length one, the square of the distance is 2 - 2 cos.
        found = self.vs.similarity_search_with_score(query, k=top_k)
        return [
            Passage(document.metadata["file"], document.page_content)
            for document, square in found
            if square <= 2 - 2 * least
        ]

    @staticmethod
    def texts(path: Path) -> list[str]:
        """What the library's reader makes of a knowledge file.

        Raises:
            StartError: If it cannot read it.
        """
        try:
            # The reader unpacks this for some kinds of files alone; for others its parser would
            # download it.
            install_nltk_data()
            return [page["page_content"] for page in KnowledgeVector.file_preprocess(str(path))]
        except Exception as error:  # the reader raises whatever its parsers do
            raise StartError(
                f"the knowledge file `{path}` cannot be read: {first_line(error)}",
                "replace it, or take it out of `knowledge` in builder_config.json",
            ) from error


class VisitorMemory(MemoryWithRetrievalKnowledge):
    """The memory of one visitor: a history of its own over knowledge that all share.

    The release reads the knowledge again and loads an embedding model for each memory.
    """

    def __init__(self, knowledge: Knowledge) -> None:
        Memory.__init__(self, path="")
        Agent.__init__(self)
        self.store_knowledge = knowledge
