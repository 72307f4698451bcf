import threading
import time
from pathlib import Path
from typing import Any

import pytest

from agentfabric_offline.adaptations.embedding import SharedEmbedding
from agentfabric_offline.errors import Problem
from agentfabric_offline.knowledge_index import digest_of


class Model:
    """Upstream's embedding model, which is not made for several threads."""

    loaded = 0

    def __init__(self, model_id: str) -> None:
        time.sleep(0.05)
        Model.loaded += 1
        self._at_work = False

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        assert not self._at_work, "two threads at once"
        self._at_work = True
        time.sleep(0.01)
        self._at_work = False
        return [[float(len(text))] for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SharedEmbedding:
    monkeypatch.setattr(Model, "loaded", 0)
    (tmp_path / "weights").touch()
    return SharedEmbedding(tmp_path, Model)


def test_many_threads_share_one_model_and_take_turns(shared: SharedEmbedding) -> None:
    vectors: list[Any] = []
    threads = [
        threading.Thread(target=lambda: vectors.append(shared.embed_query("text")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert vectors == [[4.0]] * 8
    assert Model.loaded == 1


def test_nothing_is_loaded_before_it_is_needed(shared: SharedEmbedding) -> None:
    assert Model.loaded == 0


def test_many_texts_keep_their_order(shared: SharedEmbedding) -> None:
    texts = ["x" * length for length in range(100)]

    assert shared.embed_documents(texts) == [[float(length)] for length in range(100)]


def test_the_digest_stands_for_the_models_files(shared: SharedEmbedding, tmp_path: Path) -> None:
    assert shared.digest == digest_of(tmp_path)


def test_a_folder_that_is_no_model_is_named(tmp_path: Path) -> None:
    def fail(model_id: str) -> Any:
        raise RuntimeError("no weights")

    with pytest.raises(Problem, match=f"`{tmp_path}` cannot be loaded: no weights"):
        SharedEmbedding(tmp_path, fail).load()
