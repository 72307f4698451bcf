from pathlib import Path

import pytest

from agentfabric_offline.knowledge_index import (
    Index,
    digest_of,
    keep_only,
    load,
    name_of,
    save,
)

INDEX = Index(["一", "two\nlines"], [[1.0, 0.5], [-2.0, 0.25]])


@pytest.fixture
def knowledge(tmp_path: Path) -> Path:
    file = tmp_path / "notes.txt"
    file.write_text("notes", encoding="utf-8")
    return file


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    save(tmp_path / "index", "a.index", "model", INDEX)

    assert load(tmp_path / "index", "a.index", "model") == INDEX


def test_a_changed_file_has_another_index(knowledge: Path) -> None:
    before = name_of(knowledge, "model")
    knowledge.write_text("other notes", encoding="utf-8")

    assert name_of(knowledge, "model") != before


def test_another_embedding_model_has_another_index(knowledge: Path) -> None:
    assert name_of(knowledge, "model") != name_of(knowledge, "another")


def test_a_renamed_file_keeps_its_index(knowledge: Path) -> None:
    before = name_of(knowledge, "model")

    assert name_of(knowledge.rename(knowledge.with_name("renamed.TXT")), "model") == before


def test_an_index_of_another_model_is_not_loaded(tmp_path: Path) -> None:
    save(tmp_path, "a.index", "model", INDEX)

    assert load(tmp_path, "a.index", "another") is None


@pytest.mark.parametrize("bytes_left", [0, 10, -1, -4])
def test_a_cut_off_index_is_not_loaded(tmp_path: Path, bytes_left: int) -> None:
    save(tmp_path, "a.index", "model", INDEX)
    file = tmp_path / "a.index"
    file.write_bytes(file.read_bytes()[:bytes_left])

    assert load(tmp_path, "a.index", "model") is None


def test_a_pickle_is_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "a.index").write_bytes(b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94\x93.")

    assert load(tmp_path, "a.index", "model") is None


def test_indexes_of_removed_files_are_removed(tmp_path: Path) -> None:
    for name in ("kept.index", "removed.index"):
        save(tmp_path, name, "model", INDEX)

    keep_only(tmp_path, {"kept.index"})

    assert [file.name for file in tmp_path.iterdir()] == ["kept.index"]


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        save(tmp_path, "a.index", "model", Index(["text"], [["no number"]]))  # type: ignore[list-item]

    assert not list(tmp_path.iterdir())


def test_a_models_digest_changes_with_any_file(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "weights").write_bytes(b"1")
    before = digest_of(tmp_path)
    (tmp_path / "inner" / "weights").write_bytes(b"2")

    assert digest_of(tmp_path) != before
