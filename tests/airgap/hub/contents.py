"""What the local hub's files hold: bytes, a file, or gigabytes that are made as they are sent."""

import hashlib
import random
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_CHUNK = 1 << 20


class Content:
    """Some bytes of a known size."""

    @property
    def size(self) -> int:
        raise NotImplementedError

    def chunks(self, start: int, stop: int) -> Iterator[memoryview]:
        """The bytes from ``start`` to before ``stop``, a chunk at a time."""
        raise NotImplementedError

    def send(self, connection: socket.socket, start: int, stop: int) -> None:
        for chunk in self.chunks(start, stop):
            connection.sendall(chunk)

    @cached_property
    def sha256(self) -> str:
        digest = hashlib.sha256()
        for chunk in self.chunks(0, self.size):
            digest.update(chunk)
        return digest.hexdigest()


@dataclass
class Bytes(Content):
    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def chunks(self, start: int, stop: int) -> Iterator[memoryview]:
        view = memoryview(self.data)
        for at in range(start, stop, _CHUNK):
            yield view[at : min(at + _CHUNK, stop)]


@dataclass
class Seeded(Content):
    """Random bytes by seed, of any size; costs a megabyte of memory.

    They repeat, but not at a multiple of any size that a program would cut a file into, so what
    lands in a wrong place is found out.
    """

    length: int
    seed: int = 0

    @property
    def size(self) -> int:
        return self.length

    @cached_property
    def _pattern(self) -> memoryview:
        # Twice the same, so that any chunk is one piece of it.
        return memoryview(random.Random(self.seed).randbytes(_CHUNK + 7) * 2)

    def chunks(self, start: int, stop: int) -> Iterator[memoryview]:
        for at in range(start, stop, _CHUNK):
            first = at % (_CHUNK + 7)
            yield self._pattern[first : first + min(_CHUNK, stop - at)]


@dataclass
class File(Content):
    """A file on this disk, perhaps sparse; sent by the kernel."""

    path: Path

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    def chunks(self, start: int, stop: int) -> Iterator[memoryview]:
        with open(self.path, "rb") as file:
            file.seek(start)
            while start < stop:
                chunk = file.read(min(_CHUNK, stop - start))
                start += len(chunk)
                yield memoryview(chunk)

    def send(self, connection: socket.socket, start: int, stop: int) -> None:
        with open(self.path, "rb") as file:
            if stop > start:
                connection.sendfile(file, start, stop - start)
