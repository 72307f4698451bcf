"""Passages of knowledge files with their vectors, kept on disk between starts.

Each knowledge file has one index file, named by the sha256 of all that shaped it: the knowledge
file, the embedding model, the format. A changed file or model is another name; what an index file
says never changes. Its first line is JSON; the vectors follow, one after another, as native floats.
Nothing in it is ever run, as a pickle would be.
"""

import hashlib
import json
import os
import tempfile
from array import array
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

FORMAT = 1
"""Raise this when the way in which knowledge is read or cut changes."""
_SUFFIX = ".index"


@dataclass(frozen=True)
class Index:
    """The passages of a knowledge file and the vector of each, in the same order."""

    passages: list[str]
    vectors: list[list[float]]


def name_of(knowledge: Path, embedding: str) -> str:
    """The name of the index of ``knowledge`` made with the model whose digest is ``embedding``.

    Reads the file once.

    Raises:
        OSError: If it cannot be read.
    """
    with knowledge.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    # The suffix says how the file is read.
    shaped_by = [FORMAT, embedding, content, knowledge.suffix.lower()]
    return hashlib.sha256(json.dumps(shaped_by).encode()).hexdigest() + _SUFFIX


def load(folder: Path, name: str, embedding: str) -> Index | None:
    """The index ``name`` in ``folder``; None where there is none that is whole."""
    try:
        with (folder / name).open("rb") as file:
            head = json.loads(file.readline())
            floats = array("f", file.read())
        passages = head["passages"]
        width = head["width"]
        if head["embedding"] != embedding or len(floats) != width * len(passages):
            return None
    except (OSError, ValueError, TypeError, KeyError):
        return None
    rows = [floats[at : at + width].tolist() for at in range(0, len(floats), width)]
    return Index(passages, rows)


def save(folder: Path, name: str, embedding: str, index: Index) -> None:
    """Put ``index`` there, whole or not at all.

    Raises:
        OSError: If the folder cannot be written.
    """
    head = {
        "embedding": embedding,
        "width": len(index.vectors[0]),
        "passages": index.passages,
    }
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, unfinished = tempfile.mkstemp(prefix=".unfinished-", dir=folder)
    try:
        with open(descriptor, "wb") as file:
            file.write(json.dumps(head, ensure_ascii=False).encode() + b"\n")
            for vector in index.vectors:
                file.write(array("f", vector).tobytes())
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, folder / name)
    except BaseException:
        os.unlink(unfinished)
        raise


def keep_only(folder: Path, names: Collection[str]) -> None:
    """Remove every index from ``folder`` that is none of ``names``."""
    for file in folder.glob("*" + _SUFFIX):
        if file.name not in names:
            file.unlink(missing_ok=True)


def digest_of(model: Path) -> str:
    """The sha256 that stands for the files of a model's folder; reads all of them once."""
    files = [
        (str(path.relative_to(model)), _sha256(path))
        for path in sorted(model.rglob("*"))
        if path.is_file()
    ]
    return hashlib.sha256(json.dumps(files).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
