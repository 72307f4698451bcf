"""One embedding model for all agents."""

import logging
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agentfabric_offline import embedding_socket, knowledge_index
from agentfabric_offline.errors import Problem, WrongSetting, first_line
from agentfabric_offline.upstream import Upstream, expect

_BATCH = 32
"""Passages embedded at once: more is hardly faster on a CPU and takes memory."""
_log = logging.getLogger(__name__)


class SharedEmbedding:
    """The embedding model of a folder, loaded when it is first needed and used by all threads.

    It has the methods of langchain's `Embeddings`.
    """

    def __init__(self, folder: Path, kind: Any) -> None:
        """``kind`` is langchain's `ModelScopeEmbeddings`."""
        self._folder = folder
        self._kind = kind
        self._lock = threading.Lock()
        self._model: Any = None
        self._digest = ""

    def load(self) -> Any:
        """Load the model unless it is there; seconds, and some 500 MB.

        Raises:
            Problem: If the folder does not hold such a model.
        """
        with self._lock:
            if self._model is None:
                begun = time.monotonic()
                try:
                    self._digest = knowledge_index.digest_of(self._folder)
                    self._model = self._kind(model_id=str(self._folder))
                except Exception as error:  # the pipeline raises whatever its parts do
                    why = first_line(error)
                    raise Problem("embedding", path=self._folder, why=why) from error
                took = time.monotonic() - begun
                _log.info("the embedding model `%s` took %.1f s to load", self._folder, took)
            return self._model

    @property
    def digest(self) -> str:
        """The sha256 that stands for the model's files."""
        self.load()
        return self._digest

    def embed_documents(self, texts: Sequence[str]) -> list[list[float]]:
        """The vector of each text."""
        model = self.load()
        vectors: list[list[float]] = []
        for start in range(0, len(texts), _BATCH):
            # Between batches others get their turn.
            with self._lock:
                vectors += model.embed_documents(list(texts[start : start + _BATCH]))
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """The vector of a question."""
        model = self.load()
        with self._lock:
            vector: list[float] = model.embed_query(text)
        return vector


def load_the_embedding_once(upstream: Upstream) -> None:
    """Use one embedding model, that of EMBEDDING_DIR, for everything, and load it in advance.

    Upstream loads a model of ModelScope's hub for each agent, that is twice for each load of a
    page. Here it is loaded while the page is already served, so that no visitor waits for it.
    `airgap smoke` asks this same one through a socket.
    """
    folder = upstream.settings.embedding_dir
    if not (folder / "configuration.json").is_file():
        why = "configuration.json is not there"
        raise WrongSetting("embedding", path=folder, why=why)
    storage = upstream.module("modelscope_agent.storage.vector_storage")
    kind = expect(storage, "ModelScopeEmbeddings")
    expect(kind, "embed_documents", "texts")
    expect(kind, "embed_query", "text")
    upstream.module("langchain_core.embeddings").Embeddings.register(SharedEmbedding)
    shared = SharedEmbedding(folder, kind)
    storage.ModelScopeEmbeddings = lambda model_id: shared

    def load() -> None:
        try:
            shared.load()
        except Problem as problem:
            _log.error("%s", problem)

    try:
        embedding_socket.answer_on(upstream.scratch / embedding_socket.NAME, shared.embed_documents)
    except OSError as error:
        _log.warning("nobody but the page can ask the embedding model: %s", error)
    # No daemon: a process that ends while torch is being loaded in one is aborted.
    threading.Thread(target=load, name="embedding").start()
