import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agentfabric_offline.adaptations.knowledge import (
    check_uploads,
    embed_each_file_once,
    index_folder,
    replace_changed,
)
from agentfabric_offline.errors import Problem, UnexpectedShape


class Store:
    """What langchain's FAISS holds, as far as it matters here."""

    def __init__(self, pairs: list[Any]) -> None:
        self.texts = [text for text, _ in pairs]

    @classmethod
    def from_embeddings(
        cls,
        text_embeddings: Any,
        embedding: Any,
        metadatas: Any = None,
        ids: Any = None,
        **kwargs: Any,
    ) -> "Store":
        return cls(text_embeddings)

    def add_embeddings(
        self, text_embeddings: Any, metadatas: Any = None, ids: Any = None, **kwargs: Any
    ) -> None:
        self.texts += [text for text, _ in text_embeddings]


class Embedding:
    """Counts what it embeds."""

    digest = "one model"

    def __init__(self) -> None:
        self.embedded: list[str] = []

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.embedded += texts
        return [[float(len(text))] for text in texts]


class Upstream:
    """Upstream's modules, and the warnings that the page showed."""

    def __init__(self, folder: Path) -> None:
        self.settings = SimpleNamespace(state_dir=folder / "state")
        self.scratch = folder / "scratch"
        self.scratch.mkdir()
        self.agent = self.settings.state_dir / "config" / "author"
        self.agent.mkdir(parents=True)
        self.warnings: list[str] = []
        self.embedding = Embedding()

        class KnowledgeVector:
            vs = None

            def add(self, file_path: Any) -> None: ...
            def save(self) -> None: ...
            def load(self) -> None: ...

        def parse_doc(path: str) -> list[dict[str, str]]:
            return [{"page_content": text} for text in Path(path).read_text().split("\n")]

        self.vector = KnowledgeVector
        self._modules: dict[str, Any] = {
            "vector_storage": SimpleNamespace(KnowledgeVector=KnowledgeVector, FAISS=Store),
            "parse_doc": SimpleNamespace(parse_doc=parse_doc, install_nltk_data=lambda: None),
            "gradio": SimpleNamespace(Warning=self._warn),
        }

    def _warn(self, message: str) -> None:
        self.warnings.append(message)

    def module(self, name: str) -> Any:
        return self._modules[name.rpartition(".")[2]]

    def learn(self, *names: str) -> Any:
        """What a new agent knows whose knowledge is these files of its folder."""
        knowledge: Any = self.vector()
        knowledge.storage_path = str(self.agent)
        knowledge.embedding = self.embedding
        knowledge.add([str(self.agent / name) for name in names])
        return knowledge

    def indexes(self) -> list[str]:
        return os.listdir(index_folder(self.settings.state_dir, self.agent))


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    made = Upstream(tmp_path)
    (made.agent / "a.txt").write_text("one\ntwo")
    (made.agent / "b.txt").write_text("three")
    embed_each_file_once(made)  # type: ignore[arg-type]
    return made


def test_a_file_is_embedded_once(upstream: Upstream) -> None:
    for _ in range(2):
        assert upstream.learn("a.txt", "b.txt").vs.texts == ["one", "two", "three"]

    assert upstream.embedding.embedded == ["one", "two", "three"]


def test_a_changed_file_is_embedded_again_and_alone(upstream: Upstream) -> None:
    upstream.learn("a.txt", "b.txt")
    (upstream.agent / "b.txt").write_text("four")

    assert upstream.learn("a.txt", "b.txt").vs.texts == ["one", "two", "four"]
    assert upstream.embedding.embedded == ["one", "two", "three", "four"]
    assert len(upstream.indexes()) == 2


def test_another_embedding_model_embeds_all_again(upstream: Upstream) -> None:
    upstream.learn("a.txt", "b.txt")
    upstream.embedding.digest = "another model"
    upstream.learn("a.txt", "b.txt")

    assert upstream.embedding.embedded == 2 * ["one", "two", "three"]
    assert len(upstream.indexes()) == 2


def test_a_removed_file_leaves_the_index(upstream: Upstream) -> None:
    upstream.learn("a.txt", "b.txt")

    assert upstream.learn("b.txt").vs.texts == ["three"]
    assert len(upstream.indexes()) == 1


def test_files_that_cannot_be_used_are_named_and_the_others_used(upstream: Upstream) -> None:
    (upstream.agent / "empty.txt").write_text(" \n ")

    assert upstream.learn("empty.txt", "gone.txt", "b.txt").vs.texts == ["three"]
    empty, gone = upstream.warnings
    assert "empty.txt" in empty
    assert "gone.txt" in gone


def test_a_file_of_a_chat_is_known_in_it_alone(upstream: Upstream, tmp_path: Path) -> None:
    upload = tmp_path / "upload.txt"
    upload.write_text("five")
    knowledge = upstream.learn("b.txt")
    knowledge.add(str(upload))
    knowledge.add(str(tmp_path / "picture.png"))

    assert knowledge.vs.texts == ["three", "five"]
    assert len(upstream.indexes()) == 1
    assert upstream.learn("b.txt").vs.texts == ["three"]


def test_another_shape_of_upstream_stops_the_start(tmp_path: Path) -> None:
    upstream = Upstream(tmp_path)
    del upstream.vector.save
    with pytest.raises(UnexpectedShape):
        embed_each_file_once(upstream)  # type: ignore[arg-type]


def test_what_is_uploaded_again_replaces_what_was_there(tmp_path: Path) -> None:
    new = tmp_path / "uploads"
    kept = tmp_path / "agent"
    for folder, text in ((new, "new"), (kept, "old")):
        folder.mkdir()
        (folder / "notes.txt").write_text(text)
    (new / "other.txt").write_text("other")

    replace_changed([new / "notes.txt", new / "other.txt"], kept)

    assert (kept / "notes.txt").read_text() == "new"
    # Upstream copies those that are not there.
    assert os.listdir(kept) == ["notes.txt"]


def test_an_upload_cannot_replace_the_agents_configuration() -> None:
    with pytest.raises(Problem, match="builder_config"):
        check_uploads([Path("/uploads/builder_config.json")])


def test_two_uploads_of_one_name_are_refused() -> None:
    with pytest.raises(Problem, match=r"a\.md"):
        check_uploads([Path("/1/a.md"), Path("/2/a.md")])
