"""The index of the knowledge is used again while nothing changed, and only then."""

from pathlib import Path

import pytest

from agent_runner import index
from agent_runner.errors import StartError
from agent_runner.index import Index, Passage

KEY, OTHER = "a" * 64, "b" * 64
INDEX = Index([Passage("a.md", "one"), Passage("b.md", "二")], [[0.5, 0.25], [1.0, -2.0]])


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, list[Path]]:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights").write_text("w")
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_text(name)
    return tmp_path / "model", [tmp_path / "a.md", tmp_path / "b.md"]


def test_key_is_of_the_content(files: tuple[Path, list[Path]]) -> None:
    model, knowledge = files
    before = index.key_of(model, knowledge)
    for path in (*knowledge, model / "weights"):
        path.touch()
    assert index.key_of(model, knowledge) == before


@pytest.mark.parametrize("change", ["knowledge", "model", "more", "less", "renamed", "new_file"])
def test_any_change_is_another_key(files: tuple[Path, list[Path]], change: str) -> None:
    model, knowledge = files
    before = index.key_of(model, knowledge)
    match change:
        case "knowledge":
            knowledge[0].write_text("changed")
        case "model":
            (model / "weights").write_text("changed")
        case "more":
            knowledge.append(model / "weights")
        case "less":
            knowledge.pop()
        case "renamed":
            knowledge[0] = knowledge[0].rename(knowledge[0].with_name("c.md"))
        case "new_file":
            (model / "extra").mkdir()
            (model / "extra" / "file").write_text("")
    assert index.key_of(model, knowledge) != before


def test_a_file_that_cannot_be_read_is_named(files: tuple[Path, list[Path]]) -> None:
    model, knowledge = files
    knowledge[1].unlink()
    with pytest.raises(StartError, match=r"b\.md"):
        index.key_of(model, knowledge)


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    index.save(tmp_path / "new" / "folder", KEY, INDEX)
    assert index.load(tmp_path / "new" / "folder", KEY) == INDEX
    assert index.load(tmp_path / "new" / "folder", OTHER) is None


def test_no_knowledge_is_an_index_too(tmp_path: Path) -> None:
    index.save(tmp_path, KEY, Index([], []))
    assert index.load(tmp_path, KEY) == Index([], [])


def test_the_newest_index_is_the_only_one(tmp_path: Path) -> None:
    index.save(tmp_path, KEY, INDEX)
    index.save(tmp_path, OTHER, INDEX)
    assert [path.name for path in tmp_path.iterdir()] == [OTHER]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("passages.json", b"["),
        ("passages.json", b'[{"file": "a"}]'),
        ("passages.json", b'[{"file": "a", "text": "b"}]' * 3),
        ("passages.json", b"[]"),
        ("vectors.f32", b""),
        ("vectors.f32", b"123"),
        ("vectors.f32", b"1234" * 3),
    ],
)
def test_a_damaged_index_is_made_again(tmp_path: Path, name: str, content: bytes) -> None:
    index.save(tmp_path, KEY, INDEX)
    (tmp_path / KEY / name).write_bytes(content)
    assert index.load(tmp_path, KEY) is None
    index.save(tmp_path, KEY, INDEX)
    assert index.load(tmp_path, KEY) == INDEX


def test_a_state_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    with pytest.raises(StartError, match="state folder"):
        index.save(tmp_path / "state" / "knowledge", KEY, INDEX)
