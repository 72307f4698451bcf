"""The knowledge, cut into passages with their vectors, kept on disk between starts.

An index is a folder named by its key, the sha256 of everything that shaped it: the embedding
model's files and the knowledge files. A changed file is a new key; an index never changes.
Inside are ``passages.json`` and ``vectors.f32``, the vectors one after another as native floats.
"""

import hashlib
import json
import shutil
import tempfile
from array import array
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from agent_runner.errors import StartError

FORMAT = 1
"""Raise this when the way in which knowledge is read or cut changes."""


@dataclass(frozen=True)
class Passage:
    """A piece of a knowledge file.

    Attributes:
        file: The file's name.
        text: A text that the embedding model can take in whole.
    """

    file: str
    text: str


@dataclass(frozen=True)
class Index:
    """Passages and the vector of each, in the same order."""

    passages: list[Passage]
    vectors: list[list[float]]


def key_of(embedding_dir: Path, knowledge: Sequence[Path]) -> str:
    """The key of the index of ``knowledge``; reads all files of both once.

    Raises:
        StartError: If a knowledge file cannot be read.
    """
    files: dict[str, object] = {"format": FORMAT}
    files["embedding"] = [
        [str(path.relative_to(embedding_dir)), _sha256(path)]
        for path in sorted(embedding_dir.rglob("*"))
        if path.is_file()
    ]
    files["knowledge"] = [[path.name, _sha256(path)] for path in knowledge]
    return hashlib.sha256(json.dumps(files).encode()).hexdigest()


def load(folder: Path, key: str) -> Index | None:
    """The index with ``key`` in ``folder``; ``None`` where there is none that is whole."""
    try:
        texts = json.loads((folder / key / "passages.json").read_text(encoding="utf-8"))
        passages = [Passage(**text) for text in texts]
        floats = array("f", (folder / key / "vectors.f32").read_bytes())
    except (OSError, ValueError, TypeError):
        return None
    width, rest = divmod(len(floats), len(passages) or 1)
    if rest or bool(passages) != bool(width):
        return None
    rows = [floats[at : at + width].tolist() for at in range(0, len(floats), width or 1)]
    return Index(passages, rows)


def save(folder: Path, key: str, index: Index) -> None:
    """Put ``index`` under ``key``, whole or not at all, in the place of all others.

    Raises:
        StartError: If ``folder`` cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=folder))
        texts = json.dumps([asdict(passage) for passage in index.passages], ensure_ascii=False)
        (unfinished / "passages.json").write_text(texts, encoding="utf-8")
        floats = array("f", [number for vector in index.vectors for number in vector])
        (unfinished / "vectors.f32").write_bytes(floats.tobytes())
        shutil.rmtree(folder / key, ignore_errors=True)
        unfinished.rename(folder / key)
    except OSError as error:
        raise StartError(
            f"the state folder `{folder}` cannot be written: {error.strerror}",
            "give this user write permission, or set STATE_DIR to another folder",
        ) from error
    for other in folder.iterdir():
        if other.name != key:
            shutil.rmtree(other, ignore_errors=True)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StartError(
            f"`{path}` cannot be read: {error.strerror}", "give this user read permission"
        ) from error
