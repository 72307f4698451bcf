"""What a blob is known by, and how that is found from its bytes."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True, order=True)
class Blob:
    """The identity of a file: its sha256 (64 hex digits) and its size in bytes."""

    sha256: str
    size: int

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise ValueError(f"not a sha256 in lower-case hex: `{self.sha256}`")

    def __str__(self) -> str:
        return f"sha256 {self.sha256}, {self.size} bytes"


def hash_file(path: Path) -> Blob:
    """Read a file once, in chunks, and return its identity."""
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Blob(digest, os.fstat(file.fileno()).st_size)


class BlobWriter:
    """A write-only binary file that hashes what passes through it.

    Seeking is refused by not being there: what was hashed is what is on disk.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self._size = 0

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        self._size += len(data)
        return self._file.write(data)

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        self._file.flush()

    @property
    def blob(self) -> Blob:
        """The identity of the bytes written so far."""
        return Blob(self._hash.hexdigest(), self._size)
