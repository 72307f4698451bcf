"""Finds the device code in a library that nvcc linked, and which GPUs it is for.

Such a library holds *fat binaries*: a header (CUDA's ``fatbinary.h``: magic 0xba55ed50, u16
version 1, u16 length of the header, u64 length of what follows), then entries. What an entry's
header holds is not documented; it was found by looking at PyTorch's libraries, which tell for which
GPUs they were built: u16 kind (1 PTX, 2 machine code), u16, u32 length of the header, u64 length of
what follows, and from byte 28 on u32 compute capability (86 for 8.6), from byte 40 on u64 flags.
All numbers are little-endian.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

_MAGIC = struct.pack("<I", 0xBA55ED50)
_HEADER = struct.Struct("<4sHHQ")
_ENTRY = struct.Struct("<HHIQ12xI8xQ")
_MACHINE_CODE = 2
_ONE_GPU = 0x300000
"""Flags of code that runs on no later GPU, as that for 9.0a and 10.0f; seen in FlashAttention 3."""

_CHUNK = 1 << 20


@dataclass(frozen=True, order=True)
class Capability:
    """A compute capability: 8.6."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"

    def runs(self, code: "Capability") -> bool:
        """Whether this GPU runs machine code for another: of its major version, and no later one.

        "Binary Compatibility" in NVIDIA's CUDA C++ Programming Guide.
        """
        return self.major == code.major and self.minor >= code.minor


def machine_code(file: IO[bytes]) -> set[Capability]:
    """The GPUs that a library has machine code for, read from an open file, once, front to back.

    Code for a single GPU and PTX, which a driver must be new enough to compile, do not count.
    Holds 1 MiB at a time.
    """
    found = set()
    reader = _Reader(file)
    while reader.find(_MAGIC):
        _, version, length, rest = _HEADER.unpack(reader.peek(_HEADER.size, pad=True))
        if version != 1 or length != _HEADER.size:
            reader.skip(len(_MAGIC))  # the same four bytes, by chance
            continue
        reader.skip(length)
        found |= set(_entries(reader, rest))
    return found


def _entries(reader: "_Reader", rest: int) -> Iterator[Capability]:
    while rest > 0:
        kind, _, length, size, number, flags = _ENTRY.unpack(reader.peek(_ENTRY.size, pad=True))
        if length < _ENTRY.size or length + size > rest or not number:
            return
        if kind == _MACHINE_CODE and not flags & _ONE_GPU:
            yield Capability(*divmod(number, 10))
        reader.skip(length + size)
        rest -= length + size


class _Reader:
    """A file that is only read forward."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._buffer = b""
        self._at = 0

    def peek(self, count: int, pad: bool = False) -> bytes:
        """The next bytes, without passing them; fewer, or zeros for them, at the file's end."""
        while len(self._buffer) - self._at < count and (more := self._file.read(_CHUNK)):
            self._buffer = self._buffer[self._at :] + more
            self._at = 0
        data = self._buffer[self._at : self._at + count]
        return data.ljust(count, b"\0") if pad else data

    def skip(self, count: int) -> None:
        while count > 0 and self.peek(1):
            step = min(count, len(self._buffer) - self._at)
            self._at += step
            count -= step

    def find(self, mark: bytes) -> bool:
        """Go on to the next place where ``mark`` begins; False at the file's end."""
        while len(self.peek(len(mark))) == len(mark):
            place = self._buffer.find(mark, self._at)
            if place >= 0:
                self._at = place
                return True
            # The mark may begin at the buffer's end.
            self._at = len(self._buffer) - len(mark) + 1
        return False
